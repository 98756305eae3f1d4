"""Promised days from planning to the gateway: decided, kept, placed in time, promised anew where it is too late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.config import Settings
from engine.domain.calendar import Arrival, Calendar, Slot
from engine.domain.customers import Consent, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import Execution, State
from engine.domain.house import House
from engine.domain.shopping import Customer
from engine.store import bookings, calendars, consents, customers, decided, items, nudges
from engine.store.database import Database
from engine.store.decided import Made
from jobs.decisions import Deciding
from jobs.gateway import wire
from jobs.sweep import Sweep
from modes.decide import decide
from modes.deeds import deeds
from modes.document import document
from modes.policy import Policy
from tests.fakes import FakeGateway
from tests.ledgers import execution, line, standing, stored
from tests.modes.shop import ITEMS, NOW, FakeModel, a_context, a_forecast, a_history, a_signed, catalogue

DAILY = Calendar(zone=ZoneInfo("UTC"), cut_offs={day: time(14) for day in range(7)}, shipping_cost=2.0)
NOON = Slot(name="noon", start=time(11), end=time(13), capacity=1)
BOUGHT = a_history(*((item, family, days) for item, family in (("i1", "coffee"), ("m1", "milk")) for days in (55, 27)))


@pytest.fixture
def shop(db: Database) -> Database:
    """c1, who signed for coffee and milk, in a shop with a calendar."""
    with db.begin() as tx:
        items.put(tx, ITEMS)
        customers.ensure(tx, ["c1", "c2"], NOW)
        for id in ("c1", "c2"):
            consents.put(tx, id, [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW - timedelta(days=9))])
        calendars.put(tx, DAILY, "operator:k", NOW)
    return db


def both(house: House, customer: str = "c1", under_way: Sequence[Execution] = ()) -> Made:
    """A decision that orders coffee and milk, needed in nine and ten days."""
    forecasts = [a_forecast(), a_forecast("milk", "m1", 0.94)]
    model = FakeModel(forecasts, needed_in={"coffee": 9, "milk": 10})
    signed = a_signed(families=frozenset({"coffee", "milk"}))
    context = a_context(
        customer=Customer(customer_id=customer),
        history=BOUGHT,
        mandates=(signed,),
        preferences=Preferences(ceiling=Rung.VETO),
        executions=tuple(under_way),
    )
    decision = decide(
        context, model, NOW, catalogue=catalogue(), policy=Policy(), decision_id=f"d-{customer}", house=house
    )
    return Made(
        decision=decision,
        deeds=deeds(decision, NOW),
        document=lambda orders: document(decision, True, orders),
    )


def test_a_joined_order_is_kept_once_with_one_notice_and_every_experience_tells_of_it(shop: Database) -> None:
    with shop.begin() as tx:
        (kept,) = decided.keep(tx, [both(House(calendar=DAILY))], "test", NOW)
    told = [one["execution"] for one in kept.document["experiences"]]
    (id,) = {one["execution_id"] for one in told}
    assert [one["state"] for one in told] == ["waiting", "waiting"]
    one = standing(shop, id)
    assert {line.need: line.probability for line in one.lines} == {"coffee": 0.95, "milk": 0.94}
    assert (one.deliver_by, one.due_at) == (date(2017, 12, 10), datetime(2017, 12, 9, 13, tzinfo=UTC))
    with shop.read() as tx:
        inbox = nudges.messages(tx, ["c1"], NOW - timedelta(days=1))
    assert len(inbox["c1"]) == 1


def test_what_joins_is_a_line_of_the_order_under_way(shop: Database) -> None:
    milk = replace(
        execution("x1", "c1", line("m1", "milk", "after:2017-11-04", 120), mandate="m1"),
        due_at=datetime(2017, 12, 9, 13, tzinfo=UTC),
        deliver_by=date(2017, 12, 10),
    )
    stored(shop, milk)
    made = both(House(calendar=DAILY), under_way=[milk])
    with shop.begin() as tx:
        (kept,) = decided.keep(tx, [made], "test", NOW)
    (told,) = [one["execution"] for one in kept.document["experiences"] if one["execution"]]
    assert (told["execution_id"], told["families"]) == ("x1", ["milk", "coffee"])
    assert [one.need for one in standing(shop, "x1").lines] == ["coffee", "milk"]


def test_a_slot_that_was_taken_meanwhile_is_decided_on_anew(shop: Database) -> None:
    """Two decide on the same last place; the second is promised another day."""
    calendar = replace(DAILY, slots=(NOON,))
    with shop.begin() as tx:
        calendars.put(tx, calendar, "operator:k", NOW)

    class Racing(Deciding):
        def _made(self, tx, context, now, request, put_forward, set_up):
            return both(set_up, context.customer.customer_id)

    deciding = Racing(db=shop, settings=Settings.from_env({}), model=None, trigger="test")
    made = list(deciding.many(["c1", "c2"], NOW))
    days = sorted({one["execution"]["deliver_by"] for doc in made for one in doc["experiences"]})
    assert days == ["2017-12-10", "2017-12-11"]
    with shop.read() as tx:
        assert set(bookings.since(tx, date(2017, 12, 1)).values()) == {1}


# At placing


def swept(db: Database, now: datetime) -> FakeGateway:
    gateway = FakeGateway()
    settings = Settings.from_env({})
    Sweep(db=db, gateway=gateway, settings=settings, clock=lambda: now, owner="test").run()
    return gateway


def due(db: Database, **given: object) -> None:
    """x1, approved, to be placed on the fourth for the fifth."""
    known = {"due_at": datetime(2017, 12, 4, 13, tzinfo=UTC), "deliver_by": date(2017, 12, 5), "approved_at": NOW}
    one = execution("x1", "c1", line("m1", "milk", "first", 120), rung=Rung.APPROVE)
    stored(db, replace(one, **{**known, **given}))


def test_the_gateway_is_told_the_day_and_the_customer_too(shop: Database) -> None:
    due(shop)
    swept(shop, datetime(2017, 12, 4, 13, tzinfo=UTC))
    one = standing(shop, "x1")
    assert (one.state, one.deliver_by) == (State.PLACED, date(2017, 12, 5))
    assert wire(one)["deliver_by"] == "2017-12-05"
    assert "slot" not in wire(one)
    with shop.read() as tx:
        (told,) = nudges.inbox(tx, "c1", datetime(2017, 12, 5, tzinfo=UTC), 10)[0]
    assert told.text == "Ordered for you: 1 × Milk, 1.20 USD in all, to arrive on 5 December."


def test_nothing_promised_is_nothing_told(shop: Database) -> None:
    assert {"deliver_by", "slot"}.isdisjoint(wire(execution()))


@pytest.mark.parametrize("given", [{}, {"deliver_by": None}])
def test_what_is_placed_too_late_for_its_day_is_promised_for_the_next(shop: Database, given) -> None:
    due(shop, **given)
    swept(shop, datetime(2017, 12, 4, 15, tzinfo=UTC))
    one = standing(shop, "x1")
    assert (one.state, one.deliver_by) == (State.PLACED, date(2017, 12, 6))


def test_a_new_promise_is_for_a_slot_that_has_room_and_leaves_the_old_one(shop: Database) -> None:
    with shop.begin() as tx:
        calendars.put(tx, replace(DAILY, slots=(NOON,)), "operator:k", NOW)
    due(shop, slot="noon")
    stored(
        shop, replace(execution("x2", "c2"), deliver_by=date(2017, 12, 6), slot="noon", due_at=NOW.replace(year=2018))
    )
    swept(shop, datetime(2017, 12, 4, 15, tzinfo=UTC))
    assert standing(shop, "x1").deliver_by == date(2017, 12, 7)
    assert wire(standing(shop, "x1"))["slot"] == "noon"
    with shop.read() as tx:
        taken = bookings.since(tx, date(2017, 12, 1))
    assert taken == {Arrival(day=date(2017, 12, day), slot="noon"): 1 for day in (6, 7)}
