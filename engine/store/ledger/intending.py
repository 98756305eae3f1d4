"""Before the gateway is called it is written down; what was not called waits again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from engine.domain.executions import Call, Execution, ExecutionLine, State, total_of
from engine.errors import Conflict
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.executions import move, note
from engine.store.hearing import UNANSWERED
from engine.store.ledger.fences import ACTOR, behind_fence, note_all, step
from engine.store.tables import execution_attempts, execution_lines, unanswered
from engine.store.tables import executions as table

NOT_CALLED = "the gateway was not called: orders were stopped, or its turn came too late"


def intend_all(tx: Tx, calls: Sequence[tuple[Execution, Call]], now: datetime) -> list[Execution]:
    """Write down that the gateway is about to be called; to be committed before the calls.

    The lines are kept as they are in the execution at the first attempt; every later one sends the same.

    Raises
    ------
    Conflict
        where one of the claims is no longer ours, or was stopped; what was written must not be committed
    """
    if not calls:
        return []
    at = clock(tx)
    after = [_intended(execution) for execution, _ in calls]
    first = update(table).values(first_call_at=func.coalesce(table.c.first_call_at, bindparam("b_at")))
    said = [
        {"state": State.PLACING, "attempt": one.attempt, "total_minor": one.total.minor, "b_at": at, "retry_at": None}
        for one in after
    ]
    behind_fence(tx, [execution for execution, _ in calls], [{**one, "updated_at": now} for one in said], first)
    begun = [execution for execution, _ in calls if execution.state is State.WAITING]
    _keep_prices(tx, begun, lambda line: line.announced is not None)  # those that are lower than what was announced
    note_all(tx, [step(one, one.state, State.PLACING, None, now) for one in begun])
    attempts = [_attempt(one, call, at) for one, (_, call) in zip(after, calls, strict=True)]
    tx.execute(insert(execution_attempts), attempts)
    return after


def _intended(execution: Execution) -> Execution:
    return replace(execution, state=State.PLACING, attempt=execution.attempt + 1, total=total_of(execution.lines))


def _attempt(execution: Execution, call: Call, at: datetime) -> dict[str, Any]:
    return {
        "execution_id": execution.execution_id,
        "number": execution.attempt,
        "fence": execution.fence,
        "kind": call,
        "started_at": at,
    }


def _keep_prices(
    tx: Tx, some: Sequence[Execution], changed: Callable[[ExecutionLine], bool] = lambda line: True
) -> None:
    prices = [
        {"b_id": one.execution_id, "b_item": line.item_id, "unit_price_minor": line.unit_price.minor}
        for one in some
        for line in one.lines
        if changed(line)
    ]
    line = and_(execution_lines.c.execution_id == bindparam("b_id"), execution_lines.c.item_id == bindparam("b_item"))
    if prices:
        tx.execute(update(execution_lines).where(line), prices)


def let_go(tx: Tx, execution: Execution) -> None:
    """Give a claim back unused: its next worker need not wait for the lease to end."""
    mine = and_(table.c.execution_id == execution.execution_id, table.c.fence == execution.fence)
    tx.execute(update(table).where(mine).values(owner=None, lease_until=None))


def take_back(tx: Tx, execution: Execution, now: datetime) -> Execution:
    """Undo the intention of a first call that was not made: it waits again at its announced prices, as if not claimed.

    Raises
    ------
    Conflict
        where the claim is no longer ours, or the gateway may have been called before
    """
    if execution.attempt != 1:
        raise Conflict(f"execution {execution.execution_id!r} may stand at the gateway: it cannot wait again")
    after = _as_announced(execution)
    said = {"state": State.WAITING, "attempt": 0, "first_call_at": None, "owner": None, "lease_until": None}
    behind_fence(tx, [execution], [said | {"total_minor": after.total.minor, "updated_at": now}])
    _keep_prices(tx, [after])
    tx.execute(delete(execution_attempts).where(execution_attempts.c.execution_id == execution.execution_id))
    note(tx, execution.execution_id, State.PLACING, State.WAITING, ACTOR, NOT_CALLED, now)
    return after


def _as_announced(execution: Execution) -> Execution:
    lines = tuple(one.as_announced() for one in execution.lines)
    return replace(execution, state=State.WAITING, attempt=0, lines=lines, total=total_of(lines))


def skip_unanswered(tx: Tx, now: datetime, limit: int) -> list[Execution]:
    """Leave out the executions that asked first and were not answered until they were due."""
    statement = select(table.c.execution_id).where(unanswered(table.c), table.c.due_at <= now)
    found = tx.scalars(statement.order_by(table.c.due_at).limit(limit).with_for_update(skip_locked=True)).all()
    return [move(tx, id, [State.WAITING], State.SKIPPED, ACTOR, UNANSWERED, now) for id in found]
