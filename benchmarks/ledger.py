"""How many executions a second a sweep places, what the time goes into, and how long a claim takes among a million.

    python -m benchmarks.ledger [--kind sqlite|postgresql] [--due N] [--at-once N] [--waiting N]

Everything is due, nothing goes wrong, and the gateway takes four milliseconds an order. Beside the sweep stand two
references that neither ask what speaks against an order nor keep an order twice from being placed: the gateway alone,
called as often at once, and the bare rows, moved to placing and to placed in batches as large as the sweep's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import update

from benchmarks._gateway import gateway
from benchmarks._ledgers import KINDS, NOW, database, fill, settings
from engine import logs
from engine.domain.executions import Answer, Call, Execution, State
from engine.store import executions, ledger
from engine.store.database import Database
from engine.store.tables import executions as table
from jobs import sweep as sweeping
from jobs.gateway import Gateway, HttpGateway, Terms
from jobs.sweep import Claimed, Reply, Sweep

SECRET = "whsec_" + "c2VjcmV0" * 4
LEAST = 600.0  # executions a second
LONGEST = 0.020  # seconds, of 99 claims in a hundred


@dataclass
class Spent:
    """Seconds by what they went into."""

    seconds: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Time a stretch."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - begun


@dataclass(frozen=True, kw_only=True)
class Timed(Sweep):
    """A sweep that looks at its watch."""

    spent: Spent = field(default_factory=Spent)

    def _claim(self, swept: Counter[str], room: int) -> Claimed:
        with self.spent.on("claiming, looking, intending"):
            return super()._claim(swept, room)

    def _complete(self, replies: Sequence[Reply]) -> Counter[str]:
        with self.spent.on("completing, telling"):
            return super()._complete(replies)


@dataclass(frozen=True)
class TimedGateway:
    """A gateway with a watch; its seconds are those of all calls together."""

    inner: Gateway
    spent: Spent

    def place(self, execution: Execution) -> Answer:
        """As the gateway does."""
        with self.spent.on("calls"):
            return self.inner.place(execution)

    def look_up(self, execution_id: str) -> Answer:
        """As the gateway does."""
        return self.inner.look_up(execution_id)


def placed(db: Database, home: Path, url: str, terms: Terms) -> tuple[float, float, Spent]:
    """Sweep once; the seconds it took, those of the processor, and what they went into."""
    spent = Spent()
    _watch_commits(db, spent)
    outside = TimedGateway(HttpGateway(url, SECRET, terms), spent)
    here = settings(db, home)
    one = Timed(db=db, gateway=outside, settings=here, clock=lambda: NOW, owner="bench", terms=terms, spent=spent)
    gathered = sweeping.gathered
    sweeping.gathered = lambda answers, n: _waited(spent, gathered, answers, n)
    begun, worked = time.perf_counter(), time.process_time()
    try:
        one.run()
    finally:
        sweeping.gathered = gathered
    return time.perf_counter() - begun, time.process_time() - worked, spent


def _waited(spent: Spent, gathered: Callable[..., list[Reply]], *given: object) -> list[Reply]:
    with spent.on("waiting for answers"):
        return gathered(*given)


def _watch_commits(db: Database, spent: Spent) -> None:
    """Count what goes into writing to the disk, which is within the other two."""
    dialect = db._engine.dialect
    commit = dialect.do_commit

    def timed(connection: object) -> None:
        with spent.on("of these two, committing"):
            commit(connection)

    dialect.do_commit = timed


def bare(db: Database, n: int, size: int) -> float:
    """The seconds it takes to move bare rows to placing and to placed, in batches."""
    ids = [f"e{number:07}" for number in range(n)]
    begun = time.perf_counter()
    for start in range(0, n, size):
        for state in (State.PLACING, State.PLACED):
            with db.begin() as tx:
                tx.execute(update(table).where(table.c.execution_id.in_(ids[start : start + size])).values(state=state))
    return time.perf_counter() - begun


def called(db: Database, n: int, url: str, terms: Terms) -> float:
    """The seconds that the calls of the gateway take alone."""
    with db.read() as tx:
        some = executions.by_state(tx, State.WAITING, n)
    outside = HttpGateway(url, SECRET, terms)
    begun = time.perf_counter()
    with ThreadPoolExecutor(terms.at_once) as pool:
        list(pool.map(outside.place, some))
    return time.perf_counter() - begun


def claims(db: Database, times: int, limit: int) -> list[float]:
    """The seconds of each of many claims, with their intentions, among what waits."""
    found = []
    for _ in range(times):
        with db.begin() as tx:
            begun = time.perf_counter()
            claimed = ledger.claim(tx, "bench", NOW, limit, timedelta(minutes=1))
            found.append(time.perf_counter() - begun)
            ledger.intend_all(tx, [(one.execution, Call.PLACE) for one in claimed], NOW)
        assert len(claimed) == limit
    return found


def speed(kind: str, due: int, at_once: int) -> float:
    """Print one database's figures; executions a second."""
    terms = Terms(at_once=at_once)
    with database(kind) as db, TemporaryDirectory(prefix="rapport-") as home:
        fill(db, due)
        with gateway() as url:
            alone = called(db, due, url, terms)
        with gateway() as url:
            seconds, worked, spent = placed(db, Path(home), url, terms)
        with db.read() as tx:
            assert executions.counts(tx) == {State.PLACED: due}
    with database(kind) as db:
        fill(db, due)
        rows = bare(db, due, at_once)
    print(f"{kind}: {due:,} due, {at_once} calls at once")
    print(f"  a sweep through the gateway{due / seconds:12,.0f} a second")
    print(f"  the gateway alone          {due / alone:12,.0f} a second")
    print(f"  the bare rows alone        {due / rows:12,.0f} a second")
    print(f"  of {seconds / due * 1000:.2f} ms an execution ({worked / due * 1000:.2f} ms of them the processor's):")
    calls = spent.seconds.pop("calls")
    for what, part in spent.seconds.most_common():
        print(f"    {what:30}{part / due * 1000:7.2f} ms")
    print(f"  a call took {calls / due * 1000:.1f} ms", flush=True)
    return due / seconds


def patience(kind: str, waiting: int, limit: int) -> float:
    """Print how long claims take where very many wait; the 99th percentile in seconds."""
    with database(kind) as db:
        fill(db, waiting)
        found = claims(db, 200, limit)
    p50, p99 = np.percentile(found, [50, 99])
    print(
        f"{kind}: a claim of {limit} among {waiting:,} that are due: median {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms"
    )
    return float(p99)


def main() -> None:
    """Print everything; exit 1 where it is slower than it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, help="only one database")
    parser.add_argument("--due", type=int, default=10_000, help="executions to place")
    parser.add_argument("--at-once", type=int, default=200, help="calls of the gateway at the same time")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="executions to claim among; 0: do not")
    args = parser.parse_args()
    logs.configure("CRITICAL")
    well = []
    for kind in (args.kind,) if args.kind else KINDS:
        well.append(speed(kind, args.due, args.at_once) >= LEAST)
        if args.waiting:
            well.append(patience(kind, args.waiting, 16) <= LONGEST)
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
