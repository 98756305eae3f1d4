"""``rapport db`` and ``rapport import``: the database, and what is taken into it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import click
import typer

from api.cli import out
from api.cli.here import opened, reached, woken
from api.cli.out import AsJson
from engine.config import Settings
from engine.domain.values import parse_zone
from engine.errors import InputError

REJECTED = 3  # exit code: done, with rejected rows


class Kind(StrEnum):
    """What can be imported."""

    ITEMS = "items"
    CUSTOMERS = "customers"
    ORDERS = "orders"
    EVENTS = "events"
    SURVEYS = "surveys"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    db = typer.Typer(help="The database.", no_args_is_help=True)
    db.command("upgrade")(upgrade)
    app.add_typer(db, name="db")
    app.command("import")(take_in)


def upgrade(as_json: AsJson = False) -> None:
    """Create the database or bring it to the newest version; safe to run at any time.

    Example: `rapport db upgrade`
    """
    settings = Settings.from_env()
    database = reached(settings)
    database.upgrade()
    woken(settings, database)
    if as_json:
        return out.document({"version": database.version()})
    click.echo(f"the database stands at version {database.version()}")


def take_in(
    kind: Kind,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=".csv, .ndjson or .parquet")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Where the file names a column otherwise.")
    ] = None,
    assume_timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="What times without an offset mean; without it they are rejected."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Take in files. Good rows are stored, bad ones listed in FILE.rejects.ndjson; the same file twice changes nothing.

    Example: `rapport import orders orders.csv --map customer_id=household --assume-timezone Europe/Berlin`
    """
    from jobs import intake

    settings = Settings.from_env()
    zone: ZoneInfo | None = None if assume_timezone is None else parse_zone(assume_timezone, "--assume-timezone")
    named = dict(_pair(text) for text in mapping or [])
    database = opened(settings)
    with out.bar(f"importing {kind}", shown=not as_json) as progress:
        summary = intake.run(
            database,
            kind.value,
            files,
            settings=settings,
            now=settings.clock.now(),
            mapping=named,
            assume_timezone=zone,
            progress=progress,
        )
    said = {"read": summary.read, "stored": summary.stored, "rejected": summary.rejected}
    if as_json:
        out.document({**said, "rejects": [str(path) for path in summary.rejects_files]})
    else:
        click.echo("  ".join(f"{name} {count:,}" for name, count in said.items()))
        for path in summary.rejects_files:
            click.echo(f"what is wrong with the rejected rows: {path}")
    return REJECTED if summary.rejected else 0


def _pair(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not (field and equals and column):
        raise InputError.of("--map", "FIELD=COLUMN", text)
    return field, column
