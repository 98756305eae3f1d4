"""A line of an execution changed by the customer: one conditional update, until it is being placed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, update

from engine.domain.executions import STOPPABLE, Execution, ExecutionLine
from engine.domain.signals import Signal
from engine.errors import Conflict
from engine.store import hearing
from engine.store.database import Tx
from engine.store.executions import note
from engine.store.tables import execution_lines
from engine.store.tables import executions as table


def change(
    tx: Tx, before: Execution, after: Execution, line: ExecutionLine, actor: str, reason: str, now: datetime
) -> Execution:
    """Keep an execution with one line changed; it teaches that the customer wanted it otherwise.

    Parameters
    ----------
    before : as it was read in this transaction
    after : with the line and the total as they are to be
    line : the changed one, of the same need and cycle as before

    Raises
    ------
    Conflict
        where it is being placed, or was changed since it was read
    """
    id, c = before.execution_id, execution_lines.c
    if before.state not in STOPPABLE:
        raise Conflict(f"execution {id!r} is {before.state}: too late to change it")
    same = and_(table.c.state == before.state.value, table.c.due_at == before.due_at, table.c.fence == before.fence)
    same = and_(same, table.c.total_minor == before.total.minor)
    changed = update(table).where(table.c.execution_id == id, same)
    said = {"total_minor": after.total.minor, "reason": reason, "updated_at": now}
    if tx.execute(changed.values(said)).rowcount != 1:
        raise Conflict(f"execution {id!r} was moved by somebody else")
    row = and_(c.execution_id == id, c.need == line.need, c.cycle == line.cycle)
    now_is = {
        "item_id": line.item_id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price.minor,
        "instead_of": line.instead_of,
    }
    tx.execute(update(execution_lines).where(row).values(now_is))
    note(tx, id, before.state, before.state, actor, reason, now)
    hearing.said(tx, after, Signal.EDITED, now, [line.need])
    return after
