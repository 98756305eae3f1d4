"""The stop switch: what is in force, what it holds, and that two presses are one stop."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from engine.domain.executions import Call, State
from engine.domain.gateways import NamedGateway
from engine.domain.stops import Scope
from engine.errors import Conflict, InputError, NotFound
from engine.store import audit, executions, gateways, items, ledger, stops
from engine.store.database import Database
from tests.builders import an_item
from tests.ledgers import HOUR, NOW, execution, intend, line, standing, stored

LEASE = timedelta(minutes=1)


def press(db: Database, scope=Scope.ALL, value=None, until=None, now=NOW, actor="key:op"):
    """Press the switch."""
    with db.begin() as tx:
        return stops.press(tx, scope, value, "a recall", actor, now, until)


def live(db: Database, now=NOW):
    """What is in force."""
    with db.read() as tx:
        return stops.in_force(tx, now)


def claimed(db: Database, held=()):
    """The ids of what a worker takes."""
    with db.begin() as tx:
        return [one.execution.execution_id for one in ledger.claim(tx, "w", NOW, 10, LEASE, held)]


def test_a_stop_is_in_force_until_it_is_lifted_and_both_are_in_the_audit(db: Database) -> None:
    stop = press(db)
    assert live(db) == (stop,)
    with db.begin() as tx:
        lifted = stops.lift(tx, stop.stop_id, "key:other", NOW + HOUR)
    assert live(db) == ()
    assert (lifted.lifted_at, lifted.lifted_by) == (NOW + HOUR, "key:other")
    with db.read() as tx:
        assert stops.latest(tx, 10) == [lifted]
        entries, _ = audit.page(tx, 10)
    assert [(one.action, one.actor, one.subject) for one in entries] == [
        ("stop.lift", "key:other", stop.stop_id),
        ("stop.press", "key:op", stop.stop_id),
    ]


def test_a_stop_with_an_end_ends_by_itself(db: Database) -> None:
    press(db, until=NOW + HOUR)
    assert len(live(db, NOW + HOUR - timedelta(seconds=1))) == 1
    assert live(db, NOW + HOUR) == ()


def test_a_second_press_is_the_same_stop_and_lasts_the_longer(db: Database) -> None:
    first = press(db, until=NOW + HOUR)
    assert press(db, until=NOW + HOUR / 2) == first
    assert press(db, until=NOW + 2 * HOUR).until == NOW + 2 * HOUR
    assert press(db).until is None
    assert press(db, until=NOW + HOUR).until is None
    assert [one.stop_id for one in live(db)] == [first.stop_id]


def test_two_who_press_at_once_press_one_stop(db: Database) -> None:
    barrier = Barrier(4)

    def pressed(n: int) -> str:
        barrier.wait()
        return press(db, actor=f"key:{n}").stop_id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(pressed, range(4)))) == 1


def test_what_is_lifted_cannot_be_lifted_again(db: Database) -> None:
    stop = press(db)
    with db.begin() as tx:
        stops.lift(tx, stop.stop_id, "key:op", NOW)
    with db.begin() as tx, pytest.raises(Conflict):
        stops.lift(tx, stop.stop_id, "key:op", NOW)
    with db.begin() as tx, pytest.raises(NotFound):
        stops.lift(tx, "none", "key:op", NOW)


@pytest.mark.parametrize(
    ("scope", "value", "until", "field"),
    [
        (Scope.FAMILY, None, None, "value"),
        (Scope.ALL, "milk", None, "value"),
        (Scope.ALL, None, NOW, "until"),
    ],
)
def test_a_stop_that_would_hold_nothing_is_refused(sqlite_db: Database, scope, value, until, field) -> None:
    with pytest.raises(InputError, match=field):
        press(sqlite_db, scope, value, until)
    assert live(sqlite_db) == ()


def test_a_stop_of_a_family_holds_its_orders_whole_and_lets_the_rest_pass(db: Database) -> None:
    stored(
        db,
        execution("both", "anna", line("milk", "milk"), line("rolls", "bread"), due=NOW - HOUR),
        execution("milk", "ben", line("milk", "milk"), due=NOW - HOUR),
        execution("bread", "cleo", line("rolls", "bread")),
    )
    press(db, Scope.FAMILY, "milk")
    assert claimed(db, live(db)) == ["bread"]


@pytest.mark.parametrize(("scope", "value"), [(Scope.ALL, None), (Scope.GATEWAY, None), (Scope.GATEWAY, "default")])
def test_a_stop_of_all_or_of_the_gateway_without_a_name_holds_every_order(db: Database, scope, value) -> None:
    stored(db, execution())
    press(db, scope, value)
    assert claimed(db, live(db)) == []
    assert claimed(db) == ["e1"]


def test_a_stop_of_another_gateway_holds_none_of_these(db: Database) -> None:
    stored(db, execution())
    added(db, "pharmacy")
    press(db, Scope.GATEWAY, "pharmacy")
    assert claimed(db, live(db)) == ["e1"]


def test_what_nothing_is_called_is_not_stopped_and_what_is_alike_is_told(db: Database) -> None:
    """A name with a slip in it would stop nothing, and leave whoever pressed believing that it did."""
    with db.begin() as tx:
        items.put(tx, [an_item(f"m{n}", family=f"MILK {n}") for n in range(9)])
    with pytest.raises(NotFound, match=r"^family 'milk' not found; there is MILK 0, MILK 1, MILK 2, MILK 3, MILK 4$"):
        press(db, Scope.FAMILY, "milk")
    added(db, "pharmacy")
    with pytest.raises(NotFound, match="gateway 'pharmcy' not found; there is default, pharmacy"):
        press(db, Scope.GATEWAY, "pharmcy")
    assert live(db) == ()
    stored(db, execution("e1", "anna", line("m", "what was sold once")))
    for scope, value in ((Scope.FAMILY, "MILK 3"), (Scope.FAMILY, "what was sold once"), (Scope.GATEWAY, None)):
        press(db, scope, value)


def added(db: Database, name: str) -> None:
    """Another gateway."""
    with db.begin() as tx:
        gateways.put(tx, NamedGateway(name=name, url="https://shop.example", author="op", updated_at=NOW))


def test_an_intention_without_a_call_is_taken_back_and_leaves_no_call(db: Database) -> None:
    stored(db, execution())
    with db.begin() as tx:
        [one] = ledger.claim(tx, "w", NOW, 1, LEASE)
        intended = intend(tx, one.execution, Call.PLACE, NOW)
    with db.begin() as tx:
        ledger.take_back(tx, intended, NOW)
        assert executions.attempts(tx, "e1") == []
        assert [move.after for move in executions.moves(tx, "e1")] == [State.WAITING, State.PLACING, State.WAITING]
    after = standing(db)
    assert (after.state, after.attempt) == (State.WAITING, 0)
    with db.begin() as tx:
        [again] = ledger.claim(tx, "w", NOW, 1, LEASE)
    assert again.since_first_call is None


def test_an_intention_that_may_have_been_called_is_not_taken_back(db: Database) -> None:
    stored(db, execution())
    with db.begin() as tx:
        [one] = ledger.claim(tx, "w", NOW, 1, timedelta(0))
        intend(tx, one.execution, Call.PLACE, NOW)
    with db.begin() as tx:
        [one] = ledger.claim(tx, "w", NOW, 1, LEASE)
        again = intend(tx, one.execution, Call.PLACE, NOW)
    with db.begin() as tx, pytest.raises(Conflict):
        ledger.take_back(tx, again, NOW)
    assert standing(db).state is State.PLACING
