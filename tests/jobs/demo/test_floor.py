"""The gate on real shopping clears the floor of the design: The Complete Journey as it stood on 1 November 2017."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from engine.domain.history import day_of
from engine.learn.foresight import gates
from engine.learn.purchases import Purchases
from engine.learn.snapshots import Snapshots
from jobs.demo import data

CUTOFF = datetime(2017, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def journey() -> data.Journey:
    """All of it."""
    return data.load()


def snapshots(journey: data.Journey, until: datetime) -> Snapshots:
    """What households bought of product types before an instant."""
    lines = journey.before(until).lines
    family = dict(zip(journey.items["item_id"], journey.items["family"], strict=True))
    families, names = pd.factorize(lines["item_id"].map(family).fillna(lines["item_id"]))  # unknown: its own
    customers, _ = pd.factorize(lines["customer_id"])
    days = (lines["ordered_at"] - pd.Timestamp(0, tz=UTC)).dt.total_seconds().to_numpy() / 86_400
    order = np.lexsort((days, customers))
    purchases = Purchases.of(customers[order].astype(np.int64), families[order].astype(np.int64), days[order])
    return Snapshots(purchases=purchases, n_families=len(names), until=day_of(until), seed=0)


@pytest.mark.long
@pytest.mark.example(16)
@pytest.mark.parametrize(("window", "least", "precision"), [(14, 500, 0.90), (28, 2_700, 0.89)])
def test_the_floor_of_the_data(journey, window, least, precision):
    """Proved on windows that were over by then, and counted in the one that followed."""
    (found,) = gates(snapshots(journey, CUTOFF + timedelta(days=window)), 0.90, window, 1)
    assert found.cutoff == day_of(CUTOFF)
    assert found.threshold is not None
    print(f"{window} days: {found.executions:,} pairs from {found.threshold}, right {found.precision:.3f}")
    assert found.executions >= least
    assert found.precision >= precision
