"""Purchases of customers with known rhythms, for forecasts and certificates."""

from __future__ import annotations

import numpy as np

from engine.learn.purchases import Purchases
from engine.learn.snapshots import Snapshots
from tests.engine.learn.known import history

UNTIL = 300.0
GAPS = {"twelve": 12.0, "thirty": 30.0}  # family -> days between two purchases
NAMES = list(GAPS)
Bought = list[tuple[int, int, float]]  # customer, family, day


def refills(seed: int, customers: int, *, until: float = UNTIL, spread: float = 0.15, families: int = 2) -> Bought:
    """Everybody buys each family at its own pace, give or take, in the order of days."""
    rng = np.random.default_rng(seed)
    found: Bought = []
    for customer in range(customers):
        for family in range(families):
            gap = GAPS[NAMES[family]]
            day = float(rng.uniform(0, gap))
            while day < until:
                found.append((customer, family, day))
                day += max(float(rng.normal(gap, spread * gap)), 0.6)
    return sorted(found, key=lambda row: row[2])


def purchases(bought: Bought) -> Purchases:
    """Of everybody."""
    columns = np.array(bought, float).reshape(-1, 3).T
    return Purchases.of(columns[0], columns[1], columns[2])


def snapshots(bought: Bought, until: float = UNTIL, families: int = 2) -> Snapshots:
    """Of everybody, known up to an instant."""
    return Snapshots(purchases=purchases(bought), n_families=families, until=until, seed=1)


def history_of(bought: Bought, customer: int):
    """What one of them bought, as a live history."""
    return history(*((f"{NAMES[family]}/1", NAMES[family], day) for one, family, day in bought if one == customer))
