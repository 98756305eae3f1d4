"""The blend is found where it is known, and figures of the search are those of the lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.learn.baskets import Blend, NextBasket
from engine.learn.evaluation import judged, ours
from engine.learn.lines import Lines, last_orders
from engine.learn.tuning import GRID, NEW_GRID, cases, tune
from tests.engine.learn.known import NOW, checkerboard, lines

BAD = Blend(popular=0.0, repeat_power=0.0, taste=0.0, votes=0.0, new_taste=0.0, new_votes=0.0)


def fitted(bought: Lines, blend: Blend) -> NextBasket:
    """On the past of the split that settings are found on."""
    return NextBasket.fit(last_orders(bought, 2).past, NOW, blend=blend, seed=1)


def fashion(customers: int = 40) -> Lines:
    """Ten hits that half of the customers buy early and the others late; all else is bought once, by one customer."""
    rows = []
    for customer in range(customers):
        for order in range(8):
            hits = order < 5 if customer % 2 == 0 else order >= 6
            first = 2 * order % 10 if hits else 10 + 16 * customer + 2 * order
            rows += [(customer, item, order, 7.0 * order) for item in (first, first + 1)]
    return lines(rows, n_items=10 + 16 * customers)


def favourites(customers: int = 40) -> Lines:
    """Everybody has one item bought each time, and tries another popular item once each time."""
    rows = []
    for customer in range(customers):
        for order in range(8):
            rows += [
                (customer, 100 + customer, order, 7.0 * order),
                (customer, (customer + order) % 100, order, 7.0 * order),
            ]
    return lines(rows, n_items=100 + customers)


@pytest.mark.parametrize("made", [fashion, favourites, checkerboard])
def test_what_is_found_is_no_worse_than_where_it_started(made):
    bought = made()
    split = last_orders(bought, 2)
    model = fitted(bought, BAD)
    found = replace(model, blend=tune(model, split))
    for only_new in (False, True):
        before, after = (judged(ours(one), cases(split), only_new) for one in (model, found))
        assert after.recall_10 >= before.recall_10 - 1e-9


def test_where_hits_are_bought_popularity_is_found():
    bought = fashion()
    split = last_orders(bought, 2)
    model = fitted(bought, BAD)
    found = replace(model, blend=tune(model, split))
    before, after = (judged(ours(one), cases(split)) for one in (model, found))
    assert found.blend.popular > 0
    assert after.recall_10 > before.recall_10 + 0.1


def test_every_weight_found_is_on_its_grid_or_where_it_started():
    found, start = tune(fitted(checkerboard(), Blend()), last_orders(checkerboard(), 2)), Blend()
    for name, values in {**GRID, **NEW_GRID}.items():
        assert getattr(found, name) in (*values, getattr(start, name))


def test_where_nobody_can_be_judged_the_blend_stays():
    few = lines([(c, c, o, float(o)) for c in range(5) for o in range(3)], n_items=5)
    split = last_orders(few, 2)
    model = NextBasket.fit(split.past, NOW, blend=BAD, seed=1)
    assert cases(split) == []
    assert tune(model, split) is BAD


def test_a_case_is_what_was_known_just_before_the_basket():
    bought = checkerboard(customers=3)
    for case, (customer, where) in zip(cases(last_orders(bought)), last_orders(bought).future.each(), strict=True):
        own = (bought.customers == customer) & (bought.days < 75.0)
        assert case.day == 75.0
        assert case.past.items.tolist() == np.unique(bought.items[own]).tolist()
        assert sorted(case.past.ages.tolist()) == sorted((75.0 - bought.days[own]).tolist())
        assert case.past.ranks.max() == 6
        assert case.basket.tolist() == sorted(last_orders(bought).future.items[where].tolist())
