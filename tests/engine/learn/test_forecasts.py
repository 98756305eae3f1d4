"""Features, snapshots and forecasts: batch and live alike, blind to the future, honest on refills that are known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.history import History
from engine.learn.accuracy import honesty
from engine.learn.calendar import SIZE, Calendar
from engine.learn.certificate import gathered
from engine.learn.hazard import Hazards, Risks
from engine.learn.purchases import Purchases, median_gaps, of_history
from engine.learn.replenishment import LONGEST, Replenishment
from engine.learn.traits import NAMES as TRAITS
from engine.learn.traits import OF_FAMILIES, FamilyRates, family_rates, traits
from tests.engine.learn.contracts import assert_same
from tests.engine.learn.known import history, law
from tests.engine.learn.rhythms import NAMES, UNTIL, Bought, history_of, purchases, refills, snapshots

DAY = 40.0
shopped = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.floats(0, 60)), max_size=50).map(
    lambda rows: sorted(rows, key=lambda row: row[2])
)


def by_pair(bought: Bought) -> dict[tuple[int, int], list[float]]:
    """The purchase days of each customer and family."""
    found: dict[tuple[int, int], list[float]] = {}
    for customer, family, day in bought:
        found.setdefault((customer, family), []).append(day)
    return found


def first_of_days(days: list[float]) -> list[float]:
    """The first of each UTC day."""
    return list({int(day): day for day in sorted(days, reverse=True)}.values())[::-1]


@law()
@given(shopped)
def test_purchases_are_the_first_of_each_day_by_pair(bought):
    made, expected = purchases(bought), by_pair(bought)
    pairs = list(zip(made.owners.tolist(), made.families.tolist(), strict=True))
    assert pairs == sorted(expected)
    for place, pair in enumerate(pairs):
        rows = slice(*made.starts[place : place + 2])
        assert made.days[rows].tolist() == first_of_days(expected[pair])
        own = [day for customer, _, day in bought if customer == pair[0]]
        assert made.visit_days[made.visits[rows]].tolist() == [
            min(one for one in own if int(one) == int(day)) for day in made.days[rows]
        ]


@law()
@given(bought=shopped, day=st.floats(0, 60))
def test_the_next_day_is_the_first_from_then_on(bought, day):
    made, expected = purchases(bought), by_pair(bought)
    for pair, found in zip(zip(made.owners, made.families, strict=True), made.next_days(day), strict=True):
        assert found == min((one for one in expected[pair] if one >= day), default=np.inf)


@law()
@given(bought=shopped, day=st.floats(0, 60))
def test_gaps_are_those_between_days_before_an_instant(bought, day):
    made = purchases(bought)
    seen = traits(made, day, family_rates(made, day, 2))
    for gap, pair in zip(median_gaps(made, seen.pairs, seen.counts), seen.pairs, strict=True):
        days = first_of_days(by_pair(bought)[int(made.owners[pair]), int(made.families[pair])])
        assert gap == pytest.approx(median(b - a for a, b in pairwise(one for one in days if one < day)))


@law()
@given(bought=shopped, day=st.floats(1, 60))
def test_one_customers_traits_are_the_same_alone_and_among_all_with_the_future_known(bought, day):
    whole = purchases(bought)
    rates = family_rates(whole, day, 2)
    together = traits(whole, day, rates)
    rows = {
        (int(whole.owners[pair]), int(whole.families[pair])): values
        for pair, values in zip(together.pairs, together.values, strict=True)
    }
    found = {}
    for customer in range(3):
        made, names = of_history(history_of(bought, customer).before(day))
        codes = np.array([NAMES.index(name) for name in names], np.int64)[made.families]
        alone = traits(made, day, rates, codes)
        found |= {(customer, int(codes[p])): v for p, v in zip(alone.pairs, alone.values, strict=True)}
    assert found.keys() == rows.keys()
    for pair, values in found.items():
        assert values == pytest.approx(rows[pair])


def by_definition(
    own: list[float], others: list[list[float]], visits: list[float], day: float, rate: list[float]
) -> dict[str, float]:
    """The traits of one pair before ``day``, one by one.

    Parameters
    ----------
    own, others : purchase days of the pair, and of all the customer's pairs bought on two days, itself among them
    """
    n, since = len(own), day - own[-1]
    gaps = [b - a for a, b in pairwise(own)]
    logs = [np.log(max(gap, 0.5)) for gap in gaps]
    mean, variance = sum(logs) / len(logs), float(np.var(logs))
    back = min(n - 1, 3)
    recent = max((own[-1] - own[-1 - back]) / back, 0.5)
    passed = sum(int(one) > int(own[-1]) for one in visits)
    between = sum(int(own[0]) < int(one) <= int(own[-1]) for one in visits) / (n - 1)
    came, usual = day - visits[-1], max((visits[-1] - visits[0]) / max(len(visits) - 1, 1), 0.5)
    return {
        "purchases": np.log(n),
        "age": np.log(day - own[0] + 1),
        "recency": np.log(since + 1),
        "gap": mean,
        "gap_spread": np.sqrt(variance),
        "overdue": (np.log(since + 0.5) - mean) / np.sqrt((variance * (n - 1) + 0.5 * 3) / (n + 2)),
        "overdue_recent": np.log((since + 1) / (recent + 1)),
        "overdue_longest": np.log((since + 1) / (max(gaps) + 1)),
        "gaps_longer": np.log1p(sum(gap >= since for gap in gaps)),
        **{f"bought_{w}": np.log1p(sum(day - one <= w for one in own)) for w in (56, 112)},
        **{f"decayed_{h}": np.log1p(sum(2 ** (-(day - one) / h) for one in own)) for h in (21, 90)},
        "share_of_visits": np.log((n + 1) / (len(visits) + 2)),
        "visits_overdue": np.log((passed + 1) / (between + 1)),
        "visit_recency": np.log(came + 1),
        "visit_gap": np.log(usual + 1),
        "visit_overdue": np.log((came + 1) / (usual + 1)),
        "visits_recent": np.log1p(sum(day - one <= 56 for one in visits)),
        "breadth": np.log((sum(map(len, others)) + 1) / (len(visits) + 1)),
        "pace": np.log1p(sum(day - one <= 28 for days in others for one in days)),
        "freshness": np.log((sum(day - days[-1] <= 28 for days in others) + 1) / (len(others) + 2)),
        **dict(zip(OF_FAMILIES, rate, strict=True)),
    }


@law()
@given(bought=shopped, day=st.floats(1, 60))
def test_traits_are_what_they_are_called(bought, day):
    made = purchases(bought)
    rates = FamilyRates(values=np.array([[0.3, 1.0, -0.2, -1.0, 0.1], [-0.7, 2.0, -0.4, -2.0, 0.0]]))
    known = {key: [one for one in first_of_days(days) if one < day] for key, days in by_pair(bought).items()}
    known = {key: days for key, days in known.items() if len(days) >= 2}
    seen = traits(made, day, rates)
    found = {}
    for pair, values in zip(seen.pairs, seen.values, strict=True):
        key = (int(made.owners[pair]), int(made.families[pair]))
        visits = [one for one in first_of_days([d for c, _, d in bought if c == key[0]]) if one < day]
        others = [days for (customer, _), days in known.items() if customer == key[0]]
        said = by_definition(known[key], others, visits, day, rates.values[key[1]].tolist())
        assert list(said) == list(TRAITS)
        assert dict(zip(TRAITS, values.tolist(), strict=True)) == pytest.approx(said, abs=1e-4)
        found[key] = len(known[key])
    assert found == {key: len(days) for key, days in known.items()}


@law()
@given(bought=shopped, day=st.floats(1, 60))
def test_traits_are_numbers_for_anybody(bought, day):
    made = purchases(bought)
    seen = traits(made, day, family_rates(made, day, 2))
    assert seen.values.shape == (len(seen.pairs), len(TRAITS))
    assert np.isfinite(seen.values).all()


def without(bought: Bought, day: float) -> Bought:
    """The same with another future: nobody buys anything for a while, then everybody buys all of it."""
    customers = {customer for customer, _, _ in bought}
    return [row for row in bought if row[2] < day] + [(c, f, day + 40.0) for c in sorted(customers) for f in (0, 1)]


def test_another_future_changes_nothing_that_was_learned():
    bought = refills(3, 120)
    first, second = snapshots(bought), snapshots(without(bought, 250.0))
    one, other = first.fit(250.0), second.fit(250.0)
    assert one is not None
    assert other is not None
    assert_same(one.arrays(), other.arrays())
    assert np.array_equal(first.rates(250.0).values, second.rates(250.0).values)
    for window in (7, 14, 28):
        evidence, again = (gathered(one, 250.0, window) for one in (first, second))
        assert_same(evidence.arrays(), again.arrays())


def test_a_fit_moves_when_its_own_past_does():
    """The test above could not fail if fits did not look at the last window before them."""
    bought = refills(3, 60)
    one, other = snapshots(bought).fit(250.0), snapshots(without(bought, 244.0)).fit(250.0)
    assert one is not None
    assert other is not None
    assert not np.array_equal(one.trees, other.trees)


@pytest.mark.parametrize(("following", "came"), [(10.0, True), (16.9, True), (17.0, False), (17.5, False)])
def test_a_window_holds_its_first_instant_and_not_its_last(following, came):
    seen = snapshots([(0, 0, 1.0), (0, 0, 5.0), (0, 0, following)]).at(10.0)
    assert seen.came(7.0).tolist() == [came]


@law()
@given(bought=shopped, day=st.floats(0, 60), window=st.sampled_from([1.0, 7.0, 14.0]))
def test_a_pair_came_if_it_was_bought_from_the_instant_to_the_end_of_the_window(bought, day, window):
    shop = snapshots(bought, until=day)
    seen, expected = shop.at(day), by_pair(bought)
    rows = zip(seen.traits.pairs, seen.came(window), shop.came(seen, day + 7, window), strict=True)
    for pair, came, later in rows:
        days = expected[int(shop.purchases.owners[pair]), int(shop.purchases.families[pair])]
        assert came == any(day <= one and one - day < window for one in days)
        assert later == any(day + 7 <= one < day + 7 + window for one in days)


@pytest.mark.parametrize("window", [3.0, 7.0, 14.0, 28.0, 60.0])
def test_every_window_that_is_learned_from_is_over(window):
    days = snapshots(refills(3, 5)).days(UNTIL, window)
    assert days
    assert max(days) + window <= UNTIL
    assert all(a - b == 7 for a, b in pairwise(days))


@pytest.fixture(scope="module")
def fitted() -> Replenishment:
    """On two hundred customers, up to UNTIL."""
    return Replenishment.fit(snapshots(refills(3, 200)), NAMES)


@pytest.fixture(scope="module")
def unfitted() -> Replenishment:
    """Where nothing could be learned."""
    return Replenishment.fit(snapshots([]), NAMES)


@pytest.fixture(params=["fitted", "unfitted", "only a week", "only two months"])
def any_model(request, fitted, unfitted) -> Replenishment:
    """With all its intervals, none, or one."""
    if request.param in ("fitted", "unfitted"):
        return request.getfixturevalue(request.param)
    knot = 7.0 if request.param == "only a week" else 60.0
    return replace(fitted, hazards=one_interval(knot))


def one_interval(knot: float) -> Hazards:
    """Learned of the first days alone, on one snapshot of two hundred customers."""
    seen = snapshots(refills(3, 200)).at(UNTIL - 60)
    risks = Risks(values=seen.traits.values, came=seen.came(knot), offset=0.0)
    return Hazards.fit({knot: [risks]}, Calendar(weights=np.zeros(SIZE)), seed=1)


def rising(model: Replenishment, own: History, day: float) -> list[list[float]]:
    """For each family its probabilities over ever longer windows; every one within its interval."""
    windows = [0.01, 1.0, 6.9, 7.0, 7.1, 14.0, 20.0, 28.0, 45.0, 59.9, LONGEST]
    lists = model.forecasts(own, day, [lambda gaps, w=w: w for w in windows])
    for one in (one for found in lists for one in found):
        assert 0 <= one.low <= one.probability <= one.high <= 1
        assert one.expected_day is None or one.expected_day >= day
    return [[found[place].probability for found in lists] for place in range(len(lists[0]))]


anything = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([*NAMES, "new"]), st.floats(0, 500)), max_size=30
).map(lambda rows: history(*((f"{family} {item}", family, day) for item, family, day in rows)))


@law(40)
@given(own=anything, day=st.floats(0, 600))
def test_a_longer_window_is_never_less_likely_whatever_was_bought(fitted, unfitted, own, day):
    for model in (fitted, unfitted):
        for probabilities in rising(model, own, day):
            assert probabilities == sorted(probabilities)


def test_the_same_with_few_intervals(any_model):
    own = history(*(("a", "twelve", UNTIL - 3 - 12.0 * n) for n in range(9)), ("b", "new", 5.0), ("b", "new", 290.0))
    found = rising(any_model, own, UNTIL)
    assert len(found) == 2
    for probabilities in found:
        assert probabilities == sorted(probabilities)
        assert probabilities[0] < 0.25
        assert probabilities[-1] > probabilities[0]


@pytest.mark.parametrize("since", [2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0])
def test_an_expected_day_is_as_likely_reached_as_not(any_model, since):
    own = history(*(("a", "twelve", UNTIL - since - 12.0 * n) for n in range(9)))
    (one,) = any_model.forecasts(own, UNTIL, (lambda gaps: 28.0,))[0]
    assert (one.expected_day is None) == (one.probability < 0.8 or any_model.hazards is None)
    if one.expected_day is not None:
        half = one.expected_day - UNTIL
        (longest,), (by_then,), (before,) = any_model.forecasts(
            own, UNTIL, (lambda gaps: LONGEST, lambda gaps: half, lambda gaps: max(half - 0.25, 0.0))
        )
        assert before.probability < longest.probability / 2 <= by_then.probability


@law()
@given(
    days=st.lists(st.floats(0, 200), min_size=2, max_size=12, unique_by=int),
    window=st.floats(0.1, 60) | st.sampled_from([7.0, 14.0, 28.0, 60.0]),
)
def test_where_nothing_was_learned_purchases_come_at_the_pairs_own_rate(unfitted, days, window):
    (found,) = unfitted.forecasts(history(*(("a", "x", day) for day in days)), 220.0, (lambda gaps: window,))[0]
    since_first = 220.0 - min(days) + 365.0
    knots = [0.0, 7.0, 14.0, 28.0, 60.0]
    hazards = [len(days) * np.log1p(knot / since_first) for knot in knots]
    right = int(np.searchsorted(knots, window))
    low, high = (1 - np.exp(-hazard) for hazard in hazards[right - 1 : right + 1])
    assert low - 1e-12 <= found.probability <= high + 1e-12
    if window in knots:
        assert found.probability == pytest.approx(high)
    assert found.expected_day is None


@pytest.mark.parametrize("window", [7.0, 14.0])
def test_forecasts_of_other_customers_in_later_weeks_are_honest(fitted, window):
    """Fitted on some, asked for others whose next purchases are known."""
    others = refills(77, 250, until=UNTIL + 90)
    p, came = [], []
    for customer in range(250):
        for one in fitted.forecasts(history_of(others, customer), UNTIL, (lambda gaps: window,))[0]:
            days = [d for c, f, d in others if c == customer and NAMES[f] == one.family]
            p.append(one.probability)
            came.append(any(UNTIL <= day < UNTIL + window for day in days))
    found = honesty(np.array(p), np.array(came))
    assert found.auc > 0.9
    assert found.ece < 0.06


def test_expected_days_are_right_by_a_third_of_a_gap(fitted):
    others = refills(78, 150, until=UNTIL + 60, families=1)
    off = []
    for customer in range(150):
        (one,) = fitted.forecasts(history_of(others, customer), UNTIL, (lambda gaps: 7.0,))[0]
        if one.expected_day is not None:
            following = min(day for who, _, day in others if who == customer and day >= UNTIL)
            off.append(one.expected_day - following)
    assert len(off) > 100
    assert np.median(np.abs(off)) < 4


@pytest.mark.parametrize("family", ["new", "twelve"])
def test_two_purchases_on_one_day_are_no_rhythm(fitted, family):
    own = history(("a", family, 280.2), ("a", family, 280.9))
    assert fitted.forecasts(own, UNTIL, (lambda gaps: 7.0,)) == [[]]


def test_what_lies_on_the_instant_is_the_future(fitted):
    own = history(("a", "twelve", 270.0), ("a", "twelve", 285.0), ("a", "twelve", UNTIL))
    (one,) = fitted.forecasts(own, UNTIL, (lambda gaps: 7.0,))[0]
    assert one.evidence.purchases == 2
    assert one.evidence.last_day == 285.0


def test_rates_are_purchases_of_a_pair_in_four_weeks():
    """Sixty buy weekly, sixty monthly; each rate is drawn to the mean by twenty pairs."""
    bought = [(c, 0, d) for c in range(60) for d in np.arange(c % 7, 200, 7.0)]
    bought += [(c, 1, d) for c in range(60) for d in np.arange(c % 28, 200, 28.0)]
    found = family_rates(purchases(bought), 196.0, 3)
    rate, gap, fresh, _, now = found.values.T
    mean = (60 * 4 + 60 * 1) / 121
    assert np.exp(rate) == pytest.approx([(60 * 4 + 20 * mean) / 80, (60 + 20 * mean) / 80, mean], rel=1e-3)
    usual = (np.log(7) + np.log(28)) / 2
    assert gap == pytest.approx([(60 * np.log(7) + 20 * usual) / 80, (60 * np.log(28) + 20 * usual) / 80, usual])
    assert np.exp(fresh) == pytest.approx([1.0, 1.0, 121 / 124], abs=0.01)
    assert now == pytest.approx([0.0, 0.0, 0.0], abs=0.1)


def test_what_sells_in_one_week_of_the_year_swings_and_is_not_sold_now():
    """Sixty buy milk weekly, and cranberries twice in one week ten weeks ago."""
    bought = [(c, 0, d) for c in range(60) for d in np.arange(c % 7, 200, 7.0)]
    bought += [(c, 1, d) for c in range(60) for d in (121.0, 124.0)]
    _, _, fresh, swing, now = family_rates(purchases(bought), 196.0, 2).values.T
    assert fresh[1] < fresh[0] - 1
    assert swing[1] > swing[0] + 1
    assert now[1] < -0.5 < now[0]


def test_a_family_that_is_not_known_is_typical():
    rates = FamilyRates(values=np.array([[1.0, 0.5], [3.0, 0.5], [2.0, 0.8]]))
    assert rates.of(np.array([-1, 1])).tolist() == [[2.0, 0.5], [3.0, 0.5]]
    nothing = FamilyRates(values=np.zeros((0, len(OF_FAMILIES))))
    assert nothing.of(np.array([-1])).tolist() == [[0.0] * len(OF_FAMILIES)]


def test_nobody_at_all_has_no_purchases():
    empty = Purchases.of(np.zeros(0), np.zeros(0), np.zeros(0))
    assert empty.n_pairs == 0
    assert len(empty.next_days(5.0)) == 0
