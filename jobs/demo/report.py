"""The report of the month: on the terminal, as a page with pictures, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from engine.domain.history import at_day
from jobs.demo import pictures
from jobs.demo.scores import Household, Scores

ASSIGNED = (
    "The data say nothing on agency, consents, mandates and goals. They are assigned by a documented, seeded rule from "
    "observed behaviour (coupon redemption, brand loyalty, regularity), see docs/demo.md; so are the answers to "
    "questions and notices. What was bought is real."
)


def written(scores: Scores, examples: Sequence[Household], households: int, folder: Path) -> Path:
    """The page and its numbers, in a folder; the page's path."""
    page, numbers = folder / "report.html", folder / "report.json"
    numbers.write_text(json.dumps(scores.document(), indent=1, default=str), encoding="utf-8")
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    template = templates.get_template("report.html")
    page.write_text(
        template.render(
            s=scores,
            households=f"{households:,}",
            assigned=ASSIGNED,
            colours=pictures.COLOURS,
            examples=examples,
            forecasts=[
                {"cutoff": at_day(one.cutoff).date(), "window": one.window, "honesty": one.honesty}
                for one in scores.forecasts
            ],
            pictures={name: Markup(drawn) for name, drawn in _drawn(scores).items()},
        ),
        encoding="utf-8",
    )
    return page


def _drawn(scores: Scores) -> dict[str, str]:
    judged = [one for one in scores.precision if one.n]
    return {
        "days": pictures.days(scores.by_day),
        "promise": pictures.promise(
            [(f"{one.what}, {one.n}", one.share or 0.0, *(one.interval or (0.0, 0.0))) for one in judged],
            scores.promise,
        ),
        "baskets": pictures.bars(
            [(row.method, row.accuracy.recall_10, row.accuracy.se) for row in scores.baskets if row.list == "all"],
            "recall@10",
        ),
        "reliability": pictures.reliability([(one.said, one.came, one.pairs) for one in scores.reliability]),
    }


def told(scores: Scores, examples: Sequence[Household], page: Path, out: Console) -> None:
    """The report on the terminal."""
    out.print(f"\n[bold]{ASSIGNED}[/bold]\n")
    out.print(_table("what led", ("mode", "decisions"), sorted(scores.modes.items(), key=lambda one: -one[1])))
    out.print(_table("the next basket: first baskets from 30 November on", ("method", "recall@10", "s.e.", "baskets"), [
        (row.method, f"{row.accuracy.recall_10:.4f}", f"{row.accuracy.se:.4f}", row.accuracy.customers)
        for row in scores.baskets if row.list == "all"
    ]))  # fmt: skip
    out.print(_table(f"orders made, promise {scores.promise:.2f}", ("", "judged", "right", "share", "90 %"), [
        (one.what, one.n, one.hits, *_shares(one.share, one.interval)) for one in scores.precision
    ]))  # fmt: skip
    out.print(_table("the gate over all households", ("cut-off", "window", "threshold", "orders", "right"), [
        (row["cutoff"], f"{row['window']} d", row["threshold"] or "shut", row["executions"],
         "–" if row["precision"] is None else f"{row['precision']:.3f}")
        for row in scores.gate
    ]))  # fmt: skip
    states = ", ".join(f"{state} {n}" for state, n in scores.ledger.items())
    out.print(f"ledger: {states or 'nothing'}")
    out.print(
        f"answered yes {scores.approved}, unanswered {scores.unanswered}, stopped {scores.stopped}, "
        f"windows not over {scores.open_windows}; answers the gateway lost {scores.lost_answers}"
    )
    same = "none twice, none lost" if scores.at_shop == scores.in_ledger else "THEY DIFFER"
    out.print(f"orders by the gateway's own book {scores.at_shop}, by the ledger {scores.in_ledger}: {same}\n")
    for one in examples:
        out.print(f"household {one.decision['customer_id']} [bold]{one.decision['mode']}[/bold]  ", end="")
        out.print(one.decision["experiences"][0]["reason"], markup=False)
        out.print(f"  {one.command}", markup=False, soft_wrap=True)
    out.print(_table("\ntime", ("stage", "seconds"), [(name, f"{n:.1f}") for name, n in scores.seconds.items()]))
    out.print(f"the page: {page.absolute().as_uri()}", soft_wrap=True)


def _shares(share: float | None, interval: tuple[float, float] | None) -> tuple[str, str]:
    if share is None or interval is None:
        return "–", "–"
    return f"{share:.3f}", f"{interval[0]:.3f} to {interval[1]:.3f}"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row))
    return table
