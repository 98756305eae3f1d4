"""What the gateway answered becomes an order, a refusal or a wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update

from engine.domain.executions import STOPPABLE, Answer, Call, Execution, ExecutionLine, Result, State
from engine.domain.shopping import OrderLine
from engine.errors import Conflict, NotFound
from engine.store import audit, bookings, items, orders
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.executions import get, lock_customers, move
from engine.store.ledger.fences import behind_fence, note_all, step
from engine.store.rows import among
from engine.store.tables import execution_attempts
from engine.store.tables import executions as table
from engine.store.tables import orders as orders_table


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
        behind_fence(tx, [one.execution for one in ours], [_said(one, at, now) for one in ours])
        _finish_attempts(tx, ours, at)
    after = [_after(one, now) for one in ours]
    moved = [one for one in after if one.state is not State.PLACING]
    for before, one in zip([one.execution for one in ours], after, strict=True):
        bookings.follow(tx, before, one)
    note_all(tx, [step(one, State.PLACING, one.state, one.reason, now) for one in moved])
    clashes = _write_orders(tx, [one for one in after if one.state is State.PLACED], now)
    done = {_hold(one): Completion(execution=one, clash=one.execution_id in clashes) for one in after}
    return [done.get(_hold(one.execution)) for one in answered]


def _held(tx: Tx, answered: Sequence[Answered]) -> dict[str, int]:
    """The fences of those that are being placed, locked until the transaction ends."""
    ids = [one.execution.execution_id for one in answered]
    standing = select(table.c.execution_id, table.c.fence).where(
        among(tx, table.c.execution_id, ids), table.c.state == State.PLACING
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
        if _orders_of(tx, order_id) > 1 or _somebody_elses(tx, after) or _write_orders(tx, [after], now):
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


def _somebody_elses(tx: Tx, placed: Execution) -> bool:
    """Whether its order is another customer's: a test execution writes no order, which would show it."""
    order_id = str(placed.order_id)
    return orders.owners(tx, [order_id]).get(order_id, placed.customer_id) != placed.customer_id


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
