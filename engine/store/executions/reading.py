"""Executions as they stand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_

from engine.domain.calendar import Arrival
from engine.domain.executions import (
    SPENT,
    STOPPABLE,
    UNSETTLED,
    Attempt,
    Call,
    Execution,
    Move,
    Result,
    State,
)
from engine.store import bookings
from engine.store.database import Tx
from engine.store.executions.rows import with_lines
from engine.store.rows import by_ids
from engine.store.tables import execution_attempts as attempts_table
from engine.store.tables import execution_moves as moves_table
from engine.store.tables import executions as table


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
    found = with_lines(tx, by_ids(tx, wanted, table.c.customer_id, customer_ids, often=True))
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


def places(tx: Tx, customer_id: str) -> list[Arrival]:
    """The places in slots of a customer's executions that can be stopped, and that nobody moves from here on."""
    wanted = and_(table.c.customer_id == customer_id, table.c.state.in_(STOPPABLE), table.c.slot.is_not(None))
    found = with_lines(tx, tx.execute(select(table).where(wanted).with_for_update()))
    return [arrival for one in found if (arrival := bookings.place(one)) is not None]


def _page(tx: Tx, statement: Select[Any], limit: int, after: str | None) -> list[Execution]:
    if after is not None:
        last = select(table.c.due_at, table.c.execution_id).where(table.c.execution_id == after)
        statement = statement.where(tuple_(table.c.due_at, table.c.execution_id) < last.scalar_subquery())
    ordered = statement.order_by(table.c.due_at.desc(), table.c.execution_id.desc()).limit(limit)
    return with_lines(tx, tx.execute(ordered))


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
