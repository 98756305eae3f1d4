"""The worker is killed ten times while a thousand executions are due at a gateway that loses 3 % of its answers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest

from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store import consents, customers, executions, items, mandates, orders, preferences
from engine.store.database import Database
from jobs.example_gateway import Book, Manners, Server
from tests.ledgers import HOUR, NOW, execution

WORKER = Path(__file__).parent / "killable_worker.py"
DUE = 1_000
KILLS = 10
SECRET = "whsec_" + "c2VjcmV0" * 4


def automated(db: Database, ids: list[str]) -> None:
    """Customers who let everything be done for them, each with one execution that is due."""
    with db.begin() as tx:
        items.put(tx, [Item(item_id="beans", family="coffee", price=Money(minor=499, currency="USD"))])
        customers.ensure(tx, ids, NOW)
        for id in ids:
            said = [Consent(purpose=purpose, state=Grant.GRANTED, at=NOW - HOUR) for purpose in Purpose]
            consents.put(tx, id, said)
            preferences.put(tx, id, Preferences(ceiling=Rung.SILENT), NOW)
            signed = Mandate(mandate_id=f"m-{id}", customer_id=id, families=frozenset({"coffee"}), signed_at=NOW - HOUR)
            mandates.add(tx, signed)
            assert executions.add(tx, execution(f"e-{id}", id, mandate=f"m-{id}"), NOW) is not None


@dataclass(frozen=True)
class Story:
    """A place with executions that are due, and a gateway."""

    db: Database
    server: Server
    environ: dict[str, str]

    @contextmanager
    def worker(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker, killed at the end."""
        log = open(self.environ["RAPPORT_HOME"] + "/worker.log", "ab")  # noqa: PTH123, SIM115
        process = subprocess.Popen([sys.executable, str(WORKER), *options], env=self.environ, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            log.close()

    def orders(self) -> int:
        """How many the gateway has."""
        return self.server.book.counts()["orders"]

    def settled(self) -> bool:
        """Whether nothing is left to place."""
        with self.db.read() as tx:
            left = executions.counts(tx)
        return not left.get(State.WAITING, 0) + left.get(State.PLACING, 0)


@pytest.fixture
def story(db: Database, database_url: str, tmp_path: Path) -> Iterator[Story]:
    """A thousand executions due at a gateway that keeps 3 % of its answers to itself."""
    automated(db, [f"c{n:04}" for n in range(DUE)])
    server = Server(0, Book(str(tmp_path / "gateway.db")), Manners(late=0.03, hold=1.0, seed=7), SECRET)
    Thread(target=server.serve_forever, daemon=True).start()
    environ = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "RAPPORT_HOME": str(tmp_path),
        "RAPPORT_DATABASE_URL": database_url,
        "RAPPORT_GATEWAY_URL": server.url,
        "RAPPORT_GATEWAY_SECRET": SECRET,
        "RAPPORT_NOW": NOW.isoformat(),
    }
    yield Story(db=db, server=server, environ=environ)
    server.shutdown()
    server.server_close()


def until(true, seconds: float, what: str) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def killed_and_finished(story: Story, *options: str) -> None:
    """Kill the worker with -9 ten times while it places, then let one finish."""
    for kill in range(1, KILLS + 1):
        with story.worker(*options) as worker:
            until(lambda: story.orders() >= kill * 60, 60, f"{kill * 60} orders")  # noqa: B023
            worker.send_signal(signal.SIGKILL)
    assert not story.settled(), "the kills came too late to tell anything"
    with story.worker(*options):
        until(story.settled, 120, "nothing left to place")


@pytest.mark.example(9)
@pytest.mark.long
def test_a_thousand_orders_none_twice_none_lost(story: Story) -> None:
    killed_and_finished(story)
    assert story.server.book.counts() == {"orders": DUE, "executions": DUE}
    with story.db.read() as tx:
        assert executions.counts(tx) == {State.PLACED: DUE}
        placed = executions.by_state(tx, State.PLACED, DUE)
        assert {one.order_id: one.execution_id for one in placed} == {
            story.server.book.look_up(one.execution_id): one.execution_id for one in placed
        }
        assert len(orders.owners(tx, [str(one.order_id) for one in placed])) == DUE
        repeated = [one for one in placed if len(executions.attempts(tx, one.execution_id)) > 1]
    assert repeated, "no order was ever asked for twice: the story tells nothing"


@pytest.mark.long
def test_without_the_key_orders_are_doubled(story: Story) -> None:
    killed_and_finished(story, "--keyless")
    counts = story.server.book.counts()
    assert counts["executions"] == DUE
    assert counts["orders"] > DUE


def test_a_worker_ends_within_ten_seconds_of_being_told(story: Story) -> None:
    with story.worker() as worker:
        until(lambda: story.orders() > 20, 60, "some orders")
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
        assert time.monotonic() - began < 10
    assert httpx.get(story.server.url).json()["orders"] == story.orders()
