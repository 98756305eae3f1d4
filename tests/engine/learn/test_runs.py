"""Where runs of equal rows begin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.learn.runs import begins, changes, order_of
from tests.engine.learn.known import law

rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30)


@given(rows)
@law()
def test_a_row_begins_a_run_where_it_is_not_the_one_before(rows):
    columns = [np.array([row[place] for row in rows], np.int64) for place in (0, 1)]
    naive = [n == 0 or row != rows[n - 1] for n, row in enumerate(rows)]
    assert changes(*columns).tolist() == naive
    assert begins(*columns).tolist() == [n for n, new in enumerate(naive) if new]


@pytest.mark.parametrize("dtype", [np.int64, np.float64, object])
def test_none_and_one_row_of_any_kind(dtype):
    assert changes(np.array([], dtype)).tolist() == []
    assert changes(np.array([-1], dtype)).tolist() == [True]


def test_columns_are_equally_long():
    with pytest.raises(ValueError, match="columns of 4 and of 2 rows"):
        changes(np.array([1, 1, 1, 1]), np.array([1, 2]))


@given(st.lists(st.integers(0, 200_000), max_size=60), st.sampled_from([0, 1, 100_000]))
@law()
def test_keys_come_in_their_order_and_equals_as_they_stand(some: list[int], more: int):
    keys = np.array(some * (1 if more == 0 else 40), np.int64) + more  # few and many, of two digits
    assert order_of(keys, 400_000).tolist() == sorted(range(len(keys)), key=lambda place: keys[place])
    small = keys % 1_000
    assert order_of(small, 1_000).tolist() == sorted(range(len(small)), key=lambda place: small[place])


@pytest.mark.parametrize("keys", [[0, 5], [-1, 0]])
def test_keys_outside_of_what_was_said_are_refused(keys: list[int]):
    with pytest.raises(ValueError, match=f"keys from 0 to below 5 were expected, not from {keys[0]} to {keys[1]}"):
        order_of(np.array(keys), 5)
