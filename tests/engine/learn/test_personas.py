"""Personas: the mixture against published figures, the number of personas where it is known, ids that go on."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from engine.domain.estimates import NotEstimable
from engine.learn.personas import Features, Personas, behaviour, personas
from engine.learn.personas import mixture as mixtures
from engine.learn.state import State

KINDS = 3


def found(features, **options) -> Personas:
    """The personas, where there are any."""
    made = personas(features, **{"k": range(1, 6), "bootstraps": 2, **options})
    assert isinstance(made, Personas), made
    return made


def shoppers(n: int = 1_000, seed: int = 1) -> tuple[np.ndarray, Features]:
    """Three kinds of customers, with features that are counted and clipped; which kind each is of."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(KINDS, n, p=[0.5, 0.3, 0.2])
    days = np.round(np.exp(rng.normal(np.array([4.5, 3.0, 1.6])[kind], 0.45)))
    orders = np.maximum(
        1, np.round(np.exp(rng.normal(np.array([-0.5, 1.5, 2.7])[kind], np.array([0.3, 0.35, 0.35])[kind])))
    )
    return kind, Features(
        names=("recency", "frequency", "monetary", "rate", "asks"),
        values=np.column_stack(
            [
                np.log1p(days),
                np.log1p(orders),  # of half of all customers exactly 1
                rng.normal(np.array([3.0, 4.0, 5.5])[kind], 0.45),
                np.clip(rng.normal(np.array([0.2, 0.5, 0.99])[kind], 0.06), 0.01, 0.99),
                np.round(rng.normal(np.array([0.3, 0.7, 0.4])[kind], 0.1), 2),
            ]
        ),
    )


@pytest.fixture(scope="module")
def known() -> tuple[np.ndarray, Features, Personas]:
    """Those customers, and the personas they show."""
    kind, features = shoppers()
    return kind, features, found(features, seed=3, k=range(1, 9), bootstraps=20)


@pytest.fixture(scope="module")
def geyser() -> Personas:
    """Of the 272 eruptions of Old Faithful; Azzalini and Bowman (1990)."""
    folder = os.environ.get("RAPPORT_ORACLES")
    if not folder:
        pytest.skip("RAPPORT_ORACLES names no folder with faithful.csv")
    values = np.loadtxt(Path(folder) / "faithful.csv", delimiter=",", skiprows=1, usecols=(1, 2))
    return found(Features(names=("eruptions", "waiting"), values=values), bootstraps=20)


@pytest.mark.parametrize(
    ("k", "log_likelihood", "df", "bic"),
    [(1, -1289.797, 5, 2607.622), (2, -1130.264, 11, 2322.192), (3, -1119.214, 17, 2333.73)],
)
def test_the_mixture_is_the_published_one(geyser, k, log_likelihood, df, bic):
    one = next(one for one in geyser.tried if one.k == k)
    assert one.log_likelihood == pytest.approx(log_likelihood, abs=0.01)
    assert one.df == df
    assert one.bic == pytest.approx(bic, abs=0.02)


def test_two_kinds_of_eruptions_are_found(geyser):
    assert geyser.k == 2
    assert geyser.means == pytest.approx(np.array([[4.290, 79.968], [2.036, 54.479]]), abs=0.01)
    assert geyser.weights == pytest.approx([0.6441, 0.3559], abs=0.001)
    assert geyser.stability > 0.95


def test_the_true_number_is_found_though_features_are_counted_and_clipped(known):
    kind, _, made = known
    assert made.k == KINDS
    assert adjusted_rand_score(kind, made.membership_prob.argmax(axis=1)) > 0.95
    assert made.stability > 0.95
    assert not made.tentative


def test_without_a_floor_the_likelihood_feeds_on_what_is_clipped():
    _, features = shoppers(seed=2)

    def smallest(floor: float) -> int:
        return min(found(features, floor=floor).tried, key=lambda one: one.bic).k

    assert smallest(0.03) == KINDS
    assert smallest(1e-6) > KINDS


def test_a_density_is_the_formula():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(7, 3))
    spread = rng.normal(size=(2, 3, 3))
    one = mixtures.Mixture(
        weights=np.array([0.3, 0.7]),
        means=rng.normal(size=(2, 3)),
        covariances=spread @ spread.transpose(0, 2, 1) + np.eye(3),
        log_likelihood=0.0,
    )
    for row, said in zip(values, one.log_densities(values), strict=True):
        for weight, mean, covariance, density in zip(one.weights, one.means, one.covariances, said, strict=True):
            away = row - mean
            naive = (
                np.log(weight)
                - 0.5 * away @ np.linalg.inv(covariance) @ away
                - 0.5 * np.log((2 * np.pi) ** 3 * np.linalg.det(covariance))
            )
            assert density == pytest.approx(naive)


def test_no_component_is_thinner_than_the_floor():
    rng = np.random.default_rng(0)
    values = np.concatenate((np.zeros((100, 2)), rng.normal(3, 1, (200, 2))))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    one = mixtures.fit(values, 2, floor=0.03, restarts=3, rng=rng)
    assert np.linalg.eigvalsh(one.covariances).min() == pytest.approx(0.03)
    assert one.collapsed(0.03)
    assert not mixtures.fit(values, 1, floor=0.03, restarts=3, rng=rng).collapsed(0.03)


def test_a_point_is_no_persona():
    rng = np.random.default_rng(0)
    values = np.concatenate((np.full((200, 2), 5.0), rng.normal(0, 1, (400, 2))))
    made = personas(Features(names=("a", "b"), values=values), k=[2])
    assert isinstance(made, NotEstimable)
    assert made.reason == "a persona that is a point"


def test_small_groups_are_no_personas():
    rng = np.random.default_rng(0)
    values = np.concatenate((rng.normal(9, 1, (20, 2)), rng.normal(0, 1, (480, 2))))
    made = found(Features(names=("a", "b"), values=values))
    assert made.k == 1
    assert made.names == ("everybody",)
    assert "fewer than 30" in made.tried[1].objection


def test_the_order_of_customers_changes_nothing(known):
    _, features, made = known
    shuffled = np.random.default_rng(5).permutation(len(features))
    again = found(replace(features, values=features.values[shuffled]), seed=3, k=range(1, 9), bootstraps=20)
    assert np.array_equal(again.means, made.means)
    assert np.array_equal(again.membership_prob, made.membership_prob[shuffled])
    assert again.stability == made.stability


def test_those_who_spend_most_come_first_and_names_say_how_they_differ(known):
    _, _, made = known
    spent = made.means[:, made.features.index("monetary")]
    assert np.all(np.diff(spent) < 0)
    assert made.ids == (1, 2, 3)
    assert made.names == ("high rate, frequent", "high asks, lately here", "rare, long away")


def test_members_add_up(known):
    _, features, made = known
    assert made.membership_prob.sum(axis=1) == pytest.approx(np.ones(len(features)))
    assert made.sizes.sum() == made.n == len(features)
    assert made.sizes == pytest.approx(made.weights * made.n, rel=0.02)
    assert 0 <= made.entropy_nats < 0.05
    assert np.array_equal(made.membership(features), made.membership_prob)


def test_ids_and_names_go_on_while_they_are_true(known):
    _, _, before = known
    kind, features = shoppers(seed=9)
    left = replace(features, values=features.values[kind != 1])  # the middle one is gone
    now = found(left, previous=before)
    assert now.ids == (1, 3)
    assert now.names == ("high rate, frequent", "rare, long away")
    back = found(features, previous=now)
    assert sorted(back.ids) == [1, 3, 4]  # and an id is never given twice
    assert found(features, previous=before).ids == before.ids


def test_a_name_that_is_no_longer_true_is_not_kept(known):
    _, features, before = known
    lying = replace(before, names=("rare, low-value", *before.names[1:]))
    assert found(features, previous=lying).names == before.names


def test_somebody_quite_different_is_somebody_new(known):
    _, features, before = known
    others = replace(features, values=features.values + 10 * features.values.std(axis=0))
    assert found(others, previous=before).ids == (4, 5, 6)


def test_what_is_not_known_counts_as_on_the_whole(known):
    _, features, made = known
    holes = features.values.copy()
    holes[0] = np.nan
    some = found(replace(features, values=holes))
    assert some.n == len(features) - 1
    assert some.dropped == {"not all features are known": 1}
    asked = Features(names=("asks",), values=np.array([[made.center[4]]]))
    whole = Features(names=made.features, values=made.center[None, :])
    assert made.membership(asked) == pytest.approx(made.membership(whole))


def test_few_customers_or_all_alike_are_refused():
    few = personas(Features(names=("a",), values=np.arange(29.0)[:, None]))
    assert isinstance(few, NotEstimable)
    assert "29 customers" in few.reason
    alike = personas(Features(names=("a",), values=np.ones((100, 1))))
    assert isinstance(alike, NotEstimable)
    assert alike.reason == "all customers are alike"


def test_a_persona_of_few_is_not_shown(known):
    _, _, made = known
    assert all(made.shown(place) for place in range(made.k))
    assert not replace(made, sizes=np.array([29, 30, 31])).shown(0)


def test_what_is_kept_holds_no_customer_and_is_the_same(known):
    _, features, made = known
    kept = made.arrays()
    assert all(array.dtype.kind in "iuf" for array in kept.values())
    assert max(len(array) for array in kept.values()) < 300 < len(features)
    again = Personas.of_arrays(kept)
    assert (again.ids, again.names, again.features, again.tried) == (made.ids, made.names, made.features, made.tried)
    assert np.array_equal(again.membership(features), made.membership_prob)
    assert (again.n, again.next_id, again.stability, again.bic) == (made.n, made.next_id, made.stability, made.bic)
    assert made.without_members().membership_prob.shape == (0, KINDS)


def state(orders: list[list[list[int]]], days: list[list[float]]) -> State:
    """Of owners with orders of items."""
    rows = [
        (owner, item, number, days[owner][number])
        for owner, theirs in enumerate(orders)
        for number, order in enumerate(theirs)
        for item in order
    ]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    owners, items, numbers = (column.astype(np.int64) for column in columns[:3])
    return State.of(owners, items, items, numbers, columns[3], n_owners=len(orders), n_items=9, n_families=9)


def test_behaviour_is_what_it_says():
    one = state([[[1, 2], [1, 3]], [[5]]], [[10.0, 20.0], [29.0]])
    bare = behaviour(one, 30.0)
    assert bare.names == ("recency", "frequency", "monetary", "repeat")
    again = (1 + 1) / (4 + 2)  # one of four lines was bought before
    assert bare.values[0] == pytest.approx([np.log(11), np.log(3), np.log(5), np.log(again / (1 - again))])
    paid = behaviour(one, 30.0, spent=np.array([999.0, np.nan]))
    assert paid.names == ("recency", "frequency", "monetary", "basket", "repeat")
    assert paid.values[0, 2:4] == pytest.approx([np.log(1000), np.log(3)])
    assert np.isnan(paid.values[1, 2])


def test_four_kinds_among_twenty_thousand_are_told_apart():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 4, 20_000)
    values = rng.normal(0, 2.5, (4, 5))[kind] + rng.normal(size=(20_000, 5)) * rng.uniform(0.4, 1, (4, 5))[kind]
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    fitted = {k: mixtures.fit(values, k, floor=0.03, restarts=3, rng=rng) for k in (3, 4)}
    assert fitted[4].bic(len(values)) < fitted[3].bic(len(values))
    counts = np.zeros((4, 4))
    np.add.at(counts, (kind, fitted[4].membership(values).argmax(axis=1)), 1)
    assert counts.max(axis=1).sum() / len(values) > 0.95
    assert sorted(counts.argmax(axis=1)) == [0, 1, 2, 3]
