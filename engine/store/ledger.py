"""The worker's side of executions: claimed by lease, intended before the call, completed behind a fence.

Leases, retries and the life of the gateway's key run on the database's clock; whether something is due is told by the
``now`` that is passed in. What a sweep does to many, it does in one statement for all of them: a transaction costs a
write to the disk, a statement a way to the database, a row next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, func, insert, not_, or_, select, true, update

from engine.domain.decisions import Rung
from engine.domain.executions import STOPPABLE, Answer, Call, Execution, ExecutionLine, Result, State, total_of
from engine.domain.shopping import OrderLine
from engine.domain.stops import Stop
from engine.errors import Conflict, NotFound
from engine.store import audit, bookings, items, orders, stops
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.executions import get, lock_customers, move, note, with_lines
from engine.store.hearing import UNANSWERED
from engine.store.tables import execution_attempts, execution_lines, execution_moves, unanswered
from engine.store.tables import executions as table
from engine.store.tables import orders as orders_table

ACTOR = "sweep"
NOT_CALLED = "orders were stopped before the gateway was called"
UNASKED = (Rung.VETO.label, Rung.SILENT.label)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One execution that is this worker's until its lease ends; the execution carries the fence."""

    execution: Execution
    since_first_call: timedelta | None  # None: the gateway was never called for it


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What the gateway answered to the last attempt of an execution."""

    execution: Execution
    call: Call
    answer: Answer
    retry_in: timedelta  # how long to wait where the outcome is not known


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
    stopped: Collection[Stop] = (),
    *,
    gateway: str | None = None,
    only: str | None = None,
) -> list[Claim]:
    """Take up to ``limit`` executions that are to be placed, those due longest first, each with its fence raised.

    To be placed are those in placing whose worker is gone or whose retry has come, which take at most half of the
    room, and the waiting ones that are due (of those that ask first the approved ones). What another transaction
    holds is passed over. The customers are locked, so that what a customer may still spend is looked at by one worker
    at a time.

    Parameters
    ----------
    stopped : what these hold is left to wait, and nothing behind it waits for it
    gateway : the one they are to be placed at; None: the default one
    only : the one execution that is looked at; None: all
    """
    at = clock(tx)
    here = and_(table.c.gateway.is_not_distinct_from(gateway), true() if only is None else table.c.execution_id == only)
    free = and_(or_(table.c.lease_until.is_(None), table.c.lease_until <= at, _set_back(at, lease)), here)
    again = _first(tx, and_(_again(at, lease), free), (limit + 1) // 2)
    rows = sorted([*again, *_first(tx, and_(_due(now, stopped), free), limit - len(again))], key=_turn)
    if not rows:
        return []
    lock_customers(tx, [row.customer_id for row in rows])
    held = {"owner": owner, "lease_until": at + lease, "held_at": at, "fence": table.c.fence + 1}
    tx.execute(update(table).where(table.c.execution_id.in_([row.execution_id for row in rows])).values(held))
    return [
        Claim(
            execution=replace(execution, fence=row.fence + 1),
            since_first_call=None if row.first_call_at is None else at - row.first_call_at,
        )
        for row, execution in zip(rows, with_lines(tx, rows), strict=True)
    ]


def _first(tx: Tx, wanted: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
    """Those of one state that are due longest, read along the index by state and due time."""
    statement = select(table).where(wanted).order_by(table.c.due_at, table.c.execution_id)
    return tx.execute(statement.limit(limit).with_for_update(skip_locked=True)).all()


def _due(now: datetime, stopped: Collection[Stop]) -> ColumnElement[bool]:
    allowed = or_(table.c.rung.in_(UNASKED), table.c.approved_at.is_not(None))
    due = and_(table.c.state == State.WAITING, table.c.due_at <= now, allowed)
    return and_(due, not_(stops.held(stopped))) if stopped else due


def _again(at: datetime, lease: timedelta) -> ColumnElement[bool]:
    come = or_(table.c.retry_at.is_(None), table.c.retry_at <= at, _set_back(at, lease))
    return and_(table.c.state == State.PLACING, come)


def _set_back(at: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Whether the database's clock was set back since: no lease and no wait can then be told by it."""
    return table.c.held_at > at + lease


def _turn(row: Row[Any]) -> tuple[datetime, str]:
    return row.due_at, row.execution_id


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
    _behind_fence(tx, [execution for execution, _ in calls], [{**one, "updated_at": now} for one in said], first)
    begun = [execution for execution, _ in calls if execution.state is State.WAITING]
    _keep_prices(tx, begun)
    _note(tx, [_step(one, one.state, State.PLACING, None, now) for one in begun])
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


def _keep_prices(tx: Tx, some: Sequence[Execution]) -> None:
    prices = [
        {"b_id": one.execution_id, "b_item": line.item_id, "unit_price_minor": line.unit_price.minor}
        for one in some
        for line in one.lines
    ]
    line = and_(execution_lines.c.execution_id == bindparam("b_id"), execution_lines.c.item_id == bindparam("b_item"))
    if prices:
        tx.execute(update(execution_lines).where(line), prices)


def complete_all(tx: Tx, answered: Sequence[Answered], now: datetime) -> list[Completion | None]:
    """Write down what the gateway answered to the last attempts; a placed one becomes an order of the customer's.

    None, and nothing written, for those whose claim is no longer ours: whoever holds them now will complete them.
    """
    at, held = clock(tx), _held(tx, answered)
    ours = [one for one in answered if held.get(one.execution.execution_id) == one.execution.fence]
    refused = [one for one in ours if one.answer.leads_to(one.call) is State.REFUSED]
    if refused:  # what follows looks at these customers: in the order in which a claim takes them
        lock_customers(tx, [one.execution.customer_id for one in refused])
    if ours:
        _behind_fence(tx, [one.execution for one in ours], [_said(one, at, now) for one in ours])
        _finish_attempts(tx, ours, at)
    after = [_after(one, now) for one in ours]
    moved = [one for one in after if one.state is not State.PLACING]
    for before, one in zip([one.execution for one in ours], after, strict=True):
        bookings.follow(tx, before, one)
    _note(tx, [_step(one, State.PLACING, one.state, one.reason, now) for one in moved])
    clashes = _write_orders(tx, [one for one in after if one.state is State.PLACED], now)
    done = {_hold(one): Completion(execution=one, clash=one.execution_id in clashes) for one in after}
    return [done.get(_hold(one.execution)) for one in answered]


def _held(tx: Tx, answered: Sequence[Answered]) -> dict[str, int]:
    """The fences of those that are being placed, locked until the transaction ends."""
    ids = [one.execution.execution_id for one in answered]
    standing = select(table.c.execution_id, table.c.fence).where(
        table.c.execution_id.in_(ids), table.c.state == State.PLACING
    )
    rows = tx.execute(standing.order_by(table.c.execution_id).with_for_update())
    return {row.execution_id: row.fence for row in rows}


def _said(one: Answered, at: datetime, now: datetime) -> dict[str, Any]:
    to, answer = one.answer.leads_to(one.call), one.answer
    said: dict[str, Any] = {"state": to, "owner": None, "lease_until": None, "held_at": at, "updated_at": now}
    if to is State.PLACED:
        said |= {"placed_at": now, "order_id": answer.order_id}
    return said | ({"retry_at": at + one.retry_in} if to is State.PLACING else {"reason": answer.detail})


def _hold(execution: Execution) -> tuple[str, int]:
    return execution.execution_id, execution.fence


def _after(one: Answered, now: datetime) -> Execution:
    execution, to, answer = one.execution, one.answer.leads_to(one.call), one.answer
    if to is State.PLACING:
        return execution
    if to is not State.PLACED:
        return replace(execution, state=to, reason=answer.detail)
    return replace(execution, state=to, reason=answer.detail, placed_at=now, order_id=answer.order_id)


def settle(tx: Tx, execution_id: str, answer: Answer, actor: str, now: datetime) -> Completion | None:
    """Write down what a look-up said of an execution that nobody works on; None where it taught nothing new."""
    to = State.FAILED if answer.result is Result.REFUSED else answer.leads_to(Call.LOOK_UP)
    standing = get(tx, execution_id)
    if standing is None or to not in (State.PLACED, State.FAILED) or standing.state is to:
        return None
    more = {"placed_at": now, "order_id": answer.order_id} if to is State.PLACED else {}
    after = move(tx, execution_id, [State.NEEDS_REVIEW, State.FAILED], to, actor, answer.detail, now, **more)
    clashes = _write_orders(tx, [after] if to is State.PLACED else [], now)
    return Completion(execution=after, clash=after.execution_id in clashes)


def settle_by_hand(
    tx: Tx, execution_id: str, order_id: str | None, actor: str, reason: str, now: datetime
) -> Execution:
    """Write down what a person found out of one that needs review: placed under the shop's order id, or (None) failed.

    Nothing is sent to the shop, and nothing is cancelled there.

    Raises
    ------
    NotFound
        for an unknown execution
    Conflict
        where it does not need review, or the order is another execution's or another customer's
    """
    _require_review(tx, execution_id)
    if order_id is None:
        after = move(tx, execution_id, [State.NEEDS_REVIEW], State.FAILED, actor, reason, now)
    else:
        placed = {"placed_at": now, "order_id": order_id}
        after = move(tx, execution_id, [State.NEEDS_REVIEW], State.PLACED, actor, reason, now, **placed)
        if _orders_of(tx, order_id) > 1 or _write_orders(tx, [after], now):
            raise Conflict(f"order {order_id!r} belongs to another execution or customer")
    said = {"to": after.state.value, "order_id": order_id, "reason": reason, "customer_id": after.customer_id}
    audit.add(tx, actor, "execution.settle", execution_id, said, now)
    return after


def _require_review(tx: Tx, execution_id: str) -> None:
    standing = get(tx, execution_id)
    if standing is None:
        raise NotFound("execution", execution_id)
    if standing.state is not State.NEEDS_REVIEW:
        instead = "; it can be vetoed or skipped" if standing.state in STOPPABLE else ""
        raise Conflict(f"execution {execution_id!r} is {standing.state}: only what needs_review is settled{instead}")


def _orders_of(tx: Tx, order_id: str) -> int:
    return tx.scalar(select(func.count()).select_from(table).where(table.c.order_id == order_id)) or 0


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
    _behind_fence(tx, [execution], [said | {"total_minor": after.total.minor, "updated_at": now}])
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


def _behind_fence(tx: Tx, some: Sequence[Execution], said: Sequence[Mapping[str, Any]], change: Any = None) -> None:
    """Change executions as long as each stands as it was claimed; Conflict where one of them does not."""
    mine = and_(
        table.c.execution_id == bindparam("b_id"),
        table.c.fence == bindparam("b_fence"),
        table.c.state == bindparam("b_state"),
    )
    changed = (update(table) if change is None else change).where(mine)
    rows = [
        {"b_id": one.execution_id, "b_fence": one.fence, "b_state": one.state, **values}
        for one, values in zip(some, said, strict=True)
    ]
    rows.sort(key=lambda row: (sorted(row), row["b_id"]))
    done = [tx.execute(changed, list(alike)).rowcount for _, alike in groupby(rows, key=sorted)]
    if sum(done) != len(rows):
        held = ", ".join(f"{one.execution_id!r} under fence {one.fence}" for one in some[:3])
        raise Conflict(f"no longer held: {held}" + (f", or one of {len(some) - 3} more" if len(some) > 3 else ""))


def _finish_attempts(tx: Tx, some: Sequence[Answered], at: datetime) -> None:
    id, number = execution_attempts.c.execution_id, execution_attempts.c.number
    said = [
        {
            "b_id": one.execution.execution_id,
            "b_n": one.execution.attempt,
            "finished_at": at,
            "result": one.answer.result,
            "detail": one.answer.detail,
        }
        for one in some
    ]
    tx.execute(update(execution_attempts).where(id == bindparam("b_id"), number == bindparam("b_n")), said)


def _step(execution: Execution, before: State, after: State, reason: str | None, at: datetime) -> dict[str, Any]:
    said = {"before": before, "after": after, "actor": ACTOR, "reason": reason, "at": at}
    return {"execution_id": execution.execution_id, **said}


def _note(tx: Tx, steps: Sequence[Mapping[str, Any]]) -> None:
    if steps:
        tx.execute(insert(execution_moves), steps)


def _write_orders(tx: Tx, placed: Sequence[Execution], now: datetime) -> set[str]:
    """Make placed executions orders of their customers; answers those whose order id is another customer's order.

    Where the shop sent the order already, its own lines stay, and the order is marked as ours. A test order is none of
    the customer's.
    """
    placed = [one for one in placed if not one.test]
    owners = orders.owners(tx, [str(one.order_id) for one in placed])
    new = {str(one.order_id): one for one in reversed(placed) if str(one.order_id) not in owners}
    whose = owners | {order_id: one.customer_id for order_id, one in new.items()}
    ours = [one for one in placed if whose[str(one.order_id)] == one.customer_id]
    _put_orders(tx, [new[order_id] for order_id in sorted(new)], now)
    _mark_ours(tx, [str(one.order_id) for one in ours if str(one.order_id) in owners])
    return {one.execution_id for one in placed} - {one.execution_id for one in ours}


def _put_orders(tx: Tx, new: Sequence[Execution], now: datetime) -> None:
    wanted = {line.item_id for one in new for line in one.lines}
    items.ensure(tx, sorted(wanted - items.families(tx, wanted).keys()))
    if new:
        lines = [line for one in new for line in _order_lines(one, now)]
        orders.put_lines(tx, lines, import_id=orders.new_import(), source="execution")


def _mark_ours(tx: Tx, order_ids: Sequence[str]) -> None:
    if order_ids:
        tx.execute(update(orders_table).where(orders_table.c.order_id.in_(order_ids)).values(source="execution"))


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
