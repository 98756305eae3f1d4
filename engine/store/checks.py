"""What must hold of the ledger, counted: all of these are 0 in a healthy place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, not_, or_, select

from engine.domain.decisions import Rung
from engine.domain.executions import SPENT, Result, State
from engine.domain.gateways import DEFAULT
from engine.domain.jobs import RunState
from engine.domain.stops import Stop
from engine.store import stops
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.tables import (
    execution_attempts,
    execution_lines,
    execution_moves,
    executions,
    job_runs,
    mandates,
)

ORDERED = tuple(state.value for state in (*SPENT, State.RETURNED) if state not in (State.PLACING, State.NEEDS_REVIEW))


def doubled_cycles(tx: Tx) -> int:
    """Needs of a customer for which one cycle was ordered more than once."""
    line = execution_lines.c
    cycle = (line.customer_id, line.need, line.cycle)
    ordered = select(*cycle).join_from(execution_lines, executions).where(executions.c.state.in_(ORDERED))
    return _count(tx, ordered.group_by(*cycle).having(func.count() > 1))


def shared_orders(tx: Tx) -> int:
    """Orders of the gateway that stand for more than one execution."""
    id = executions.c.order_id
    return _count(tx, select(id).where(id.is_not(None)).group_by(id).having(func.count() > 1))


def left_leases(tx: Tx, longer_than: timedelta) -> int:
    """Executions in placing whose lease or retry came longer ago than that: no worker takes them up."""
    long_ago = clock(tx) - longer_than
    waits = func.coalesce(executions.c.retry_at, executions.c.lease_until, executions.c.updated_at)
    free = or_(executions.c.lease_until.is_(None), executions.c.lease_until < long_ago)
    return _count(tx, select(executions.c.execution_id).where(_in(State.PLACING), free, waits < long_ago))


def overdue(tx: Tx, before: datetime, stopped: Collection[Stop] = ()) -> int:
    """Executions that were due before an instant of the business's clock and still wait, though no stop holds them."""
    ready = or_(executions.c.rung != Rung.APPROVE.label, executions.c.approved_at.is_not(None))
    due = and_(_in(State.WAITING), ready, executions.c.due_at < before)
    free = due if not stopped else and_(due, not_(stops.held(stopped)))
    return _count(tx, select(executions.c.execution_id).where(free))


def in_review(tx: Tx) -> int:
    """Executions of which nobody knows whether they were placed."""
    return _count(tx, select(executions.c.execution_id).where(_in(State.NEEDS_REVIEW)))


def review_first(tx: Tx, most: int) -> list[str]:
    """The ids of those that have been in review longest."""
    since = (executions.c.updated_at, executions.c.execution_id)
    found = select(executions.c.execution_id).where(_in(State.NEEDS_REVIEW)).order_by(*since).limit(most)
    return list(tx.scalars(found))


def calls(tx: Tx, within: timedelta) -> dict[str, tuple[int, int]]:
    """By gateway, how many calls begun within so long have ended, and how many of those with no known outcome."""
    attempt = execution_attempts.c
    lost = func.sum(case((attempt.result == Result.UNKNOWN.value, 1), else_=0))
    ended = and_(attempt.started_at >= clock(tx) - within, attempt.finished_at.is_not(None))
    statement = select(executions.c.gateway, func.count(), lost).where(ended).group_by(executions.c.gateway)
    sent = statement.join_from(execution_attempts, executions, executions.c.execution_id == attempt.execution_id)
    return {row[0] or DEFAULT: (row[1], int(row[2])) for row in tx.execute(sent)}


def unsigned(tx: Tx, now: datetime) -> int:
    """Executions that wait to be placed unasked, and whose mandate is missing or not live: they will be refused."""
    mandate = mandates.c
    live = and_(
        mandate.signed_at <= now,
        or_(mandate.revoked_at.is_(None), mandate.revoked_at > now),
        or_(mandate.expires_at.is_(None), mandate.expires_at > now),
    )
    signed = exists().where(mandate.mandate_id == executions.c.mandate_id, live)
    unasked = and_(_in(State.WAITING), executions.c.rung != Rung.APPROVE.label)
    return _count(tx, select(executions.c.execution_id).where(unasked, not_(signed)))


def orphans(tx: Tx) -> int:
    """Rows of executions that belong to no execution, and executions without a line: no command makes them."""
    found = 0
    for table in (execution_lines, execution_attempts, execution_moves):
        owner = exists().where(executions.c.execution_id == table.c.execution_id)
        found += _count(tx, select(table.c.execution_id).where(not_(owner)))
    line = exists().where(execution_lines.c.execution_id == executions.c.execution_id)
    return found + _count(tx, select(executions.c.execution_id).where(not_(line)))


def abandoned_runs(tx: Tx, longer_than: timedelta) -> int:
    """Runs of jobs whose lease ended so long ago, and that nobody took over."""
    gone = and_(job_runs.c.state == RunState.RUNNING.value, job_runs.c.lease_until < clock(tx) - longer_than)
    return _count(tx, select(job_runs.c.id).where(gone))


def failed_runs(tx: Tx, since: timedelta) -> int:
    """Runs of jobs that failed within so long."""
    late = job_runs.c.finished_at >= clock(tx) - since
    return _count(tx, select(job_runs.c.id).where(job_runs.c.state == RunState.FAILED.value, late))


def last_run(tx: Tx) -> datetime | None:
    """When the latest run of any job was started, by the database's clock."""
    last: datetime | None = tx.scalar(select(func.max(job_runs.c.started_at)))
    return last


def _in(state: State) -> Any:
    return executions.c.state == state.value


def _count(tx: Tx, statement: Select[Any]) -> int:
    return tx.scalar(select(func.count()).select_from(statement.subquery())) or 0
