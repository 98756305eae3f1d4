"""Wakes stand in the transaction that makes them due, and never in its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Result
from engine.errors import Conflict, InputError
from engine.store import customers, executions, ledger, waking
from engine.store.database import Database
from jobs import cluster
from tests.ledgers import HOUR, NOW, complete, execution, intend, line, stored


@pytest.fixture
def woken(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database with wakes."""
    db = Database.open(postgres_url)
    assert cluster.prepare(db)
    yield db
    db.close()


def wakes(db: Database) -> dict[str, datetime]:
    """When each execution is woken for."""
    wanted = (
        "SELECT args ->> 'execution_id', scheduled_at, queueing_lock, task_name FROM procrastinate.procrastinate_jobs"
    )
    with db.read() as tx:
        rows = list(tx.exec_driver_sql(f"{wanted} WHERE status = 'todo'"))
    assert all(row[0] == row[2] and row[3] == waking.TASK for row in rows)
    return {row[0]: row[1] for row in rows}


def test_each_execution_that_may_be_placed_is_woken_for_when_it_is_due(woken: Database) -> None:
    asks = execution("asks", "anna", line(need="b"), due=NOW + HOUR, rung=Rung.APPROVE)
    stored(woken, execution("e1", due=NOW + HOUR), asks)
    assert wakes(woken) == {"e1": NOW + HOUR}
    with woken.begin() as tx:
        executions.snooze(tx, "e1", "anna", NOW, timedelta(days=2))
        executions.approve(tx, "asks", "anna", NOW)
    assert wakes(woken) == {"e1": NOW + HOUR + timedelta(days=2), "asks": NOW}


def test_a_transaction_that_comes_to_nothing_wakes_nobody(woken: Database) -> None:
    def planned_in_vain() -> None:
        with woken.begin() as tx:
            customers.ensure(tx, ["anna"], NOW)
            assert executions.add(tx, execution("e1"), NOW) is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        planned_in_vain()
    assert wakes(woken) == {}


def test_a_vetoed_one_keeps_its_wake_which_finds_nothing(woken: Database) -> None:
    stored(woken, execution())
    with woken.begin() as tx:
        executions.veto(tx, "e1", "anna", NOW)
    assert list(wakes(woken)) == ["e1"]
    with woken.begin() as tx:
        assert ledger.claim(tx, "w", NOW, 10, HOUR) == []


def test_a_retry_is_woken_for(woken: Database) -> None:
    stored(woken, execution())
    with woken.begin() as tx:
        tx.exec_driver_sql("SET LOCAL search_path = procrastinate, public")
        tx.exec_driver_sql("UPDATE procrastinate_jobs SET status = 'doing'")
        one = ledger.claim(tx, "w", NOW, 10, HOUR)[0].execution
        intended = intend(tx, one, Call.PLACE, NOW)
        complete(tx, intended, Call.PLACE, Answer(result=Result.UNKNOWN), NOW, HOUR)
    assert list(wakes(woken)) == ["e1"]
    assert wakes(woken)["e1"] > NOW + timedelta(days=365)


@pytest.mark.parametrize(
    "broken", ["DROP TABLE procrastinate.procrastinate_jobs CASCADE", "DROP SCHEMA procrastinate CASCADE"]
)
def test_wakes_that_are_broken_or_gone_are_in_nobodys_way(woken: Database, broken: str) -> None:
    with woken.begin() as tx:
        tx.exec_driver_sql(broken)
    stored(woken, execution())
    with woken.begin() as tx:
        assert executions.snooze(tx, "e1", "anna", NOW, HOUR).due_at == NOW + HOUR
        assert waking.installed(tx) is None or "TABLE" in broken


def test_they_are_made_once_and_anew_for_another_version(woken: Database) -> None:
    stored(woken, execution())
    assert not cluster.prepare(woken)
    assert list(wakes(woken)) == ["e1"]
    with woken.begin() as tx:
        assert waking.late(tx, timedelta(days=1)) == 1
        tx.exec_driver_sql("COMMENT ON SCHEMA procrastinate IS 'wakes of Rapport, Procrastinate 3.9.0'")
        assert waking.installed(tx) == "3.9.0"
    assert cluster.prepare(woken)
    assert wakes(woken) == {}
    with woken.read() as tx:
        assert tx.exec_driver_sql("SHOW search_path").scalar() == '"$user", public'


def test_somebody_elses_procrastinate_is_left_alone(postgres_url: str) -> None:
    db = Database.open(postgres_url)
    with db.begin() as tx:
        tx.exec_driver_sql("CREATE SCHEMA procrastinate")
    with pytest.raises(Conflict, match="not Rapport's"):
        cluster.prepare(db)
    db.close()


def test_sqlite_has_no_wakes(sqlite_db: Database) -> None:
    with pytest.raises(InputError, match="RAPPORT_CLUSTER"):
        cluster.prepare(sqlite_db)
    with sqlite_db.read() as tx:
        assert waking.late(tx, HOUR) == 0
