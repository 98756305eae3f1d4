"""The page of a report on decisions: one file with its pictures, which loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.measure.shares import Share
from jobs.backtest import pictures
from jobs.backtest.page import estimate, percent
from jobs.choices import Mixed, Report, Without
from jobs.choices.document import labelled, modes
from jobs.demo.pictures import COLOURS, WIDTH, box, picture, text

LEFT, HIGH = 280, 26


def written(report: Report, file: Path) -> Path:
    """Write the page; it is complete or not there."""
    aside = file.with_name(f".{file.name}.part")
    try:
        aside.write_text(drawn(report), encoding="utf-8")
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)
    return file


def drawn(report: Report) -> str:
    """The page."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    templates.filters |= {"estimate": estimate, "percent": percent}
    personas = [] if isinstance(report.by_persona, NotEstimable) else report.by_persona
    return templates.get_template("page.html").render(
        r=report,
        rungs=list(Rung),
        colours=COLOURS,
        labelled=labelled,
        unknown=report.by_persona if isinstance(report.by_persona, NotEstimable) else None,
        terms=[one for one in report.without_term if isinstance(one, Without)],
        not_stored=[one for one in report.without_term if not isinstance(one, Without)],
        pictures={
            "mix": Markup(mixture([report.led, *personas], "modes that led decisions")),
            "families": Markup(mixture(report.by_family, "modes that needs of a family were given")),
            "promise": Markup(
                pictures.shares(
                    [
                        (one.rung.label, one.rung.mode.value, one.right, one.promise)
                        for one in report.kept
                        if isinstance(one.right, Share)
                    ],
                    "share right, 95 % intervals; dashed: promised",
                )
            ),
        },
    )


def mixture(rows: Sequence[Mixed], what: str) -> str:
    """A bar of one length a group, in the parts that each mode has of it."""
    wide, parts = WIDTH - LEFT, list[str]()
    for place, row in enumerate(rows):
        parts.append(text(0, place * HIGH + 17, f"{row.group} ({row.n:,})"))
        x = float(LEFT)
        for mode, n in modes(row.rungs).items():
            part = n / row.n * wide
            title = f"{row.group}: {mode.value} {n:,}, {n / row.n:.1%}"
            parts.append(box(x, place * HIGH + 4, part, HIGH - 8, COLOURS[mode.value], title))
            x += part
    return picture(len(rows) * HIGH, parts, what)
