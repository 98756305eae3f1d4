"""Where candidates come from: each source keeps the contract, and says what naive counting says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn import als, candidates
from engine.learn import cases as made
from engine.learn.als import Als, Tasting, confidences
from engine.learn.candidates import Own
from engine.learn.market import known_by, market_days, markets
from engine.learn.neighbours import NEIGHBOURS, Neighbours
from engine.learn.sources import Pools, Sources
from tests.engine.learn.contracts import PartContract
from tests.engine.learn.known import HALF, NOW, asked, cases_of, checkerboard, law, lines

N = 2 * HALF + 1
EVERY = np.arange(N)


def market(bought, day=NOW):
    """How everything sells, each item a family of its own."""
    return markets(bought, np.arange(bought.n_items), bought.n_items, np.array([day]))[0]


class TestMarket(PartContract):
    """How things sell."""

    fit = staticmethod(market)
    answers = staticmethod(lambda part, cases: [part.candidates(cases, 5).items, part.of_items(EVERY), part.popularity])

    def test_the_ranking_holds_every_item_once_and_falls(self, part):
        assert sorted(part.ranking.tolist()) == EVERY.tolist()
        assert np.all(np.diff(part.popularity[part.ranking]) <= 0)
        assert part.places[part.ranking].tolist() == EVERY.tolist()

    def test_a_week_halves_what_a_sale_counts(self):
        bought = lines([(0, 0, 0, NOW - 8), (1, 1, 0, NOW - 1), (2, 1, 0, NOW - 1)], n_items=3)
        expected = np.log1p(1e5 * np.array([0.2, 0.8, 0.0]))  # parts of half a sale and two
        assert market(bought).popularity == pytest.approx(expected / expected[1], rel=1e-5)

    def test_of_equals_the_one_sold_more_often_in_all_comes_first(self):
        bought = lines([(0, 1, 0, NOW - 1), (1, 2, 0, NOW - 1), (1, 2, 1, NOW - 1e6)], n_items=4)
        assert market(bought).ranking.tolist() == [2, 1, 0, 3]

    def test_strangers_are_like_what_was_never_sold(self, part):
        assert np.array_equal(
            part.of_items(np.array([N, N + 7])), part.of_items(np.array([N + 1, N + 1])), equal_nan=True
        )

    def test_nothing_from_its_day_on_is_known(self):
        early = [(c, c % 3, 0, NOW - 9 + c) for c in range(9)]
        late = [(c, 3, 1, NOW + c) for c in range(9)]
        one, other = (market(lines(rows, n_items=4, n_customers=9)).arrays() for rows in (early, early + late))
        assert all(np.array_equal(one[name], other[name]) for name in one)

    def test_of_several_days_the_latest_that_had_come_is_known(self):
        found = markets(checkerboard(), EVERY, N, np.array([20.0, 40.0]))
        assert known_by(found, np.array([19.0, 20.0, 39.9, 40.0, 99.0])).tolist() == [0, 0, 0, 1, 1]

    @law(50)
    @given(st.lists(st.floats(0, 500), min_size=1, max_size=60), st.integers(2, 48))
    def test_days_stand_for_days_that_are_no_earlier(self, days, most):
        found = market_days(np.array(days), 10, 10, most)
        assert len(found) <= most
        assert np.all(np.diff(found) > 0)
        assert found[0] == np.floor(min(days))
        assert set(found.tolist()) <= set(np.floor(days).tolist())


class TestAls(PartContract):
    """Tastes."""

    fit = staticmethod(lambda bought: Als.fit(bought, NOW, seed=5, tasting=Tasting(factors=8)))
    answers = staticmethod(lambda part, cases: [part.tastes(cases).values, part.gram])

    def taste(self, part, *items):
        """Of somebody who bought these, one an order."""
        return part.tastes(asked(*items)).values[0]

    def test_another_seed_is_another_fit(self, part):
        assert not np.array_equal(
            part.factors, Als.fit(checkerboard(), NOW, seed=6, tasting=Tasting(factors=8)).factors
        )

    def test_strangers_suit_nobody(self, part):
        assert part.tastes(asked(1, 2, N)).of(np.zeros(2, np.int64), np.array([N, N + 1])).tolist() == [0.0, 0.0]

    def test_a_taste_is_the_least_of_what_the_paper_minimizes(self, part):
        """Weighted squares of 1 - x'y over what was bought and of x'y over the rest, and the regularization."""
        who = asked(2, 5, 7)
        confidence, liked = np.ones(N), np.zeros(N)
        items = who.state.items
        age = NOW - items.last_day
        confidence[items.codes] = 10.0 * items.by_days[:, als.DECAY] * 0.5 ** (age / als.HALF_LIFE)
        liked[items.codes] = 1.0
        rows = np.vstack([np.sqrt(confidence)[:, None] * part.factors, np.sqrt(0.05) * np.eye(8)])
        wanted = np.concatenate([np.sqrt(confidence) * liked, np.zeros(8)])
        assert part.tastes(who).values[0] == pytest.approx(np.linalg.lstsq(rows, wanted)[0], abs=1e-5)

    def test_several_fits_say_their_mean(self):
        several = Als.fit(checkerboard(), NOW, seed=5, tasting=Tasting(factors=8, fits=3))
        who, owners = asked(2, 5, 7), np.zeros(N, np.int64)
        alone = [Als.fit(checkerboard(), NOW, seed=5 + n, tasting=Tasting(factors=8)) for n in range(3)]
        expected = np.mean([one.tastes(who).of(owners, EVERY) for one in alone], axis=0)
        assert several.tastes(who).of(owners, EVERY) == pytest.approx(expected, abs=1e-5)
        assert several.factors.shape == (N, 24)

    def test_folding_in_is_what_implicit_does(self):
        from implicit.cpu.als import AlternatingLeastSquares

        bought = checkerboard()
        theirs = AlternatingLeastSquares(factors=8, iterations=5, regularization=0.05, alpha=1.0, random_state=1)
        matrix = confidences(bought, NOW, Tasting())
        theirs.fit(matrix, show_progress=False)
        ours = Als.of_factors([np.asarray(theirs.item_factors, np.float32)], Tasting()).tastes(cases_of(bought))
        for customer in range(5):
            expected = theirs.recalculate_user(customer, matrix[customer])
            assert ours.values[customer] == pytest.approx(expected, abs=1e-3)

    def test_what_suits_is_of_the_half_that_was_bought(self, part):
        for half in (0, 1):
            who = asked(*(HALF * half + n for n in range(5)))
            found = part.tastes(who).candidates(who, 2).items
            assert set(found.tolist()) < {HALF * half + n for n in range(5, HALF)}  # others of that half


class TestNeighbours(PartContract):
    """What goes with what."""

    fit = staticmethod(Neighbours.fit)
    answers = staticmethod(lambda part, cases: [voted(part, cases).keys, voted(part, cases).values])

    def test_nearness_is_the_cosine_of_the_buyers(self, part):
        bought = checkerboard()
        owned = np.zeros((bought.n_customers, N))
        owned[bought.customers, bought.items] = 1
        together = owned.T @ owned
        lengths = np.sqrt(np.diag(together))
        for item in range(N):
            others, nearness = part.of(item)
            assert nearness == pytest.approx(together[item, others] / (lengths[item] * lengths[others]), abs=1e-6)
            assert set(others.tolist()) == set(np.flatnonzero(together[item] >= 2).tolist()) - {item}

    def test_votes_are_the_weighted_mean_of_what_each_item_says(self, part):
        owners, items, weights = np.array([0, 0, 0, 1]), np.array([1, 4, N, 4]), np.array([2.0, 1.0, 3.0, 5.0])
        expected = np.zeros((2, N))
        for owner, item, weight in ((0, 1, 2 / 6), (0, 4, 1 / 6), (1, 4, 1.0)):
            others, nearness = part.of(item)
            expected[owner, others] += weight * nearness
        votes = part.votes(owners, items, weights)
        pairs = np.repeat([0, 1], N), np.tile(EVERY, 2)
        assert votes.of(*pairs).reshape(2, N) == pytest.approx(expected)
        assert votes.keys.tolist() == np.flatnonzero(expected.ravel()).tolist()

    def test_one_common_buyer_makes_no_neighbours(self):
        found = Neighbours.fit(lines([(0, 0, 0, 1.0), (0, 1, 0, 1.0)], n_items=2))
        assert len(found.of(0)[0]) == 0

    def test_many_that_share_one_buyer_do_not_push_out_one_that_shares_three(self):
        crowd = [(0, item, 0, 1.0) for item in range(2, 2 + 4 * NEIGHBOURS)]  # their only buyer
        pair = [(buyer, item, 0, 1.0) for buyer in range(3) for item in (0, 1)]
        found = Neighbours.fit(lines([*crowd, *pair], n_items=2 + len(crowd)))
        assert found.of(0)[0].tolist() == [1]
        assert found.of(0)[1].tolist() == [1.0]


def voted(part, cases):
    """What neighbours of everything bought say."""
    items = cases.state.items
    return part.votes(items.owners, items.codes, cases.fondness)


@pytest.fixture(scope="module")
def sources() -> Sources:
    """All of them, on the checkerboard, with families of two items."""
    bought = checkerboard()
    return Sources.fit(bought, EVERY // 2, HALF + 1, NOW, seed=1)


def in_twos(*customers):
    """Customers of the checkerboard, with families of two items."""
    return made.of_lines(checkerboard(), np.array(customers), np.full(len(customers), NOW), EVERY // 2, HALF + 1)


WAYS = {
    "own": Own().candidates,
    "popular": lambda cases, n: market(checkerboard()).candidates(cases, n),
    "votes": lambda cases, n: voted(Neighbours.fit(checkerboard()), cases).candidates(cases, n),
    "taste": lambda cases, n: (
        Als.fit(checkerboard(), NOW, seed=1, tasting=Tasting(factors=8)).tastes(cases).candidates(cases, n)
    ),
    "siblings": lambda cases, n: markets(checkerboard(), EVERY // 2, HALF + 1, np.array([NOW]))[0].siblings.candidates(
        cases, n
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("n", [1, 4])
def test_a_source_proposes_at_most_so_many_each_once_and_nothing_barred(way, n):
    barred = np.zeros(N, bool)
    barred[[0, 3, 11]] = True
    cases = replace(in_twos(0, 1, 4), barred=barred)
    found = WAYS[way](cases, n)
    assert len(found.items) > 0
    assert np.bincount(found.owners, minlength=3).max() <= n
    assert not barred[found.items].any()
    keys = found.owners * N + found.items
    assert len(set(keys.tolist())) == len(keys)
    assert (found.items < N).all()


def test_own_are_the_dearest():
    cases = asked(4, 4, 4, 2, 9)
    found = Own().candidates(cases, 2).items.tolist()
    fond = cases.fondness
    assert found == cases.state.items.codes[np.argsort(-fond)[:2]].tolist()


def test_siblings_are_of_the_families_that_were_bought_but_new():
    cases = in_twos(0, 1)
    found = WAYS["siblings"](cases, 99)
    bought = checkerboard()
    for owner in (0, 1):
        own = set(bought.items[bought.customers == owner].tolist())
        families = {item // 2 for item in own}
        sold = set(bought.items.tolist())
        expected = {item for item in sold if item // 2 in families and item not in own}
        assert set(found.items[found.owners == owner].tolist()) == expected


@pytest.mark.parametrize("only_new", [False, True])
def test_candidates_of_all_sources_are_joined(sources, only_new):
    pools = Pools(own=6, popular=5, votes=4, siblings=3, taste=3, tasted=True)
    cases = in_twos(0, 1, 2)
    found = sources.found(cases, pools, only_new=only_new)
    keys = found.owners * N + found.items
    assert np.all(np.diff(keys) > 0)
    bought = set(zip(checkerboard().customers.tolist(), checkerboard().items.tolist(), strict=True))
    own = [(owner, item) in bought for owner, item in zip(found.owners.tolist(), found.items.tolist(), strict=True)]
    assert found.own.tolist() == own
    assert any(own) is not only_new
    assert found.votes == pytest.approx(sources.votes(cases).of(found.owners, found.items))
    assert np.isfinite(found.taste).all()
    assert np.isnan(sources.found(cases, Pools(popular=3), only_new=only_new).taste).all()


@law(50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30), st.integers(1, 4))
def test_the_first_of_each(rows, n):
    rows = sorted(rows, key=lambda row: row[0])
    owners, scores = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    expected = []
    for owner in sorted(set(owners.tolist())):
        places = [at for at, row in enumerate(rows) if row[0] == owner]
        expected += sorted(places, key=lambda at: (-rows[at][1], at))[:n]
    for long in (candidates.LONG, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(candidates, "LONG", long)
            assert candidates.first_of_each(owners, scores.astype(float), n).tolist() == expected
