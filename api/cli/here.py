"""What commands work with: the settings, the database, the instant they are asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from engine.config import Settings
from engine.domain.values import parse_time

if TYPE_CHECKING:
    from engine.store.database import Database


def opened(settings: Settings) -> Database:
    """The database, made or brought up to date where it is not."""
    from engine.store.database import Database

    database = Database.open(settings.database_url)
    if not database.is_current():
        database.upgrade()
    return database


def instant(settings: Settings, given: str | None, option: str) -> datetime | None:
    """The instant an option names, if it was given; a date is its midnight in the business's zone."""
    return None if given is None else parse_time(given, option, date_zone=settings.timezone)


def as_of(settings: Settings, database: Database, given: str | None, option: str = "--as-of") -> datetime:
    """The instant asked for; by default just after the newest stored order, and the clock's where there is none."""
    from engine.store import orders

    at = instant(settings, given, option)
    if at is not None:
        return at
    with database.read() as tx:
        newest = orders.newest(tx)
    return settings.clock.now() if newest is None else newest + timedelta(microseconds=1)
