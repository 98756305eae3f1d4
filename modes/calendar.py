"""The shop's calendar reckoned with: until when to place an order so that it arrives in time, and when it can arrive.

Hours on the shop's clock that a clock change makes twice, or leaves out, are read on the safe side: a cut-off and the
start of a slot as early, the end of a slot as late as they may be meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.domain.calendar import Arrival, Calendar, Lead, Unit

FURTHEST = 400  # days looked through for a working day
DAY = timedelta(days=1)
Booked = Mapping[Arrival, int]  # orders that a slot of a day is promised to already


def works(day: date, calendar: Calendar) -> bool:
    """Whether a day is a working day."""
    return day.weekday() in calendar.cut_offs and day not in calendar.closed


def cut_off(day: date, calendar: Calendar) -> datetime:
    """The last instant at which an order counts for a working day; never before that day begins."""
    return max(_begins(day, calendar.zone), min(_readings(day, calendar.cut_offs[day.weekday()], calendar.zone)))


def arrivals(calendar: Calendar, first: date, days: int = FURTHEST) -> Iterator[Arrival]:
    """Whatever an order may be promised for, from a day on, in time."""
    for day in (first + n * DAY for n in range(days)):
        if works(day, calendar):
            yield from _of_day(day, calendar)


def place_by(arrival: Arrival, calendar: Calendar, leads: Collection[Lead] = ()) -> datetime | None:
    """The latest instant at which an order must be placed so that it arrives then; always within a working day.

    Parameters
    ----------
    leads : of everything in the order; none named: the usual one. None is answered where no day before it works
    """
    found = [_place_by(arrival, calendar, lead) for lead in leads or (calendar.lead,)]
    known = [at for at in found if at is not None]
    return min(known) if len(known) == len(found) else None


def deliverable(
    now: datetime,
    calendar: Calendar,
    leads: Collection[Lead] = (),
    booked: Booked | None = None,
    days: int = FURTHEST,
) -> Iterator[Arrival]:
    """Whatever an order placed now may be promised for, the earliest first."""
    for arrival in arrivals(calendar, now.astimezone(calendar.zone).date(), days):
        if has_room(arrival, calendar, booked or {}):
            latest = place_by(arrival, calendar, leads)
            if latest is not None and now <= latest:
                yield arrival


def has_room(arrival: Arrival, calendar: Calendar, booked: Booked) -> bool:
    """Whether one more order may be promised for it."""
    slot = calendar.slot(arrival.slot)
    return slot is None or slot.capacity is None or booked.get(arrival, 0) < slot.capacity


def starts(arrival: Arrival, calendar: Calendar) -> datetime:
    """The first instant at which it may arrive."""
    slot = calendar.slot(arrival.slot)
    begin = _begins(arrival.day, calendar.zone)
    return begin if slot is None else max(begin, min(_readings(arrival.day, slot.start, calendar.zone)))


def ends(arrival: Arrival, calendar: Calendar) -> datetime:
    """The instant by which it has arrived."""
    slot = calendar.slot(arrival.slot)
    end = _begins(arrival.day + DAY, calendar.zone)
    return end if slot is None else min(end, max(_readings(arrival.day, slot.end, calendar.zone)))


def middle(arrival: Arrival, calendar: Calendar) -> datetime:
    """When it arrives on average."""
    first, last = starts(arrival, calendar), ends(arrival, calendar)
    return first + (last - first) / 2


def _of_day(day: date, calendar: Calendar) -> list[Arrival]:
    if not calendar.slots:
        return [Arrival(day=day)]
    own = sorted((slot.start, slot.end, slot.name) for slot in calendar.slots if day.weekday() in slot.weekdays)
    return [Arrival(day=day, slot=name) for _, _, name in own]


def _place_by(arrival: Arrival, calendar: Calendar, lead: Lead) -> datetime | None:
    if lead.unit is Unit.DAYS:
        day = _back(arrival.day, lead.amount, calendar)
        return None if day is None else cut_off(day, calendar)
    target = ends(arrival, calendar) if arrival.slot is None else starts(arrival, calendar)
    return _taken_up(target - timedelta(hours=lead.amount), calendar)


def _taken_up(by: datetime, calendar: Calendar) -> datetime | None:
    """The last instant of an order that is taken up by then: at once up to a cut-off, else as the next day begins."""
    day = by.astimezone(calendar.zone).date()
    if works(day, calendar):
        return min(by, cut_off(day, calendar))
    before = _back(day, 1, calendar)
    return None if before is None else cut_off(before, calendar)


def _back(day: date, count: int, calendar: Calendar) -> date | None:
    """The working day so many working days before a day."""
    if not count:
        return day
    earlier = (day - n * DAY for n in range(1, FURTHEST))
    working = (one for one in earlier if works(one, calendar))
    return next((one for n, one in enumerate(working, 1) if n == count), None)


def _begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day; where its midnight is left out, that of the clock change."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def _readings(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What an hour of a day may mean; nearly always one instant."""
    local = datetime.combine(day, at, tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
