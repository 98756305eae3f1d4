"""``rapport calendar``: the shop's calendar of deliveries, from a YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer

from api.cli import out
from api.cli.here import opened
from api.cli.out import AsJson
from engine.config import File, Settings
from engine.domain.calendar import Calendar
from engine.errors import InputError, NotFound, Problem, shown

if TYPE_CHECKING:
    from api.wire.calendar import CalendarOut, SlotWire

AUTHOR = "operator:cli"
CalendarFile = Annotated[Path, typer.Argument(metavar="FILE", help="YAML, as docs/delivery.md tells it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    calendar = typer.Typer(help="The shop's calendar of deliveries.", no_args_is_help=True)
    calendar.command("show")(show)
    calendar.command("check")(check)
    calendar.command("apply")(apply)
    app.add_typer(calendar, name="calendar")


def show(as_json: AsJson = False) -> None:
    """The calendar in force.

    Example: `rapport calendar show`
    """
    from api.wire.calendar import CalendarOut
    from engine.store import calendars

    with opened(Settings.from_env()).read() as tx:
        kept = calendars.latest(tx)
    if kept is None or kept.calendar is None:
        raise NotFound("calendar", "of the shop")
    _tell(CalendarOut.of(kept, kept.calendar), as_json)


def check(file: CalendarFile, as_json: AsJson = False) -> None:
    """Say what is wrong with a calendar's file, or what it comes to.

    Example: `rapport calendar check shop.yaml`
    """
    from api.wire.calendar import CalendarOut
    from engine.store.calendars import Kept

    settings = Settings.from_env()
    calendar = _read(file, settings)
    kept = Kept(version=0, calendar=calendar, author=AUTHOR, created_at=settings.clock.now())
    _tell(CalendarOut.of(kept, calendar), as_json)


def apply(file: CalendarFile, as_json: AsJson = False) -> None:
    """Put the calendar of a file in force, as the next version.

    Example: `rapport calendar apply shop.yaml`
    """
    from api.wire.calendar import CalendarOut
    from engine.store import audit, calendars

    settings = Settings.from_env()
    calendar, now = _read(file, settings), settings.clock.now()
    with opened(settings).begin() as tx:
        kept = calendars.put(tx, calendar, AUTHOR, now)
        assert kept.calendar is not None  # as it was put
        answer = CalendarOut.of(kept, kept.calendar)
        audit.add(tx, AUTHOR, "calendar.put", str(kept.version), answer.model_dump(mode="json"), now)
    _tell(answer, as_json)


def _read(file: Path, settings: Settings) -> Calendar:
    """The calendar of a YAML file; InputError names each field that is wrong."""
    import yaml
    from pydantic import ValidationError

    from api.wire.calendar import CalendarIn
    from engine.domain.stated import unreadable

    try:
        given = yaml.safe_load(File.of(file, "FILE").text)
    except yaml.YAMLError as error:
        raise unreadable(str(file), error) from None
    if given is None:
        raise InputError.of(str(file), "a calendar, with cut_offs at least", "an empty file")
    try:
        return CalendarIn.model_validate(given).domain(settings.timezone)
    except ValidationError as error:
        raise InputError(_problem(one) for one in error.errors(include_url=False)) from None


def _problem(found: Mapping[str, Any]) -> Problem:
    """What a wire model did not take, named as the file has it."""
    field, cause = ".".join(map(str, found["loc"])), found.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        first = cause.problems[0]
        return Problem(field=field or first.field, expected=first.expected, came=first.came)
    expected = {"missing": "a value", "extra_forbidden": "no such field"}.get(found["type"], found["msg"])
    return Problem(
        field=field, expected=expected, came="nothing" if found["type"] == "missing" else shown(found["input"])
    )


def _tell(answer: CalendarOut, as_json: bool) -> None:
    if as_json:
        return out.document(answer.model_dump(mode="json"))
    for name, values in _lines(answer):
        for place, value in enumerate(values or ["none"]):
            click.echo(f"{'' if place else name:14} {value}")


def _lines(answer: CalendarOut) -> Iterator[tuple[str, Sequence[str]]]:
    """A calendar as people read it: what is set, and a line for each of its values."""
    yield "version", [f"{answer.version}, by {answer.author}, {out.said(answer.created_at)}"]
    yield "zone", [answer.zone]
    yield "cut-offs", [f"{day} {hour}" for day, hour in answer.cut_offs.items()]
    yield "closed", [str(day) for day in answer.closed]
    yield "lead", [answer.lead, *(f"{lead} for {category}" for category, lead in answer.leads.items())]
    yield "slots", [_slot(one) for one in answer.slots]
    yield "shipping cost", [f"{answer.shipping_cost:g}"]
    yield "slack", [answer.slack]


def _slot(slot: SlotWire) -> str:
    places = "" if slot.capacity is None else f", {slot.capacity} orders a day"
    return f"{slot.name}: {slot.start} to {slot.end}, {', '.join(slot.weekdays)}{places}"
