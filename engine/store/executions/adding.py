"""How an execution comes to wait: on its own, or as more lines of one that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, false, insert, or_, select, update

from engine.domain.calendar import Arrival
from engine.domain.customers import Grant, Purpose
from engine.domain.executions import (
    UNSETTLED,
    Execution,
    ExecutionLine,
    State,
    total_of,
)
from engine.errors import InputError, Outdated
from engine.store import bookings, consents, mandates, rules
from engine.store.database import Tx
from engine.store.executions.moving import lock_customers, note
from engine.store.executions.rows import line_row, row, with_lines
from engine.store.tables import execution_lines as lines_table
from engine.store.tables import executions as table


def add(tx: Tx, execution: Execution, now: datetime, actor: str = "rapport") -> Execution | None:
    """Store a new execution; its total is that of its lines.

    None where it must not be: one for the same customer, need and cycle is there, one of the same need is not settled,
    or the customer took back in the meantime what it rests on. Adds for one customer wait for each other and for what
    they take back, so all of it is decided for good inside the transaction.

    Raises
    ------
    NotFound
        for an unknown customer
    InputError
        for no lines, two lines of one need, or several currencies
    Outdated
        where the slot it is promised for is full by now
    """
    needs = {line.need for line in execution.lines}
    if not execution.lines or len(needs) < len(execution.lines):
        raise InputError.of("lines", "one or more lines, each for a need of its own", sorted(needs))
    lock_customers(tx, [execution.customer_id])
    if _taken(tx, execution) or taken_back(tx, execution):
        return None
    stored = replace(execution, total=total_of(execution.lines))
    put(tx, stored, now, actor)
    bookings.follow(tx, None, stored)
    rules.count(tx, {stored.execution_id: stored.counted})
    return stored


def put(tx: Tx, execution: Execution, now: datetime, actor: str) -> None:
    """Keep an execution as it is, with the first step of its life; whether it may be there was looked at before."""
    tx.execute(insert(table), row(execution, now))
    if execution.lines:
        tx.execute(insert(lines_table), [line_row(execution, line) for line in execution.lines])
    note(tx, execution.execution_id, None, execution.state, actor, execution.reason, now)


def join(tx: Tx, execution: Execution, now: datetime, actor: str = "rapport") -> Execution | None:
    """Give an execution under way the lines it does not have yet; None as with ``add``.

    Parameters
    ----------
    execution : as it is to be, with all lines; its ``due_at`` leaves the new ones the time they were promised

    Raises
    ------
    Outdated
        where it is no longer waiting, was sent already, is promised for another day by now, or is being moved
    """
    one = select(table).where(table.c.execution_id == execution.execution_id).with_for_update(skip_locked=True)
    standing = next(iter(with_lines(tx, tx.execute(one))), None)  # who holds it may wait for what we hold: go on
    lock_customers(tx, [execution.customer_id])
    if standing is None or not _may_grow(standing, execution):
        raise Outdated(f"execution {execution.execution_id!r} can be given no more lines")
    known = {line.need for line in standing.lines}
    added = tuple(line for line in execution.lines if line.need not in known)
    if not added or _taken(tx, replace(execution, lines=added)):
        return None
    after = _grown(standing, execution, added)
    _keep_grown(tx, after, added, now)
    rules.count_more(tx, after.execution_id, execution.counted)
    note(tx, after.execution_id, State.WAITING, State.WAITING, actor, after.reason, now)
    return after


def _may_grow(standing: Execution, wanted: Execution) -> bool:
    """Whether it waits, was never sent, and is what the lines were decided to be joined to."""
    same = ("customer_id", "mandate_id", "rung", "gateway", "deliver_by", "slot")
    unsent = standing.state is State.WAITING and standing.attempt == 0
    seen = {line.need for line in standing.lines} <= {line.need for line in wanted.lines}
    return unsent and seen and all(getattr(standing, name) == getattr(wanted, name) for name in same)


def _grown(standing: Execution, wanted: Execution, added: Sequence[ExecutionLine]) -> Execution:
    """An execution with more lines: each as sure as it was, all of it as sure as the least sure."""
    before = tuple(replace(line, probability=_sure(line, standing)) for line in standing.lines)
    lines = (*before, *(replace(line, probability=_sure(line, wanted)) for line in added))
    sure = [line.probability for line in lines if line.probability is not None]
    due_at = max(standing.due_at, wanted.due_at)
    grown = replace(standing, lines=lines, total=total_of(lines), due_at=due_at, reason="joined")
    return replace(grown, probability=min(sure, default=None))


def _sure(line: ExecutionLine, execution: Execution) -> float | None:
    return execution.probability if line.probability is None else line.probability


def _keep_grown(tx: Tx, after: Execution, added: Sequence[ExecutionLine], now: datetime) -> None:
    said = {name: getattr(after, name) for name in ("due_at", "probability", "reason")}
    said |= {"total_minor": after.total.minor, "updated_at": now}
    tx.execute(update(table).where(table.c.execution_id == after.execution_id).values(said))
    own = lines_table.c.execution_id == after.execution_id
    for line in after.lines:
        one = and_(own, lines_table.c.item_id == line.item_id)
        tx.execute(update(lines_table).where(one).values(probability=line.probability))
    tx.execute(insert(lines_table), [line_row(after, line) for line in added])


def promise(tx: Tx, execution: Execution, arrival: Arrival, now: datetime) -> Execution:
    """Promise a waiting execution for another day; Outdated where the slot is full by now."""
    after = replace(execution, deliver_by=arrival.day, slot=arrival.slot)
    if after == execution:
        return execution
    bookings.follow(tx, execution, after)
    said = {"deliver_by": after.deliver_by, "slot": after.slot, "updated_at": now}
    tx.execute(update(table).where(table.c.execution_id == execution.execution_id).values(said))
    return after


def _taken(tx: Tx, execution: Execution) -> bool:
    """Whether a line of the same cycle is there, or an unsettled one of the same need."""
    line = lines_table.c
    same = [and_(line.need == one.need, line.cycle == one.cycle) for one in execution.lines]
    open_needs = and_(line.need.in_([one.need for one in execution.lines]), table.c.state.in_(UNSETTLED))
    unsettled = and_(open_needs, table.c.test.is_(False)) if not execution.test else false()
    statement = select(line.execution_id).join_from(lines_table, table)
    statement = statement.where(line.customer_id == execution.customer_id, or_(unsettled, *same)).limit(1)
    return tx.scalar(statement) is not None


def taken_back(tx: Tx, execution: Execution) -> bool:
    """Whether the consent or the mandate that it rests on was withdrawn."""
    said = consents.current(tx, execution.customer_id).get(Purpose.AUTOMATION)
    signed = None if execution.mandate_id is None else mandates.get(tx, execution.mandate_id)
    refused = said is not None and said.state is not Grant.GRANTED
    return refused or (signed is not None and signed.revoked_at is not None)
