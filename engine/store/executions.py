"""Executions as they are kept, and what customers and operators do with them. The worker's side is ``ledger``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, and_, false, func, insert, or_, select, tuple_, update

from engine.domain.calendar import Arrival
from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import (
    SPENT,
    STOPPABLE,
    UNSETTLED,
    Attempt,
    Call,
    Execution,
    ExecutionLine,
    Move,
    Result,
    State,
    moved,
    total_of,
)
from engine.domain.signals import Signal
from engine.domain.values import Money
from engine.errors import Conflict, InputError, NotFound, Outdated
from engine.store import bookings, consents, hearing, mandates, rules
from engine.store.database import Tx
from engine.store.rows import Values, by_ids
from engine.store.tables import customers
from engine.store.tables import execution_attempts as attempts_table
from engine.store.tables import execution_lines as lines_table
from engine.store.tables import execution_moves as moves_table
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
    tx.execute(insert(table).values(_row(execution, now)))
    if execution.lines:
        tx.execute(insert(lines_table), [_line_row(execution, line) for line in execution.lines])
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
    tx.execute(insert(lines_table), [_line_row(after, line) for line in added])


def promise(tx: Tx, execution: Execution, arrival: Arrival, now: datetime) -> Execution:
    """Promise a waiting execution for another day; Outdated where the slot is full by now."""
    after = replace(execution, deliver_by=arrival.day, slot=arrival.slot)
    if after == execution:
        return execution
    bookings.follow(tx, execution, after)
    said = {"deliver_by": after.deliver_by, "slot": after.slot, "updated_at": now}
    tx.execute(update(table).where(table.c.execution_id == execution.execution_id).values(said))
    return after


def lock_customers(tx: Tx, customer_ids: Collection[str]) -> None:
    """Let other transactions that lock these customers wait until this one ends; NotFound for an unknown one.

    On SQLite a write transaction is alone anyway.
    """
    wanted = sorted(set(customer_ids))
    statement = select(customers.c.customer_id).where(customers.c.customer_id.in_(wanted))
    found = set(tx.scalars(statement.order_by(customers.c.customer_id).with_for_update(key_share=True)))
    for missing in (id for id in wanted if id not in found):
        raise NotFound("customer", missing)


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


def get(tx: Tx, execution_id: str) -> Execution | None:
    """The execution of this id, if there is one."""
    return next(iter(get_many(tx, [execution_id])), None)


def get_many(tx: Tx, ids: Collection[str]) -> list[Execution]:
    """The executions there are among ``ids``."""
    return with_lines(tx, by_ids(tx, select(table), table.c.execution_id, ids))


def of_customer(tx: Tx, customer_id: str, limit: int = 100, after: str | None = None) -> list[Execution]:
    """A customer's executions, the latest due first, from just behind the one with the id ``after``."""
    return _page(tx, select(table).where(table.c.customer_id == customer_id), limit, after)


def by_state(tx: Tx, state: State | None = None, limit: int = 100, after: str | None = None) -> list[Execution]:
    """Executions of one state (None: of all), the latest due first, from just behind the one with the id ``after``."""
    statement = select(table) if state is None else select(table).where(table.c.state == state.value)
    return _page(tx, statement, limit, after)


def upcoming_page(tx: Tx, limit: int, after: str | None = None, until: datetime | None = None) -> list[Execution]:
    """What can still be stopped and is due until then, the next due first, from just behind the one ``after``."""
    statement = select(table).where(table.c.state.in_(STOPPABLE)).order_by(table.c.due_at, table.c.execution_id)
    if until is not None:
        statement = statement.where(table.c.due_at <= until)
    if after is not None:
        last = select(table.c.due_at, table.c.execution_id).where(table.c.execution_id == after)
        statement = statement.where(tuple_(table.c.due_at, table.c.execution_id) > last.scalar_subquery())
    return with_lines(tx, tx.execute(statement.limit(limit)))


def in_states(tx: Tx, states: Collection[State], limit: int = 100, after: str | None = None) -> list[Execution]:
    """Executions of some states, the latest due first, from just behind the one with the id ``after``."""
    return _page(tx, select(table).where(table.c.state.in_([state.value for state in states])), limit, after)


def of_customers(tx: Tx, customer_ids: Collection[str], since: datetime) -> dict[str, tuple[Execution, ...]]:
    """For each customer who has any, the unsettled executions and those made since an instant, the latest due first.

    Test orders are left out: they count for nothing.
    """
    wanted = select(table).where(
        or_(table.c.state.in_(UNSETTLED), table.c.created_at >= since), table.c.test.is_(False)
    )
    found = with_lines(tx, by_ids(tx, wanted, table.c.customer_id, customer_ids))
    found.sort(key=lambda one: (one.customer_id, -one.due_at.timestamp(), one.execution_id))
    return {id: tuple(own) for id, own in groupby(found, key=lambda one: one.customer_id)}


def moved_between(
    tx: Tx, states: Collection[State], since: datetime | None, until: datetime | None, limit: int
) -> list[Execution]:
    """Executions of some states last moved in a stretch of the business's time, those longest there first."""
    statement = select(table).where(table.c.state.in_([state.value for state in states]))
    if since is not None:
        statement = statement.where(table.c.updated_at >= since)
    if until is not None:
        statement = statement.where(table.c.updated_at <= until)
    ordered = statement.order_by(table.c.updated_at, table.c.execution_id).limit(limit)
    return with_lines(tx, tx.execute(ordered))


def planned_or_placed(tx: Tx, since: datetime | None, limit: int | None) -> list[Execution]:
    """What can still be stopped, and what was placed or may have been since an instant (None: ever), newest first."""
    done = table.c.state.in_([*SPENT, State.RETURNED])
    lately = done if since is None else and_(done, func.coalesce(table.c.placed_at, table.c.updated_at) >= since)
    statement = select(table).where(or_(table.c.state.in_(STOPPABLE), lately), table.c.test.is_(False))
    return with_lines(tx, tx.execute(statement.order_by(table.c.number.desc()).limit(limit)))


def counts(tx: Tx) -> dict[State, int]:
    """How many executions stand in each state, test orders apart; a state without any is left out."""
    statement = (
        select(table.c.state, func.count())
        .where(table.c.test.is_(False))
        .group_by(table.c.state)
        .order_by(table.c.state)
    )
    return {State(row[0]): row[1] for row in tx.execute(statement)}


def moves(tx: Tx, execution_id: str) -> list[Move]:
    """The life of an execution, the first step first."""
    statement = select(moves_table).where(moves_table.c.execution_id == execution_id).order_by(moves_table.c.id)
    return [_move(row) for row in tx.execute(statement)]


def attempts(tx: Tx, execution_id: str) -> list[Attempt]:
    """The calls of the gateway for an execution, the first one first."""
    statement = select(attempts_table).where(attempts_table.c.execution_id == execution_id)
    return [_attempt(row) for row in tx.execute(statement.order_by(attempts_table.c.number))]


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


def places(tx: Tx, customer_id: str) -> list[Arrival]:
    """The places in slots of a customer's executions that can be stopped, and that nobody moves from here on."""
    wanted = and_(table.c.customer_id == customer_id, table.c.state.in_(STOPPABLE), table.c.slot.is_not(None))
    found = with_lines(tx, tx.execute(select(table).where(wanted).with_for_update()))
    return [arrival for one in found if (arrival := bookings.place(one)) is not None]


def note(
    tx: Tx, execution_id: str, before: State | None, after: State, actor: str, reason: str | None, at: datetime
) -> None:
    """Write a step into the life of an execution."""
    said = {"before": before.value if before else None, "after": after.value, "reason": reason}
    tx.execute(insert(moves_table).values(execution_id=execution_id, actor=actor, at=at, **said))


def with_lines(tx: Tx, rows: Iterable[Row[Any]]) -> list[Execution]:
    """Executions from their rows, in the same order, their lines in the order of the items."""
    heads = list(rows)
    found: dict[str, list[Row[Any]]] = {row.execution_id: [] for row in heads}
    for line in by_ids(tx, select(lines_table), lines_table.c.execution_id, list(found)):
        found[line.execution_id].append(line)
    return [_execution(row, sorted(found[row.execution_id], key=lambda line: str(line.item_id))) for row in heads]


def _standing(tx: Tx, execution_id: str) -> Execution:
    found = get(tx, execution_id)
    if found is None:
        raise NotFound("execution", execution_id)
    return found


def _page(tx: Tx, statement: Select[Any], limit: int, after: str | None) -> list[Execution]:
    if after is not None:
        last = select(table.c.due_at, table.c.execution_id).where(table.c.execution_id == after)
        statement = statement.where(tuple_(table.c.due_at, table.c.execution_id) < last.scalar_subquery())
    ordered = statement.order_by(table.c.due_at.desc(), table.c.execution_id.desc()).limit(limit)
    return with_lines(tx, tx.execute(ordered))


_PLAIN = (
    *("execution_id", "customer_id", "mandate_id", "certificate_id", "decision_id", "probability", "due_at"),
    *("announced_at", "approved_at", "placed_at", "order_id", "reason", "attempt", "fence", "created_at"),
    *("wording", "put_off_from", "follows", "retries", "test"),
    *("gateway", "threshold"),
    *("deliver_by", "slot"),
)  # kept as they are


def _row(execution: Execution, now: datetime) -> Values:
    return {
        "state": execution.state.value,
        "rung": execution.rung.label,
        "currency": execution.total.currency,
        "total_minor": execution.total.minor,
        "updated_at": now,
        **{name: getattr(execution, name) for name in _PLAIN},
    }


def _execution(row: Row[Any], lines: Sequence[Row[Any]]) -> Execution:
    own = [_line(line, row.currency) for line in lines]
    return Execution(
        state=State(row.state),
        rung=Rung.of(row.rung),
        lines=tuple(line for line in own if line.dropped is None),
        dropped=tuple(line for line in own if line.dropped is not None),
        total=Money(minor=row.total_minor, currency=row.currency),
        **{name: row._mapping[name] for name in _PLAIN},
    )


def _line_row(execution: Execution, line: ExecutionLine) -> Values:
    return {
        "execution_id": execution.execution_id,
        "item_id": line.item_id,
        "customer_id": execution.customer_id,
        "need": line.need,
        "cycle": line.cycle,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price.minor,
        "instead_of": line.instead_of,
        "dropped": line.dropped,
        "probability": line.probability,
    }


def _line(row: Row[Any], currency: str) -> ExecutionLine:
    return ExecutionLine(
        item_id=row.item_id,
        need=row.need,
        cycle=row.cycle,
        quantity=row.quantity,
        unit_price=Money(minor=row.unit_price_minor, currency=currency),
        instead_of=row.instead_of,
        dropped=row.dropped,
        probability=row.probability,
    )


def _move(row: Row[Any]) -> Move:
    before = None if row.before is None else State(row.before)
    return Move(before=before, after=State(row.after), actor=row.actor, reason=row.reason, at=row.at)


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        number=row.number,
        fence=row.fence,
        call=Call(row.kind),
        started_at=row.started_at,
        finished_at=row.finished_at,
        result=None if row.result is None else Result(row.result),
        detail=row.detail,
    )
