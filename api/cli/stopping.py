"""``rapport stop``, ``start``, ``settle``, ``differences``: at three in the morning, straight on the database."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Annotated

import click
import typer

from api.cli import out
from api.cli.here import instant, opened
from api.cli.out import AsJson
from engine.config import Settings, parse_span
from engine.domain.values import parse_id
from engine.errors import InputError

SHOWN = 100


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("stop")(stop)
    app.command("start")(start)
    app.command("settle")(settle)
    app.command("differences")(show_differences)


def stop(
    family: Annotated[str | None, typer.Option(metavar="NAME", help="Only orders with an item of this family.")] = None,
    gateway: Annotated[str | None, typer.Option(metavar="NAME", help="Only orders for this gateway.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for those who come after.")] = "no reason given",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="When orders go on by themselves.")] = None,
    lasts: Annotated[str | None, typer.Option("--for", metavar="SPAN", help="For how long, such as 2h.")] = None,
    as_json: AsJson = False,
) -> None:
    """Stop all orders, or those of a family or gateway: within two seconds none is sent any more.

    What is stopped waits, and can still be vetoed. Needs the database alone, no server.

    Example: `rapport stop --reason "wrong prices"`
    """
    from engine.domain.stops import Scope
    from engine.store import stops

    if family is not None and gateway is not None:
        raise InputError.of("--family", "a family or a gateway, and not both", family)
    scope = Scope.FAMILY if family is not None else Scope.GATEWAY if gateway is not None else Scope.ALL
    settings = Settings.from_env()
    now = settings.clock.now()
    end = _end(settings, now, until, lasts)
    with opened(settings).begin() as tx:
        before = {one.stop_id for one in stops.in_force(tx, now)}
        pressed = stops.press(tx, scope, family or gateway, reason, _actor(), now, end)
    already = pressed.stop_id in before
    if as_json:
        said = {"stop_id": pressed.stop_id, "stopped": pressed.subject, "until": pressed.until, "already": already}
        return out.document(said)
    lasts_until = "" if pressed.until is None and not already else f", until {pressed.until or 'it is lifted'}"
    click.echo(f"{f'already stopped by {pressed.actor}' if already else 'stopped'}: {pressed.subject}{lasts_until}")
    click.echo(f"to go on: rapport start {pressed.stop_id}")


def start(
    stop_id: Annotated[str | None, typer.Argument(metavar="[STOP]", help="As `rapport stop` said it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Lift every stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lift a stop; without a word, show what is stopped. What became due meanwhile is placed at once.

    Example: `rapport start --all`
    """
    from engine.store import stops

    settings = Settings.from_env()
    now, database = settings.clock.now(), opened(settings)
    with database.begin() as tx:
        chosen = [one.stop_id for one in stops.in_force(tx, now)] if everything else [stop_id] if stop_id else []
        lifted = [stops.lift(tx, one, _actor(), now) for one in chosen]
        left = stops.in_force(tx, now)
    if as_json:
        return out.document({"lifted": [one.stop_id for one in lifted], "in_force": [one.stop_id for one in left]})
    for one in lifted:
        click.echo(f"lifted: {one.subject}")
    if left:
        rows = [(one.stop_id, one.subject, one.reason, one.actor, one.at, one.until) for one in left]
        out.table(("stop", "of", "reason", "by", "since", "until"), rows, title="Still stopped")
    else:
        click.echo("nothing is stopped")


def settle(
    execution: Annotated[str, typer.Argument(metavar="EXECUTION")],
    placed: Annotated[str | None, typer.Option(metavar="ORDER", help="It was placed: the shop's order id.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="It was not placed.")] = False,
    reason: Annotated[str, typer.Option(help="How you know.")] = "settled by hand",
    as_json: AsJson = False,
) -> None:
    """Settle an execution that needs review, as you found out at the shop. Nothing is sent or cancelled there.

    Example: `rapport settle 8f0c... --placed shop-4711 --reason "found in the shop's back office"`
    """
    from api import settling

    if failed == (placed is not None):
        raise InputError.of("--placed", "either --placed ORDER or --failed", placed)
    settings = Settings.from_env()
    order_id = None if placed is None else parse_id(placed, "--placed")
    with opened(settings).begin() as tx:
        now = settings.clock.now()
        after = settling.settle(tx, settings, parse_id(execution, "EXECUTION"), order_id, _actor(), reason, now)
    if as_json:
        return out.document({"execution_id": after.execution_id, "state": after.state, "order_id": after.order_id})
    click.echo(f"{after.execution_id} is {after.state}")


def show_differences(
    everything: Annotated[bool, typer.Option("--all", help="Those that are cleared, too.")] = False,
    as_json: AsJson = False,
) -> int:
    """Where the gateway says something else than the ledger; ends with 1 where there is something.

    Example: `rapport differences`
    """
    from engine.store import differences

    with opened(Settings.from_env()).read() as tx:
        found, _ = differences.page(tx, SHOWN, everything=everything)
        standing = differences.count(tx)
    names = ("id", "execution_id", "kind", "ledger", "gateway", "found_at", "seen_at", "cleared_at", "cleared_by")
    if as_json:
        out.document({"differences": [{name: getattr(one, name) for name in names} for one in found]})
    elif found:
        out.table(names, [[getattr(one, name) for name in names] for one in found])
    else:
        click.echo("none")
    return 1 if standing else 0


def _end(settings: Settings, now: datetime, until: str | None, lasts: str | None) -> datetime | None:
    if until is not None and lasts is not None:
        raise InputError.of("--for", "--until or --for, and not both", lasts)
    return instant(settings, until, "--until") if lasts is None else now + parse_span(lasts, "--for")


def _actor() -> str:
    """Who stands at the machine, as the audit names them."""
    try:
        return f"cli:{getpass.getuser()}"[:200]
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        return "cli"
