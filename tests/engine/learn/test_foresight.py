"""Forecasts at past cut-offs: thresholds from windows that were over, dates, and what a training tells of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.accuracy import honesty
from engine.learn.certificate import SHARED
from engine.learn.foresight import dates, forecasts, foreseen, reliable, threshold
from engine.learn.snapshots import Snapshots
from tests.engine.learn.known import law
from tests.engine.learn.rhythms import UNTIL, purchases, refills, snapshots
from tests.engine.learn.test_forecasts import without


@pytest.fixture(scope="module")
def shop() -> Snapshots:
    """Two hundred customers with refills that are rather regular."""
    return snapshots(refills(5, 200, spread=0.3))


@law()
@given(
    rows=st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), max_size=30),
    promise=st.sampled_from([0.5, 0.8, 0.9]),
)
def test_a_threshold_is_the_least_that_keeps_the_promise(rows, promise):
    p, came = np.array([p for p, _ in rows]), np.array([came for _, came in rows], bool)
    kept = [bar for bar in set(p.tolist()) if came[p >= bar].mean() >= promise]
    assert threshold(p, came, promise) == (min(kept) if kept else None)


def test_what_qualifies_is_counted_against_what_came(shop):
    cutoff, window, promise = UNTIL - 14, 14, 0.8
    found = foreseen(shop, cutoff, window, least=12, promise=promise)
    before = [shop.at(cutoff - window * n).bought_on(12) for n in (1, 2, 3)]
    scored = [(shop.fit(one.day).within(one.traits.values, one.day, window), one.came(window)) for one in before]
    bar = threshold(*(np.concatenate(column) for column in zip(*scored, strict=True)), promise)
    now = shop.at(cutoff).bought_on(12)
    p, came = shop.fit(cutoff).within(now.traits.values, cutoff, window), now.came(window)
    assert bar is not None
    assert (found.qualified.threshold, found.qualified.pairs) == (bar, np.count_nonzero(p >= bar))
    assert found.qualified.precision == pytest.approx(came[p >= bar].mean())
    assert found.honesty == honesty(p, came)
    assert (found.said, found.came) == pytest.approx((p.mean(), came.mean()))
    assert 0 < len(now.wait) < len(shop.at(cutoff).wait)
    assert now.traits.counts.min() == 12


def test_a_threshold_knows_nothing_of_its_own_window():
    bought = refills(5, 120, spread=0.3)
    one, other = (foreseen(snapshots(b), 250.0, 14, promise=0.8) for b in (bought, without(bought, 250.0)))
    assert one.qualified.threshold == other.qualified.threshold
    assert one.qualified.precision != other.qualified.precision


def test_a_window_that_is_not_over_is_not_judged(shop):
    assert foreseen(shop, UNTIL - 13, 14) is None
    assert foreseen(snapshots([]), UNTIL - 14, 14) is None
    assert dates(snapshots([]), UNTIL - 14) is None
    assert next(forecasts(shop, (60,), 1)).cutoff == UNTIL - 60


def test_dates_of_regular_refills_are_near_and_neither_early_nor_late():
    shop = snapshots(refills(6, 200, until=UNTIL + 60), until=UNTIL + 60)
    found = dates(shop, UNTIL)
    assert found.pairs > 250
    assert found.error < 2.5
    assert abs(found.early) < 1.5
    assert found.error_of_all < 3


def test_a_training_tells_how_honest_each_window_was(shop):
    found = list(reliable(shop, (7, 14, 28)))
    assert [one.window for one in found] == [7, 14, 28]
    for one in found:
        assert one.cutoff == UNTIL - one.window
        assert one.known == UNTIL - SHARED
        assert sum(each.pairs for each in one.bins) == one.honesty.pairs == len(shop.at(one.cutoff).wait)
        assert one.honesty.ece == pytest.approx(
            sum(each.pairs * abs(each.said - each.came) for each in one.bins) / one.honesty.pairs
        )
    assert list(reliable(snapshots([]), (7,))) == []


def test_items_are_forecast_as_families_are():
    bought = purchases([(c, 2 * f, d) for c, f, d in refills(5, 100)])
    items = Snapshots(purchases=bought, n_families=3, until=UNTIL, seed=1)
    assert foreseen(items, UNTIL - 7, 7).honesty.auc > 0.8
