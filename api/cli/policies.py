"""``rapport modes policy`` and ``rapport modes fit``: the shop's parameters, and what its own data say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from api.cli import out
from api.cli.here import instant, opened
from api.cli.out import AsJson
from engine.config import File, Settings, parse_span
from engine.domain.estimates import NotEstimable
from engine.errors import InputError

if TYPE_CHECKING:
    from jobs.fitting import Fitted


def show_policy(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Check this file instead.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="The defaults with a word on each, to begin a file of your own.")
    ] = False,
    target: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where the example goes; its folder is made.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a shop's decisions are made under, complete: check a file, and see what it leads to.

    Example: `rapport modes policy policy.yaml`
    """
    from modes import parameters
    from modes.parameters import policy_of

    if example and (file is not None or as_json):
        raise InputError.of("--example", "neither a FILE nor --json beside it", str(file or "--json"))
    if target is not None and not example:
        raise InputError.of("--out", "--example beside it", str(target))
    if example:
        return _begin(target)
    settings = Settings.from_env()
    settings = settings if file is None else replace(settings, policy=File.of(file, "FILE"))
    found, given = policy_of(settings), settings.policy
    if as_json:
        return out.document({"file": None if given is None else str(given), "policy": parameters.told(found)})
    click.echo(f"# {'the defaults: there is no file' if given is None else given}")
    click.echo(parameters.written(found), nl=False)


def _begin(target: Path | None) -> None:
    """The example, printed, or as a file that is not there yet."""
    from jobs.fitting import SHIPPED

    text = SHIPPED.read_text(encoding="utf-8")
    if target is None:
        return click.echo(text, nl=False)
    if target.exists():
        raise InputError.of("--out", "a file that is not there yet", str(target))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    click.echo(f"written: {target}")


def fit_policy(
    contact: Annotated[
        float | None, typer.Option("--contact-cost", min=0, metavar="X", help="What a contact with your service costs.")
    ] = None,
    veto: Annotated[float, typer.Option("--veto-cost", min=0, metavar="X", help="What stopping an order costs.")] = 0.4,
    sent_back: Annotated[
        float, typer.Option("--return-cost", min=0, metavar="X", help="What a return costs beyond its contacts.")
    ] = 0.0,
    within: Annotated[
        str, typer.Option(metavar="SPAN", help="After a return, in which contacts belong to it.")
    ] = "14d",
    levels: Annotated[int, typer.Option(min=1, max=9, help="Levels of categories that are told apart.")] = 1,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As it was known then.")] = None,
    target: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write a policy file, complete.")] = None,
    as_json: AsJson = False,
) -> None:
    """What wrong orders cost by your own returns and service contacts, for the shop and each category.

    Example: `rapport modes fit --contact-cost 6.50 --out proposed.yaml`
    """
    from jobs import fitting
    from modes.parameters import policy_of

    settings = Settings.from_env()
    span = parse_span(within, "--within")
    if span <= timedelta(0):
        raise InputError.of("--within", "a length of time above 0", within)
    if target is not None and contact is None:
        raise InputError.of("--contact-cost", "what a contact costs, for a file to be written", None)
    if target is not None and (target.exists() or not target.absolute().parent.is_dir()):
        raise InputError.of("--out", "a file that is not there yet, in a folder that is", str(target))
    database = opened(settings)
    now = instant(settings, at, "--at") or settings.clock.now()
    costs = fitting.Costs(contact=contact, veto=veto, sent_back=sent_back, within=span, levels=levels)
    found = fitting.run(database, settings, costs, now)
    if as_json:
        out.document({"parameters": [_fitted(one) for one in found]})
    else:
        columns = ("category", "parameter", "now", "found", "95 %", "n", "customers", "needed")
        out.table(columns, [_row(_fitted(one)) for one in found])
    if target is not None:
        proposal = fitting.proposed(policy_of(settings), found)
        target.write_text(fitting.written(proposal, costs, now), encoding="utf-8")
        click.echo(f"the proposal: {target.absolute()}", err=as_json)


def _fitted(one: Fitted) -> dict[str, Any]:
    row: dict[str, Any] = {"category": one.category or None, "parameter": one.parameter, "in_force": one.in_force}
    found = one.found
    if isinstance(found, NotEstimable):
        return row | {"estimate": None, "reason": found.reason, "needed": found.needed}
    said = {"estimate": found.estimate, "low": found.low, "high": found.high}
    return row | {name: round(value, 4) for name, value in said.items()} | {"n": found.n, "customers": found.customers}


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    name = one["category"] or "the shop"
    if one["estimate"] is None:
        return name, one["parameter"], one["in_force"], None, one["reason"], None, None, one["needed"]
    span = f"{one['low']:.2f} to {one['high']:.2f}"
    return name, one["parameter"], one["in_force"], one["estimate"], span, one["n"], one["customers"], None
