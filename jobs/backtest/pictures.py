"""Pictures of a replay, as SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from engine.measure.shares import Share
from jobs.demo.pictures import COLOURS, WIDTH, picture, text

LEFT, HIGH = 150, 30
TALL = 200


def shares(rows: Sequence[tuple[str, str, Share, float | None]], what: str, left: int = LEFT) -> str:
    """For each of (name, mode, share, promise) a point with its interval; a dashed mark where a promise stands."""
    scale = WIDTH - left - 60
    parts = []
    for n, (name, mode, share, promise) in enumerate(rows):
        y = n * HIGH + HIGH // 2
        low, high, at = (left + value * scale for value in (share.low, share.high, share.estimate))
        title = f"{name}: {share.estimate:.3f}, {share.low:.3f} to {share.high:.3f}, {share.n:,} cases"
        parts.append(text(0, y + 4, name))
        parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="currentColor"/>')
        parts.append(
            f'<circle cx="{at:.1f}" cy="{y}" r="5" fill="{COLOURS[mode]}"><title>{escape(title)}</title></circle>'
        )
        parts.append(text(left + scale + 10, y + 4, f"{share.estimate:.3f}"))
        if promise is not None:
            x = left + promise * scale
            parts.append(_dashed(x, n * HIGH + 3, x, (n + 1) * HIGH - 3))
    foot = len(rows) * HIGH
    parts += [text(left, foot + 14, "0"), text(left + scale - 5, foot + 14, "1")]
    return picture(foot + 20, parts, what)


def weeks(series: Mapping[str, Sequence[tuple[str, str, Share]]], what: str) -> str:
    """For each rung its (week, mode, share), as points with intervals side by side, joined."""
    names = sorted({week for rows in series.values() for week, *_ in rows})
    step = (WIDTH - 40) / max(len(names), 1)
    parts = [_grid(value) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    for place, (rung, rows) in enumerate(series.items()):
        points = []
        for week, mode, share in rows:
            x = 40 + names.index(week) * step + step * (place + 1) / (len(series) + 1)
            points.append((x, _height(share.estimate), COLOURS[mode]))
            title = (
                f"{rung}, week of {week}: {share.estimate:.3f}, {share.low:.3f} to {share.high:.3f}, {share.n:,} cases"
            )
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_height(share.low):.1f}" y2="{_height(share.high):.1f}" '
                f'stroke="{COLOURS[mode]}"/>'
            )
            parts.append(
                f'<circle cx="{x:.1f}" cy="{_height(share.estimate):.1f}" r="4" fill="{COLOURS[mode]}">'
                f"<title>{escape(title)}</title></circle>"
            )
        parts += [
            f'<line x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}" stroke="{colour}" stroke-opacity=".4"/>'
            for (a, b, colour), (c, d, _) in pairwise(points)
        ]
    parts += [text(40 + n * step + 4, TALL + 18, name[5:]) for n, name in enumerate(names)]
    return picture(TALL + 24, parts, what)


def _height(share: float) -> float:
    return TALL - share * (TALL - 10)


def _grid(value: float) -> str:
    y = _height(value)
    line = f'<line x1="36" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" stroke-opacity=".15"/>'
    return line + text(0, y + 4, f"{value:g}")


def _dashed(x1: float, y1: float, x2: float, y2: float) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="#b5622a" stroke-width="2" stroke-dasharray="4 3"/>'
