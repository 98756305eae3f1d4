"""The next basket's parts, on purchases whose answer is known."""

import numpy as np
import pytest

from engine.learn import als
from engine.learn.als import Als, confidences
from engine.learn.baskets import Blend, NextBasket
from engine.learn.lines import Lines, last_orders, next_orders
from engine.learn.neighbours import Neighbours
from engine.learn.past import Past
from engine.learn.popularity import Popularity
from engine.learn.repeat import Repeat
from engine.learn.tuning import cases, tune

NOW = 100.0
HALF = 10  # items of each half of the checkerboard


def lines(rows, n_items: int) -> Lines:
    """Lines from (customer, item, order of the customer, day), in any order."""
    rows = sorted(rows, key=lambda row: (row[0], row[3], row[2], row[1]))
    customers, items, orders, days = (np.array(column) for column in zip(*rows, strict=True))
    keys = customers * 10_000 + orders
    return Lines(
        customers=customers.astype(np.int64),
        items=items.astype(np.int64),
        orders=np.unique(keys, return_inverse=True)[1].astype(np.int64),
        days=days.astype(float),
        n_customers=int(customers.max()) + 1,
        n_items=n_items,
    )


def checkerboard(seed: int = 3, customers: int = 60) -> Lines:
    """Even customers buy of the first half, odd ones of the second; each basket holds three items."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        own = np.arange(HALF) + HALF * (customer % 2)
        liked = rng.choice(own, 6, replace=False)
        for order in range(8):
            rows += [(customer, int(item), order, 10.0 * order + 5) for item in rng.choice(liked, 3, replace=False)]
    return lines(rows, n_items=2 * HALF + 1)  # the last item is never bought


def past(bought: Lines, customer: int) -> Past:
    """What one customer bought."""
    where = dict(bought.each())[customer]
    return Past.of(bought.items[where], bought.orders[where], bought.days[where], NOW)


NOTHING = Past.of(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), NOW)
FITS = {
    Popularity: lambda bought: Popularity.fit(bought, NOW),
    Repeat: Repeat.fit,
    Als: lambda bought: Als.fit(bought, NOW, seed=1, factors=8),
    Neighbours: Neighbours.fit,
}


@pytest.mark.parametrize("part", FITS, ids=lambda part: part.__name__)
def test_a_part_is_the_same_when_fitted_again_and_when_kept(part):
    first, again = (FITS[part](checkerboard()).arrays() for _ in range(2))
    kept = part.of_arrays(first).arrays()
    for name, array in first.items():
        assert np.array_equal(array, again[name]), name
        assert np.array_equal(array, kept[name]), name


@pytest.fixture(scope="module")
def model() -> NextBasket:
    """Fitted on the checkerboard, every source with some weight."""
    blend = Blend(taste=1.0, votes=1.0, new_taste=1.0, new_votes=1.0)
    return NextBasket.fit(checkerboard(), NOW, blend=blend, seed=1)


@pytest.mark.parametrize("customer", [0, 1, 2, 3])
def test_what_is_new_comes_from_the_right_half(model, customer):
    codes, _, _ = model.rank(past(checkerboard(), customer), 4, only_new=True)
    assert {int(code) // HALF for code in codes} == {customer % 2}


def test_neighbours_stay_within_their_half(model):
    for item in range(2 * HALF):
        others, nearness = model.neighbours.of(item)
        assert len(others)
        assert {int(other) // HALF for other in others} == {item // HALF}
        assert np.all(np.diff(nearness) <= 0)


@pytest.mark.parametrize("only_new", [False, True])
@pytest.mark.parametrize("k", [1, 5, 21])
def test_lists_have_k_items_once_each_and_none_excluded(model, k, only_new):
    own = past(checkerboard(), 0)
    codes, scores, _ = model.rank(own, k, exclude={0, 11}, only_new=only_new)
    left = 2 * HALF + 1 - 2 - (len(set(own.items.tolist()) - {0, 11}) if only_new else 0)
    assert len(codes) == min(k, left) == len(set(codes.tolist()))
    assert not {0, 11} & set(codes.tolist())
    assert np.all(np.diff(scores) <= 0)
    assert not only_new or not set(codes.tolist()) & set(own.items.tolist())


def test_somebody_without_a_past_is_given_what_is_popular(model):
    codes, _, _ = model.rank(NOTHING, 5)
    assert codes.tolist() == model.popularity.ranking[:5].tolist()


def test_strangers_to_the_model_are_recommended_to_who_bought_them(model):
    stranger = model.n_items  # the first code behind the catalogue
    own = Past.of(np.array([stranger] * 5), np.arange(5), np.full(5, NOW - 1), NOW, ("new here",))
    codes, _, _ = model.rank(own, 3)
    assert codes[0] == stranger


def test_folding_in_is_what_implicit_does():
    from implicit.cpu.als import AlternatingLeastSquares

    bought = checkerboard()
    theirs = AlternatingLeastSquares(factors=8, iterations=5, regularization=0.05, alpha=1.0, random_state=1)
    matrix = confidences(bought, NOW)
    theirs.fit(matrix, show_progress=False)
    ours = Als.of_factors(np.asarray(theirs.item_factors, np.float32), 0.05)
    for customer in range(5):
        own = past(bought, customer)
        expected = theirs.recalculate_user(customer, matrix[customer])
        assert ours.taste(own.items, own.by_days(als.HALF_LIFE)) == pytest.approx(expected, abs=1e-3)


def test_popularity_against_counting():
    bought = checkerboard()
    scores = np.zeros(bought.n_items)
    for item, day in zip(bought.items, bought.days, strict=True):
        scores[item] += 0.5 ** ((NOW - day) / 28)
    expected = np.log1p(scores) / np.log1p(scores.max())
    assert Popularity.fit(bought, NOW).scores == pytest.approx(expected)


def test_the_share_of_repeats_against_counting():
    bought = checkerboard()
    pairs = set(zip(bought.customers.tolist(), bought.items.tolist(), strict=True))
    usual = 1 - len(pairs) / len(bought)
    found = Repeat.fit(bought)
    for item in range(bought.n_items):
        n, buyers = int(np.sum(bought.items == item)), sum(pair[1] == item for pair in pairs)
        assert found.rates[item] == pytest.approx((n - buyers + 5 * usual) / (n + 5))


def test_the_last_basket_is_never_in_the_past():
    bought = checkerboard()
    split = last_orders(bought)
    assert not set(split.past.orders.tolist()) & set(split.future.orders.tolist())
    for customer, where in split.future.each():
        last = bought.orders[bought.customers == customer].max()
        assert set(split.future.orders[where].tolist()) == {last}


def test_the_basket_before_the_last_is_foreseen_without_anybodys_last():
    bought = checkerboard()
    tuned, judged = last_orders(bought, 2), last_orders(bought, 1)
    seen = set(tuned.past.orders.tolist()) | set(tuned.future.orders.tolist())
    assert not seen & set(judged.future.orders.tolist())


def test_customers_with_few_orders_are_only_learned_from():
    few = lines([(0, 0, n, float(n)) for n in range(3)] + [(1, 0, n, float(n)) for n in range(4)], n_items=1)
    split = last_orders(few)
    assert set(split.future.customers.tolist()) == {1}
    assert np.sum(split.past.customers == 0) == 3


def test_the_next_basket_after_a_cut_is_the_first_one():
    split = next_orders(checkerboard(), 40.0)
    assert split.past.days.max() < 40
    assert set(split.future.days.tolist()) == {45.0}


def test_tuning_finds_the_weight_that_a_shop_needs():
    """Everybody has twelve things bought twice, and will next buy what all bought once."""
    rows = []
    for customer in range(30):
        own = range(10 + 12 * customer, 22 + 12 * customer)
        rows += [(customer, item, order, float(order)) for order in (0, 1) for item in own]
        rows += [(customer, item, order, float(order)) for order in (2, 3, 4) for item in range(3)]
    bought = lines(rows, n_items=10 + 12 * 30)
    split = last_orders(bought, 2)
    bad = Blend(popular=0.0, repeat_power=0.0, taste=0.0)
    model = NextBasket.fit(split.past, 3.0, blend=bad, seed=1)
    assert len(cases(split)) == 30
    assert tune(model, split).popular > 0
