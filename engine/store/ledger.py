"""The worker's side of executions: claimed by lease, intended before the call, completed behind a fence.

Leases, retries and the life of the gateway's key run on the database's clock; whether something is due is told by the
``now`` that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, true, update

from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Execution, ExecutionLine, State, total_of
from engine.domain.shopping import OrderLine
from engine.errors import Conflict
from engine.store import items, orders
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.executions import get, lock_customers, move, note, with_lines
from engine.store.hearing import UNANSWERED
from engine.store.tables import execution_attempts, execution_lines
from engine.store.tables import executions as table
from engine.store.tables import orders as orders_table

ACTOR = "sweep"
UNASKED = (Rung.VETO.label, Rung.SILENT.label)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One execution that is this worker's until its lease ends; the execution carries the fence."""

    execution: Execution
    since_first_call: timedelta | None  # None: the gateway was never called for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """An execution after an answer of the gateway, and whether its order was written down."""

    execution: Execution
    clash: bool = False  # the gateway's order id belongs to another customer here


def claim(
    tx: Tx,
    owner: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    gateway: str | None = None,
    only: str | None = None,
) -> list[Claim]:
    """Take up to ``limit`` executions that are to be placed, those due longest first, each with its fence raised.

    To be placed are the waiting ones that are due (of those that ask first the approved ones), and those in placing
    whose worker is gone or whose retry has come. What another transaction holds is passed over. The customers are
    locked, so that what a customer may still spend is looked at by one worker at a time.

    Parameters
    ----------
    gateway : the one they are to be placed at; None: the default one
    only : the one execution that is looked at; None: all
    """
    at = clock(tx)
    here = and_(table.c.gateway.is_not_distinct_from(gateway), true() if only is None else table.c.execution_id == only)
    statement = select(table).where(_claimable(now, at), here).order_by(table.c.due_at, table.c.execution_id)
    rows = tx.execute(statement.limit(limit).with_for_update(skip_locked=True)).all()
    if not rows:
        return []
    lock_customers(tx, [row.customer_id for row in rows])
    held = {"owner": owner, "lease_until": at + lease, "fence": table.c.fence + 1}
    tx.execute(update(table).where(table.c.execution_id.in_([row.execution_id for row in rows])).values(held))
    return [
        Claim(
            execution=replace(execution, fence=row.fence + 1),
            since_first_call=None if row.first_call_at is None else at - row.first_call_at,
        )
        for row, execution in zip(rows, with_lines(tx, rows), strict=True)
    ]


def _claimable(now: datetime, at: datetime) -> ColumnElement[bool]:
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= at)
    allowed = or_(table.c.rung.in_(UNASKED), table.c.approved_at.is_not(None))
    due = and_(table.c.state == State.WAITING, table.c.due_at <= now, allowed)
    again = and_(table.c.state == State.PLACING, or_(table.c.retry_at.is_(None), table.c.retry_at <= at))
    return and_(free, or_(due, again))


def intend(tx: Tx, execution: Execution, call: Call, now: datetime) -> Execution:
    """Write down that the gateway is about to be called; to be committed before the call.

    The lines are kept as they are in ``execution`` at the first attempt; every later one sends the same.

    Raises
    ------
    Conflict
        where the claim is no longer ours, or the execution was stopped
    """
    at = clock(tx)
    waiting = execution.state is State.WAITING
    total = total_of(execution.lines)
    said = {"state": State.PLACING, "attempt": execution.attempt + 1, "retry_at": None, "updated_at": now}
    first = {"first_call_at": func.coalesce(table.c.first_call_at, at), "total_minor": total.minor}
    _behind_fence(tx, execution, execution.state, said | first)
    if waiting:
        _keep_lines(tx, execution)
        note(tx, execution.execution_id, State.WAITING, State.PLACING, ACTOR, None, now)
    row = {"number": execution.attempt + 1, "fence": execution.fence, "kind": call, "started_at": at}
    tx.execute(insert(execution_attempts).values(execution_id=execution.execution_id, **row))
    return replace(execution, state=State.PLACING, attempt=execution.attempt + 1, total=total)


def _keep_lines(tx: Tx, execution: Execution) -> None:
    for line in execution.lines:
        one = and_(execution_lines.c.execution_id == execution.execution_id, execution_lines.c.item_id == line.item_id)
        tx.execute(update(execution_lines).where(one).values(unit_price_minor=line.unit_price.minor))


def complete(
    tx: Tx, execution: Execution, call: Call, answer: Answer, now: datetime, retry_in: timedelta
) -> Completion:
    """Write down what the gateway answered to the last attempt; a placed one becomes an order of the customer's.

    Raises
    ------
    Conflict
        where the claim is no longer ours: nothing is written, whoever holds it now will complete it
    """
    at = clock(tx)
    to = answer.leads_to(call)
    said: dict[str, Any] = {"state": to, "owner": None, "lease_until": None, "updated_at": now}
    if to is State.PLACED:
        said |= {"placed_at": now, "order_id": answer.order_id}
    said |= {"retry_at": at + retry_in} if to is State.PLACING else {"reason": answer.detail}
    _behind_fence(tx, execution, State.PLACING, said)
    _answered(tx, execution, answer, at)
    if to is State.PLACING:
        return Completion(execution=execution)
    note(tx, execution.execution_id, State.PLACING, to, ACTOR, answer.detail, now)
    after = _after(execution, to, answer, now)
    return Completion(execution=after, clash=to is State.PLACED and not _write_order(tx, after, now))


def _after(execution: Execution, to: State, answer: Answer, now: datetime) -> Execution:
    if to is not State.PLACED:
        return replace(execution, state=to, reason=answer.detail)
    return replace(execution, state=to, reason=answer.detail, placed_at=now, order_id=answer.order_id)


def settle(tx: Tx, execution_id: str, answer: Answer, actor: str, now: datetime) -> Completion | None:
    """Write down what a look-up said of an execution that nobody works on; None where it taught nothing new."""
    to = answer.leads_to(Call.LOOK_UP)
    standing = get(tx, execution_id)
    if standing is None or to not in (State.PLACED, State.FAILED) or standing.state is to:
        return None
    more = {"placed_at": now, "order_id": answer.order_id} if to is State.PLACED else {}
    after = move(tx, execution_id, [State.NEEDS_REVIEW, State.FAILED], to, actor, answer.detail, now, **more)
    return Completion(execution=after, clash=to is State.PLACED and not _write_order(tx, after, now))


def let_go(tx: Tx, execution: Execution) -> None:
    """Give a claim back unused: its next worker need not wait for the lease to end."""
    mine = and_(table.c.execution_id == execution.execution_id, table.c.fence == execution.fence)
    tx.execute(update(table).where(mine).values(owner=None, lease_until=None))


def skip_unanswered(tx: Tx, now: datetime, limit: int) -> list[Execution]:
    """Leave out the executions that asked first and were not answered until they were due."""
    unanswered = and_(table.c.rung == Rung.APPROVE.label, table.c.approved_at.is_(None), table.c.due_at <= now)
    statement = select(table.c.execution_id).where(table.c.state == State.WAITING, unanswered)
    found = tx.scalars(statement.order_by(table.c.due_at).limit(limit).with_for_update(skip_locked=True)).all()
    return [move(tx, id, [State.WAITING], State.SKIPPED, ACTOR, UNANSWERED, now) for id in found]


def _behind_fence(tx: Tx, execution: Execution, state: State, values: dict[str, Any]) -> None:
    mine = and_(table.c.fence == execution.fence, table.c.state == state)
    done = tx.execute(update(table).where(table.c.execution_id == execution.execution_id, mine).values(values))
    if done.rowcount != 1:
        raise Conflict(f"execution {execution.execution_id!r} is no longer held under fence {execution.fence}")


def _answered(tx: Tx, execution: Execution, answer: Answer, at: datetime) -> None:
    attempt = and_(
        execution_attempts.c.execution_id == execution.execution_id, execution_attempts.c.number == execution.attempt
    )
    said = {"finished_at": at, "result": answer.result, "detail": answer.detail}
    tx.execute(update(execution_attempts).where(attempt).values(said))


def _write_order(tx: Tx, execution: Execution, now: datetime) -> bool:
    """Make the placed execution an order of the customer's; False where its id is another customer's order.

    Where the shop sent the order already, its own lines stay, and the order is marked as ours.
    """
    order_id = str(execution.order_id)
    owner = orders.owners(tx, [order_id]).get(order_id)
    if owner is None:
        items.ensure(tx, [line.item_id for line in execution.lines])
        orders.put_lines(tx, _order_lines(execution, now), import_id=orders.new_import(), source="execution")
    elif owner == execution.customer_id:
        tx.execute(update(orders_table).where(orders_table.c.order_id == order_id).values(source="execution"))
    return owner in (None, execution.customer_id)


def _order_lines(execution: Execution, now: datetime) -> list[OrderLine]:
    return [_order_line(execution, line, now) for line in execution.lines]


def _order_line(execution: Execution, line: ExecutionLine, now: datetime) -> OrderLine:
    return OrderLine(
        order_id=str(execution.order_id),
        customer_id=execution.customer_id,
        ordered_at=now,
        item_id=line.item_id,
        quantity=line.quantity,
        amount=line.unit_price.times(line.quantity),
    )
