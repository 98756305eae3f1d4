"""The live watch: quiet while a promise is kept, quick when it is broken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modes.ladder import e_value
from modes.watch import ENOUGH, SLACK, SPREAD, watched

RUNS, ORDERS = 2_000, 500


def shut_after(promise: float, right: float, runs: int = RUNS, orders: int = ORDERS, seed: int = 7) -> np.ndarray:
    """After how many orders each of some runs is shut; inf where it never is."""
    rng = np.random.default_rng(seed)
    found = [watched(rng.random(orders) >= right, promise) for _ in range(runs)]
    return np.array([one.judged if one.shuts else np.inf for one in found])


def test_a_kept_promise_is_seldom_called_broken():
    """At most one in twenty, also where it is kept by no more than what is let pass."""
    assert np.isfinite(shut_after(0.9, 0.9)).mean() <= 0.02
    assert 0.001 < np.isfinite(shut_after(0.9, 0.9 - SLACK)).mean() <= 0.05
    assert np.isfinite(shut_after(0.952, 0.952 - SLACK, runs=500)).mean() <= 0.05


def test_a_promise_broken_by_ten_points_shuts_the_rung():
    """Half of the runs within about 150 orders at .80 of a promise of .90, about 100 at .852 of .952."""
    announced, silent = (shut_after(promise, promise - 0.1, runs=400, orders=1_500) for promise in (0.9, 0.952))
    assert 100 <= np.median(announced) <= 200
    assert 60 <= np.median(silent) <= 150
    assert np.isfinite(announced).mean() > 0.99


def test_the_wealth_is_the_mixture_that_can_be_computed_naively():
    room = 1 - (0.9 - SLACK)
    shares = room + (np.arange(20_000) + 0.5) / 20_000 * SPREAD
    for bad, good in ((0, 0), (3, 10), (40, 160), (0, 50), (90, 10)):
        naive = np.mean((shares / room) ** bad * ((1 - shares) / (1 - room)) ** good)
        assert float(e_value(bad, good, room, room + SPREAD)) == pytest.approx(naive, rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=80), st.data())
def test_what_is_found_wrong_later_never_lowers_the_wealth(given_so_far, data):
    """So a look that takes orders for right until they are known to be wrong is never ahead of the truth."""
    known = np.array(given_so_far, bool)
    worse = known | np.array(data.draw(st.lists(st.booleans(), min_size=len(known), max_size=len(known))), bool)
    before, after = watched(known, 0.9), watched(worse, 0.9)
    assert before.wealth <= after.wealth or (after.shuts and after.wealth >= ENOUGH)
    assert after.shuts or not before.shuts
