"""The time ahead: through the knots, rising between them, as the own rhythm has it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.courses import EVEN, Courses
from tests.engine.learn.known import law

ENDS = np.array([0.0, 7.0, 14.0, 28.0, 60.0])


def courses(steps, since=5.0, gap=12.0, spread=0.5, passed=None) -> Courses:
    """Of one pair, whose hazard rises by these steps from knot to knot."""
    return Courses(
        ends=ENDS[: len(steps) + 1],
        hazards=np.concatenate(([0.0], np.cumsum(steps)))[None],
        since=np.array([since]),
        gap=np.array([np.log(gap)]),
        spread=np.array([spread]),
        passed=np.arange(61.0) if passed is None else passed,
    )


def at(one: Courses, *windows: float) -> list[float]:
    """Its hazard at some windows."""
    return [float(one.at(np.array([window]))[0]) for window in windows]


steps = st.lists(st.floats(0, 5), min_size=1, max_size=4)


@law()
@given(steps=steps, since=st.floats(0, 400), gap=st.floats(0.5, 400), spread=st.floats(0.3, 2), seed=st.integers(0, 5))
def test_it_passes_through_the_knots_and_never_falls(steps, since, gap, spread, seed):
    busy = np.random.default_rng(seed).uniform(0.5, 2, 60)
    one = courses(steps, since, gap, spread, np.concatenate(([0.0], np.cumsum(busy))))
    assert at(one, *one.ends) == pytest.approx(one.hazards[0].tolist())
    found = at(one, *np.linspace(0, 90, 181))
    assert all(a <= b + 1e-9 for a, b in pairwise(found))
    assert found[0] == 0


def test_beyond_the_last_knot_it_goes_on_as_before():
    assert at(courses([0.5]), 14.0, 28.0) == pytest.approx([1.0, 2.0])


def test_a_regular_refill_comes_on_its_day_and_not_evenly():
    """Bought every 12 days and 5 days ago, it comes after seven days, not after two."""
    regular, erratic = courses([1.0], spread=0.1), courses([1.0], spread=2.0)
    assert at(regular, 3.5)[0] < EVEN * 0.5 + 0.05
    assert at(erratic, 3.5)[0] > at(regular, 3.5)[0] + 0.1


def test_busy_days_count_more():
    busy = np.concatenate(([0.0], np.cumsum(np.where(np.arange(60) < 3, 3.0, 1.0))))
    assert at(courses([1.0], passed=busy), 3.0)[0] > at(courses([1.0]), 3.0)[0] + 0.1


def test_the_median_is_that_of_those_who_come():
    """Hazard 1 in seven days, evenly after that: half of what comes within 14 days has come by the median."""
    one = courses([1.0, 1.0])
    (half,) = one.medians(14.0)
    within = one.within(np.array([14.0]))[0]
    assert one.within(np.array([half]))[0] == pytest.approx(within / 2, abs=0.02)


def test_what_is_taken_is_what_it_was():
    both = Courses(
        ends=ENDS[:2],
        hazards=np.array([[0.0, 1.0], [0.0, 2.0]]),
        since=np.array([1.0, 2.0]),
        gap=np.array([1.0, 2.0]),
        spread=np.array([0.5, 0.7]),
        passed=np.arange(61.0),
    )
    second = both.take(np.array([False, True]))
    assert len(second) == 1
    assert second.at(np.array([3.0]))[0] == both.at(np.array([3.0, 3.0]))[1]


def test_what_hazards_do_not_reach_is_not_told():
    near = courses([1.0, np.nan])
    assert near.within(np.array([7.0]))[0] == pytest.approx(1 - np.exp(-1.0))
    with pytest.raises(ValueError, match="not known for windows so long"):
        near.within(np.array([8.0]))
