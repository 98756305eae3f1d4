"""Variety in a list: what is taken next, whichever way it is looked for."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modes.variety import varied


def naive(found: list[str], limit: int, variety: float) -> list[str]:
    """By looking at all that is left, each time."""
    left, taken, picked = list(enumerate(found)), Counter[str](), list[str]()
    while left and len(picked) < limit:
        best = max(left, key=lambda one: (1 - variety) * (1 - one[0] / len(found)) - variety * taken[one[1][0]])
        left.remove(best)
        picked.append(best[1])
        taken[best[1][0]] += 1
    return picked


@given(
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.integers(0, 12),
    st.sampled_from([0.01, 0.1, 0.3, 0.5, 0.7, 0.99, 1.0]),
)
@settings(max_examples=300)
def test_the_next_is_the_best_of_all_that_are_left(kinds, limit, variety):
    found = [f"{kind}{place}" for place, kind in enumerate(kinds)]
    assert varied(found, lambda one: one[0], limit, variety) == naive(found, limit, variety)


@pytest.mark.parametrize(
    ("variety", "wanted"),
    [(0.0, ["a0", "a1", "a2", "b3"]), (0.3, ["a0", "a1", "b3", "a2"]), (1.0, ["a0", "b3", "a1", "a2"])],
)
def test_the_more_variety_the_sooner_comes_another_kind(variety, wanted):
    assert varied(["a0", "a1", "a2", "b3"], lambda one: one[0], 4, variety) == wanted


def test_of_nothing_and_of_no_places_comes_nothing():
    assert varied([], str, 5, 0.5) == varied(["a"], str, 0, 0.5) == []
