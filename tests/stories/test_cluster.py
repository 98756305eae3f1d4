"""Workers with homes of their own on one PostgreSQL: one is killed, one is cut off; nothing lost, nothing doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from sqlalchemy import make_url

from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store import consents, customers, executions, items, job_runs, mandates, preferences
from engine.store.database import Database
from jobs import cluster
from jobs.example_gateway import Book, Manners, Server
from jobs.scheduler import Shop, run_wake
from tests.api.conftest import settings_at
from tests.fakes import FakeGateway
from tests.ledgers import execution, standing
from tests.stories import wires
from tests.stories.test_kill_worker import SECRET, until

WORKER = Path(__file__).parent / "cluster_worker.py"
ROOT = Path(__file__).parents[2]
DUE = 300
SPREAD = timedelta(seconds=12)  # over which they become due


@pytest.fixture
def woken(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL with wakes."""
    db = Database.open(postgres_url)
    cluster.prepare(db)
    yield db
    db.close()


def due(db: Database, n: int, begins: timedelta, spread: timedelta) -> None:
    """So many customers who let everything be done, with orders that become due one after the other, from now on."""
    now = datetime.now(UTC)
    said = [Consent(purpose=purpose, state=Grant.GRANTED, at=now) for purpose in Purpose]
    with db.begin() as tx:
        items.put(tx, [Item(item_id="beans", family="coffee", price=Money(minor=499, currency="USD"))])
        customers.ensure(tx, [f"c{k:04}" for k in range(n)], now)
        for k in range(n):
            id, at = f"c{k:04}", now + begins + k / n * spread
            consents.put(tx, id, said)
            preferences.put(tx, id, Preferences(ceiling=Rung.SILENT), now)
            mandates.add(
                tx, Mandate(mandate_id=f"m-{id}", customer_id=id, families=frozenset({"coffee"}), signed_at=now)
            )
            one = replace(execution(f"e-{id}", id, mandate=f"m-{id}", due=at), created_at=now)
            assert executions.add(tx, one, now) is not None


def counts(db: Database) -> dict[State, int]:
    with db.read() as tx:
        return executions.counts(tx)


# Wakes


def shop_of(db: Database, folder: Path, gateway: FakeGateway) -> Shop:
    """A place whose clock goes."""
    shop = Shop(db=db, settings=settings_at(folder), gateway=gateway)
    return replace(shop, settings=replace(shop.settings, clock=replace(shop.settings.clock, fixed=None)))


def swept(db: Database) -> int:
    """How many executions the rows of sweeps say were placed."""
    with db.read() as tx:
        return sum(int(str(run.summary["placed"])) for run in job_runs.page(tx, 100, job="sweep")[0] if run.summary)


def test_a_wake_places_what_is_due_with_its_execution_and_the_second_finds_nothing(
    woken: Database, tmp_path: Path
) -> None:
    due(woken, 3, timedelta(seconds=-1), timedelta(0))
    gateway = FakeGateway()
    shop = shop_of(woken, tmp_path, gateway)
    for id in ("e-c0001", "e-c0001", "e-c0002", "nothing of that name"):
        run_wake(shop, id)
    assert sorted(gateway.orders) == [f"e-c000{k}" for k in range(3)]
    assert len(gateway.placed) == 3
    assert [standing(woken, f"e-c000{k}").state for k in range(3)] == [State.PLACED] * 3


def test_wakes_that_come_together_place_everything_once_and_lose_no_summary(woken: Database, tmp_path: Path) -> None:
    due(woken, 40, timedelta(seconds=-1), timedelta(0))
    gateway = FakeGateway()
    shop = shop_of(woken, tmp_path, gateway)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: run_wake(shop, f"e-c{k:04}"), range(40)))
    assert sorted(gateway.orders) == sorted(one.execution_id for one in gateway.placed) == ids(40)
    assert counts(woken) == {State.PLACED: 40}
    assert swept(woken) == 40


def test_sweeps_of_one_second_add_up_in_one_row(woken: Database, tmp_path: Path) -> None:
    gateway = FakeGateway()
    shop = shop_of(woken, tmp_path, gateway)
    due(woken, 6, timedelta(seconds=-1), timedelta(0))
    with woken.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET due_at = due_at + interval '1 day'")
    for id in ids(6):
        with woken.begin() as tx:
            tx.exec_driver_sql(f"UPDATE executions SET due_at = due_at - interval '1 day' WHERE execution_id = '{id}'")
        run_wake(shop, id)
    assert swept(woken) == len(gateway.placed) == 6


def ids(n: int) -> list[str]:
    """What the executions of ``due`` are called."""
    return [f"e-c{k:04}" for k in range(n)]


def test_a_wake_before_its_time_or_of_a_vetoed_one_places_nothing(woken: Database, tmp_path: Path) -> None:
    due(woken, 2, timedelta(hours=1), timedelta(0))
    gateway = FakeGateway()
    with woken.begin() as tx:
        executions.veto(tx, "e-c0001", "c0001", datetime.now(UTC))
    for id in ("e-c0000", "e-c0001"):
        run_wake(shop_of(woken, tmp_path, gateway), id)
    assert gateway.placed == []


# Workers


@dataclass
class Machines:
    """Workers that share a database and a gateway, and nothing else."""

    db: Database
    url: str
    server: Server
    folder: Path
    stack: ExitStack
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def socket(self) -> str:
        """The file in which PostgreSQL listens."""
        return f"{make_url(self.url).query['host']}/.s.PGSQL.{make_url(self.url).port or 5432}"

    def start(
        self, database: str, gateway: str, *options: str, inside: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """One more, with a home of its own, optionally inside a network of its own."""
        home = self.folder / f"home{len(self.running)}"
        home.mkdir()
        environ = {
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "RAPPORT_HOME": str(home),
            "RAPPORT_DATABASE_URL": database,
            "RAPPORT_GATEWAY_URL": gateway,
            "RAPPORT_GATEWAY_SECRET": SECRET,
            "RAPPORT_CLUSTER": "yes",
        }
        log = self.stack.enter_context((home / "log").open("ab"))
        command = [*inside, sys.executable, str(WORKER), *options]
        process = subprocess.Popen(command, env=environ, stderr=log, stdout=log, cwd=home)
        self.stack.callback(_gone, process)
        self.running.append(process)
        return process

    def orders(self) -> int:
        """How many the gateway has."""
        return self.server.book.counts()["orders"]

    def settled(self) -> bool:
        """Whether nothing is left to place."""
        found = counts(self.db)
        return not found.get(State.WAITING, 0) + found.get(State.PLACING, 0)

    def wired(self, wire: wires.Wire) -> str:
        """The database's address over a wire."""
        parsed = make_url(self.url)
        return f"postgresql://{parsed.username}:x@{wire.host}:{wire.port}/{parsed.database}"

    def ready(self) -> None:
        """Wait until all of them work."""
        until(lambda: self.logs().count("worker.started") == len(self.running), 120, "workers that work")

    def logs(self) -> str:
        """What all of them said."""
        return "".join((self.folder / f"home{n}" / "log").read_text() for n in range(len(self.running)))


def _gone(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@contextmanager
def machines(
    db: Database, url: str, folder: Path, late: float, stall: float = 0.0, hold: float = 1.5
) -> Iterator[Machines]:
    """A gateway that keeps some of its answers to itself, and no worker yet."""
    server = Server(0, Book(str(folder / "gateway.db")), Manners(late=late, stall=stall, hold=hold, seed=3), SECRET)
    Thread(target=server.serve_forever, daemon=True).start()
    with ExitStack() as stack:
        yield Machines(db=db, url=url, server=server, folder=folder, stack=stack)
    server.shutdown()
    server.server_close()


def all_once(place: Machines, n: int) -> None:
    """Every execution has one order, and no order is there twice."""
    assert place.server.book.counts() == {"orders": n, "executions": n}
    assert counts(place.db) == {State.PLACED: n}


def wakes(db: Database) -> int:
    """How many wakes wait or are followed."""
    wanted = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE queueing_lock IS DISTINCT FROM 'retry'"
    with db.read() as tx:
        return int(tx.exec_driver_sql(wanted).scalar() or 0)


@pytest.mark.long
def test_wakes_alone_place_everything(woken: Database, postgres_url: str, tmp_path: Path) -> None:
    with machines(woken, postgres_url, tmp_path, late=0.0) as place:
        for _ in range(2):
            place.start(postgres_url, place.server.url, "--wakes-only")
        place.ready()
        due(woken, 60, timedelta(seconds=5), timedelta(seconds=4))
        until(place.settled, 120, "all placed by wakes")
        all_once(place, 60)
        until(lambda: wakes(woken) == 0, 30, "no wakes left")


@pytest.mark.long
def test_a_worker_ends_within_ten_seconds_whatever_wake_it_follows(
    woken: Database, postgres_url: str, tmp_path: Path
) -> None:
    with machines(woken, postgres_url, tmp_path, late=0.0, stall=1.0, hold=20.0) as place:
        worker = place.start(postgres_url, place.server.url, "--wakes-only", "--patient")
        place.ready()
        due(woken, 20, timedelta(seconds=3), timedelta(seconds=1))
        until(lambda: counts(woken).get(State.PLACING), 60, "a call that is not answered")
        sleep(1.0)
        began = monotonic()
        worker.terminate()
        worker.wait(30)
        assert monotonic() - began < 10


@pytest.mark.long
def test_wakes_that_are_lost_are_found_and_doubled_ones_do_nothing(
    woken: Database, postgres_url: str, tmp_path: Path
) -> None:
    with machines(woken, postgres_url, tmp_path, late=0.0) as place:
        for _ in range(3):
            place.start(postgres_url, place.server.url)
        place.ready()
        due(woken, 60, timedelta(seconds=5), timedelta(0))
        with woken.begin() as tx:
            tx.exec_driver_sql("SET LOCAL search_path = procrastinate, public")
            tx.exec_driver_sql("DELETE FROM procrastinate_jobs WHERE id %% 2 = 0")
            tx.exec_driver_sql(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
                " SELECT queue_name, task_name, args, scheduled_at FROM procrastinate_jobs, generate_series(1, 3)"
            )
        until(place.settled, 120, "all placed")
        until(lambda: wakes(woken) == 0, 60, "no wakes left")
        all_once(place, 60)


@pytest.mark.long
def test_one_is_killed_and_one_is_cut_off(woken: Database, postgres_url: str, tmp_path: Path) -> None:
    with machines(woken, postgres_url, tmp_path, late=0.03) as place, wires.unix(place.socket) as wire:
        place.start(postgres_url, place.server.url)
        killed = place.start(postgres_url, place.server.url)
        place.start(place.wired(wire), place.server.url)
        place.ready()
        due(woken, DUE, timedelta(seconds=2), SPREAD)
        until(lambda: place.orders() > DUE // 4, 60, "a quarter")
        killed.send_signal(signal.SIGKILL)
        wire.cut()
        until(lambda: place.orders() > DUE // 2, 60, "half of them")
        wire.mend()
        until(place.settled, 180, "nothing left to place")
        all_once(place, DUE)
        assert "order.clash" not in place.logs()


@contextmanager
def networks(n: int) -> Iterator[list[tuple[str, str]]]:
    """So many networks of their own, each with a wire to this one: their names, and this machine's address there."""
    made = []
    try:
        for k in range(n):
            name, here, there = f"rapport-t{k}", f"rpt{k}a", f"rpt{k}b"
            made.append(name)
            for command in (
                f"netns add {name}",
                f"link add {here} type veth peer name {there} netns {name}",
                f"addr add 10.213.{k}.1/24 dev {here}",
                f"link set {here} up",
                f"-n {name} addr add 10.213.{k}.2/24 dev {there}",
                f"-n {name} link set {there} up",
                f"-n {name} link set lo up",
            ):
                subprocess.run(["ip", *command.split()], check=True, capture_output=True)
        yield [(name, f"10.213.{k}.1") for k, name in enumerate(made)]
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="networks are made by root, with iproute2")
def test_workers_in_networks_of_their_own(woken: Database, postgres_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        try:
            apart = stack.enter_context(networks(3))
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"no networks here: {refused.stderr.decode().strip()}")
        place = stack.enter_context(machines(woken, postgres_url, tmp_path, late=0.03))
        port = place.server.server_address[1]
        workers = []
        for name, host in apart:
            database = stack.enter_context(wires.unix(place.socket, host))
            gateway = stack.enter_context(wires.tcp(port, host))
            url = f"http://{host}:{gateway.port}/orders"
            workers.append(place.start(place.wired(database), url, inside=("ip", "netns", "exec", name)))
        place.ready()
        due(woken, DUE, timedelta(seconds=2), SPREAD)
        until(lambda: place.orders() > DUE // 4, 90, "a quarter")
        workers[0].send_signal(signal.SIGKILL)
        down = ["ip", "link", "set", "rpt1a", "down"]
        subprocess.run(down, check=True)
        until(lambda: place.orders() > DUE // 2, 90, "half of them")
        subprocess.run([*down[:-1], "up"], check=True)
        until(place.settled, 180, "nothing left to place")
        all_once(place, DUE)
        assert "order.clash" not in place.logs()
