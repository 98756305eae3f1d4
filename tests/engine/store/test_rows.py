"""Rows read by many ids, in either way."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.domain.shopping import Customer
from engine.store import customers
from engine.store.rows import BATCH, by_ids
from engine.store.tables import customers as table
from tests.shops import NOW

ODD = ["a'b", 'a"b', "a,b", "{a}", "a\\b", "NULL", "", " ", "ä"]
MANY = [f"c{n}" for n in range(2 * BATCH + 3)]


@pytest.mark.parametrize("often", [False, True])
def test_whatever_the_ids_look_like_their_rows_are_found_once(db, often: bool):
    with db.begin() as tx:
        customers.put(tx, [Customer(customer_id=id) for id in (*ODD, *MANY)], NOW)
        wanted = [*ODD, *ODD, *MANY[1:], "nobody"]
        found = [row.customer_id for row in by_ids(tx, select(table), table.c.customer_id, wanted, often=often)]
        assert sorted(found) == sorted([*ODD, *MANY[1:]])
        assert list(by_ids(tx, select(table), table.c.customer_id, [], often=often)) == []
        for n in range(12):  # as often as it takes to be prepared, for any number of ids
            some = MANY[: n + 1]
            rows = by_ids(tx, select(table), table.c.customer_id, some, often=often)
            assert {row.customer_id for row in rows} == set(some)
