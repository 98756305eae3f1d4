"""Boosted trees order what is planted, and are the same when kept."""

import numpy as np
import pytest

from engine.learn.ranker import Lists, Ranker, worthwhile


def planted(seed: int, n_lists: int = 300, depth: int = 12) -> Lists:
    """One of each list is bought: mostly that with the highest first feature; the second says nothing."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_lists * depth, 2)).astype(np.float32)
    owners = np.repeat(np.arange(n_lists), depth)
    best = (features[:, 0] + rng.normal(0, 0.2, len(owners))).reshape(n_lists, depth).argmax(axis=1)
    bought = np.zeros(len(owners), bool)
    bought[np.arange(n_lists) * depth + best] = True
    return Lists(features=features, owners=owners, bought=bought, sizes=np.ones(len(owners), np.int64))


def fit(lists: Lists, validation: Lists, seed: int = 1, **more) -> Ranker | None:
    """With few trees."""
    return Ranker.fit(lists, validation, seed=seed, rounds=30, **more)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    """Of the planted order."""
    return fit(planted(1), planted(2))


def first(ranker: Ranker, lists: Lists) -> float:
    """The share of lists whose bought one stands first."""
    scores = ranker.scores(lists.features).reshape(-1, 12)
    return float(lists.bought.reshape(-1, 12)[np.arange(len(scores)), scores.argmax(axis=1)].mean())


def test_what_is_bought_comes_first(ranker):
    held = planted(3)
    highest = held.features[:, 0].reshape(-1, 12).argmax(axis=1)
    ceiling = held.bought.reshape(-1, 12)[np.arange(300), highest].mean()
    assert first(ranker, held) > ceiling - 0.06 > 0.6


@pytest.mark.parametrize("sparse", [False, True])
def test_the_same_seed_is_the_same_fit(sparse):
    one, other = (fit(planted(1), planted(2), sparse=sparse) for _ in range(2))
    held = planted(3).features
    assert np.array_equal(one.scores(held), other.scores(held))
    assert one.arrays()["trees"].tolist() == other.arrays()["trees"].tolist()


def test_it_is_the_same_when_kept(ranker):
    kept = Ranker.of_arrays(ranker.arrays())
    held = planted(3).features
    assert np.array_equal(kept.scores(held), ranker.scores(held))
    assert kept.n_features == ranker.n_features == 2


def test_of_no_rows_there_are_no_scores(ranker):
    assert ranker.scores(np.zeros((0, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize("raw", [b"", b"no trees", b"{L\x00"])
def test_bytes_that_are_no_trees_are_refused(raw):
    with pytest.raises(ValueError, match="trees"):
        Ranker.of_arrays({"trees": np.frombuffer(raw, np.uint8)})


def test_where_there_is_nothing_to_learn_from_there_is_no_ranker():
    nothing = planted(1).of(np.zeros(300, bool))
    assert fit(nothing, planted(2)) is None
    assert fit(planted(1), nothing) is None


def test_no_more_trees_than_help():
    """Where what was learned does not hold on the lists held back, few trees are kept."""
    upside_down = planted(2)
    upside_down.features[:, 0] *= -1
    told: list[tuple[int, int]] = []
    few = Ranker.fit(planted(1), upside_down, seed=1, rounds=120, progress=lambda *at: told.append(at))
    assert few.booster.num_boosted_rounds() < 40
    assert told[0] == (1, 120)


def test_lists_that_teach_no_order_are_left_out():
    owners = np.array([0, 0, 1, 1, 2, 2])
    bought = np.array([True, False, True, True, False, False])
    assert worthwhile(owners, bought).tolist() == [True, True, False, False, False, False]


def test_a_list_counts_as_much_as_of_its_basket_could_be_found():
    """One found of one counts 1; two found of three (1 + .63) / (1 + .63 + .5)."""
    owners, sizes = np.array([3, 3, 8, 8, 8]), np.array([1, 1, 3, 3, 3])
    bought = np.array([True, False, True, True, False])
    lists = Lists(features=np.zeros((5, 1), np.float32), owners=owners, bought=bought, sizes=sizes)
    gains = 1 / np.log2(np.arange(2, 5))
    assert lists.weights() == pytest.approx([1.0, gains[:2].sum() / gains.sum()])
