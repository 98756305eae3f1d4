"""Everything held about one customer: a portable copy of it, and its erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select

from engine.store import audit, bookings
from engine.store import executions as executions_store
from engine.store.database import Tx
from engine.store.tables import (
    api_keys,
    beliefs,
    climbs,
    compared,
    consents,
    customers,
    decision_candidates,
    decisions,
    differences,
    events,
    execution_attempts,
    execution_lines,
    execution_moves,
    executions,
    exposures,
    goals,
    idempotency,
    ladders,
    mandates,
    nudges,
    order_lines,
    orders,
    outcomes,
    preferences,
    reviews,
    rule_uses,
    signals,
    surveys,
    taps,
)
from engine.store.tables import audit as audit_table

_OWNED = (
    *(orders, events, surveys, preferences, consents, mandates, goals, decisions, nudges, executions),
    *(signals, ladders, reviews, climbs, beliefs, taps),
)
_HIDDEN = {"import_id", "number", "id", "digest", "lease_until", "owner", "fence", "sequence"}


def export(tx: Tx, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that are about the customer, by table; times and numbers as they are kept."""
    return {table.name: _rows(tx, table, where) for table, where in _held(customer_id)}


def erase(tx: Tx, customer_id: str, actor: str, now: datetime) -> None:
    """Remove the customer everywhere; the audit keeps that it was done, under a digest of the id."""
    places = executions_store.places(tx, customer_id)
    for table in (api_keys, idempotency):
        tx.execute(delete(table).where(table.c.customer_id == customer_id))
    for table, where in reversed(list(_held(customer_id))):
        tx.execute(delete(table).where(where))
    _forget_in_audit(tx, customer_id)
    audit.add(tx, actor, "customer.erase", sha256(customer_id.encode()).hexdigest(), {}, now)
    bookings.give_back(tx, places)


def _held(customer_id: str) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Each table that holds something of the customer, and which of its rows; what is pointed at comes first."""
    yield customers, customers.c.customer_id == customer_id
    for table in _OWNED:
        yield table, table.c.customer_id == customer_id
    for parent, key, children in (
        (orders, "order_id", (order_lines,)),
        (decisions, "decision_id", (decision_candidates, outcomes)),
        (
            executions,
            "execution_id",
            (execution_lines, execution_attempts, execution_moves, differences, compared, rule_uses),
        ),
    ):
        theirs = select(parent.c[key]).where(parent.c.customer_id == customer_id)
        for table in children:
            yield table, table.c[key].in_(theirs)
    yield exposures, exposures.c.unit == customer_id


def _rows(tx: Tx, table: Table, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    shown = [column for column in table.c if column.name not in _HIDDEN]
    return [dict(row._mapping) for row in tx.execute(select(*shown).where(where).order_by(*table.primary_key))]


def _forget_in_audit(tx: Tx, customer_id: str) -> None:
    """Audit rows name customers as subject or in their detail; those go too."""
    named = audit_table.c.detail["customer_id"].as_string() == customer_id
    tx.execute(delete(audit_table).where((audit_table.c.subject == customer_id) | named))
