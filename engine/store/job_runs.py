"""Runs of jobs as they are kept: a slot runs once across processes, taken over by lease when its process is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update

from engine.domain.jobs import JobRun, RunState
from engine.store.database import Tx
from engine.store.database import now as clock
from engine.store.rows import add_missing, paged
from engine.store.tables import job_runs as table

ASKED = "asked-"  # what the slots of asked-for runs begin with
GONE = "its process ended before the run did"


def ask(tx: Tx, job: str, at: datetime | None = None) -> int:
    """Ask for a run of a job, as if it were ``at``; answers the run's id. A worker will take it."""
    row = {"job": job, "slot": ASKED + uuid4().hex, "state": RunState.ASKED.value, "at": at}
    return int(tx.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def take(tx: Tx, job: str, slot: str, owner: str, lease: timedelta, at: datetime | None = None) -> JobRun | None:
    """Take a slot of a job; None where it has run, or runs under another owner whose lease has not ended."""
    now = clock(tx)
    fresh = {"job": job, "slot": slot, "state": RunState.RUNNING.value, "at": at, **_held(owner, now, lease)}
    one = and_(table.c.job == job, table.c.slot == slot)
    if tx.scalar(select(table.c.id).where(one)) is None:
        add_missing(tx, table, ["job", "slot"], [fresh])
        return _held_by(tx, and_(one, table.c.owner == owner, table.c.started_at == now))
    return _taken(tx, and_(one, _abandoned(now)), owner, now, lease)


def take_asked(tx: Tx, owner: str, lease: timedelta) -> JobRun | None:
    """Take the oldest run that was asked for, or one whose process is gone; None where there is none."""
    now = clock(tx)
    gone = or_(_abandoned(now), _set_back(now, lease))
    open_ = or_(table.c.state == RunState.ASKED, and_(table.c.slot.startswith(ASKED), gone))
    oldest = select(table.c.id).where(open_).order_by(table.c.id).limit(1).with_for_update(skip_locked=True)
    id = tx.scalar(oldest)
    return None if id is None else _taken(tx, and_(table.c.id == id, open_), owner, now, lease)


def renew(tx: Tx, run: JobRun, lease: timedelta) -> bool:
    """Hold the run for longer; False where it is no longer ours."""
    mine = update(table).where(_mine(run)).values(lease_until=clock(tx) + lease)
    return tx.execute(mine).rowcount == 1


def finish(tx: Tx, run: JobRun, summary: Mapping[str, object]) -> bool:
    """Write down what the run came to; False, and nothing written, where it is no longer ours."""
    return _end(tx, run, {"state": RunState.DONE, "summary": dict(summary), "error": None})


def add_up(tx: Tx, job: str, slot: str, summary: Mapping[str, int]) -> None:
    """Add to what a slot that is done came to; for a job that comes more than once in a slot, one run at a time."""
    one = and_(table.c.job == job, table.c.slot == slot, table.c.state == RunState.DONE.value)
    row = tx.execute(select(table.c.id, table.c.summary).where(one).with_for_update()).one_or_none()
    if row is not None:
        both = Counter(row.summary) + Counter(summary)
        tx.execute(update(table).where(table.c.id == row.id).values(summary=dict(both), finished_at=clock(tx)))


def fail(tx: Tx, run: JobRun, error: str) -> bool:
    """Write down why the run failed; False, and nothing written, where it is no longer ours."""
    return _end(tx, run, {"state": RunState.FAILED, "error": error[:2_000]})


def end_abandoned(tx: Tx, job: str) -> int:
    """Mark the runs of a job whose process is gone and whose slot nobody will take again; answers how many."""
    now = clock(tx)
    gone = and_(table.c.job == job, table.c.slot.not_like(ASKED + "%"), _abandoned(now))
    ended = {"state": RunState.FAILED, "error": GONE, "finished_at": now, "lease_until": None}
    return tx.execute(update(table).where(gone).values(ended)).rowcount


def get(tx: Tx, id: int) -> JobRun | None:
    """The run of this id, if there is one."""
    return _held_by(tx, table.c.id == id)


def page(tx: Tx, limit: int, cursor: str | None = None, job: str | None = None) -> tuple[list[JobRun], str | None]:
    """Runs of one job, or of all, the newest first, and the cursor of what follows."""
    statement = select(table) if job is None else select(table).where(table.c.job == job)
    return paged(tx, statement, table.c.id, limit, cursor, _run)


def last_of_each(tx: Tx) -> dict[str, JobRun]:
    """The latest run of every job that ever ran."""
    latest = select(func.max(table.c.id)).group_by(table.c.job)
    return {row.job: _run(row) for row in tx.execute(select(table).where(table.c.id.in_(latest)))}


def purge(tx: Tx, before: datetime) -> int:
    """Forget the runs that ended before an instant of the database's clock; answers how many."""
    return tx.execute(delete(table).where(table.c.finished_at < before)).rowcount


def _held(owner: str, now: datetime, lease: timedelta) -> dict[str, Any]:
    return {"owner": owner, "started_at": now, "lease_until": now + lease}


def _abandoned(now: datetime) -> ColumnElement[bool]:
    return and_(table.c.state == RunState.RUNNING, table.c.lease_until <= now)


def _set_back(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """Whether the database's clock was set back since the run began: its lease would last as much longer."""
    return and_(table.c.state == RunState.RUNNING, table.c.started_at > now + lease)


def _taken(tx: Tx, wanted: ColumnElement[bool], owner: str, now: datetime, lease: timedelta) -> JobRun | None:
    held = {"state": RunState.RUNNING, **_held(owner, now, lease)}
    if tx.execute(update(table).where(wanted).values(held)).rowcount != 1:
        return None
    return _held_by(tx, and_(table.c.owner == owner, table.c.started_at == now, table.c.state == RunState.RUNNING))


def _mine(run: JobRun) -> ColumnElement[bool]:
    holder = and_(table.c.owner == run.owner, table.c.started_at == run.started_at)
    return and_(table.c.id == run.id, table.c.state == RunState.RUNNING, holder)


def _end(tx: Tx, run: JobRun, values: dict[str, Any]) -> bool:
    said = update(table).where(_mine(run)).values(finished_at=clock(tx), lease_until=None, **values)
    return tx.execute(said).rowcount == 1


def _held_by(tx: Tx, wanted: ColumnElement[bool]) -> JobRun | None:
    row = tx.execute(select(table).where(wanted)).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> JobRun:
    return JobRun(
        id=row.id,
        job=row.job,
        slot=row.slot,
        state=RunState(row.state),
        at=row.at,
        owner=row.owner,
        started_at=row.started_at,
        finished_at=row.finished_at,
        summary=row.summary,
        error=row.error,
    )
