"""Forecasts on refills that are known, and the certificate on numbers that are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.history import History
from engine.errors import InputError
from engine.learn.accuracy import honesty, reliability
from engine.learn.certificate import Evidence, certify, evidence, lower_bound
from engine.learn.purchases import Purchases, of_history
from engine.learn.replenishment import Replenishment, usual_items
from engine.learn.snapshots import Snapshots
from engine.learn.traits import traits

END = 400.0
FAMILIES = ["twelve", "thirty"]


def shop(seed: int = 2, customers: int = 150, until: float = END) -> Snapshots:
    """Customers who buy one family about every 12 days and another about every 30, from day 0 on."""
    rng = np.random.default_rng(seed)
    owners, families, days = [], [], []
    for customer in range(customers):
        for family, gap in enumerate((12.0, 30.0)):
            day = float(rng.uniform(0, gap))
            while day < END + 60:
                owners.append(customer)
                families.append(family)
                days.append(day)
                day += max(gap + float(rng.normal(0, 0.1 * gap)), 1.0)
    purchases = Purchases.of(np.array(owners), np.array(families), np.array(days))
    return Snapshots(purchases=purchases, n_families=2, until=until, seed=1)


@pytest.fixture(scope="module")
def fitted() -> Replenishment:
    """Fitted on that shop."""
    return Replenishment.fit(shop(), FAMILIES)


def history(*bought: tuple[str, float]) -> History:
    """What one customer bought: families and days; the item is the family's only one."""
    rows = sorted(bought, key=lambda row: row[1])
    names = np.array([family for family, _ in rows], object)
    days = np.array([day for _, day in rows], float)
    return History(
        items=np.array([f"{name}-item" for name in names], object),
        families=names,
        orders=np.unique(days, return_inverse=True)[1].astype(np.int64),
        days=days,
        quantities=np.ones(len(days), np.int64),
        amounts=np.full(len(days), np.nan),
    )


def within(fitted: Replenishment, since: float, window: float, last: float = END) -> float:
    """The probability that somebody who bought every twelve days does so again."""
    own = history(*(("twelve", last - 12 * n) for n in range(20)))
    return fitted.forecasts(own, last + since, (lambda gaps: window,))[0][0].probability


def test_a_refill_becomes_likely_as_its_day_comes(fitted):
    rising = [within(fitted, since, 7.0) for since in (0.5, 3.0, 6.0, 9.0, 11.0)]
    assert rising == sorted(rising)
    assert rising[0] < 0.1
    assert rising[-1] > 0.9


def test_a_refill_is_nearly_sure_within_two_gaps(fitted):
    assert within(fitted, 6.0, 28.0) > 0.95


def test_a_next_date_is_near_the_day_the_rhythm_says(fitted):
    own = history(*(("twelve", END - 12 * n) for n in range(20)))
    found = fitted.forecasts(own, END + 4, (lambda gaps: 7.0,))[0][0]
    assert found.expected_day == pytest.approx(END + 12, abs=5)


histories = st.lists(
    st.tuples(st.sampled_from(["twelve", "thirty", "unheard of"]), st.floats(1.0, 399.0)), min_size=0, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(bought=histories, window=st.floats(0.5, 60.0), more=st.floats(0.0, 30.0))
def test_probabilities_rise_with_the_window_and_lie_in_their_intervals(fitted, bought, window, more):
    wider = min(window + more, 60.0)
    near, far = fitted.forecasts(history(*bought), 400.0, (lambda gaps: window, lambda gaps: wider))
    days: dict[str, set[int]] = {}
    for family, day in bought:
        days.setdefault(family, set()).add(int(day))
    assert {one.family for one in near} == {family for family, own in days.items() if len(own) >= 2}
    for one, other in zip(near, far, strict=True):
        assert one.family == other.family
        assert 0 <= one.low <= one.probability <= one.high <= 1
        assert one.probability <= other.probability + 1e-12


def test_batch_and_live_features_are_the_same(fitted):
    """One customer's traits do not depend on whether others are computed with them."""
    snapshots = shop(customers=12)
    rates = snapshots.rates(END)
    together = traits(snapshots.purchases, END, rates)
    for customer in range(12):
        mine = snapshots.purchases.owners[together.pairs] == customer
        rows = snapshots.purchases
        own = history(
            *(
                (FAMILIES[int(rows.families[pair])], float(day))
                for pair in range(rows.n_pairs)
                if rows.owners[pair] == customer
                for day in rows.days[rows.starts[pair] : rows.starts[pair + 1]]
            )
        )
        purchases, names = of_history(own)
        codes = np.array([FAMILIES.index(name) for name in names])
        alone = traits(purchases, END, rates, codes[purchases.families])
        order = np.argsort(codes[purchases.families[alone.pairs]])
        assert alone.values[order] == pytest.approx(together.values[mine])


def test_a_fit_does_not_move_when_the_future_does():
    day = 300.0
    whole = shop()
    kept = whole.purchases.all_days < day
    rows = np.arange(whole.purchases.n_pairs)[whole.purchases.all_pairs[kept]]
    cut = Purchases.of(whole.purchases.owners[rows], whole.purchases.families[rows], whole.purchases.all_days[kept])
    known = Snapshots(purchases=cut, n_families=2, until=day, seed=1)
    first, second = whole.fit(day), known.fit(day)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.trees, second.trees)


def test_snapshots_end_before_their_windows_do():
    for window in (7.0, 14.0, 28.0, 60.0):
        assert all(day + window <= END for day in shop().days(END, window))


def test_with_too_little_to_learn_from_purchases_come_at_their_own_rate():
    empty = Snapshots(purchases=Purchases.of(np.zeros(0), np.zeros(0), np.zeros(0)), n_families=2, until=10.0, seed=1)
    alone = Replenishment.fit(empty, FAMILIES)
    assert alone.hazards is None
    found = alone.forecasts(history(("twelve", 1.0), ("twelve", 5.0)), 9.0, (lambda gaps: 14.0,))[0][0]
    assert found.probability == pytest.approx(1 - (373 / 387) ** 2)  # two purchases in eight days and a year's prior
    assert found.expected_day is None


def test_it_is_the_same_when_kept(fitted):
    kept = Replenishment.of_arrays(fitted.arrays())
    own = history(*(("twelve", END - 12 * n) for n in range(9)), ("thirty", 300.0), ("thirty", 330.0))
    assert kept.forecasts(own, END, (lambda gaps: 9.0,)) == fitted.forecasts(own, END, (lambda gaps: 9.0,))


def test_the_usual_item_is_bought_on_most_days_then_lately_then_first_by_name():
    def lines(*rows):
        found = history(*(("coffee", day) for _, day in rows))
        return History(
            items=np.array([item for item, _ in sorted(rows, key=lambda row: row[1])], object),
            families=found.families,
            orders=found.orders,
            days=found.days,
            quantities=found.quantities,
            amounts=found.amounts,
        )

    assert usual_items(lines(("a", 1.0), ("b", 2.0), ("a", 3.0))) == {"coffee": "a"}
    assert usual_items(lines(("a", 1.0), ("b", 2.0))) == {"coffee": "b"}
    assert usual_items(lines(("b", 2.0), ("a", 2.0))) == {"coffee": "a"}


@pytest.mark.parametrize(
    ("hits", "n", "low"), [(22, 22, 0.9006), (57, 60, 0.8920), (60, 60, 0.9624), (95, 100, 0.9092), (27, 30, 0.7907),
                           (540, 600, 0.8825), (552, 600, 0.9039), (0, 10, 0.0)]
)  # fmt: skip
def test_lower_bounds_are_those_of_clopper_and_pearson(hits, n, low):
    assert lower_bound(hits, n) == pytest.approx(low, abs=1e-4)


@pytest.mark.parametrize(("promise", "n"), [(0.50, 4), (0.75, 9), (0.80, 11), (0.90, 22), (0.95, 45)])
def test_so_many_straight_hits_prove_a_promise(promise, n):
    assert lower_bound(n, n) >= promise > lower_bound(n - 1, n - 1)


def walked(n, hits, effect=None) -> Evidence:
    """Evidence of falling thresholds with these counts."""
    thresholds = np.round(0.98 - 0.01 * np.arange(len(n)), 2)
    return Evidence(
        window_days=14,
        thresholds=thresholds,
        n=np.array(n),
        hits=np.array(hits),
        effect=np.ones(len(n)) if effect is None else np.array(effect),
        windows=(0.0,),
    )


def test_the_walk_ends_at_the_first_threshold_that_fails():
    found = walked([60, 100, 600, 1400], [60, 95, 540, 1290])
    assert certify(found, 0.90, start=50, drift=0.0).threshold == 0.97
    assert lower_bound(1290, 1400) > 0.90  # the fourth would pass, and is not reached
    assert certify(found, 0.90, start=101, drift=0.0).threshold is None
    assert certify(walked([], []), 0.90).threshold is None


def pairs(seed: int, copies: int = 1) -> Evidence:
    """Evidence of households whose pairs come true together, each pair counted so many times."""
    rng = np.random.default_rng(seed)
    households = np.repeat(np.arange(200), 10)
    p = rng.uniform(0.5, 1.0, len(households))
    luck = np.repeat(rng.uniform(-0.15, 0.1, 200), 10)
    came = rng.uniform(size=len(p)) < np.clip(p + luck, 0, 1)
    return evidence(
        window_days=14,
        probabilities=np.tile(p, copies),
        came=np.tile(came, copies),
        households=np.tile(households, copies),
        windows=[0.0],
        now=14.0,
    )


def test_counting_everything_twice_proves_nothing_more():
    once, twice = pairs(5), pairs(5, copies=2)
    meant = once.effect > 1
    assert meant.any()
    assert twice.effect[meant] == pytest.approx(2 * once.effect[meant])
    assert certify(once, 0.85, start=300).threshold == certify(twice, 0.85, start=600).threshold


def test_a_window_that_is_not_over_is_refused():
    with pytest.raises(InputError, match="windows"):
        evidence(
            window_days=14,
            probabilities=np.array([0.9]),
            came=np.array([True]),
            households=np.array([0]),
            windows=[1.0],
            now=14.0,
        )


def test_honesty_is_what_scikit_learn_says():
    from sklearn.metrics import brier_score_loss, roc_auc_score

    rng = np.random.default_rng(4)
    p = np.round(rng.uniform(size=500), 2)
    came = rng.uniform(size=500) < p**2
    found = honesty(p, came)
    assert found.auc == pytest.approx(roc_auc_score(came, p))
    assert found.brier == pytest.approx(brier_score_loss(came, p))
    rows = reliability(p, came)
    assert sum(row.pairs for row in rows) == 500
    assert found.ece == pytest.approx(sum(row.pairs * abs(row.said - row.came) for row in rows) / 500)
