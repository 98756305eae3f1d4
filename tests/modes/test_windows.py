"""Windows of the week and quiet dates, by the customer's clock, also when it is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.customers import Days, Mandate, Window
from modes.windows import first, permitted
from tests.builders import a_mandate

NEW_YORK, WEEK = ZoneInfo("America/New_York"), frozenset(range(7))
ZONES = st.sampled_from(
    [NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo")]
)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
WINDOWS = st.builds(
    lambda days, start, end: Window(days=frozenset(days), start=start, end=end),
    st.sets(st.integers(0, 6), min_size=1),
    TIMES,
    TIMES,
)
QUIET = st.builds(
    lambda begin, days: Days(first=begin, last=begin + timedelta(days=days)),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(0, 3),
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC, second=0))


def signed(*windows: Window, quiet: tuple[Days, ...] = ()) -> Mandate:
    """A mandate with these windows and quiet dates."""
    return a_mandate(windows=windows, quiet_dates=quiet)


def at(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


@given(st.lists(WINDOWS, max_size=3), st.lists(QUIET, max_size=3), ZONES, INSTANTS)
def test_the_first_permitted_time_is_permitted_and_none_before_it_is(windows, quiet, zone, now):
    mandate = signed(*windows, quiet=tuple(quiet))
    found = first(mandate, zone, now, timedelta(days=3))
    end = now + timedelta(days=3) if found is None else found
    assert found is None or permitted(mandate, zone, found)
    step = now
    while step < end - timedelta(minutes=60):  # in an hour that the clock leaps over it may open within that hour
        assert not permitted(mandate, zone, step)
        step += timedelta(minutes=17)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-07T12:00:00-05:00", "2026-03-07T12:00:00-05:00"),
        ("2026-03-08T00:30:00-05:00", "2026-03-08T03:30:00-04:00"),  # half past two does not come
        ("2026-11-01T01:45:00-04:00", "2026-11-01T02:30:00-05:00"),
    ],
)
def test_when_the_clock_is_changed(now, opens):
    mandate = signed(Window(days=WEEK, start=time(2, 30), end=time(23)))
    assert first(mandate, NEW_YORK, at(now)) == at(opens)


def test_an_hour_that_comes_twice_is_permitted_twice():
    mandate = signed(Window(days=WEEK, start=time(1, 30), end=time(1, 40)))
    for offset in ("-04:00", "-05:00"):
        assert permitted(mandate, NEW_YORK, at(f"2026-11-01T01:35:00{offset}"))
    assert first(mandate, NEW_YORK, at("2026-11-01T01:50:00-04:00")) == at("2026-11-01T01:30:00-05:00")


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on():
    mandate = signed(Window(days=frozenset({4}), start=time(22), end=time(2)))
    zone = ZoneInfo("UTC")
    assert permitted(mandate, zone, at("2026-01-03T01:59:00+00:00"))  # Saturday morning
    assert not permitted(mandate, zone, at("2026-01-02T01:59:00+00:00"))


def test_a_quiet_date_ends_at_the_customers_midnight():
    quiet = (Days(first=date(2026, 12, 24), last=date(2026, 12, 26)),)
    assert first(signed(quiet=quiet), NEW_YORK, at("2026-12-25T09:00:00-05:00")) == at("2026-12-27T00:00:00-05:00")


def test_nothing_signed_is_nothing_in_the_way():
    now = at("2026-12-25T09:00:00-05:00")
    assert first(None, NEW_YORK, now) == first(signed(), NEW_YORK, now) == now


def test_what_never_opens_soon_is_none():
    quiet = (Days(first=date(2026, 1, 1), last=date(2026, 12, 31)),)
    assert first(signed(quiet=quiet), NEW_YORK, at("2026-05-01T09:00:00-05:00")) is None
