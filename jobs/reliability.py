"""How honest the forecasts of a training were, as a table and a picture to be kept with its model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

TABLE, PICTURE = "reliability.csv", "reliability.svg"
COLUMNS = ("window_days", "cutoff_day", "low", "high", "said", "came", "pairs")
SIDE, GAP, HEAD = 200, 50, 40  # of each diagram, units of the picture


def files(metrics: Mapping[str, Any]) -> dict[str, bytes]:
    """By name, what is kept beside a model with these metrics; nothing where no forecast could be judged yet."""
    found = metrics.get("replenishment")
    return {TABLE: _table(found["windows"]), PICTURE: _picture(found["windows"])} if found else {}


def _table(windows: Sequence[Mapping[str, Any]]) -> bytes:
    """A row for each tenth of probability that anything lies in, by window."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in windows:
        for row in one["reliability"]:
            writer.writerow({"window_days": one["window_days"], "cutoff_day": one["cutoff_day"], **row})
    return out.getvalue().encode()


def _picture(windows: Sequence[Mapping[str, Any]]) -> bytes:
    """A diagram for each window: what was said to the right, what came upwards; equal on the diagonal."""
    width = GAP + len(windows) * (SIDE + GAP)
    inner = "".join(part for n, one in enumerate(windows) for part in _diagram(one, GAP + n * (SIDE + GAP)))
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {SIDE + HEAD + GAP}" width="{width}"'
        ' font-family="sans-serif" font-size="12" role="img">'
        "<title>Forecast probability against what came</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{inner}</svg>\n'
    )
    return text.encode()


def _diagram(one: Mapping[str, Any], left: float) -> Iterator[str]:
    foot = HEAD + SIDE
    yield f'<text x="{left}" y="{HEAD - 20}">{one["window_days"]} days, ECE {one["ece"]:.4f}</text>'
    yield f'<rect x="{left}" y="{HEAD}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#94a3b8"/>'
    yield f'<line x1="{left}" y1="{foot}" x2="{left + SIDE}" y2="{HEAD}" stroke="#94a3b8"/>'
    most = max(row["pairs"] for row in one["reliability"])
    for row in one["reliability"]:
        x, y, size = left + row["said"] * SIDE, foot - row["came"] * SIDE, 2 + 7 * (row["pairs"] / most) ** 0.5
        title = f"<title>said {row['said']:.3f}, came {row['came']:.3f}, {row['pairs']:,} pairs</title>"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="#2563a8" fill-opacity=".7">{title}</circle>'
    for share in (0.0, 0.5, 1.0):
        yield f'<text x="{left + share * SIDE - 8:.0f}" y="{foot + 16}">{share:g}</text>'
        yield f'<text x="{left - 24}" y="{foot - share * SIDE + 4:.0f}">{share:g}</text>'
    yield f'<text x="{left + SIDE / 2 - 20:.0f}" y="{foot + 32}">forecast</text>'
