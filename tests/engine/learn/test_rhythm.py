"""Windows of a gap: one of three, the same of one gap and of many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.rhythm import WINDOWS, is_due, need_window, order_window
from tests.engine.learn.known import law

gaps = st.one_of(st.floats(0.01, 400), st.sampled_from([3.5, 7.0, 14.0, 21.0, 28.0, 42.0, 56.0]))


@given(gaps)
@law()
def test_the_window_of_a_need_is_nearest_to_half_a_gap_and_of_an_order_holds_two(gap):
    assert need_window(gap) == min(WINDOWS, key=lambda days: (abs(days - gap / 2), days))
    assert order_window(gap) == next((days for days in WINDOWS if days >= 2 * gap), WINDOWS[-1])


@pytest.mark.parametrize(("gap", "window"), [(21.0, 7), (42.0, 14)])
def test_of_two_windows_as_near_the_shorter_counts(gap, window):
    assert need_window(gap) == window


@given(st.lists(st.tuples(gaps, gaps), max_size=20))
@law()
def test_many_gaps_are_each_as_if_alone(pairs):
    several, since = (np.array([pair[place] for pair in pairs], float) for place in (0, 1))
    assert need_window(several).tolist() == [need_window(gap) for gap, _ in pairs]
    assert order_window(several).tolist() == [order_window(gap) for gap, _ in pairs]
    assert is_due(since, several).tolist() == [is_due(passed, gap) for gap, passed in pairs]


def test_a_number_stays_a_number():
    assert type(need_window(12.0)) is type(order_window(12.0)) is int
