"""``rapport backtest`` and ``rapport modes report``: modes against what customers did, and how decisions come about."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from api.cli import out, policies
from api.cli.here import instant, opened
from api.cli.out import AsJson
from engine.config import Settings
from engine.errors import InputError

if TYPE_CHECKING:
    from jobs.backtest.report import Report, Row

PAGE = Path("backtest.html")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backtest")(backtest)
    modes = typer.Typer(help="How decisions come about.", no_args_is_help=True)
    modes.command("report")(report_modes)
    modes.command("policy")(policies.show_policy)
    modes.command("fit")(policies.fit_policy)
    modes.callback()(_modes)
    app.add_typer(modes, name="modes")


def backtest(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day that is replayed.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="The last one.")],
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the report there, JSON.")] = None,
    page: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page; default beside --out with .html, else backtest.html here."),
    ] = None,
    customers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Decide for so many customers only, always the same.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replay held-out time day by day: what each mode would have done, against what customers then did.

    Example: `rapport backtest --from 2017-11-01 --to 2017-12-31 --out report.json`
    """
    from jobs import backtest as replaying
    from jobs.backtest import page as pages

    settings = Settings.from_env()
    days = [_day(given, option) for given, option in ((first, "--from"), (last, "--to"))]
    sheet = page or (PAGE if target is None else target.with_suffix(".html"))
    if target is not None:
        _require_folder(target, "--out")
        if sheet.absolute() == target.absolute():
            raise InputError.of("--page", "another file than --out", str(sheet))
    _require_folder(sheet, "--page")
    with out.stages(shown=True) as say:
        report = replaying.run(
            opened(settings), settings, first=days[0], last=days[1], customers_at_most=customers, say=say
        )
    if target is not None:
        target.write_text(json.dumps(report.document(), indent=1), encoding="utf-8")
    pages.written(report, sheet)
    if as_json:
        out.document(report.document())
    else:
        _told(report)
        if target is not None:
            click.echo(f"the report: {target.absolute()}")
    click.echo(f"the page: {sheet.absolute().as_uri()}", err=as_json)


def _modes() -> None:
    """How decisions come about."""


def report_modes(
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only decisions from then on.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures there.")] = None,
    as_json: AsJson = False,
) -> None:
    """How stored decisions came about: the mix, what kept the rest out, what would change, promises and what came.

    Example: `rapport modes report --since 2017-12-01 --page modes.html`
    """
    from jobs import choices as reporting
    from jobs.choices import page as pages
    from jobs.choices.document import document

    settings = Settings.from_env()
    moment = instant(settings, since, "--since")
    if page is not None:
        _require_folder(page, "--page")
    with out.stages(shown=True) as say:
        report = reporting.run(opened(settings), settings, since=moment, say=say)
    if page is not None:
        pages.written(report, page)
    found = document(report)
    if as_json:
        out.document(found)
    else:
        _told_of_modes(found)
    if page is not None:
        click.echo(f"the page: {page.absolute().as_uri()}", err=as_json)


def _told_of_modes(found: dict[str, Any]) -> None:
    click.echo(
        f"{found['decisions']:,} decisions on {found['needs']:,} needs of {found['customers']:,} customers, "
        f"{found['first']} to {found['last']}"
    )
    names = ("respond", "curate", "coach", "execute")
    personas = found["by_persona"] if isinstance(found["by_persona"], list) else []
    for title, rows in (("led", [found["led"], *personas]), ("families", found["by_family"])):
        out.table(("", "n", *names), [(r["group"], r["n"], *(r["modes"][m] for m in names)) for r in rows], title=title)
    if not personas:
        click.echo(f"personas: {found['by_persona']['reason']}; needed: {found['by_persona']['needed']}")
    moved = [(one["from"], one["to"], one["n"]) for one in found["moves"]]
    out.table(("from", "to", "needs"), moved, title="week to week")
    removed = [(one["stage"], one["rule"], one["n"], _listed(one["rungs"])) for one in found["removed_by"]]
    out.table(("stage", "rule", "n", "rungs"), removed, title="what kept rungs out")
    click.echo(
        "the log keeps the first removal of a rung only, so without a stage at most so many change; "
        f"{_share(found['explained'])[0]} of the needs were given the best by the stored values"
    )
    for name in ("stage", "term"):
        rows = [
            (one[name], *_share(one["changed"]), _listed(one.get("would_be", {}))) for one in found[f"without_{name}"]
        ]
        out.table((name, "changed", "95 %", "to"), rows, title=f"without each {name}, at the stored values")
    closed = found["nothing_but_respond"]
    click.echo(
        f"never anything but respond: {closed['customers']:,} customers; {_listed(closed['by_stage']) or 'none'}"
    )
    kept = [
        (
            one["rung"],
            *_share(one["share_right"]),
            *_share(one["share_settled"]),
            one["promise"],
            _listed(one["states"]),
        )
        for one in found["promise"]
    ]
    out.table(("rung", "right so far", "95 %", "settled", "95 %", "promise", "states"), kept, title="orders")


def _share(one: dict[str, Any]) -> tuple[float | None, str]:
    """The estimate and its interval, or why there is none."""
    return (one["estimate"], f"{one['low']:.3f} to {one['high']:.3f}") if "estimate" in one else (None, one["reason"])


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _told(report: Report) -> None:
    one = report.settled
    click.echo(
        f"{one.customers:,} customers, {one.decisions:,} decisions on {one.days} days; what came is known until "
        f"{one.until.isoformat()}\n"
        f"automation granted by {one.consented['automation']:,} of them, coaching by {one.consented['coaching']:,}; "
        "what is not allowed is counterfactual: what a rung would have done, allowed and chosen"
    )
    for title, rows in (("what was decided", report.decided), ("what each rung would have done", report.modes)):
        _table(title, rows)


def _table(title: str, rows: Any) -> None:
    columns = (
        "rung",
        "made",
        "allowed",
        "left out",
        "right",
        "95 %",
        "said",
        "promise",
        "of purchases",
        "wrong/year",
        "messages/week",
    )
    out.table(columns, [_cells(row) for row in rows], title=title)


def _cells(row: Row) -> tuple[object, ...]:
    def number(one: object) -> float | None:
        found = getattr(one, "estimate", None)
        return None if found is None else float(found)

    low, high = getattr(row.right, "low", None), getattr(row.right, "high", None)
    return (
        row.rung.label,
        row.made,
        row.allowed,
        row.left_out,
        number(row.right),
        None if low is None or high is None else f"{low:.3f} to {high:.3f}",
        row.said,
        row.promise,
        number(row.coverage),
        number(row.wrong_per_year),
        row.messages_per_week,
    )


def _day(given: str, option: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InputError.of(option, "a date such as 2017-11-01", given) from None


def _require_folder(file: Path, option: str) -> None:
    """Known before minutes of work, not after."""
    if not file.absolute().parent.is_dir() or file.is_dir():
        raise InputError.of(option, "a file in a folder that is there", str(file))
