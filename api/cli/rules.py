"""``rapport rules``: what operators want of automatic orders, checked, looked at beforehand, put in force."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from api.cli import out
from api.cli.here import as_of, opened, standing
from api.cli.out import AsJson
from engine.config import File, Settings
from engine.errors import InputError, RapportError, Unavailable

if TYPE_CHECKING:
    from api.wire.rules import AppliedOut, CheckOut, PreviewOut, TouchedOut
    from modes.rules.reading import Checked

FAILED = 1
RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help="Rules in YAML; docs/rules.md says how.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Operators' rules: check, preview, apply.", no_args_is_help=True)
    group.command("check")(check)
    group.command("preview")(preview)
    group.command("apply")(apply)
    app.add_typer(group, name="rules")


def check(file: RulesFile, as_json: AsJson = False) -> int:
    """Say what is wrong with a file of rules, each mistake with its line and column; nothing is kept.

    Where there is no database yet, nobody knows which gateways there are, and the names of those are not looked at.
    Ends with 1 where there is a mistake.

    Example: `rapport rules check docs/examples/rules.yaml`
    """
    from api.wire.rules import CheckOut

    found = CheckOut.of(_read(Settings.from_env(), file))
    if as_json:
        out.document(found.model_dump(mode="json"))
    else:
        _tell_problems(file, found)
    return FAILED if found.problems else 0


def preview(
    file: RulesFile,
    days: Annotated[int, typer.Option(min=1, max=400, help="How far to look back.")] = 28,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Default just after the newest order.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Of the executions that are listed.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show which planned and past automatic orders rules would have changed, for whom and how; nothing is kept.

    Example: `rapport rules preview docs/examples/rules.yaml --days 28`
    """
    from api import ruling

    settings = Settings.from_env()
    checked = _sound(settings, file)
    database = opened(settings)
    now = as_of(settings, database, at, "--at")
    found = ruling.shown(ruling.preview(database, settings, checked.rules, now, days), days, limit)
    if as_json:
        out.document(found.model_dump(mode="json"))
    else:
        _tell_preview(found)


def apply(
    file: RulesFile,
    why: Annotated[str, typer.Option(help="For whoever approves them or looks back.")] = "",
    as_json: AsJson = False,
) -> None:
    """Put rules in force, all of them or none, each as a new version; what stands as written is left.

    With RAPPORT_FOUR_EYES=on they await the approval of an operator over the API.

    Example: `rapport rules apply docs/examples/rules.yaml --why "as agreed with the shops"`
    """
    from api import ruling
    from api.wire.rules import Applied, AppliedOut

    settings = Settings.from_env()
    if len(why) > 200:
        raise InputError.of("--why", "at most 200 characters", why)
    checked = _sound(settings, file)
    actor = f"cli:{getpass.getuser()}"
    done = ruling.apply(opened(settings), settings, checked.asked, actor, why, settings.clock.now(), seen=False)
    found = Applied(applied=[AppliedOut.of(one.version, one.changed) for one in done])
    if as_json:
        out.document(found.model_dump(mode="json"))
    else:
        out.table(("rule", "version", ""), [(one.rule_id, one.version, _said(one)) for one in found.applied])


def _said(one: AppliedOut) -> str:
    return "as it was" if not one.changed else "kept" if one.approved else "awaits approval"


def _read(settings: Settings, file: Path) -> Checked:
    from api import ruling

    try:
        known = standing(settings)
    except Unavailable:  # a file can be read without it; only gateways are not known then
        known = None
    return ruling.reader(settings, known).text(File.of(file, "FILE").text)


def _sound(settings: Settings, file: Path) -> Checked:
    """The rules of a file.

    Raises
    ------
    RapportError
        with the first mistake, where there is one
    """
    checked = _read(settings, file)
    if checked.problems:
        count, first = len(checked.problems), checked.problems[0]
        more = "" if count == 1 else f" (and {count - 1} more: rapport rules check tells all)"
        raise RapportError(f"{file}: {first.message}{more}")
    return checked


def _tell_problems(file: Path, found: CheckOut) -> None:
    """As compilers do, so that editors find the place."""
    for one in found.problems:
        whose = "" if one.rule_id is None else f" of {one.rule_id}"
        said = f"{one.pointer or 'the file'}{whose}: expected {one.expected}, came {one.came}"
        click.echo(f"{file}:{one.line}:{one.column}: {' '.join(said.split())}")
    if not found.problems:
        click.echo(f"{found.rules} rules, and nothing wrong with them")


def _tell_preview(found: PreviewOut) -> None:
    click.echo(
        f"looked at {found.looked_at.executions} automatic orders of {found.looked_at.customers} customers: "
        f"what is planned, and what was made since {found.since:%Y-%m-%d %H:%M} UTC"
    )
    parts = (("planned", found.planned), ("past", found.past))
    rows = [(name, one.executions, one.customers, _money(one.money)) for name, one in parts]
    out.table(("would be otherwise", "orders", "customers", "money"), rows)
    by_rule = [
        (one.rule_id, _listed(one.changes), one.touched.executions, one.touched.customers, _money(one.touched.money))
        for one in found.rules
    ]
    out.table(("rule", "changes", "orders", "customers", "money"), by_rule)
    listed = [
        (
            one.customer_id,
            ", ".join(one.families),
            f"{one.total} {one.currency}",
            one.state.value,
            one.at,
            _changes(one),
        )
        for one in found.executions
    ]
    if listed:
        out.table(("customer", "need", "total", "state", "at", "would be"), listed)
    if found.more:
        click.echo(f"and {found.more} more (--limit)")
    if not found.whole:
        click.echo("there were more orders than are looked at: a shorter --days sees all of its stretch")


def _changes(one: TouchedOut) -> str:
    return ", ".join(f"{each.change.value} by {each.rule_id}" for each in one.changes)


def _listed(changes: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(changes.items())) or "nothing"


def _money(money: dict[str, str]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in money.items()) or "0"
