"""The shop's calendar reckoned with: no promise that cannot be kept, whatever the clocks do."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import Arrival, Calendar, Lead, Slot, Unit
from modes import calendar as reckoned
from modes.calendar import arrivals, cut_off, deliverable, ends, place_by, starts, works

BERLIN, DAY = ZoneInfo("Europe/Berlin"), timedelta(days=1)
WEEK = {day: time(14) for day in range(5)} | {5: time(10)}  # closed on Sundays
SHOP = Calendar(zone=BERLIN, cut_offs=WEEK, closed=frozenset({date(2026, 12, 25)}))
MORNING, EVENING = Slot(name="morning", start=time(8), end=time(12)), Slot(name="evening", start=time(17), end=time(21))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def earliest(now: datetime, calendar: Calendar, *given, **more) -> Arrival | None:
    """When an order placed now arrives at the earliest; None where nothing ever does."""
    return next(deliverable(now, calendar, *given, **more), None)


@pytest.mark.parametrize(
    ("placed", "day"),
    [
        ("2026-11-30 14:00", "2026-12-01"),  # a Monday, at the cut-off
        ("2026-11-30 14:00:01", "2026-12-02"),
        ("2026-12-04 12:00", "2026-12-05"),  # Friday to Saturday
        ("2026-12-04 15:00", "2026-12-07"),  # counts for Saturday, arrives on Monday
        ("2026-12-06 09:00", "2026-12-08"),  # Sunday counts for Monday
        ("2026-12-24 09:00", "2026-12-26"),  # Christmas is closed
    ],
)
def test_an_order_arrives_on_the_next_working_day_but_one_where_it_came_after_the_cut_off(placed, day):
    assert earliest(at(placed), SHOP) == Arrival(day=date.fromisoformat(day))


@pytest.mark.parametrize(
    ("day", "lead", "latest"),
    [
        ("2026-12-01", Lead(amount=1), "2026-11-30 14:00"),
        ("2026-12-07", Lead(amount=1), "2026-12-05 10:00"),
        ("2026-12-07", Lead(amount=0), "2026-12-07 14:00"),
        ("2026-12-07", Lead(amount=3), "2026-12-03 14:00"),
        ("2026-12-26", Lead(amount=1), "2026-12-24 14:00"),
        ("2026-12-01", Lead(amount=4, unit=Unit.HOURS), "2026-12-01 14:00"),
        ("2026-12-01", Lead(amount=12, unit=Unit.HOURS), "2026-12-01 12:00"),
        ("2026-12-07", Lead(amount=30, unit=Unit.HOURS), "2026-12-05 10:00"),  # Sunday 18:00 is no working hour
    ],
)
def test_the_latest_instant_at_which_an_order_must_be_placed(day, lead, latest):
    assert place_by(Arrival(day=date.fromisoformat(day)), SHOP, (lead,)) == at(latest)


def test_an_order_waits_for_its_slowest_part():
    monday = Arrival(day=date(2026, 12, 7))
    assert place_by(monday, SHOP, (Lead(amount=1), Lead(amount=3))) == at("2026-12-03 14:00")


def test_in_a_slot_that_has_room_and_starts_late_enough():
    shop = replace(SHOP, slots=(EVENING, replace(MORNING, capacity=2)), lead=Lead(amount=3, unit=Unit.HOURS))
    monday = date(2026, 12, 7)
    morning, evening = Arrival(day=monday, slot="morning"), Arrival(day=monday, slot="evening")
    assert earliest(at("2026-12-07 04:00"), shop) == morning
    assert earliest(at("2026-12-07 05:01"), shop) == evening
    assert earliest(at("2026-12-07 04:00"), shop, booked={morning: 1}) == morning
    assert earliest(at("2026-12-07 04:00"), shop, booked={morning: 2}) == evening
    assert earliest(at("2026-12-07 14:01"), shop) == Arrival(day=monday + DAY, slot="morning")
    assert (starts(evening, shop), ends(evening, shop)) == (at("2026-12-07 17:00"), at("2026-12-07 21:00"))


def test_a_shop_that_never_works_promises_nothing():
    shut = replace(SHOP, cut_offs={})
    assert earliest(at("2026-12-07 04:00"), shut) is None
    assert place_by(Arrival(day=date(2026, 12, 7)), shut) is None
    assert (
        list(deliverable(at("2026-12-07 04:00"), replace(SHOP, slots=(replace(MORNING, weekdays=frozenset({6})),))))
        == []
    )


def test_a_cut_off_in_an_hour_that_comes_twice_is_the_first_and_in_one_that_is_left_out_before_it():
    night = replace(SHOP, cut_offs={day: time(2, 30) for day in range(7)})
    assert cut_off(date(2026, 10, 25), night) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert cut_off(date(2026, 3, 29), night) == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 1)).map(lambda at: at.replace(tzinfo=UTC))
HOURS = st.times().map(lambda at: at.replace(microsecond=0, second=0))
LEADS = st.one_of(
    st.integers(0, 10).map(lambda n: Lead(amount=n)),
    st.integers(1, 100).map(lambda n: Lead(amount=n, unit=Unit.HOURS)),
)


@st.composite
def slots(draw):
    """Up to three slots, each within a day."""
    some = draw(st.lists(st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] < pair[1]), max_size=3))
    return tuple(Slot(name=str(n), start=first, end=last) for n, (first, last) in enumerate(some))


@st.composite
def shops(draw):
    """A calendar of any zone, with working days."""
    near = draw(INSTANTS).date()
    return Calendar(
        zone=draw(ZONES),
        cut_offs=draw(st.dictionaries(st.integers(0, 6), HOURS, min_size=1)),
        closed=frozenset(near + n * DAY for n in draw(st.lists(st.integers(-10, 10), max_size=8))),
        slots=draw(slots()),
    )


def forward(placed: datetime, shop: Calendar, lead: Lead) -> Arrival:
    """When an order arrives, step by step: it counts for a day, it is worked on, it is brought."""
    day, begun = placed.astimezone(shop.zone).date(), placed
    if not works(day, shop) or placed > cut_off(day, shop):
        day = next(d for d in (day + n * DAY for n in range(1, 400)) if works(d, shop))
        begun = reckoned._begins(day, shop.zone)
    if lead.unit is Unit.DAYS:
        working = [d for d in (day + n * DAY for n in range(200)) if works(d, shop)]
        return next(one for one in arrivals(shop, working[lead.amount]))
    ready = begun + timedelta(hours=lead.amount)
    return next(
        one for one in arrivals(shop, day) if (ends(one, shop) if one.slot is None else starts(one, shop)) >= ready
    )


@settings(max_examples=300, deadline=None)
@given(shops(), INSTANTS, LEADS)
def test_the_earliest_delivery_is_what_counting_forward_gives(shop, now, lead):
    assert earliest(now, shop, (lead,)) == forward(now, shop, lead)


@settings(max_examples=300, deadline=None)
@given(shops(), INSTANTS, st.lists(LEADS, min_size=1, max_size=3))
def test_there_and_back(shop, now, leads):
    """Placed by then it arrives in time, a moment later it does not; and it never was too late to promise it."""
    found = earliest(now, shop, leads)
    latest = place_by(found, shop, leads)
    assert now <= latest
    order = list(arrivals(shop, found.day - 3 * DAY, 40))
    assert order.index(earliest(latest, shop, leads)) <= order.index(found)
    later = earliest(latest + timedelta(microseconds=1), shop, leads)
    assert order.index(later) > order.index(found)


@settings(max_examples=300, deadline=None)
@given(shops(), INSTANTS, LEADS)
def test_never_later_than_a_cut_off_and_never_on_a_closed_day(shop, now, lead):
    found = earliest(now, shop, (lead,))
    latest = place_by(found, shop, (lead,))
    local = latest.astimezone(shop.zone)
    assert works(local.date(), shop)
    assert works(found.day, shop)
    assert latest <= cut_off(local.date(), shop)
    begins = reckoned._begins(local.date(), shop.zone)
    assert local.time() <= shop.cut_offs[local.weekday()] or latest == begins  # the clock begins the day after it
    assert now <= latest < ends(found, shop) or lead.amount == 0
    assert starts(found, shop) <= ends(found, shop)
