"""The page of a replay: one file with its pictures, which loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.measure.shares import Count, Share
from jobs.backtest import pictures
from jobs.backtest.report import Part, Report, Row
from jobs.demo.pictures import COLOURS, reliability

CELL = Markup("{}<small>{}</small>")
SHOWN = (Rung.RESPOND, Rung.CURATE, Rung.APPROVE, Rung.VETO, Rung.SILENT)


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
    return templates.get_template("page.html").render(
        r=report,
        s=report.settled,
        colours=COLOURS,
        allowed=sum(row.allowed for row in report.modes),
        made=sum(row.made for row in report.modes),
        pictures={name: Markup(svg) for name, svg in _pictures(report).items()},
    )


def estimate(one: Share | Count | NotEstimable) -> Markup:
    """An estimate in a cell.

    Examples
    --------
    >>> print(estimate(Count(estimate=0.5, low=0.25, high=1.0)))
    0.500<small>0.250 to 1.000</small>
    >>> print(estimate(NotEstimable(reason="never tried", needed="more")))
    –<small>never tried</small>
    """
    if isinstance(one, NotEstimable):
        return CELL.format("–", one.reason)
    return CELL.format(f"{one.estimate:.3f}", f"{one.low:.3f} to {one.high:.3f}")


def percent(one: Share | NotEstimable) -> Markup:
    """A share in per cent."""
    if isinstance(one, NotEstimable):
        return Markup("–")
    return CELL.format(f"{one.estimate:.1%}", f"{one.low:.1%} to {one.high:.1%}")


def _pictures(report: Report) -> dict[str, str]:
    return {
        "modes": _shares(
            report.modes, "share right of what each rung would have done, 95 % intervals; dashed: promised"
        ),
        "decided": _shares(report.decided, "share right of what was decided with the settings as they are stored"),
        "weeks": _weeks(report.by_week),
        "needs": _reliability(report.modes, Rung.RESPOND),
        "orders": _reliability(report.modes, Rung.VETO),
        "personas": _personas(report.by_persona),
    }


def _shares(rows: Sequence[Row], what: str) -> str:
    known = [(row.rung, row.right, row.promise) for row in rows if isinstance(row.right, Share)]
    return pictures.shares([(rung.label, rung.mode.value, right, promise) for rung, right, promise in known], what)


def _weeks(parts: Sequence[Part]) -> str:
    series: dict[str, list[tuple[str, str, Share]]] = {}
    for part in parts:
        if isinstance(part.right, Share) and part.rung in SHOWN:
            series.setdefault(part.rung.label, []).append((part.part, part.rung.mode.value, part.right))
    return pictures.weeks(series, "share right by the week of the decision, 95 % intervals")


def _personas(parts: Sequence[Part]) -> str:
    some = [part for part in parts if part.rung in (Rung.CURATE, Rung.VETO)]
    rows = [
        (f"{part.part}: {part.rung.label}", part.rung.mode.value, part.right, None)
        for part in some
        if isinstance(part.right, Share)
    ]
    return pictures.shares(rows, "share right by persona, 95 % intervals", left=280)


def _reliability(rows: Sequence[Row], rung: Rung) -> str:
    found = next(row for row in rows if row.rung is rung)
    return reliability([(one.said, one.came, one.n) for one in found.calibration.tenths()])
