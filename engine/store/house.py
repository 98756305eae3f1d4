"""What the operators set, read together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.calendar import Arrival, Calendar
from engine.domain.executions import SPENT, STOPPABLE
from engine.domain.house import House
from engine.store import bookings, calendars, rules, stops, watches
from engine.store.database import Tx

UTC = ZoneInfo("UTC")


def read(
    tx: Tx, now: datetime, *, zone: ZoneInfo = UTC, customers: Collection[str] = (), placing: bool = False
) -> House:
    """What is in force at ``now``.

    Parameters
    ----------
    zone : of the business
    customers : who is decided for, or whose orders are placed
    placing : whether orders are about to be placed: what was spent counts then and what was only promised does not,
        and caps are held until the transaction ends
    """
    ruling = rules.in_force(tx, now)
    if placing:
        rules.lock_caps(tx, ruling)
    states = SPENT if placing else (*STOPPABLE, *SPENT)
    used = rules.uses(tx, ruling, customers, states, now, zone)
    shut = watches.shut(tx, now)
    calendar = calendars.current(tx)
    return House(
        stops=stops.in_force(tx, now),
        rules=ruling,
        uses=used,
        zone=zone,
        shut=shut,
        calendar=calendar,
        booked={} if calendar is None else _booked(tx, calendar, now),
    )


def _booked(tx: Tx, calendar: Calendar, now: datetime) -> Mapping[Arrival, int]:
    today = now.astimezone(calendar.zone).date()
    return bookings.since(tx, today) if calendar.slots else {}
