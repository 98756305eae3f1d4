"""When an order may be placed under a mandate: its windows of the week and its quiet dates, by the customer's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.domain.customers import Mandate

AHEAD = timedelta(days=14)  # how far a permitted time is looked for


def permitted(mandate: Mandate, zone: ZoneInfo, at: datetime) -> bool:
    """Whether an order may be placed at this instant, as far as days and hours go."""
    local = at.astimezone(zone)
    day = local.date()
    if any(quiet.first <= day <= quiet.last for quiet in mandate.quiet_dates):
        return False
    clock = local.time()
    return not mandate.windows or any(window.covers(day.weekday(), clock) for window in mandate.windows)


def first(mandate: Mandate | None, zone: ZoneInfo, at: datetime, within: timedelta = AHEAD) -> datetime | None:
    """The first permitted instant from ``at`` on; None where there is none within so long.

    Examples
    --------
    >>> from engine.domain.customers import Window
    >>> mornings = Window(days=frozenset({0, 1, 2, 3, 4}), start=time(9), end=time(12))
    >>> long_ago = datetime(2017, 1, 1, tzinfo=UTC)
    >>> signed = Mandate(mandate_id="m", customer_id="c", windows=(mornings,), signed_at=long_ago)
    >>> friday_noon = datetime(2017, 12, 1, 12, tzinfo=UTC)
    >>> first(signed, ZoneInfo("UTC"), friday_noon).isoformat()
    '2017-12-04T09:00:00+00:00'
    """
    if mandate is None or permitted(mandate, zone, at):
        return at
    return next((one for one in _openings(mandate, zone, at, within) if permitted(mandate, zone, one)), None)


def _openings(mandate: Mandate, zone: ZoneInfo, at: datetime, within: timedelta) -> Iterator[datetime]:
    """The instants at which it may become permitted, in order: midnights, and beginnings of windows.

    In an hour that comes twice both times, in one that the clock leaps over the time to which it leaps.
    """
    clocks = {time(0), *(window.start for window in mandate.windows)}
    today = at.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(within.days + 2)]
    found = {
        datetime.combine(day, clock, tzinfo=zone).replace(fold=fold).astimezone(UTC)
        for day in days
        for clock in clocks
        for fold in (0, 1)
    }
    return (one for one in sorted(found) if at <= one <= at + within)
