"""What is to be placed is taken by a worker, under a lease and behind a fence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, not_, or_, select, update

from engine.domain.decisions import Rung
from engine.domain.executions import Execution, State
from engine.domain.stops import Stop
from engine.store import stops
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.executions import lock_customers, with_lines
from engine.store.rows import among
from engine.store.tables import executions as table

UNASKED = (Rung.VETO.label, Rung.SILENT.label)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One execution that is this worker's until its lease ends; the execution carries the fence."""

    execution: Execution
    since_first_call: timedelta | None  # None: the gateway was never called for it


def claim(
    tx: Tx,
    owner: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    stopped: Collection[Stop] = (),
    *,
    gateway: str | None = None,
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
    """
    at = clock(tx)
    here = table.c.gateway.is_not_distinct_from(gateway)
    free = and_(or_(table.c.lease_until.is_(None), table.c.lease_until <= at, _set_back(at, lease)), here)
    again = _first(tx, and_(_again(at, lease), free), (limit + 1) // 2)
    rows = sorted([*again, *_first(tx, and_(_due(now, stopped), free), limit - len(again))], key=_turn)
    if not rows:
        return []
    lock_customers(tx, [row.customer_id for row in rows])
    held = {"owner": owner, "lease_until": at + lease, "held_at": at, "fence": table.c.fence + 1}
    tx.execute(update(table).where(among(tx, table.c.execution_id, [row.execution_id for row in rows])).values(held))
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
