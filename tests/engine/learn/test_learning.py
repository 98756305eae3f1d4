"""How to rank is learned from baskets that came, each seen as it was before it came."""

from __future__ import annotations

import numpy as np
import pytest

from engine.learn import baskets, learning
from engine.learn import cases as made
from engine.learn.features import NAMES
from engine.learn.learning import labelled, learned
from engine.learn.ranker import Lists, Ranker
from tests.engine.learn.known import checkerboard, lines
from tests.engine.learn.test_state import assert_same

FAMILY_OF = np.arange(21) // 2
FAMILIES = 11


def shop(customers: int = 90, orders: int = 14, seed: int = 1):
    """Everybody has six things of twenty-one, buys three of them each time, and sometimes something else."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        liked = rng.choice(21, 6, replace=False)
        for order in range(orders):
            basket = {*rng.choice(liked, 3, replace=False).tolist(), *rng.choice(21, 1).tolist()}
            rows += [(customer, int(item), order, 5.0 * order + customer / 100) for item in basket]
    return lines(rows, n_items=21)


@pytest.fixture
def grown(monkeypatch):
    """What a training would grow trees on, by list: those lists and the ones held back; no tree is grown."""
    seen: dict[bool, tuple[Lists, Lists]] = {}

    def fit(cls, lists, validation, *, sparse, **_):
        seen[sparse] = lists, validation

    monkeypatch.setattr(Ranker, "fit", classmethod(fit))
    return seen


def test_each_case_is_what_was_known_before_its_basket():
    bought, owners = checkerboard(customers=5), np.arange(5)
    for back, one in zip((3, 2, 1), labelled(bought, (3, 2, 1), owners, FAMILY_OF, FAMILIES), strict=True):
        place = bought.from_the_end()
        before = bought.take(place > back)
        expected = made.of_lines(before, owners, np.full(5, 80.0 - 10 * back + 5), FAMILY_OF, FAMILIES)
        assert_same(one.cases.state, expected.state)
        assert one.cases.days.tolist() == expected.days.tolist()
        came = bought.take(place == back)
        assert one.baskets.tolist() == sorted(set((came.customers * 21 + came.items).tolist()))
        assert one.sizes(False).tolist() == np.bincount(one.baskets // 21).tolist()


def test_what_is_new_is_wanted_of_a_list_of_what_is_new():
    bought = lines([(0, 1, 0, 1.0), (0, 1, 1, 2.0), (0, 2, 1, 2.0)], n_items=3)
    (one,) = labelled(bought, (1,), np.array([0]), np.arange(3), 3)
    assert one.wanted(False).tolist() == [1, 2]
    assert one.wanted(True).tolist() == [2]
    assert one.sizes(True).tolist() == [1]


def test_customers_without_a_before_are_no_cases():
    bought = lines([(0, 1, 0, 1.0), (1, 1, 0, 1.0), (1, 2, 1, 2.0)], n_items=3)
    second, first = labelled(bought, (2, 1), np.array([0, 1]), np.arange(3), 3)
    assert len(second.cases) == 0
    assert first.cases.days.tolist() == [2.0]


def test_a_basket_says_nothing_of_itself(grown):
    """Other baskets in the place of the latest change what was bought, and nothing that is known of a candidate."""
    bought = shop()
    rng = np.random.default_rng(7)
    latest = bought.from_the_end() == 1
    other = bought.items.copy()
    other[latest] = rng.permutation(bought.items[latest])
    seen = []
    for items in (bought.items, other):
        changed = lines(
            zip(
                bought.customers.tolist(), items.tolist(), bought.numbers().tolist(), bought.days.tolist(), strict=True
            ),
            n_items=21,
        )
        rows = []
        original = learning._lists

        def kept(one, *args, rows=rows, original=original):
            parts = original(one, *args)
            rows.append((len(one.cases), parts))
            return parts

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(learning, "_lists", kept)
            patch.setattr(learning, "worthwhile", lambda owners, bought: np.ones(len(owners), bool))
            patch.setattr(learning, "REST", {False: 2.0, True: 2.0})  # every candidate is looked at
            learned(changed, FAMILY_OF, FAMILIES, seed=1)
        seen.append(rows)
    first, second = seen
    for (n, one), (m, another) in zip(first, second, strict=True):
        assert n == m
        for only_new in (False, True):
            for mine, theirs in zip(one[only_new], another[only_new], strict=True):
                np.testing.assert_array_equal(mine.owners, theirs.owners)
                np.testing.assert_array_equal(mine.features, theirs.features)
    _, last = first[-1]
    assert any(part.bought.any() for part in last[False])


def test_some_of_the_latest_baskets_are_held_back_whole(grown):
    learned(shop(), FAMILY_OF, FAMILIES, seed=1)
    lists, held = grown[False]
    assert len(np.unique(held.owners)) <= 45  # half of ninety, since they are few
    assert len(np.unique(lists.owners)) > 5 * len(np.unique(held.owners))
    share = [one.bought.mean() for one in (lists, held)]
    assert share[0] > 1.5 * share[1]  # of the others, what was not bought is a sample


def test_the_share_held_back_of_many():
    rng = np.random.default_rng(1)
    assert [np.count_nonzero(learning._held(n, rng)) for n in (10_000, 1_000, 300, 7, 1)] == [2_000, 200, 150, 3, 0]


def test_the_same_seed_learns_the_same():
    one, other = (learned(shop(), FAMILY_OF, FAMILIES, seed=4) for _ in range(2))
    held = np.random.default_rng(1).normal(size=(50, len(NAMES))).astype(np.float32)
    assert one.new is not None
    assert np.array_equal(one.new.scores(held), other.new.scores(held))
    assert (one.all is None, one.taste) == (other.all is None, other.taste)


@pytest.mark.parametrize("few", [lines([], n_items=0), lines([(0, 0, 0, 1.0)], n_items=1), shop(customers=3)])
def test_of_too_few_baskets_nothing_is_learned(few):
    found = learned(few, np.arange(max(few.n_items, 1)), max(few.n_items, 1), seed=1)
    assert (found.all, found.new) == (None, None)


def test_a_ranker_that_is_worse_than_the_plain_sum_is_left_out(monkeypatch):
    monkeypatch.setattr(Ranker, "scores", lambda self, features: -baskets.plain(features))
    assert learned(shop(), FAMILY_OF, FAMILIES, seed=1).all is None


def test_of_many_customers_a_seeded_sample_is_learned_from(monkeypatch):
    monkeypatch.setattr(learning, "MOST", 20 * 4)
    one, again, other = (learning._sampled(shop(), 4, seed).tolist() for seed in (1, 1, 2))
    assert one == again != other
    assert len(one) == 20 == len(set(one))


def test_tastes_propose_where_nothing_repeats():
    """Films: everybody sees each once."""
    rng = np.random.default_rng(5)
    rows = [(c, int(i), o, float(o)) for c in range(60) for o, i in enumerate(rng.choice(40, 16, replace=False))]
    assert learned(lines(rows, n_items=40), np.arange(40), 40, seed=1).taste
    assert not learned(shop(), FAMILY_OF, FAMILIES, seed=1).taste
