"""The course of weeks and months: found where it is there, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.calendar import SIZE, Calendar
from tests.engine.learn.known import law

MONDAY = 17_168.0  # 2017-01-02


def bought(n_days: int, busy, most: int = 400) -> np.ndarray:
    """``most`` purchases a day, times how busy it is."""
    return np.concatenate([np.full(round(most * busy(MONDAY + n)), MONDAY + n + 0.5) for n in range(n_days)])


def weekend(day: float) -> float:
    """Saturdays and Sundays are twice as busy."""
    return 2.0 if (day - MONDAY) % 7 >= 5 else 1.0


def payday(day: float) -> float:
    """The first ten days of a month are half as busy again."""
    return 1.5 if np.datetime64(int(day), "D").astype(object).day <= 10 else 1.0


def test_a_busy_weekend_is_found():
    found = Calendar.fit(bought(200, weekend), MONDAY + 200).busyness(MONDAY + 210, 7)
    assert found[5:].min() / found[:5].max() == pytest.approx(2.0, rel=0.2)  # drawn to nothing by five days


def test_a_busy_start_of_the_month_is_found():
    calendar = Calendar.fit(bought(300, payday), MONDAY + 300)
    first, last = MONDAY + 335, MONDAY + 352  # the 3rd and the 20th of December
    assert calendar.busyness(first, 1)[0] / calendar.busyness(last, 1)[0] == pytest.approx(1.5, rel=0.1)


def test_growth_is_no_course():
    found = Calendar.fit(bought(300, lambda day: 1 + (day - MONDAY) / 100), MONDAY + 300)
    assert found.busyness(MONDAY + 300, 31) == pytest.approx(1.0, abs=0.03)


def test_a_few_purchases_say_nothing():
    rng = np.random.default_rng(3)
    found = Calendar.fit(MONDAY + rng.uniform(0, 200, 60), MONDAY + 200)
    assert found.busyness(MONDAY + 200, 31) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("n", [0, 1, 27])
def test_in_less_than_four_weeks_all_days_are_alike(n):
    assert np.array_equal(Calendar.fit(bought(n, weekend) if n else np.zeros(0), MONDAY + n).weights, np.zeros(SIZE))


def test_in_less_than_eight_weeks_a_month_has_no_course():
    assert np.array_equal(Calendar.fit(bought(40, payday), MONDAY + 40).weights[7:], np.zeros(SIZE - 7))


def test_what_comes_later_is_not_looked_at():
    days = bought(200, weekend)
    assert np.array_equal(
        Calendar.fit(days, MONDAY + 100).weights, Calendar.fit(days[days < MONDAY + 100], MONDAY + 100).weights
    )


@law(50)
@given(day=st.floats(0, 30_000), n=st.integers(1, 80), seed=st.integers(0, 9))
def test_offsets_are_means_of_the_days_between(day, n, seed):
    calendar = Calendar(weights=np.random.default_rng(seed).normal(0, 0.1, SIZE))
    edges = np.array([0.0, 3.0, 3.0 + n])
    busy = calendar.busyness(day, 3 + n)
    assert calendar.offsets(day, edges) == pytest.approx(np.log([busy[:3].mean(), busy[3:].mean()]))
