"""Ledger and gateway compared: what each difference is called, kept as, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from engine.domain.alerts import Difference
from engine.domain.executions import Answer, State
from engine.store import differences, executions
from engine.store.database import Database
from jobs import reconcile
from jobs.gateway import found as found_by_look_up
from tests.fakes import FakeGateway
from tests.ledgers import HOUR, NOW, execution, standing, stored

TOTAL = "4.99 USD"


class Telling(FakeGateway):
    """A gateway whose look-ups tell amounts."""

    def __init__(self, total: str | None = None, **orders: str) -> None:
        super().__init__()
        self.orders, self.total = orders, total

    def look_up(self, execution_id: str) -> Answer:
        answer = super().look_up(execution_id)
        return replace(answer, total=None if answer.order_id is None else self.total)


def placed(db: Database, order_id: str = "shop-1", state: State = State.PLACED) -> None:
    """An execution that the ledger calls so."""
    stored(db, execution(state=state))
    with db.begin() as tx:
        tx.exec_driver_sql(f"UPDATE executions SET order_id = '{order_id}'")


def found(db: Database) -> list[Difference]:
    """The differences that stand."""
    with db.read() as tx:
        return differences.page(tx, 10)[0]


def told(db: Database) -> list[tuple[str, str, str]]:
    """Kind, ledger and gateway of each."""
    return [(one.kind.value, one.ledger, one.gateway) for one in found(db)]


def test_what_agrees_is_confirmed(db: Database) -> None:
    placed(db)
    assert reconcile.run(db, Telling(TOTAL, e1="shop-1"), NOW) == {"confirmed": 1}
    assert found(db) == []


def test_a_placed_one_of_which_the_gateway_has_no_order(db: Database) -> None:
    placed(db)
    assert reconcile.run(db, Telling(), NOW) == {"differences": 1, "differs_missing": 1}
    assert told(db) == [("missing", "shop-1", "no order")]
    reconcile.run(db, Telling(), NOW + HOUR)
    [one] = found(db)
    assert (one.found_at, one.seen_at) == (NOW, NOW + HOUR)
    reconcile.run(db, Telling(e1="shop-1"), NOW + 2 * HOUR)
    assert found(db) == []
    assert standing(db).state is State.CONFIRMED


def test_a_placed_one_that_has_another_order_there(db: Database) -> None:
    placed(db)
    assert reconcile.run(db, Telling(e1="shop-2"), NOW)["differs_other_order"] == 1
    assert told(db) == [("other_order", "shop-1", "shop-2")]
    assert standing(db).state is State.PLACED


def test_another_amount_is_told_and_the_order_confirmed(db: Database) -> None:
    placed(db)
    found_now = reconcile.run(db, Telling("5.99 USD", e1="shop-1"), NOW)
    assert found_now == {"confirmed": 1, "differences": 1, "differs_amount": 1}
    assert told(db) == [("amount", "4.99 USD", "5.99 USD")]


def test_an_amount_in_fractions_of_a_cent_is_a_difference_in_its_own_words(db: Database) -> None:
    class Odd(Telling):
        def look_up(self, execution_id: str) -> Answer:
            body = b'{"order_id": "shop-1", "total": "4.9949", "currency": "USD"}'
            return found_by_look_up(200, body)

    placed(db)
    assert reconcile.run(db, Odd(e1="shop-1"), NOW) == {"confirmed": 1, "differences": 1, "differs_amount": 1}
    assert told(db) == [("amount", "4.99 USD", "4.9949 USD")]


@pytest.mark.parametrize(
    ("total", "told"),
    [
        ("4.99", "4.99 USD"),
        (4.99, "4.99 USD"),
        ("4.990", "4.99 USD"),
        ("1e1", "10.00 USD"),
        ("999.995", "999.995 USD"),
        ("much", None),
        (None, None),
    ],
)
def test_a_total_is_told_as_money_is_written_or_as_it_came(total: object, told: str | None) -> None:
    body = orjson.dumps({"order_id": "o1", "total": total, "currency": "USD"})
    assert found_by_look_up(200, body).total == told


def test_an_amount_that_is_not_told_is_no_difference(db: Database) -> None:
    placed(db)
    assert reconcile.run(db, Telling(None, e1="shop-1"), NOW) == {"confirmed": 1}


@pytest.mark.parametrize("state", [State.VETOED, State.REFUSED])
def test_an_order_of_one_that_must_have_none(db: Database, state: State) -> None:
    stored(db, execution(state=state))
    later = NOW + HOUR
    assert reconcile.run(db, Telling(e1="shop-9"), later)["differs_unexpected"] == 1
    assert told(db) == [("unexpected", state.value, "shop-9")]
    assert standing(db).state is state


def test_what_ended_is_asked_for_once_and_only_when_calls_are_over(db: Database) -> None:
    stored(db, execution(state=State.VETOED))
    gateway = Telling()
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET updated_at = '2017-12-01 08:00:00.000000+00:00'")
    reconcile.run(db, gateway, NOW + timedelta(minutes=9))
    assert gateway.looked_up == []
    gateway.reachable = False
    assert reconcile.run(db, gateway, NOW + HOUR) == {"unknown": 1}
    gateway.reachable = True
    assert reconcile.run(db, gateway, NOW + HOUR) == {"no_order": 1}
    assert reconcile.run(db, gateway, NOW + HOUR) == {}
    assert gateway.looked_up == ["e1", "e1"]


def test_a_failed_one_that_turns_up_is_placed_and_was_a_difference(db: Database) -> None:
    stored(db, execution(state=State.FAILED))
    came = reconcile.run(db, Telling(e1="shop-1"), NOW)
    assert came == {"found_placed": 1, "differences": 1, "differs_unexpected": 1, "confirmed": 1}
    assert standing(db).state is State.CONFIRMED
    with db.read() as tx:
        [one], _ = differences.page(tx, 10, everything=True)
    assert (one.kind.value, one.gateway, one.cleared_by) == ("unexpected", "shop-1", "reconcile")
    assert found(db) == []


def test_what_a_person_dealt_with_stays_so_until_the_gateway_says_something_else(db: Database) -> None:
    placed(db)
    reconcile.run(db, Telling(e1="shop-2"), NOW)
    with db.begin() as tx:
        differences.close(tx, found(db)[0].id, "operator:me", "the shop merged two orders", NOW)
    reconcile.run(db, Telling(e1="shop-2"), NOW + HOUR)
    assert found(db) == []
    reconcile.run(db, Telling(e1="shop-3"), NOW + HOUR)
    assert told(db) == [("other_order", "shop-1", "shop-3")]


def test_a_difference_goes_with_its_execution(db: Database) -> None:
    placed(db)
    reconcile.run(db, Telling(), NOW)
    with db.begin() as tx:
        tx.exec_driver_sql("DELETE FROM executions")
    assert found(db) == []


def test_without_a_gateway_what_was_not_returned_is_kept(db: Database) -> None:
    placed(db)
    assert reconcile.run(db, None, NOW + timedelta(days=15)) == {"kept": 1}
    with db.read() as tx:
        assert executions.counts(tx) == {State.KEPT: 1}
