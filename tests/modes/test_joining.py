"""Needs joined into orders: the best of all ways, and what must hold of it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modes.joining import MOST, joined, total
from modes.policy import Worth
from modes.timing import cost, soon

INF = float("inf")
COSTS = st.integers(0, 40).map(lambda n: n / 4)


@st.composite
def needs(draw):
    """What each need costs on each of some days, and which pairs must not be one order."""
    n, days = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    costs = np.array(draw(st.lists(st.lists(COSTS, min_size=days, max_size=days), min_size=n, max_size=n)))
    pairs = [(a, b) for a in range(n) for b in range(a)]
    apart = set(draw(st.lists(st.sampled_from(pairs), max_size=3))) if pairs else set()
    return costs, apart


def priced(costs, apart=frozenset()):
    """The price of one order of some needs: the best day for them together."""

    def price(parts):
        kept_apart = any((a, b) in apart for a in parts for b in parts)
        return INF if kept_apart else float(costs[list(parts)].sum(axis=0).min())

    return price


def at_day(costs, day):
    """The price of joining needs to an order of a day."""
    return lambda parts: float(costs[list(parts), day].sum())


def every_way(items):
    """All ways to part some needs."""
    if not items:
        yield []
        return
    first, *rest = items
    for way in every_way(rest):
        yield [(first,), *way]
        for n in range(len(way)):
            yield [*way[:n], tuple(sorted((first, *way[n]))), *way[n + 1 :]]


def least(n, price, shipping, into=()):
    """The least cost there is, by trying everything; one order under way at most."""
    found = INF
    for way in every_way(list(range(n))):
        costs = [shipping + price(parts) for parts in way]
        found = min(found, sum(costs))
        for place, parts in enumerate(way):
            others = sum(costs[:place] + costs[place + 1 :])
            found = min(found, *(others + one(parts) for one in into), INF)
    return found


@settings(max_examples=200, deadline=None)
@given(needs(), st.sampled_from([0.25, 1.0, 2.0, 8.0]), st.booleans())
def test_it_is_the_best_of_all_ways(given_needs, shipping, under_way):
    costs, apart = given_needs
    price, into = priced(costs, apart), [at_day(costs, 0)] if under_way else []
    found = joined(len(costs), price, shipping, into)
    assert sorted(place for one in found for place in one.parts) == list(range(len(costs)))
    assert total(found, price, shipping, into) == pytest.approx(least(len(costs), price, shipping, into))


@settings(max_examples=200, deadline=None)
@given(needs(), st.lists(COSTS, min_size=2, max_size=5))
def test_never_worse_than_separate_orders_and_dearer_with_the_shipping(given_needs, shippings):
    costs, apart = given_needs
    price = priced(costs, apart)
    found = [total(joined(len(costs), price, one), price, one) for one in sorted(shippings)]
    alone = sum(price((n,)) for n in range(len(costs)))
    assert all(cost <= alone + one * len(costs) + 1e-9 for cost, one in zip(found, sorted(shippings), strict=True))
    assert all(before <= after + 1e-9 for before, after in pairwise(found))


@settings(max_examples=100, deadline=None)
@given(needs())
def test_without_a_shipping_cost_nothing_is_joined(given_needs):
    costs, _ = given_needs
    found = joined(len(costs), priced(costs), 0.0, [at_day(costs, 0)])
    assert [(one.parts, one.into) for one in found] == [((n,), None) for n in range(len(costs))]


@settings(max_examples=100, deadline=None)
@given(needs(), st.sampled_from([0.25, 2.0]))
def test_what_must_be_apart_stays_apart(given_needs, shipping):
    costs, apart = given_needs
    for one in joined(len(costs), priced(costs, apart), shipping):
        assert not any((a, b) in apart for a in one.parts for b in one.parts)


def test_the_dearer_the_shipping_the_fewer_the_orders():
    days = np.arange(6.0)
    costs = np.abs(np.array([0, 1, 3, 5])[:, None] - days[None, :])
    orders = [[one.parts for one in joined(4, priced(costs), shipping)] for shipping in (0.5, 1.5, 2.5, 9)]
    assert orders == [
        [(0,), (1,), (2,), (3,)],
        [(0, 1), (2,), (3,)],
        [(0, 1), (2, 3)],
        [(0, 1, 2, 3)],
    ]


def test_an_order_under_way_costs_no_shipping_and_is_joined_as_far_as_it_can_take():
    costs = np.array([[9.0, 1.0], [0.0, 50.0]])
    price = priced(costs)
    found = joined(2, price, 2.0, [at_day(costs, 1)])
    assert [(one.parts, one.into) for one in found] == [((0,), 0), ((1,), None)]
    full = lambda parts: INF  # noqa: E731
    assert [(one.parts, one.into) for one in joined(2, price, 2.0, [full])] == [((0,), None), ((1,), None)]


def test_of_very_many_all_are_ordered():
    n = 2 * MOST + 3
    costs = np.abs(np.arange(n)[:, None] - np.arange(float(n))[None, :])
    found = joined(n, priced(costs), 1.0, [at_day(costs, 0)])
    assert sorted(place for one in found for place in one.parts) == list(range(n))
    assert sum(one.into is not None for one in found) <= 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 20), st.integers(0, 9), st.integers(0, 9))
def test_the_cost_of_a_day_is_its_expectation(weights, arrives, early, late):
    chances = np.array(weights) / sum(weights)
    worth = Worth(holding=early / 10, out_of_stock=late / 10)
    naive = 0.0
    for n, chance in enumerate(chances):
        wait = arrives / 2 - (n + 0.5)
        naive += chance * (worth.out_of_stock * max(wait, 0) + worth.holding * max(-wait, 0))
    assert cost(arrives / 2, chances, worth) == pytest.approx(naive)


def test_it_is_least_at_the_quantile_of_the_two_costs():
    chances, days = np.full(40, 1 / 40), np.arange(0, 40, 0.5)
    best = days[int(np.argmin(cost(days, chances, Worth(holding=0.1, out_of_stock=0.3))))]
    assert best == pytest.approx(10, abs=0.5)  # a quarter of the way
    assert soon([1, 2], Worth(out_of_stock=0.3)).tolist() == pytest.approx([0.3, 0.6])
