"""Everything is stopped in the middle of two thousand due executions at a slow gateway, and goes on afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Lock, Thread

import pytest

from engine.config import Settings
from engine.domain.executions import Answer, Call, Execution, Result, State
from engine.domain.stops import Scope, Stop
from engine.store import executions, items, stops
from engine.store.database import Database
from jobs import sweep
from jobs.gateway import Terms
from jobs.sweep import Asked, Sweep
from tests.builders import an_item
from tests.fakes import FakeGateway
from tests.ledgers import NOW, standing
from tests.stories.test_kill_worker import automated

DUE = 2_000
SLOW = 0.05  # seconds a call takes
HOLDS = 2.0  # seconds after which no call begins
NO_WAIT = Terms(first_retry=timedelta(0), longest_retry=timedelta(0))
WAITS = Terms(first_retry=timedelta(minutes=1))


class Timed(FakeGateway):
    """A slow gateway that knows when each call came."""

    def __init__(self, seconds: float = SLOW, script: tuple[str, ...] = ()) -> None:
        super().__init__(script, before=self._note)
        self.began: list[float] = []
        self._seconds, self._noted = seconds, Lock()

    def _note(self, _: Execution) -> None:
        with self._noted:
            self.began.append(time.monotonic())
        time.sleep(self._seconds)

    @property
    def calls(self) -> Counter[str]:
        """How often each order was asked for."""
        return Counter(one.execution_id for one in self.placed)


class Suspended(Sweep):
    """A worker that stands still between intention and call, as one that is stopped by its machine does."""

    there, go_on = Event(), Event()

    def _ask(self, asked: Asked) -> Answer | None:
        self.there.set()
        assert self.go_on.wait(30)
        return super()._ask(asked)


def sweeping(db: Database, gateway: FakeGateway, kind: type[Sweep] = Sweep, terms: Terms = NO_WAIT) -> Sweep:
    """A sweep at a clock that stands."""
    settings = Settings.from_env({"RAPPORT_NOW": NOW.isoformat()})
    return kind(db=db, gateway=gateway, settings=settings, clock=lambda: NOW, owner=f"w{id(gateway)}", terms=terms)


def press(db: Database, scope: Scope = Scope.ALL, value: str | None = None) -> Stop:
    """Press the switch."""
    with db.begin() as tx:
        return stops.press(tx, scope, value, "something is wrong", "key:op", NOW)


def lift(db: Database, stop: Stop) -> None:
    """Lift it."""
    with db.begin() as tx:
        stops.lift(tx, stop.stop_id, "key:op", NOW)


def counts(db: Database) -> dict[State, int]:
    """How many executions stand where."""
    with db.read() as tx:
        return executions.counts(tx)


@contextmanager
def workers(db: Database, database_url: str, gateway: FakeGateway) -> Iterator[list[Counter[str]]]:
    """Two workers that sweep until nothing is left to do; what each came to."""
    others = [Database.open(database_url) for _ in range(2)]
    came: list[Counter[str]] = []
    threads = [Thread(target=lambda db=one: came.append(sweeping(db, gateway).run())) for one in others]
    for thread in threads:
        thread.start()
    yield came
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a sweep goes round what is stopped"
    for one in others:
        one.close()


@pytest.mark.long
def test_two_thousand_due_are_stopped_within_two_seconds_and_go_on_exactly_once(
    db: Database, database_url: str
) -> None:
    automated(db, [f"c{n:04}" for n in range(DUE)])
    gateway = Timed()
    with workers(db, database_url, gateway) as came:
        while len(gateway.began) < 200:
            time.sleep(0.01)
        stop = press(db)
        stopped = time.monotonic()
    late = [round(at - stopped, 3) for at in gateway.began if at > stopped]
    print(f"{len(late)} of {len(gateway.began)} calls began after the stop, the last {max(late, default=0)} s after")
    assert max(late, default=0.0) < HOLDS
    placed = len(gateway.orders)
    assert 200 <= placed < DUE, "the stop came too late to tell anything"
    assert counts(db) == {State.PLACED: placed, State.WAITING: DUE - placed}
    assert {word for one in came for word in one} <= {"placed", "stopped"}

    time.sleep(0.1)
    assert sweeping(db, gateway).run() == Counter()
    assert len(gateway.placed) == placed

    lift(db, stop)
    fast = Timed(0.0)
    fast.orders = gateway.orders
    sweeping(db, fast).run()
    assert counts(db) == {State.PLACED: DUE}
    calls = gateway.calls + fast.calls
    assert set(calls.values()) == {1}
    assert len(calls) == DUE


def suspended(db: Database, fresh: timedelta, monkeypatch: pytest.MonkeyPatch) -> Timed:
    """A worker stands still after its intention for longer than that is fresh; meanwhile everything is stopped."""
    monkeypatch.setattr(sweep, "FRESH", fresh)
    monkeypatch.setattr(Suspended, "there", Event())
    monkeypatch.setattr(Suspended, "go_on", Event())
    automated(db, ["anna"])
    gateway = Timed(0.0)
    worker = Thread(target=sweeping(db, gateway, Suspended).run)
    worker.start()
    assert Suspended.there.wait(30)
    assert standing(db, "e-anna").state is State.PLACING
    press(db)
    time.sleep(0.15)
    Suspended.go_on.set()
    worker.join(30)
    return gateway


def test_a_worker_that_stood_still_looks_again_before_it_calls(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = suspended(db, timedelta(seconds=0.1), monkeypatch)
    assert gateway.placed == []
    after = standing(db, "e-anna")
    assert (after.state, after.attempt) == (State.WAITING, 0)


def test_without_looking_again_it_would_have_called(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(suspended(sqlite_db, timedelta(hours=1), monkeypatch).placed) == 1


def test_who_never_gets_to_call_within_the_lease_ends_and_leaves_it_waiting(sqlite_db: Database) -> None:
    """A machine so slow that half a lease is over before any call: the sweep must not claim the same for ever."""
    automated(sqlite_db, ["anna"])
    gateway = FakeGateway()
    swept = sweeping(sqlite_db, gateway, terms=Terms(timeout=timedelta(microseconds=1))).run()
    assert (dict(swept), gateway.placed) == ({"stopped": 1}, [])
    after = standing(sqlite_db, "e-anna")
    assert (after.state, after.attempt) == (State.WAITING, 0)


def test_an_outcome_that_is_not_known_is_looked_up_while_stopped_and_placed_again_only_afterwards(
    db: Database,
) -> None:
    automated(db, ["lost", "kept"])
    gateway = FakeGateway(["fail", "late"])  # of one nothing is kept, of the other the order is
    sweeping(db, gateway, terms=WAITS).run()
    assert counts(db) == {State.PLACING: 2}
    [there] = gateway.orders
    stop = press(db)
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL")
    sweeping(db, gateway, terms=WAITS).run()
    assert len(gateway.placed) == 2
    assert sorted(gateway.looked_up) == ["e-kept", "e-lost"]
    assert counts(db) == {State.PLACED: 1, State.PLACING: 1}
    assert standing(db, there).state is State.PLACED
    gone = ({"e-lost", "e-kept"} - {there}).pop()
    with db.read() as tx:
        glance = executions.attempts(tx, gone)[-1]
    assert (glance.call, glance.result) == (Call.GLANCE, Result.NOT_FOUND)

    lift(db, stop)
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL")
    sweeping(db, gateway).run()
    assert counts(db) == {State.PLACED: 2}
    assert len(gateway.orders) == 2


def test_what_became_stale_while_stopped_is_left_out(db: Database) -> None:
    automated(db, ["anna"])
    stop, gateway = press(db), FakeGateway()
    later = replace(sweeping(db, gateway), clock=lambda: NOW + timedelta(days=3, seconds=1))
    assert later.run() == Counter()
    assert standing(db, "e-anna").state is State.WAITING
    lift(db, stop)
    assert later.run() == Counter(skipped=1)
    assert gateway.placed == []


def test_a_stopped_one_can_still_be_vetoed(sqlite_db: Database) -> None:
    automated(sqlite_db, ["anna"])
    stop, gateway = press(sqlite_db), FakeGateway()
    sweeping(sqlite_db, gateway).run()
    with sqlite_db.begin() as tx:
        executions.veto(tx, "e-anna", "app:anna", NOW)
    lift(sqlite_db, stop)
    assert sweeping(sqlite_db, gateway).run() == Counter()


def test_a_stopped_family_does_not_hold_up_the_others(db: Database) -> None:
    automated(db, ["anna"])
    with db.begin() as tx:
        items.put(tx, [an_item("milk-1", family="milk")])
    press(db, Scope.FAMILY, "milk")
    gateway = FakeGateway()
    sweeping(db, gateway).run()
    assert len(gateway.orders) == 1
