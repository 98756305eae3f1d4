"""The month ends with every answer known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks._ledgers import NOW, fill, settings
from engine.domain.executions import State
from engine.store import executions
from engine.store.database import Database
from jobs.demo.month import Month
from tests.fakes import FakeGateway


def counts(db: Database) -> dict[State, int]:
    with db.read() as tx:
        return executions.counts(tx)


def test_what_the_gateway_lost_on_the_last_day_is_asked_for_until_it_is_known(sqlite_db: Database, tmp_path: Path):
    fill(sqlite_db, 2)
    nobody: Any = None
    gateway = FakeGateway(["late", "well", "late"])
    month = Month(
        db=sqlite_db,
        settings=settings(sqlite_db, tmp_path),
        journey=nobody,
        assigned=(),
        truth=nobody,
        hands=nobody,
        shop=SimpleNamespace(gateway=gateway),  # type: ignore[arg-type]
    )
    month._sweep(NOW)
    assert counts(sqlite_db) == {State.PLACED: 1, State.PLACING: 1}
    month._finish(NOW)
    assert counts(sqlite_db) == {State.PLACED: 2}
    assert len(gateway.orders) == 2
