"""Thresholds by batch and by harm: the numbers of the design, what they promise on average, and naive counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.conformal import risk_bound, selected, wrong_share
from tests.engine.learn.known import law


@pytest.mark.example(4)
def test_the_share_of_example_4():
    found = wrong_share(wrong=4, n=999, chosen=50, batch=200)
    assert found == pytest.approx(0.0200, abs=1e-6)
    assert found <= 0.05


@pytest.mark.example(4)
def test_the_threshold_of_example_4_passes_at_one_wrong_in_twenty():
    """999 finished cases of which 4 are wrong from .9 on, 200 new ones of which 50 reach it."""
    known = np.concatenate([np.full(300, 0.95), np.full(699, 0.5)])
    wrong = np.zeros(999, bool)
    wrong[:4] = True
    wrong[300:600] = True
    batch = np.concatenate([np.full(50, 0.9), np.full(150, 0.4)])
    assert selected(known, wrong, batch, 0.05) == 0.9
    assert selected(known, wrong, batch, 0.0199) is None


@pytest.mark.example(4)
@pytest.mark.parametrize(("mean", "n", "bound"), [(0.02, 99, 0.0498), (0.04, 999, 0.04296)])
def test_the_bounds_of_example_4(mean, n, bound):
    assert risk_bound(mean, n, 3) == pytest.approx(bound, abs=1e-5)


cases = st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30)


@law()
@given(cases, st.lists(st.integers(0, 20), min_size=1, max_size=20), st.floats(0.01, 1))
def test_the_least_threshold_is_found_that_counting_finds(known, batch, most):
    p, wrong = np.array([one / 20 for one, _ in known]), np.array([bad for _, bad in known], bool)
    new = np.array(batch) / 20
    passing = [
        t
        for t in sorted(set(new.tolist()))
        if len(new) * (1 + sum(bad for one, bad in zip(p, wrong, strict=True) if one >= t and bad))
        <= most * (len(p) + 1) * sum(one >= t for one in new)
    ]
    assert selected(p, wrong, new, most) == pytest.approx(min(passing, default=None))


def test_the_share_of_wrong_ones_is_kept_on_average():
    """Honest probabilities, many batches: the mean share of wrong ones among those chosen is at most what was asked."""
    rng, shares = np.random.default_rng(4), []
    for _ in range(400):
        p = rng.uniform(0.3, 1.0, 1_200)
        wrong = rng.uniform(size=1_200) > p
        threshold = selected(p[:1_000], wrong[:1_000], p[1_000:], 0.10)
        chosen = p[1_000:] >= (2 if threshold is None else threshold)
        shares.append(wrong[1_000:][chosen].mean() if chosen.any() else 0.0)
    assert np.mean(shares) <= 0.10 + 3 * np.std(shares) / 20
    assert np.mean(shares) > 0.05  # and it is not idle
