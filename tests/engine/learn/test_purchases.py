"""Purchases beside what the same lines say when they are gone through one by one."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.purchases import Purchases, median_gaps
from tests.engine.learn.known import law

lines = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 40).map(lambda hours: 100 + hours / 8)), max_size=40
)


def made(rows: list[tuple[int, int, float]]) -> Purchases:
    """From customer, family and day, in this order."""
    columns = [np.array([row[place] for row in rows]) for place in range(3)]
    customers, families, days = columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2].astype(float)
    return Purchases.of(customers, families, days, 100.0 * customers + 10 * families + days)


@given(lines, st.randoms(use_true_random=False))
@law()
def test_lines_may_come_in_any_order(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = made(sorted(rows, key=lambda row: (row[0], row[2]))), made(shuffled)
    for field in fields(Purchases):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


@given(lines)
@law()
def test_pairs_days_and_visits_are_those_of_the_lines(rows):
    found = made(rows)
    pairs = sorted({row[:2] for row in rows})
    assert list(zip(found.owners.tolist(), found.families.tolist(), strict=True)) == pairs
    for place, (owner, family) in enumerate(pairs):
        own = slice(*found.starts[place : place + 2].tolist())
        first: dict[int, float] = {}
        for _, _, day in sorted(row for row in rows if row[:2] == (owner, family)):
            first.setdefault(int(day), day)
        assert found.days[own].tolist() == list(first.values())
        came: dict[int, float] = {}
        for customer, _, day in sorted(rows, key=lambda row: row[2]):
            if customer == owner:
                came.setdefault(int(day), day)
        at = found.visit_days[slice(*found.visit_starts[owner : owner + 2].tolist())]
        assert at.tolist() == list(came.values())
        assert [int(found.visit_days[visit]) for visit in found.visits[own]] == list(first)


@given(lines)
@law()
def test_the_usual_gap_is_the_median(rows):
    found = made(rows)
    counts = np.diff(found.starts)
    often = np.flatnonzero(counts >= 2)
    gaps = [np.diff(found.days[found.starts[pair] : found.starts[pair + 1]]) for pair in often]
    assert median_gaps(found, often, counts[often]).tolist() == [float(np.median(one)) for one in gaps]
