"""Ids, instants and money keep what came in, or say what is wrong with it."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.values import Money, parse_currency, parse_decimal, parse_id, parse_money, parse_time, to_minor
from engine.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("id", ["007", "É", "a b", "x" * 200])
def test_an_id_is_kept_as_written(id):
    assert parse_id(id, "item_id") == id


@pytest.mark.parametrize("id", ["", "x" * 201, "a/b", "a\nb", "a\x00b", 7, None, "\ud800"])
def test_anything_else_is_refused_by_name(id):
    with pytest.raises(InputError, match=r"^item_id: expected text"):
        parse_id(id, "item_id")


def test_a_naive_time_is_refused_unless_its_zone_is_given():
    with pytest.raises(InputError, match="ordered_at"):
        parse_time("2017-11-30T08:00:00", "ordered_at", date_zone=BERLIN)
    at = parse_time("2017-11-30T08:00:00", "ordered_at", date_zone=BERLIN, naive_zone=BERLIN)
    assert at == datetime(2017, 11, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["1969-12-30T23:59:59Z", "0001-01-01", "0001-01-01T00:00:00+00:00", "2200-01-02", "9999-12-31"]
)
def test_a_time_that_nobody_means_is_refused(text):
    with pytest.raises(InputError, match=r"paused_until: expected (a time from 1970 to 2199|an ISO 8601)"):
        parse_time(text, "paused_until", date_zone=BERLIN)
    for sound in ("1970-01-01T00:00:00Z", "2199-12-31"):
        parse_time(sound, "paused_until", date_zone=BERLIN)


def test_the_clock_change_costs_an_hour():
    before = parse_time("2026-03-29T01:30:00+01:00", "at", date_zone=BERLIN)
    after = parse_time("2026-03-29T03:30:00+02:00", "at", date_zone=BERLIN)
    assert (after - before).total_seconds() == 3600


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1e400", "", ".", "4,99", "1_000", "١", "１", "+1", True, None])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(InputError, match="price"):
        parse_decimal(text, "price")


@pytest.mark.parametrize(
    ("amount", "currency", "most"),
    [
        ("1.001", "USD", "at most 2 decimals for USD"),
        ("1.999", "USD", "at most 2 decimals for USD"),
        ("0.004", "USD", "at most 2 decimals for USD"),
        (1.005, "USD", "at most 2 decimals for USD"),
        ("1.00000000000000000000000000000000001", "USD", "at most 2 decimals for USD"),
        ("1e2", "USD", "at most 2 decimals for USD"),
        ("1.50", "JPY", "no decimals for JPY"),
        ("1.0005", "KWD", "at most 3 decimals for KWD"),
        ("1_000", "USD", "ASCII digits"),
        ("١", "USD", "ASCII digits"),
    ],
)
def test_money_that_somebody_states_is_never_rounded(amount, currency, most):
    with pytest.raises(InputError, match=rf"^budget: expected a decimal number .*{most}.*, came {amount!r}$"):
        parse_money(amount, currency, "budget")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("4.9900", "USD", 499), (4.5, "USD", 450), (" .99 ", "EUR", 99), ("5.", "JPY", 5), ("1.005", "KWD", 1005)],
)
def test_money_is_what_is_stated(amount, currency, minor):
    assert parse_money(amount, currency, "budget") == Money(minor=minor, currency=currency)


@pytest.mark.parametrize("code", ["usd", "US", "USDX", "ÜSD", "U1D", "", None, 840])
def test_a_currency_is_three_ascii_capitals(code):
    with pytest.raises(InputError, match=r"^currency: expected a three-letter"):
        parse_currency(code)


@given(st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
def test_money_survives_the_wire(minor, currency):
    assert to_minor(Decimal(Money(minor=minor, currency=currency).decimal()), currency) == minor


def test_two_currencies_do_not_add():
    with pytest.raises(InputError, match="currency"):
        Money(minor=1, currency="USD") + Money(minor=1, currency="EUR")
