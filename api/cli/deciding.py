"""``rapport decide``: one decision, as the API answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import click
import pydantic
import typer

from api.cli import out
from api.cli.here import as_of, opened
from api.cli.out import AsJson
from engine.config import Settings
from engine.domain.values import parse_id
from engine.errors import InputError, Problem, shown

if TYPE_CHECKING:
    from modes.request import Request


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decide")(decide)


def decide(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER")],
    request: Annotated[
        str | None, typer.Option(metavar="JSON", help='What the customer asks for: {"query": "whole milk"}.')
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Default just after the newest order.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and store nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide which experience to give one customer, and say why.

    Example: `rapport decide 1228 --dry-run`, `rapport decide 1228 --request '{"query": "whole milk"}'`
    """
    from engine.learn import base
    from engine.store.artifacts import Slot
    from jobs.decisions import Deciding

    settings = Settings.from_env()
    database = opened(settings)
    asked = None if request is None else _request(request)
    deciding = Deciding(
        db=database, settings=settings, model=Slot(settings.models, base.decode).current(), trigger="command"
    )
    moment = as_of(settings, database, at, "--at")
    found = deciding.one(parse_id(customer, "CUSTOMER"), moment, asked, dry_run=dry_run)
    if as_json:
        return out.document(found)
    _tell(found)


def _request(text: str) -> Request:
    """The request in the words of the API."""
    from api.wire.decisions import RequestIn, wanted

    try:
        return wanted(RequestIn.model_validate_json(text))
    except pydantic.ValidationError as error:
        raise InputError(
            Problem(
                field=".".join(("--request", *map(str, one["loc"]))), expected=one["msg"], came=shown(one.get("input"))
            )
            for one in error.errors()
        ) from None


def _tell(found: Mapping[str, Any]) -> None:
    at = f"decided at {found['decided_at']}"
    click.echo(f"customer {found['customer_id']}: {found['mode']}   ({at}, model {found['model_id'] or 'none'})")
    for experience in found["experiences"]:
        need = experience["need"]
        click.echo(f"\n{need['family'] or 'no particular need'} ({need['source']}): {experience['rung']}")
        click.echo(f"  {experience['reason']}")
        _tell_what(experience)
        _tell_lever(experience["lever"])
        out.table(("mode", "allowed", "value", "p", "removed by", ""), [_row(one) for one in experience["considered"]])


def _row(one: Mapping[str, Any]) -> Sequence[object]:
    removed = one["removed_by"]
    why = (None, None) if removed is None else (removed["rule"], removed["detail"].get("sentence"))
    return (one["mode"], "yes" if one["allowed"] else "no", one["value"], one["probability"], *why)


def _tell_what(experience: Mapping[str, Any]) -> None:
    for offer in experience["offers"][:5]:
        reasons = ", ".join(_reason(reason) for reason in offer["reasons"])
        click.echo(f"  - {offer['item_id']}  {offer['price'] or '–'} {offer['currency'] or ''}  {reasons}")
    for name in ("order", "execution"):
        if experience[name] is not None:
            lines = ", ".join(f"{line['quantity']} × {line['item_id']}" for line in experience[name]["lines"])
            total, currency = experience[name]["total"], experience[name]["currency"]
            click.echo(f"  {name}: {lines or 'nothing'}  {total or '–'} {currency or ''}")
    if experience["execution"] is not None:
        click.echo(
            f"  due {experience['execution']['due_at']}, state {experience['execution']['state'] or 'not stored'}"
        )


def _reason(reason: Mapping[str, Any]) -> str:
    facts = " ".join(f"{name} {value}" for name, value in reason["params"].items())
    return f"{reason['code']} ({facts})" if facts else reason["code"]


def _tell_lever(lever: Mapping[str, Any] | None) -> None:
    if lever is not None:
        changes = "; ".join(f"{one['setting']}: {one['from']} → {one['to']}" for one in lever["changes"])
        click.echo(f"  lever: {changes}, and it would be {lever['would_give']}")
