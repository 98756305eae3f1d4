"""Shares of tries by customers: sums add, and the interval holds the truth where customers' tries go together."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.estimates import NotEstimable
from engine.measure.shares import Calibration, Count, Share, Tally, interval, rate

TRIES = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.floats(0, 1)), max_size=40)


def tally(tries: list[tuple[int, bool, float]]) -> Tally:
    """Of single tries: customer, hit, said."""
    owners = np.array([one[0] for one in tries], np.int64)
    hits, said = np.array([one[1] for one in tries], bool), np.array([one[2] for one in tries], float)
    return Tally.of(owners, hits, said, n_customers=5)


def calibration(tries: list[tuple[int, bool, float]]) -> Calibration:
    """Of the same."""
    return Calibration.of(np.array([one[2] for one in tries], float), np.array([one[1] for one in tries], bool))


@given(TRIES, TRIES)
def test_sums_of_two_days_are_those_of_both_at_once(one, other):
    for made in (tally, calibration):
        together, added = made(one + other), made(one) + made(other)
        for field in fields(together):
            np.testing.assert_allclose(getattr(added, field.name), getattr(together, field.name))


def test_the_interval_is_the_naive_formula():
    tries, hits = np.array([10.0, 20.0, 5.0, 40.0]), np.array([9.0, 10.0, 5.0, 30.0])
    found = Tally(tries=tries, hits=hits, said=np.zeros(4)).share()
    assert isinstance(found, Share)
    ratio = 54 / 75
    variance = 4 / 3 * sum((h - ratio * n) ** 2 for h, n in zip(hits, tries, strict=True)) / 75**2
    effect = variance / (ratio * (1 - ratio) / 75)
    assert found.effect == pytest.approx(effect)
    assert (found.low, found.high) == pytest.approx(interval(54 / effect, 75 / effect))
    assert (found.estimate, found.n, found.customers) == (ratio, 75, 4)


def test_twice_the_same_tries_say_no_more():
    once = Tally(tries=np.full(30, 4.0), hits=np.arange(30.0) % 5, said=np.zeros(30))
    one, two = once.share(), (once + once).share()
    assert isinstance(one, Share)
    assert isinstance(two, Share)
    assert two.effect == pytest.approx(2 * one.effect)
    assert (two.low, two.high) == pytest.approx((one.low, one.high))


def test_the_interval_holds_the_truth_where_a_customers_tries_go_together():
    rng = np.random.default_rng(5)
    held, naive = 0, 0
    for _ in range(400):
        own = rng.beta(8, 2, size=80)  # a share of .8, and customers differ
        tries = rng.integers(1, 30, size=80).astype(float)
        hits = rng.binomial(tries.astype(int), own).astype(float)
        found = Tally(tries=tries, hits=hits, said=np.zeros(80)).share()
        assert isinstance(found, Share)
        held += found.low <= 0.8 <= found.high
        low, high = interval(hits.sum(), tries.sum())
        naive += low <= 0.8 <= high
    assert held >= 0.92 * 400
    assert naive < 0.85 * 400  # what the design effect is for


def test_what_was_never_tried_is_not_known():
    nothing = tally([]).share()
    lone = tally([(2, True, 0.9)] * 7).share()
    assert isinstance(nothing, NotEstimable)
    assert isinstance(lone, NotEstimable)
    assert "one customer" in lone.reason
    assert isinstance(calibration([]).error(), NotEstimable)
    assert tally([]).mean_said is None


def test_always_right_is_not_certain():
    found = Tally(tries=np.ones(10), hits=np.ones(10), said=np.zeros(10)).share()
    assert isinstance(found, Share)
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 10), 1.0))


def test_bins_tell_what_was_said_and_what_came():
    found = calibration([(0, True, 0.8), (1, False, 0.9), (1, True, 1.0), (2, False, 0.05)])
    last = found.tenths()[-1]
    assert (last.n, last.said, last.came) == (2, pytest.approx(0.95), 0.5)
    assert found.error() == pytest.approx((0.05 + 0.2 + 0.9) / 4)


def test_wrong_ones_a_year_are_the_misses_of_all_that_were_made():
    share = Share(estimate=0.9, low=0.8, high=0.95, n=50, customers=20, effect=1.0)
    assert rate(share, 200, 40.0) == Count(estimate=0.5, low=0.25, high=1.0)
    nothing = NotEstimable(reason="never tried", needed="more")
    assert rate(nothing, 0, 40.0) is nothing
