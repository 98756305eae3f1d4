"""Hazards on chances that are known, and what a shop's past must hold for them to be learned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn import hazard
from engine.learn.accuracy import honesty
from engine.learn.calendar import SIZE, Calendar
from engine.learn.hazard import Hazards, Risks
from engine.learn.purchases import Purchases
from engine.learn.replenishment import Replenishment, alive
from engine.learn.snapshots import Snapshots
from engine.learn.traits import NAMES as TRAITS
from engine.learn.traits import FamilyRates, traits
from tests.engine.learn.contracts import assert_same
from tests.engine.learn.known import history, law
from tests.engine.learn.rhythms import Bought, purchases, refills, snapshots

USUAL = Calendar(weights=np.zeros(SIZE))
CHANCES = {7.0: 0.1, 14.0: 0.3}  # of the first of two traits at 0; at 1 they are twice as high


def reached(rng: np.random.Generator, n: int, chance: float, offset: float = 0.0) -> Risks:
    """Pairs of one trait that matters, and one that does not."""
    values = np.column_stack([rng.integers(0, 2, n), rng.uniform(size=n)]).astype(np.float32)
    odds = np.exp(offset) * chance * (1 + values[:, 0]) / (1 - chance * (1 + values[:, 0]))
    return Risks(values=values, came=rng.uniform(size=n) < odds / (1 + odds), offset=offset)


def fitted(seed: int = 0, calendar: Calendar = USUAL) -> Hazards:
    """On thirty thousand pairs of each interval, half of them on busy days."""
    rng = np.random.default_rng(seed)
    risks = {
        end: [reached(rng, 15_000, chance), reached(rng, 15_000, chance, offset=0.5)] for end, chance in CHANCES.items()
    }
    return Hazards.fit(risks, calendar, seed=1)


def test_chances_that_are_known_are_found_in_every_interval():
    hazards = fitted()
    values = np.array([[0, 0.5], [1, 0.5]], np.float32)
    assert hazards.knots.tolist() == [7.0, 14.0]
    assert hazards.within(values, 0.0, 7.0) == pytest.approx([0.1, 0.2], abs=0.02)
    assert hazards.within(values, 0.0, 14.0) == pytest.approx([1 - 0.9 * 0.7, 1 - 0.8 * 0.4], abs=0.03)


def test_busy_days_raise_the_odds():
    busy = np.zeros(SIZE)
    busy[:7] = np.log(2) * np.where(np.arange(7) == 3, 6.0, -1.0)  # Thursdays; the other days of a week sink as much
    values = np.array([[0, 0.5]], np.float32)
    usual, on_busy = fitted().within(values, 0.0, 7.0), fitted(calendar=Calendar(weights=busy)).within(values, 0.0, 7.0)
    raised = np.exp(float(Calendar(weights=busy).offsets(0.0, np.array([0.0, 7.0]))[0]))
    assert on_busy / (1 - on_busy) == pytest.approx(raised * usual / (1 - usual))


def test_only_what_is_asked_for_is_summed():
    hazards, values = fitted(), np.array([[0, 0.5]], np.float32)
    assert hazards.cumulative(values, 0.0, 7.0).shape == (1, 2)
    assert hazards.cumulative(values, 0.0, 7.1).shape == hazards.cumulative(values, 0.0).shape == (1, 3)
    assert hazards.cumulative(values[:0], 0.0).shape == (0, 3)


def test_going_further_step_by_step_comes_to_the_same(monkeypatch: pytest.MonkeyPatch):
    hazards, values = fitted(), np.array([[0, 0.5], [1, 0.2], [1, 0.9]], np.float32)
    asked: list[int] = []
    plain = hazard.raw_scores
    monkeypatch.setattr(hazard, "raw_scores", lambda booster, rows: asked.append(len(rows)) or plain(booster, rows))
    near = hazards.further(values, 5.0, hazards.unknown(3), np.array([3.0, 14.0, 7.0]))
    assert np.isnan(near).tolist() == [[False, False, True], [False, False, False], [False, False, True]]
    far = hazards.further(values, 5.0, near, 14.0)
    assert hazards.further(values, 5.0, far, 60.0) is far
    assert hazards.further(values, 5.0, near, -1.0) is near  # nothing is asked for
    assert asked == [4, 2]
    assert np.array_equal(far, hazards.cumulative(values, 5.0))
    assert np.isnan(near[0, 2])  # what was known is not written over


def test_it_is_the_same_again_and_when_kept():
    one = fitted()
    assert_same(one.arrays(), fitted().arrays())
    kept = Hazards.of_arrays(one.arrays())
    values = np.random.default_rng(2).uniform(size=(50, 2)).astype(np.float32)
    assert np.array_equal(kept.cumulative(values, 5.0), one.cumulative(values, 5.0))
    assert kept.knots.tolist() == one.knots.tolist()
    assert kept.features == 2


def habits(seed: int, customers: int, until: float) -> tuple[Bought, np.ndarray]:
    """Each pair is bought on any day with a chance of its own, from 1 in 5 to 1 in 60, till half of them are given up.

    Second comes the chance of each pair on a day, 0 for those given up.
    """
    rng = np.random.default_rng(seed)
    pace = np.exp(rng.uniform(np.log(1 / 60), np.log(1 / 5), (customers, 2)))
    end = np.where(rng.uniform(size=pace.shape) < 0.5, rng.uniform(0, until, pace.shape), np.inf)
    found = [
        (customer, family, float(day) + 0.5)
        for customer in range(customers)
        for family in range(2)
        for day in np.flatnonzero(rng.uniform(size=int(until) + 60) < pace[customer, family])
        if day < end[customer, family]
    ]
    return sorted(found, key=lambda row: row[2]), np.where(end < until, 0.0, pace)


@pytest.fixture(scope="module")
def known() -> tuple[Snapshots, Replenishment, np.ndarray]:
    """Six hundred customers for ten months, with two more months that nobody looked at."""
    bought, chances = habits(4, 600, 300.0)
    shop = snapshots(bought, until=300.0)
    return shop, Replenishment.fit(shop, ["a", "b"]), chances


@pytest.mark.parametrize("window", [3.0, 7.0, 14.0, 28.0, 45.0, 60.0])
def test_probabilities_of_known_habits_are_honest_and_nearly_the_best_there_are(known, window):
    shop, model, chances = known
    seen = shop.at(300.0)
    p = model.courses(seen.traits, 300.0).within(np.full(len(seen.wait), window))
    true = 1 - (1 - chances[seen.owners, shop.purchases.families[seen.traits.pairs]]) ** window
    found, best = honesty(p, seen.came(window)), honesty(true, seen.came(window))
    assert found.ece < 0.05
    assert found.auc > best.auc - 0.06
    assert np.mean(np.abs(p - true)) < 0.16


def test_what_was_given_up_is_dead_and_what_goes_on_alive(known):
    shop, model, chances = known
    seen = shop.at(300.0)
    going = chances[seen.owners, shop.purchases.families[seen.traits.pairs]] > 0
    courses = model.courses(seen.traits, 300.0)
    longest = courses.within(np.full(len(courses), 60.0))
    found = alive(seen.traits, longest)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[going].mean() > 0.8
    long_gone = (seen.day - seen.traits.last > 120) & (seen.traits.counts >= 10)
    assert long_gone.any()
    assert found[long_gone].max() < 0.3
    assert longest[long_gone].max() < 0.2


def test_a_pair_ten_gaps_overdue_is_low(known):
    _, model, _ = known
    own = history(
        *(("a", "a", 300.0 - 120 - 12.0 * n) for n in range(9)), *(("b", "b", 300.0 - 5 * n) for n in range(40))
    )
    by_family = {one.family: one for one in model.forecasts(own, 300.0, (lambda gaps: 28.0,))[0]}
    assert by_family["a"].probability < 0.15 < 0.9 < by_family["b"].probability
    assert by_family["a"].evidence.alive < 0.2 < 0.9 < by_family["b"].evidence.alive
    assert by_family["a"].expected_day is None


def november(seed: int, customers: int) -> Bought:
    """Milk every nine days for two years; cranberries on three or four days of each November alone."""
    rng = np.random.default_rng(seed)
    found = []
    for customer in range(customers):
        day = float(rng.uniform(0, 9))
        while day < 760:
            found.append((customer, 0, day))
            day += max(float(rng.normal(9, 3)), 1.0)
        for start in (304, 669):
            found += [(customer, 1, start + float(one)) for one in rng.choice(30, rng.integers(3, 5), replace=False)]
    return sorted(found, key=lambda row: row[2])


def test_what_is_bought_each_november_is_not_due_in_january():
    """The last purchases are some days apart and some weeks ago, as those of a refill that is due."""
    bought = november(5, 150)
    shop = snapshots(bought, until=735.0)  # the 5th of January
    model = Replenishment.fit(shop, ["milk", "cranberries"])
    seen = shop.at(735.0)
    p = model.courses(seen.traits, 735.0).within(np.full(len(seen.wait), 14.0))
    cranberries = shop.purchases.families[seen.traits.pairs] == 1
    assert np.median(p[cranberries]) < 0.05
    assert np.median(p[~cranberries]) > 0.6


shopped = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.floats(0, 60)), max_size=60)


@law()
@given(shopped, st.integers(0, 31))
def test_some_customers_purchases_are_those_among_all(bought, chosen):
    whole = purchases(bought)
    n = len(whole.visit_starts) - 1
    kept = np.array([bool(chosen >> customer & 1) for customer in range(n)], bool)
    part, alone = whole.of_customers(kept), purchases([row for row in bought if chosen >> row[0] & 1])
    names = np.unique([row[0] for row in bought if chosen >> row[0] & 1]).astype(int)
    of = np.flatnonzero(kept)
    assert of[part.owners].tolist() == alone.owners.tolist()
    assert part.starts.tolist() == alone.starts.tolist()
    assert part.days.tolist() == alone.days.tolist()
    assert part.visit_days[part.visits].tolist() == alone.visit_days[alone.visits].tolist()
    assert (part.all_pairs.tolist(), part.all_days.tolist()) == (alone.all_pairs.tolist(), alone.all_days.tolist())
    assert set(names) <= set(of.tolist())
    rates = FamilyRates(values=np.zeros((3, 5)))
    one, other = traits(part, 50.0, rates), traits(alone, 50.0, rates)
    assert np.array_equal(one.values, other.values)


def test_where_customers_are_many_some_are_learned_from(monkeypatch):
    monkeypatch.setattr("engine.learn.snapshots.MOST", 150)
    shop = snapshots(refills(3, 200))
    values, wait = shop._sample(200.0)
    assert 80 < len(wait) < 230 < len(shop.at(200.0).wait)
    assert values.shape == (len(wait), len(TRAITS))
    assert shop.fit(250.0) is not None


def test_intervals_with_too_few_purchases_are_joined_to_the_next():
    """Of twenty customers who buy every 29 days five do in a week, of sixty fifteen; eight weeks are looked at."""
    rare, often = (
        snapshots([(c, 0, d) for c in range(n) for d in np.arange(c % 29, 300, 29.0)], families=1) for n in (20, 60)
    )
    assert rare.fit(300.0).knots[0] == 14.0
    assert often.fit(300.0).knots[0] == 7.0
    assert snapshots([(0, 0, 1.0), (0, 0, 9.0)]).fit(300.0) is None
    empty = Snapshots(purchases=Purchases.of(np.zeros(0), np.zeros(0), np.zeros(0)), n_families=1, until=9.0, seed=1)
    assert empty.fit(9.0) is None
