"""Customers' own goals as they are kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import insert, select

from engine.domain.customers import Goal, GoalKind
from engine.store.database import Tx
from engine.store.rows import by_ids
from engine.store.tables import goals as table


def of_customer(tx: Tx, customer_id: str) -> list[Goal]:
    """All goals of the customer, oldest first."""
    return list(of_customers(tx, [customer_id]).get(customer_id, ()))


def of_customers(tx: Tx, customer_ids: Collection[str]) -> dict[str, tuple[Goal, ...]]:
    """All goals of each of those customers, oldest first."""
    found: dict[str, tuple[Goal, ...]] = {}
    statement = select(table).order_by(table.c.created_at, table.c.goal_id)
    for row in by_ids(tx, statement, table.c.customer_id, customer_ids):
        goal = Goal(**{**row._mapping, "kind": GoalKind(row.kind)})
        found[row.customer_id] = (*found.get(row.customer_id, ()), goal)
    return found


def add(tx: Tx, goal: Goal) -> None:
    """Keep a new goal of a stored customer."""
    tx.execute(insert(table), [{**asdict(goal), "kind": goal.kind.value}])
