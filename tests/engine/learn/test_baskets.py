"""The laws of the whole list, for any shop and anybody."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.history import History, day_of
from engine.learn.baskets import Learned, NextBasket
from engine.learn.catalogue import Catalogue
from engine.learn.features import NAMES
from engine.learn.sources import Sources
from engine.learn.training import train
from tests.engine.learn.contracts import PASTS
from tests.engine.learn.known import HALF, NOW, TINY, asked, cases_of, checkerboard, history, law, lines

AS_OF = datetime(2017, 7, 1, tzinfo=UTC)
TODAY = day_of(AS_OF)


def model_of(bought) -> NextBasket:
    """By the plain sum."""
    n = max(bought.n_items, 1)
    return NextBasket(learned=Learned(), sources=Sources.fit(bought, np.arange(bought.n_items), n, NOW, seed=1))


shops = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 4), st.integers(1, 9)), max_size=25
).map(lambda rows: lines([(c, i, o, float(o * 10)) for c, i, o, _ in rows], n_items=7))


@law(60)
@given(
    shop=shops,
    codes=st.lists(st.integers(0, 9), max_size=8),  # 7, 8 and 9 are strangers
    k=st.integers(1, 14),
    excluded=st.sets(st.integers(0, 9), max_size=5),
    only_new=st.booleans(),
)
def test_lists(shop, codes, k, excluded, only_new):
    cases = asked(*codes, n_items=7)
    barred = np.isin(np.arange(cases.n_items), list(excluded))
    found = model_of(shop).ranked(replace(cases, barred=barred), k, only_new=only_new)
    left = (set(range(7)) | set(codes)) - excluded - (set(codes) if only_new else set())
    assert len(found.items) == min(k, len(left)) == len(set(found.items.tolist()))
    assert set(found.items.tolist()) <= left
    assert found.own.tolist() == [item in codes for item in found.items.tolist()]
    assert np.isfinite(found.scores).all()
    assert np.all(np.diff(found.scores) <= 0)
    assert not (found.filler & found.own).any()


def test_a_taste_is_heard_in_lists_of_what_is_new_alone():
    known = np.zeros((2, len(NAMES)), np.float32)
    known[:, NAMES.index("taste")] = 0.0, 1.0
    silent, heard = Learned(), Learned(heard=8.0)
    assert np.array_equal(heard.scores(known, False), silent.scores(known, False))
    assert (heard.scores(known, True) - silent.scores(known, True)).tolist() == [0.0, 8.0]


@pytest.mark.parametrize("shop", TINY)
@pytest.mark.parametrize("who", PASTS)
def test_the_smallest_shops_give_all_they_have(shop, who):
    bought = TINY[shop]
    codes = [min(int(code), bought.n_items) for code in PASTS[who].state.items.codes]
    found = model_of(bought).ranked(asked(*codes, n_items=bought.n_items), 50)
    assert set(found.items.tolist()) == set(range(bought.n_items)) | set(codes)


def test_many_are_ranked_as_each_alone():
    model, everybody = model_of(checkerboard()), cases_of(checkerboard())
    together = model.ranked(everybody, 6)
    for owner in range(len(everybody)):
        alone = model.ranked(everybody.take(np.array([owner])), 6)
        assert alone.items.tolist() == together.items[together.owners == owner].tolist()


def test_a_deep_catalogue_is_filled_by_what_is_sold_most():
    """Three hundred items, of which no source but popularity reaches most."""
    rows = [(customer, item, 0, 99.0) for item in range(150) for customer in range(1 + item % 5)]
    model = model_of(lines(rows, n_items=300))
    ranking = model.sources.market.ranking.tolist()
    barred = np.isin(np.arange(300), [7, 8, *ranking[-40::2]])
    found = model.ranked(replace(asked(0, n_items=300), barred=barred), 260)
    assert len(found.items) == 260 == len(set(found.items.tolist()))
    assert not barred[found.items].any()
    rest = found.items[found.filler].tolist()
    assert rest == [item for item in ranking if item in set(rest)]


@pytest.mark.parametrize("customer", [0, 1, 2, 3])
def test_what_is_new_comes_from_the_right_half(customer):
    found = model_of(checkerboard()).ranked(cases_of(checkerboard(), customer), 4, only_new=True)
    assert set((found.items // HALF).tolist()) == {customer % 2}


CATALOGUE = Catalogue.of([(f"i{n}", f"f{n // 3}", ("all",)) for n in range(30)])


@pytest.fixture(scope="module")
def shop_model():
    """Eighty customers who buy four of their six each week."""
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(80):
        liked = rng.choice(29, 6, replace=False)
        for order in range(16):
            day = TODAY - 112 + 7 * order + customer / 90
            rows += [(customer, int(item), order, day) for item in rng.choice(liked, 4, replace=False)]
    bought = lines(rows, n_items=30)
    return train(bought, CATALOGUE, model_id="m", created_at=AS_OF, as_of=AS_OF, seed=1).model


def test_a_ranking_was_learned_and_knows_its_customers(shop_model):
    assert shop_model.baskets.learned.all is not None
    own = history(*((f"i{n}", f"f{n // 3}", TODAY - 7 * week) for week in (1, 2, 3) for n in (0, 4, 8, 12)))
    assert set(shop_model.recommend(own, TODAY, 4).items) == {"i0", "i4", "i8", "i12"}


def test_somebody_unknown_is_given_what_is_sold_most(shop_model):
    found = shop_model.recommend(History.empty(), TODAY, 5)
    assert list(found.items) == list(shop_model.popular(5).items)


def test_customers_do_not_see_what_only_others_bought(shop_model):
    """Two in one call: what the catalogue does not know is offered to who bought it, and to nobody else."""
    strange = history(("rare", "f0", TODAY - 2), ("i1", "f0", TODAY - 9))
    usual = history(("i1", "f0", TODAY - 9), ("i2", "f0", TODAY - 16))
    found = shop_model.recommend_each([strange, usual, History.empty()], TODAY, 50)
    assert ["rare" in one.items for one in found] == [True, False, False]
    alone = [shop_model.recommend(one, TODAY, 50) for one in (strange, usual, History.empty())]
    assert [one.items for one in found] == [one.items for one in alone]


def test_everything_excluded_leaves_nothing(shop_model):
    own = history(("i1", "f0", TODAY - 9))
    everything = {f"i{n}" for n in range(30)}
    assert len(shop_model.recommend(own, TODAY, 5, exclude=everything)) == 0
    assert list(shop_model.recommend(own, TODAY, 5, exclude=everything - {"i7"}).items) == ["i7"]


def test_somebody_who_bought_everything_has_nothing_new(shop_model):
    own = history(*((f"i{n}", f"f{n // 3}", TODAY - 5) for n in range(30)))
    assert len(shop_model.recommend(own, TODAY, 5, only_new=True)) == 0
    assert len(shop_model.recommend(own, TODAY, 99)) == 30


def test_a_customer_with_ten_thousand_orders_is_answered_at_once(shop_model):
    own = history(*((f"i{n % 7}", f"f{n % 7 // 3}", TODAY - 0.3 * (n + 1)) for n in range(10_000)))
    start = time.process_time()
    found = shop_model.recommend(own, TODAY, 7)
    assert time.process_time() - start < 1.0
    assert set(found.items) == {f"i{n}" for n in range(7)}


def test_what_is_bought_from_now_on_is_not_looked_at(shop_model):
    before = history(("i1", "f0", TODAY - 9), ("i2", "f0", TODAY - 3))
    after = history(("i1", "f0", TODAY - 9), ("i2", "f0", TODAY - 3), ("i20", "f6", TODAY), ("i20", "f6", TODAY + 1))
    assert shop_model.recommend(before, TODAY, 9) == shop_model.recommend(after, TODAY, 9)


def test_an_order_a_second_ago_changes_the_list(shop_model):
    own = history(*((f"i{n}", f"f{n // 3}", TODAY - 7 * week) for week in (1, 2, 3) for n in (0, 4, 8, 12)))
    more = history(
        *((f"i{n}", f"f{n // 3}", TODAY - 7 * week) for week in (1, 2, 3) for n in (0, 4, 8, 12)),
        ("i25", "f8", TODAY - 1e-5),
    )
    assert shop_model.recommend(own, TODAY, 10) != shop_model.recommend(more, TODAY, 10)


@pytest.mark.parametrize("shop", TINY)
def test_the_smallest_shops_are_trained_and_asked(shop):
    bought = TINY[shop]
    if not len(bought):
        pytest.skip("a training asks for a line")
    catalogue = Catalogue.of([(f"i{n}", f"i{n}", ()) for n in range(bought.n_items)])
    model = train(bought, catalogue, model_id="m", created_at=AS_OF, as_of=AS_OF, seed=1).model
    for own in (History.empty(), history(("i0", "i0", 1.0), ("new", "new", 2.0))):
        assert {f"i{n}" for n in range(bought.n_items)} <= set(model.recommend(own, TODAY, 50).items)
        assert model.forecast(own, TODAY, 7.0) == []
