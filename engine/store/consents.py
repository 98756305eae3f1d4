"""Consents as they are kept: every change is a row, the newest of a purpose is in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from engine.domain.customers import Consent, Grant, Purpose
from engine.store.database import Tx
from engine.store.rows import by_ids
from engine.store.tables import consents as table
from engine.store.tables import customers


def current(tx: Tx, customer_id: str) -> dict[Purpose, Consent]:
    """What the customer said last about each purpose."""
    return current_many(tx, [customer_id]).get(customer_id, {})


def current_many(tx: Tx, customer_ids: Collection[str]) -> dict[str, dict[Purpose, Consent]]:
    """What each of those customers said last about each purpose."""
    found: dict[str, dict[Purpose, Consent]] = {}
    for row in by_ids(tx, select(table).order_by(table.c.id), table.c.customer_id, customer_ids, often=True):
        found.setdefault(row.customer_id, {})[Purpose(row.purpose)] = _consent(row)
    return found


def put(tx: Tx, customer_id: str, said: Sequence[Consent]) -> None:
    """Add what a stored customer said."""
    if said:
        tx.execute(insert(table), [{"customer_id": customer_id, **_row(consent)} for consent in said])


def history(tx: Tx, customer_id: str) -> list[Consent]:
    """Everything the customer ever said about purposes, oldest first."""
    statement = select(table).where(table.c.customer_id == customer_id).order_by(table.c.id)
    return [_consent(row) for row in tx.execute(statement)]


def without(tx: Tx, purpose: Purpose, default: Grant) -> set[str]:
    """The customers whose data may not be used for ``purpose``, where saying nothing counts as ``default``."""
    last = select(table.c.customer_id, table.c.state).where(table.c.purpose == purpose.value).order_by(table.c.id)
    states = {row.customer_id: Grant(row.state) for row in tx.execute(last)}
    said = {id for id, state in states.items() if state is not Grant.UNSET}
    silent = set() if default is Grant.GRANTED else set(tx.scalars(select(customers.c.customer_id))) - said
    return silent | {id for id in said if states[id] is not Grant.GRANTED}


def _row(consent: Consent) -> dict[str, Any]:
    return {
        "purpose": consent.purpose.value,
        "state": consent.state.value,
        "at": consent.at,
        "wording": consent.wording,
        "source": consent.source,
    }


def _consent(row: Row[Any]) -> Consent:
    return Consent(
        purpose=Purpose(row.purpose), state=Grant(row.state), at=row.at, wording=row.wording, source=row.source
    )
