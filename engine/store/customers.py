"""Customers as they are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from engine.domain.shopping import Customer
from engine.store.database import Tx
from engine.store.rows import Put, Values, add_missing, by_ids, put_many
from engine.store.tables import customers as table


def get(tx: Tx, customer_id: str) -> Customer | None:
    """The customer of this id, if there is one."""
    return get_many(tx, [customer_id]).get(customer_id)


def get_many(tx: Tx, ids: Collection[str]) -> dict[str, Customer]:
    """The customers there are among ``ids``, by id."""
    return {row.customer_id: _customer(row) for row in by_ids(tx, select(table), table.c.customer_id, ids, often=True)}


def put(tx: Tx, customers: Sequence[Customer], now: datetime) -> list[Put]:
    """Store customers; one that is there is replaced."""
    return put_many(tx, table, "customer_id", [_row(c, now) for c in customers], keep=("created_at",))


def ensure(tx: Tx, ids: Collection[str], now: datetime) -> None:
    """Make those customers that are not there yet, with nothing known of them."""
    add_missing(tx, table, ["customer_id"], [_row(Customer(customer_id=id), now) for id in dict.fromkeys(ids)])


def ids(tx: Tx) -> list[str]:
    """The ids of all customers, in order."""
    return list(tx.scalars(select(table.c.customer_id).order_by(table.c.customer_id)))


def count(tx: Tx) -> int:
    """How many customers there are."""
    return tx.scalar(select(func.count()).select_from(table)) or 0


def page(tx: Tx, limit: int, after: str | None = None) -> list[Customer]:
    """Up to ``limit`` customers in the order of their ids, from just behind the id ``after``."""
    statement = select(table).order_by(table.c.customer_id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.customer_id > after)
    return [_customer(row) for row in tx.execute(statement)]


def _row(customer: Customer, now: datetime) -> Values:
    return {
        "customer_id": customer.customer_id,
        "timezone": customer.timezone,
        "locale": customer.locale,
        "attributes": dict(customer.attributes),
        "created_at": now,
    }


def _customer(row: Row[Any]) -> Customer:
    return Customer(customer_id=row.customer_id, timezone=row.timezone, locale=row.locale, attributes=row.attributes)
