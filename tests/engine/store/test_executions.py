"""Executions as they are kept: one a cycle, one open a need, moved by one of those who try."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.values import Money
from engine.errors import Conflict, InputError, NotFound
from engine.store import customers, executions
from engine.store.database import Database
from tests.ledgers import HOUR, NOW, execution, line, standing, stored


def add(db: Database, one) -> bool:
    """Whether it was taken."""
    with db.begin() as tx:
        return executions.add(tx, one, NOW) is not None


def test_comes_back_as_it_was_stored(db: Database) -> None:
    one = execution("e1", "anna", line("beans", cents=499, quantity=2), line("milk", "milk", cents=101), mandate="m1")
    stored(db, one)
    assert standing(db) == one
    assert one.total == Money(minor=1099, currency="USD")


def test_the_total_is_computed_from_the_lines(db: Database) -> None:
    stored(db, replace(execution(), total=Money(minor=1, currency="USD")))
    assert standing(db).total.minor == 499


def test_a_cycle_is_executed_once(db: Database) -> None:
    stored(db, execution("e1"))
    with db.begin() as tx:
        executions.veto(tx, "e1", "anna", NOW)
    assert not add(db, execution("e2", "anna", line(cycle="1")))
    assert add(db, execution("e3", "anna", line(cycle="2")))
    assert add(db, execution("e4", "anna", line("milk", "milk", cycle="1")))


def test_one_open_execution_a_need(db: Database) -> None:
    stored(db, execution("e1"))
    assert not add(db, execution("e2", "anna", line(cycle="2")))
    stored(db, execution("e3", "bert", line(cycle="2")))


def test_one_of_many_who_add_at_once_is_taken(db: Database) -> None:
    with db.begin() as tx:
        customers.ensure(tx, ["anna"], NOW)
    barrier = Barrier(6)

    def attempt(n: int) -> bool:
        barrier.wait()
        return add(db, execution(f"e{n}", "anna", line(cycle=str(n))))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


def test_an_execution_needs_a_known_customer_and_lines_of_different_needs(db: Database) -> None:
    with pytest.raises(NotFound):
        add(db, execution())
    with pytest.raises(InputError, match="lines"):
        add(db, execution("e1", "anna", line("beans"), line("grounds")))


def test_veto_stops_it_once(db: Database) -> None:
    stored(db, execution())
    with db.begin() as tx:
        assert executions.veto(tx, "e1", "app:anna", NOW, "too much").state is State.VETOED
    with db.begin() as tx, pytest.raises(Conflict, match="vetoed: too late"):
        executions.skip(tx, "e1", "app:anna", NOW)
    with db.read() as tx:
        steps = [(move.before, move.after, move.actor, move.reason) for move in executions.moves(tx, "e1")]
    assert steps == [
        (None, State.WAITING, "rapport", None),
        (State.WAITING, State.VETOED, "app:anna", "too much"),
    ]


def test_of_many_moves_at_once_one_succeeds(db: Database) -> None:
    stored(db, execution())
    barrier = Barrier(6)

    def attempt(n: int) -> bool:
        barrier.wait()
        try:
            with db.begin() as tx:
                (executions.veto if n % 2 else executions.skip)(tx, "e1", f"actor {n}", NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    with db.read() as tx:
        assert len(executions.moves(tx, "e1")) == 2


def test_approval_makes_it_due_at_once_and_is_given_once(db: Database) -> None:
    stored(db, execution(rung=Rung.APPROVE, due=NOW + 5 * HOUR))
    for _ in range(2):
        with db.begin() as tx:
            executions.approve(tx, "e1", "app:anna", NOW)
    assert (standing(db).approved_at, standing(db).due_at) == (NOW, NOW)
    with db.read() as tx:
        assert len(executions.moves(tx, "e1")) == 2


@pytest.mark.parametrize(("rung", "due"), [(Rung.VETO, NOW + HOUR), (Rung.APPROVE, NOW)])
def test_what_awaits_no_approval_cannot_be_approved(sqlite_db: Database, rung: Rung, due) -> None:
    stored(sqlite_db, execution(rung=rung, due=due))
    with sqlite_db.begin() as tx, pytest.raises(Conflict, match="awaits no approval"):
        executions.approve(tx, "e1", "app:anna", NOW)


def test_a_snoozed_one_waits_longer(db: Database) -> None:
    stored(db, execution(due=NOW - HOUR))
    with db.begin() as tx:
        executions.snooze(tx, "e1", "app:anna", NOW, timedelta(days=2))
    assert (standing(db).state, standing(db).due_at) == (State.WAITING, NOW + timedelta(days=2))


def test_lists_run_from_the_latest_due_backwards(db: Database) -> None:
    stored(db, *(execution(f"e{n}", "anna", line(need=f"n{n}"), due=NOW + n % 3 * HOUR) for n in range(7)))
    with db.read() as tx:
        pages, last = [], None
        while found := executions.of_customer(tx, "anna", 3, last):
            pages += [one.execution_id for one in found]
            last = pages[-1]
        assert executions.by_state(tx, State.WAITING, 100) == executions.of_customer(tx, "anna", 100)
        assert [one.execution_id for one in executions.upcoming_page(tx, 3)] == ["e0", "e3", "e6"]
        assert executions.of_customers(tx, ["anna", "bert"], NOW)["anna"][0].execution_id == "e2"
        assert executions.counts(tx) == {State.WAITING: 7}
    assert pages == ["e5", "e2", "e4", "e1", "e6", "e3", "e0"]
