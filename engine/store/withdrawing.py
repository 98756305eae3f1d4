"""What a customer takes back stops at once what rests on it: in the same transaction, whoever works on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, select

from engine.domain.executions import STOPPABLE, Execution, State
from engine.store.database import Tx
from engine.store.executions import lock_customers, move
from engine.store.tables import executions as table


def leave_out(tx: Tx, customer_id: str, due_by: datetime, actor: str, now: datetime) -> list[Execution]:
    """Leave out what fell due until an instant, when the pause ends in which it did; nothing is made up for."""
    mine = and_(table.c.customer_id == customer_id, table.c.state == State.WAITING.value, table.c.due_at <= due_by)
    statement = select(table.c.execution_id).where(mine).order_by(table.c.execution_id)
    found = tx.scalars(statement.with_for_update(skip_locked=True)).all()
    return [move(tx, id, [State.WAITING], State.SKIPPED, actor, "preferences.was_paused", now) for id in found]


def cancel(
    tx: Tx, customer_id: str, reason: str, actor: str, now: datetime, mandate_id: str | None = None
) -> list[Execution]:
    """Refuse all of a customer's executions that can still be stopped, or those under one mandate.

    To be called in the transaction in which the consent or the mandate is taken back, after that was written. What a
    worker holds at this moment is passed over: it waits for this transaction, and then finds what was taken back.
    """
    lock_customers(tx, [customer_id])
    mine = and_(table.c.customer_id == customer_id, table.c.state.in_([state.value for state in STOPPABLE]))
    statement = select(table.c.execution_id).where(mine).order_by(table.c.execution_id)
    if mandate_id is not None:
        statement = statement.where(table.c.mandate_id == mandate_id)
    found = tx.scalars(statement.with_for_update(skip_locked=True)).all()
    return [move(tx, id, STOPPABLE, State.REFUSED, actor, reason, now) for id in found]
