"""What the operators set, read together."""

from __future__ import annotations

from datetime import datetime

from engine.domain.house import House
from engine.store import bookings, calendars
from engine.store.database import Tx


def read(tx: Tx, now: datetime) -> House:
    """What is in force at ``now``."""
    calendar = calendars.current(tx)
    today = now if calendar is None else now.astimezone(calendar.zone)
    slots = calendar is not None and calendar.slots
    return House(calendar=calendar, booked=bookings.since(tx, today.date()) if slots else {})
