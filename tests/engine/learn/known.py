"""Shops whose habits are known, and the arrays that models are fitted on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from hypothesis import settings

from engine.domain.history import History
from engine.learn import cases
from engine.learn.cases import Cases
from engine.learn.lines import Lines
from engine.learn.runs import changes

NOW = 100.0  # days since 1970-01-01 UTC
HALF = 10  # items of each half of the checkerboard
Row = tuple[int, int, int, float]  # customer, item, order of the customer, day


def law(examples: int = 100) -> settings:
    """So many examples, drawn as the profile says."""
    return settings(max_examples=examples, deadline=None)


def lines(rows: Iterable[Row], n_items: int, n_customers: int = 0) -> Lines:
    """Lines from rows in any order; an order is known by its customer and number."""
    ordered = sorted(rows, key=lambda row: (row[0], row[3], row[2], row[1]))
    columns = list(zip(*ordered, strict=True)) or [(), (), (), ()]
    customers, items, orders = (np.array(column, np.int64) for column in columns[:3])
    new = changes(customers, orders)
    return Lines(
        customers=customers,
        items=items,
        orders=np.cumsum(new) - 1,
        days=np.array(columns[3], float),
        n_customers=max(n_customers, int(customers.max(initial=-1)) + 1),
        n_items=n_items,
    )


def checkerboard(seed: int = 3, customers: int = 60) -> Lines:
    """Even customers buy of the first half, odd ones of the second; nobody buys the last item."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        liked = rng.choice(np.arange(HALF) + HALF * (customer % 2), 6, replace=False)
        for order in range(8):
            basket = rng.choice(liked, 3, replace=False).tolist()
            rows += [(customer, item, order, 10.0 * order + 5) for item in basket]
    return lines(rows, n_items=2 * HALF + 1)


def cases_of(bought: Lines, *customers: int, day: float = NOW) -> Cases:
    """Some customers of a shop, ascending, each item a family of its own."""
    owners = np.array(customers or range(bought.n_customers), np.int64)
    own = np.arange(bought.n_items)
    return cases.of_lines(bought.before(day), owners, np.full(len(owners), day), own, bought.n_items)


def asked(*items: int, n_items: int = 2 * HALF + 1) -> Cases:
    """One customer: one item an order, the last of them yesterday; codes from ``n_items`` on are strangers."""
    n = max([n_items, *(item + 1 for item in items)])
    return cases_of(lines([(0, item, order, NOW - len(items) + order) for order, item in enumerate(items)], n, 1))


def history(*bought: tuple[str, str, float]) -> History:
    """Item, family and day of each line; what was bought at one instant is one order."""
    rows = sorted(bought, key=lambda row: row[2])
    days = np.array([day for _, _, day in rows], float)
    return History(
        items=np.array([item for item, _, _ in rows], object),
        families=np.array([family for _, family, _ in rows], object),
        orders=np.unique(days, return_inverse=True)[1].astype(np.int64),
        days=days,
        quantities=np.ones(len(rows), np.int64),
        amounts=np.full(len(rows), np.nan),
    )


TINY = {
    "nothing at all": lines([], n_items=0),
    "nobody bought anything": lines([], n_items=3, n_customers=2),
    "one line": lines([(0, 0, 0, 1.0)], n_items=1),
    "one customer": lines([(0, item, order, float(order)) for item in range(4) for order in range(5)], n_items=5),
    "one item": lines([(customer, 0, order, float(order)) for customer in range(5) for order in range(5)], n_items=1),
}
