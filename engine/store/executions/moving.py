"""What moves an execution from one state to another, each move one conditional update that is written down."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, select, update

from engine.domain.decisions import Rung
from engine.domain.executions import (
    STOPPABLE,
    Execution,
    State,
    moved,
)
from engine.domain.signals import Signal
from engine.errors import Conflict, NotFound
from engine.store import bookings, hearing
from engine.store.database import Tx
from engine.store.executions.reading import get
from engine.store.rows import among
from engine.store.tables import customers
from engine.store.tables import execution_moves as moves_table
from engine.store.tables import executions as table


def lock_customers(tx: Tx, customer_ids: Collection[str]) -> None:
    """Let other transactions that lock these customers wait until this one ends; NotFound for an unknown one.

    On SQLite a write transaction is alone anyway.
    """
    wanted = sorted(set(customer_ids))
    statement = select(customers.c.customer_id).where(among(tx, customers.c.customer_id, wanted))
    found = set(tx.scalars(statement.order_by(customers.c.customer_id).with_for_update(key_share=True)))
    for missing in (id for id in wanted if id not in found):
        raise NotFound("customer", missing)


def move(
    tx: Tx,
    execution_id: str,
    from_states: Collection[State],
    to: State,
    actor: str,
    reason: str | None,
    now: datetime,
    **changes: Any,
) -> Execution:
    """Move an execution that stands in one of some states; of two who try, one succeeds.

    Raises
    ------
    NotFound
        for an unknown execution
    Conflict
        where it stands elsewhere, or somebody else moved it at the same time
    """
    before = _standing(tx, execution_id)
    if before.state not in from_states:
        raise Conflict(f"execution {execution_id!r} is {before.state}: too late to make it {to}")
    after = replace(moved(before, to, reason), **changes)
    same = and_(table.c.state == before.state.value, table.c.due_at == before.due_at)
    changed = update(table).where(table.c.execution_id == execution_id, same)
    if tx.execute(changed.values(state=to.value, reason=reason, updated_at=now, **changes)).rowcount != 1:
        raise Conflict(f"execution {execution_id!r} was moved by somebody else")
    bookings.follow(tx, before, after)
    note(tx, execution_id, before.state, to, actor, reason, now)
    hearing.execution(tx, after, actor, now)
    return after


def veto(tx: Tx, execution_id: str, actor: str, now: datetime, reason: str | None = None) -> Execution:
    """Stop it for good; Conflict once it is being placed."""
    return move(tx, execution_id, STOPPABLE, State.VETOED, actor, reason, now)


def skip(tx: Tx, execution_id: str, actor: str, now: datetime, reason: str | None = None) -> Execution:
    """Leave it out this time; Conflict once it is being placed."""
    return move(tx, execution_id, STOPPABLE, State.SKIPPED, actor, reason, now)


def approve(tx: Tx, execution_id: str, actor: str, now: datetime, reason: str | None = None) -> Execution:
    """Say yes to one that asks first; it is due at once. Saying yes twice is one yes.

    Raises
    ------
    Conflict
        where no answer is awaited, or no longer
    """
    asked = locked(tx, execution_id)
    if asked.approved_at is not None and asked.state in (State.WAITING, State.PLACING, State.PLACED):
        return asked
    if asked.rung is not Rung.APPROVE or asked.due_at <= now:
        raise Conflict(f"execution {execution_id!r} ({asked.rung.label}, {asked.state}) awaits no approval")
    said = reason or "approved"
    changes = {"approved_at": now, "due_at": now, "put_off_from": None}
    done = move(tx, execution_id, [State.WAITING], State.WAITING, actor, said, now, **changes)
    hearing.said(tx, done, Signal.ACCEPTED, now)
    return done


def snooze(
    tx: Tx,
    execution_id: str,
    actor: str,
    now: datetime,
    by: timedelta | None = None,
    reason: str | None = None,
    *,
    until: datetime | None = None,
) -> Execution:
    """Let it be due so much later, or at an instant; Conflict once it is being placed.

    For which day it is promised is told when it is placed.
    """
    later = until or max(locked(tx, execution_id).due_at, now) + (by or timedelta(0))
    changes = {"due_at": later, "put_off_from": None, "deliver_by": None, "slot": None}
    done = move(tx, execution_id, STOPPABLE, State.WAITING, actor, reason or "snoozed", now, **changes)
    hearing.said(tx, done, Signal.SNOOZED, now)
    return done


def locked(tx: Tx, execution_id: str) -> Execution:
    """The execution, once nobody else looks at its customer: what they take back now is seen by whoever comes next."""
    tx.execute(select(table.c.execution_id).where(table.c.execution_id == execution_id).with_for_update())  # as a claim
    lock_customers(tx, [_standing(tx, execution_id).customer_id])
    return _standing(tx, execution_id)


def note(
    tx: Tx, execution_id: str, before: State | None, after: State, actor: str, reason: str | None, at: datetime
) -> None:
    """Write a step into the life of an execution."""
    step = {"before": before.value if before else None, "after": after.value, "reason": reason}
    tx.execute(insert(moves_table), {"execution_id": execution_id, "actor": actor, "at": at, **step})


def _standing(tx: Tx, execution_id: str) -> Execution:
    found = get(tx, execution_id)
    if found is None:
        raise NotFound("execution", execution_id)
    return found
