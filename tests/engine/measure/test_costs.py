"""Contacts that cases bring, on customers whose rates are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.domain.estimates import NotEstimable
from engine.measure.costs import Aftermath, Amount, mixed
from engine.measure.shares import Share

WITHIN, YEAR = 14.0, 365.0


def lived(seed: int, customers: int = 200, usual: float = 0.01, brings: float = 0.6, cases: float = 0.8) -> Aftermath:
    """A year of customers who make contact now and then, more or less each, and after a case so often more."""
    rng = np.random.default_rng(seed)
    own = usual * rng.gamma(2.0, 0.5, customers)
    who, when, whose, days = [], [], [], []
    for one in range(customers):
        for day in rng.uniform(0, YEAR - WITHIN, rng.poisson(cases)):
            whose.append(one)
            days.append(day)
            for _ in range(rng.poisson(brings)):
                who.append(one)
                when.append(day + rng.uniform(0, WITHIN))
        usually = rng.uniform(0, YEAR, rng.poisson(own[one] * YEAR))
        who += [one] * len(usually)
        when += usually.tolist()
    known = (np.zeros(customers), np.full(customers, YEAR))
    return Aftermath.of(
        (np.array(whose, np.int64), np.array(days)), (np.array(who, np.int64), np.array(when)), known, within=WITHIN
    )


def test_planted_contacts_are_found_and_intervals_hold_them_as_often_as_they_say():
    found = [lived(seed).each() for seed in range(200)]
    assert all(isinstance(one, Amount) for one in found)
    estimates = np.array([one.estimate for one in found])
    assert estimates.mean() == pytest.approx(0.6, abs=0.02)
    inside = np.mean([one.low <= 0.6 <= one.high for one in found])
    assert 0.90 <= inside <= 0.99
    assert np.mean([one.se for one in found]) == pytest.approx(estimates.std(), rel=0.2)


def test_where_cases_bring_nothing_the_interval_holds_nothing():
    found = [lived(seed, brings=0.0).each() for seed in range(60)]
    assert np.mean([one.low <= 0 <= one.high for one in found]) >= 0.9


def test_sums_are_those_one_would_count():
    """Two cases whose days overlap, one contact in them, one on the last day of nothing, one before."""
    sums = Aftermath.of(
        (np.array([0, 0]), np.array([10.0, 15.0])),
        (np.array([0, 0, 0]), np.array([12.0, 29.0, 3.0])),
        (np.array([0.0, 0.0]), np.array([40.0, 20.0])),
        within=14.0,
    )
    assert sums.cases.tolist() == [2, 0]
    assert sums.after.tolist() == [1, 0]
    assert sums.days_after.tolist() == [19, 0]  # from 10 to 29
    assert sums.before.tolist() == [2, 0]
    assert sums.days_before.tolist() == [21, 20]


def test_parts_of_the_year_add():
    one, other = lived(1), lived(2)
    both = (one + other).each()
    assert both.n == one.cases.sum() + other.cases.sum()
    assert min(one.each().estimate, other.each().estimate) <= both.estimate
    assert both.se < max(one.each().se, other.each().se)


def test_of_too_few_cases_nothing_is_said():
    few = lived(3, customers=12, cases=0.5).each()
    assert isinstance(few, NotEstimable)
    assert "at least 20 of 10 customers" in few.needed
    nobody = Aftermath.of(
        (np.zeros(0, np.int64), np.zeros(0)), (np.zeros(0, np.int64), np.zeros(0)), (np.zeros(3), np.ones(3)), within=5
    )
    assert isinstance(nobody.each(), NotEstimable)


def test_a_mixed_cost_has_an_interval_that_holds_the_truth():
    """Of wrong orders .7 are vetoed at .4, the rest cost 4 on average, each found from a sample."""
    rng, truth, inside = np.random.default_rng(5), 0.7 * 0.4 + 0.3 * 4, 0
    for _ in range(1_000):
        n, m = 60, 50
        share = rng.binomial(n, 0.7) / n
        sample = rng.normal(4, 2, m)
        cost = Amount(estimate=sample.mean(), low=0, high=9, n=m, customers=m, se=sample.std(ddof=1) / m**0.5)
        found = mixed(Share(estimate=share, low=0, high=1, n=n, customers=n, effect=1.0), 0.4, cost)
        inside += found.low <= truth <= found.high
    assert 0.93 <= inside / 1_000 <= 0.97
    assert cost.times(2.0, 1.0).estimate == pytest.approx(2 * cost.estimate + 1)
