"""Every part of the next basket keeps the contract, and says what naive counting says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn import als
from engine.learn.als import Als
from engine.learn.baskets import Blend, NextBasket
from engine.learn.catalogue import Catalogue
from engine.learn.neighbours import Neighbours
from engine.learn.popularity import Popularity
from engine.learn.repeat import Repeat
from tests.engine.learn.contracts import PASTS, PartContract, assert_same
from tests.engine.learn.known import HALF, NOW, TINY, checkerboard, law, lines, past

N = 2 * HALF + 1
ALL_SOURCES = Blend(taste=1.0, votes=1.0, new_taste=1.0, new_votes=1.0)


class TestPopularity(PartContract):
    """What is popular."""

    fit = staticmethod(lambda bought: Popularity.fit(bought, NOW))
    answers = staticmethod(lambda part, who: [part.of(who.items), part.ranking])

    def test_strangers_are_not_popular(self, part):
        assert part.of(np.array([N, 0])).tolist() == [0.0, part.scores[0]]

    def test_the_ranking_falls_and_holds_every_item_once(self, part):
        assert np.all(np.diff(part.scores[part.ranking]) <= 0)
        assert sorted(part.ranking.tolist()) == list(range(N))

    def test_of_equals_the_one_bought_more_often_in_all_comes_first(self):
        bought = lines([(0, 1, 0, NOW), (1, 2, 0, NOW), (1, 2, 1, NOW - 1e6)], n_items=4)
        assert Popularity.fit(bought, NOW).ranking.tolist() == [2, 1, 0, 3]


class TestRepeat(PartContract):
    """What is bought again."""

    fit = staticmethod(Repeat.fit)
    answers = staticmethod(lambda part, who: [part.of(who.items)])

    def test_strangers_are_bought_again_as_usual(self, part):
        assert part.of(np.array([N])).tolist() == [1.0]

    def test_rates_are_relative_to_the_usual_one(self, part):
        items = np.arange(N)
        assert part.of(items) * part.usual == pytest.approx(part.rates)


class TestAls(PartContract):
    """Tastes."""

    fit = staticmethod(lambda bought: Als.fit(bought, NOW, seed=5, factors=8))
    answers = staticmethod(
        lambda part, who: [part.scores(part.taste(who.items, who.by_days(als.HALF_LIFE))), part.gram]
    )

    def test_another_seed_is_another_fit(self, part):
        assert not np.array_equal(part.factors, Als.fit(checkerboard(), NOW, seed=6, factors=8).factors)

    def test_strangers_do_not_change_a_taste(self, part):
        known, both = np.array([1, 2]), np.array([1, 2, N])
        assert np.array_equal(part.taste(known, np.ones(2)), part.taste(both, np.ones(3)))

    def test_a_taste_is_the_least_of_what_the_paper_minimizes(self, part):
        """Weighted squares of 1 - x'y over what was bought and of x'y over the rest, and the regularization."""
        items, weights = np.array([2, 5, 7]), np.array([0.3, 1.0, 2.5])
        confidence, liked = np.ones(N), np.zeros(N)
        confidence[items], liked[items] = als.CONFIDENCE * weights, 1.0
        rows = np.sqrt(confidence)[:, None] * part.factors
        rows = np.vstack([rows, np.sqrt(0.05) * np.eye(8)])
        wanted = np.concatenate([np.sqrt(confidence) * liked, np.zeros(8)])
        assert part.taste(items, weights) == pytest.approx(np.linalg.lstsq(rows, wanted)[0], abs=1e-6)

    def test_a_taste_is_for_the_half_that_was_bought(self, part):
        for half in (0, 1):
            scores = part.scores(part.taste(np.arange(5) + HALF * half, np.ones(5)))[: 2 * HALF].reshape(2, HALF)
            assert scores[half].mean() > 0.4
            assert abs(scores[1 - half].mean()) < 0.1
            assert set(np.argsort(-scores.ravel())[: HALF // 2] // HALF) == {half}


class TestNeighbours(PartContract):
    """What goes with what."""

    fit = staticmethod(Neighbours.fit)
    answers = staticmethod(lambda part, who: list(part.votes(who.items, who.by_days(als.HALF_LIFE))))

    def test_nearness_is_the_cosine_of_the_buyers(self, part):
        bought = checkerboard()
        owned = np.zeros((bought.n_customers, N))
        owned[bought.customers, bought.items] = 1
        together = owned.T @ owned
        lengths = np.sqrt(np.diag(together))
        for item in range(N):
            others, nearness = part.of(item)
            cosines = together[item, others] / (lengths[item] * lengths[others])
            assert nearness == pytest.approx(cosines, abs=1e-6)
            assert set(others.tolist()) == set(np.flatnonzero(together[item] >= 2).tolist()) - {item}

    def test_votes_are_the_weighted_mean_of_what_each_item_says(self, part):
        items, weights = np.array([1, 4, N]), np.array([2.0, 1.0, 3.0])
        expected = np.zeros(N)
        for item, weight in ((1, 2.0), (4, 1.0)):
            others, nearness = part.of(item)
            expected[others] += weight * nearness
        found, votes = part.votes(items, weights)
        assert votes == pytest.approx(expected[found] / 6.0)
        assert set(found.tolist()) == set(np.flatnonzero(expected).tolist())

    def test_one_common_buyer_makes_no_neighbours(self):
        found = Neighbours.fit(lines([(0, 0, 0, 1.0), (0, 1, 0, 1.0)], n_items=2))
        assert len(found.of(0)[0]) == 0


shops = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 4), st.integers(1, 99)), max_size=25
).map(lambda rows: lines([(c, i, o, float(o * 10)) for c, i, o, _ in rows], n_items=7))
bought_of = st.lists(st.integers(0, 9), max_size=8)  # 7, 8 and 9 are strangers


def compact(codes: list[int]) -> list[int]:
    """Strangers numbered without gaps, in order of their codes, as a history numbers them."""
    strange = sorted({code for code in codes if code >= 7})
    return [7 + strange.index(code) if code >= 7 else code for code in codes]


class TestNextBasket:
    """The laws of the whole list, for any shop and anybody."""

    @law(60)
    @given(
        shop=shops,
        codes=bought_of.map(compact),
        k=st.integers(0, 14),
        excluded=st.sets(st.integers(0, 9), max_size=5),
        only_new=st.booleans(),
    )
    def test_lists(self, shop, codes, k, excluded, only_new):
        model = NextBasket.fit(shop, NOW, blend=ALL_SOURCES, seed=1)
        own = past(*codes, n_items=7)
        found, scores, _ = model.rank(own, k, exclude=excluded, only_new=only_new)
        left = (set(range(7)) | set(codes)) - excluded - (set(codes) if only_new else set())
        assert len(found) == min(k, len(left)) == len(set(found.tolist()))
        assert set(found.tolist()) <= left
        assert len(scores) == len(found)
        assert np.isfinite(scores).all()
        assert np.all(np.diff(scores) <= 0)

    @pytest.mark.parametrize("shop", TINY)
    @pytest.mark.parametrize("who", PASTS)
    def test_the_smallest_shops_give_all_they_have(self, shop, who):
        model = NextBasket.fit(TINY[shop], NOW, blend=ALL_SOURCES, seed=1)
        codes = [min(int(code), model.n_items) for code in PASTS[who].items]
        found, _, _ = model.rank(past(*codes, n_items=model.n_items), 50)
        assert set(found.tolist()) == set(range(model.n_items)) | set(codes)

    def test_a_deep_catalogue_is_filled_by_popularity(self):
        """Three hundred items, of which no source but popularity reaches most."""
        rows = [(customer, item, 0, 1.0) for item in range(150) for customer in range(1 + item % 5)]
        model = NextBasket.fit(lines(rows, n_items=300), NOW, blend=Blend(taste=0.0), seed=1)
        last = model.popularity.ranking[-40:].tolist()
        excluded = {7, 8, *last[::2]}
        found, scores, _ = model.rank(past(0, n_items=300), 260, exclude=excluded)
        ranking = [item for item in model.popularity.ranking.tolist() if item not in excluded]
        assert len(found) == 260 == len(set(found.tolist()))
        assert not excluded & set(found.tolist())
        assert found[150:].tolist() == ranking[150:260]
        assert np.all(np.diff(scores) <= 0)

    def test_a_source_without_weight_is_not_heard(self):
        model = NextBasket.fit(checkerboard(), NOW, blend=Blend(taste=0.0, new_taste=0.0), seed=1)
        for only_new in (False, True):
            found = model.rank(past(1, 2), 5, only_new=only_new)[2]
            assert not found.taste.any()
            assert not found.votes.any()


TEXT = st.text(st.characters(codec="utf-8"), max_size=6)


class TestCatalogue:
    """Ids, families and categories, whatever they are written in."""

    @law(60)
    @given(rows=st.lists(st.tuples(TEXT, TEXT, st.lists(st.sampled_from("ABÄ"), max_size=2)), unique_by=lambda r: r[0]))
    def test_it_is_the_same_when_kept(self, rows):
        made = Catalogue.of(rows)
        kept = Catalogue.of_arrays(made.arrays())
        assert_same(kept.arrays(), made.arrays())
        ids = [id for id, _, _ in rows]
        assert list(kept.items) == ids
        assert kept.codes(ids).tolist() == list(range(len(ids)))
        assert [kept.families[code] for code in kept.family_of] == [family for _, family, _ in rows]
        assert [kept.categories[code] for code in kept.category_of] == [" > ".join(path) for _, _, path in rows]

    def test_what_is_not_known_has_no_code(self):
        made = Catalogue.of([("a", "x", ("F", "G"))])
        assert made.codes(["a", "b"]).tolist() == [0, -1]
        assert made.known(["b", "a"]) == [0]
        assert made.within(family="y").tolist() == []

    def test_a_category_holds_what_lies_below_it_and_nothing_that_only_begins_alike(self):
        made = Catalogue.of([("a", "x", ("F", "G")), ("b", "x", ("F",)), ("c", "y", ("FG",))])
        assert made.within(category="F").tolist() == [0, 1]
        assert made.within(category="F > G").tolist() == [0]
        assert made.within(family="x", category="G").tolist() == [0]
