"""A worker is cut off at every boundary of a sweep's steps, killed or by an error; another finishes what it began."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks._ledgers import NOW, KeptGateway, fill, reckoning, settings
from engine.domain.executions import State
from engine.store import executions, ledger
from engine.store.database import Database
from engine.store.tables import metadata
from jobs.gateway import Terms
from jobs.sweep import Point, Sweep, nothing

DUE = 6
TERMS = Terms(timeout=timedelta(seconds=0.15), first_retry=timedelta(seconds=0.05), at_once=3)
WITHIN = TERMS.lease.total_seconds() + 2.0  # after a worker's end everything must stand where it may stay


class Cut(Exception):
    """Something that went wrong at a boundary."""


def killed() -> None:
    """The process ends without another word."""
    os.kill(os.getpid(), signal.SIGKILL)


def failed() -> None:
    """What is under way goes wrong."""
    raise Cut


def once(point: Point, happens: Callable[[], None]) -> Callable[[Point], None]:
    """Let something happen the first time that a boundary is passed."""
    passed = []

    def at(here: Point) -> None:
        if here is point and not passed:
            passed.append(here)
            happens()

    return at


def sweep(db: Database, home: Path, at: Callable[[Point], None] = nothing, owner: str = "second") -> Sweep:
    """A sweep with a gateway in a file."""
    gateway = KeptGateway(home / "gateway.db")
    here = settings(db, home)
    return Sweep(db=db, gateway=gateway, settings=here, clock=lambda: NOW, owner=owner, terms=TERMS, at=at)


def in_a_process(url: str, home: Path, at: Callable[[Point], None]) -> int:
    """Sweep in another process, which is stopped or ends; its id."""
    id = os.fork()
    if id:
        return id
    try:
        swept = sweep(Database.open(url), home, at, owner="first").run()
        os._exit(min(swept["lost"], 100))
    finally:
        os._exit(101)


def stopped() -> None:
    """Stand still, though not in the middle of writing to the gateway's file, which others need.

    The signal goes to this thread: sent to the process, it would reach the first one, and this one might let go of the
    file for another to write to before all stand still.
    """
    with KeptGateway.writing:
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def within() -> float:
    """The lease and two seconds; as much longer as this machine has more to do than it can."""
    return WITHIN * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def assert_legal(db: Database, gateway: KeptGateway) -> None:
    """An order is never there without its intention, nor a placed execution without its order."""
    with db.read() as tx:
        for one in executions.by_state(tx, None, DUE):
            assert one.state in (State.WAITING, State.PLACING, State.PLACED)
            ordered = gateway.look_up(one.execution_id).order_id
            assert one.order_id in (None, ordered)
            assert ordered is None or one.state is not State.WAITING
            assert ordered is not None or one.state is not State.PLACED


def finished(db: Database, home: Path) -> float:
    """Sweep until nothing is left to place; answers the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() < begun + within() + 30:
        sweep(db, home).run()
        with db.read() as tx:
            if executions.counts(tx) == {State.PLACED: DUE}:
                return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError("not finished")


def assert_lives(db: Database) -> None:
    """Every execution went its way once, and every call of the gateway was written down before it.

    On a machine that has too much to do a sweep may come to no call within its lease, and gives back what it meant.
    """
    with db.read() as tx:
        for one in executions.by_state(tx, None, DUE):
            steps = [
                (move.before, move.after)
                for move in executions.moves(tx, one.execution_id)
                if move.reason != ledger.NOT_CALLED
            ]
            meant = [step for step in steps if step == (State.WAITING, State.PLACING)]
            assert steps == [*meant, (State.PLACING, State.PLACED)]
            numbers = [attempt.number for attempt in executions.attempts(tx, one.execution_id)]
            assert numbers == list(range(1, one.attempt + 1))


@pytest.mark.long
@pytest.mark.parametrize("happens", [killed, failed], ids=["killed", "failed"])
@pytest.mark.parametrize("point", Point)
def test_whatever_is_cut_off_is_finished_once(
    db: Database, database_url: str, tmp_path: Path, point: Point, happens: Callable[[], None]
) -> None:
    fill(db, DUE)
    gateway = KeptGateway(tmp_path / "gateway.db")
    if happens is killed:
        _, status = os.waitpid(in_a_process(database_url, tmp_path, once(point, happens)), 0)
        assert os.WIFSIGNALED(status), "it was not cut off"
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        with suppress(Cut):
            sweep(db, tmp_path, once(point, happens), owner="first").run()
    assert_legal(db, gateway)
    assert finished(db, tmp_path) < within()
    assert reckoning(db, gateway.counts()).exactly_once(DUE)
    assert_lives(db)


def everything(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with db.read() as tx:
        return {
            table.name: sorted(map(tuple, tx.execute(table.select())), key=repr) for table in metadata.sorted_tables
        }


@pytest.mark.long
@pytest.mark.parametrize("point", [Point.AFTER_INTENTION, Point.BEFORE_CALL, Point.AFTER_CALL, Point.BEFORE_COMPLETION])
def test_a_worker_stopped_past_its_lease_and_resumed_writes_nothing(
    db: Database, database_url: str, tmp_path: Path, point: Point
) -> None:
    fill(db, DUE)
    worker = in_a_process(database_url, tmp_path, once(point, stopped))
    _, status = os.waitpid(worker, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    time.sleep(TERMS.lease.total_seconds())
    assert finished(db, tmp_path) < within()
    before = everything(db)
    os.kill(worker, signal.SIGCONT)
    _, status = os.waitpid(worker, 0)
    assert os.WEXITSTATUS(status) in range(1, 100), "it did not notice that its claims were lost"
    assert everything(db) == before
    gateway = KeptGateway(tmp_path / "gateway.db")
    assert reckoning(db, gateway.counts()).exactly_once(DUE)
