"""Between deciding and placing: what was signed holds at the instant of placing, and an order is made once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.config import Settings
from engine.domain.customers import Consent, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.signals import Heard, Record, Signal, Standing
from engine.store import consents, executions, items, ladders, mandates, preferences, signals
from engine.store.database import Database
from jobs import shadow
from jobs.sweep import Sweep
from modes.conduct import Conduct
from modes.policy import Policy
from tests.builders import a_mandate, an_item, usd
from tests.fakes import FakeGateway
from tests.ledgers import HOUR, NOW, execution, line, standing, stored
from tests.modes.shop import a_context

LATER = timedelta(days=1)


class Place:
    """A shop with one customer who signed for beans, an order that was decided, and a gateway."""

    def __init__(self, db: Database, settings: Settings, script: tuple[str, ...] = ()) -> None:
        self.db, self.settings, self.gateway = db, settings, FakeGateway(script)
        stored(db, execution(mandate="m1"))
        with db.begin() as tx:
            items.put(tx, [an_item("beans", price=usd(499))])
            consents.put(tx, "anna", [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW - LATER)])
            preferences.put(tx, "anna", Preferences(ceiling=Rung.SILENT), NOW - LATER)
            mandates.add(tx, a_mandate(customer_id="anna", signed_at=NOW - LATER))

    def sweep(self, hours: int = 0) -> None:
        """Whatever is due is placed."""
        now = NOW + hours * HOUR
        Sweep(db=self.db, gateway=self.gateway, settings=self.settings, clock=lambda: now, owner="w").run()


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A home of its own."""
    return Settings.from_env({"RAPPORT_HOME": str(tmp_path)})


@pytest.fixture
def place(db: Database, settings: Settings) -> Place:
    """On each kind of database."""
    return Place(db, settings)


@pytest.mark.example(9)
def test_what_is_signed_is_ordered_once_however_often_it_is_swept(place):
    for hour in range(3):
        place.sweep(hour)
    assert len(place.gateway.orders) == len(place.gateway.placed) == 1
    assert standing(place.db).state is State.PLACED


@pytest.mark.example(9)
def test_revoked_between_deciding_and_placing_nothing_is_ordered(place):
    with place.db.begin() as tx:
        mandates.revoke(tx, "m1", NOW - HOUR)
    place.sweep()
    place.sweep(1)
    assert place.gateway.placed == []
    found = standing(place.db)
    assert (found.state, found.reason) == (State.REFUSED, "mandate.revoked")


@pytest.mark.example(9)
def test_the_same_decided_again_is_not_taken_again(place):
    """A replay with the same id, a duplicate of the same cycle under another id; before placing and after it."""
    replay, duplicate = execution(mandate="m1"), execution("e2", mandate="m1")
    for _ in range(2):
        with place.db.begin() as tx:
            assert executions.add(tx, replay, NOW) is None
            assert executions.add(tx, duplicate, NOW) is None
        place.sweep()
    assert list(place.gateway.orders) == ["e1"]


@pytest.mark.example(9)
def test_an_answer_that_was_lost_makes_no_second_order(db, settings):
    """The gateway keeps the order and its answer never comes: asked again under the same key, there is one order."""
    place = Place(db, settings, script=("late",))
    terms = place.settings
    sweep = Sweep(db=db, gateway=place.gateway, settings=terms, clock=lambda: NOW, owner="w")
    sweep.run()
    assert standing(db).state is State.PLACING
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL, lease_until = NULL")
    sweep.run()
    assert len(place.gateway.placed) == 2
    assert len({one.key for one in place.gateway.placed}) == len(place.gateway.orders) == 1
    assert standing(db).state is State.PLACED


@pytest.mark.example(9)
def test_money_is_counted_in_cents_by_the_order_that_is_placed_first(db, settings):
    """A budget of 20.00, of which 15.01 are spent: 5.00 is refused; of 15.00 it is placed, and nothing is left."""
    for spent, state in ((1501, State.REFUSED), (1500, State.PLACED)):
        id = f"anna{spent}"
        with db.begin() as tx:
            items.put(tx, [an_item(name, price=usd(cents)) for name, cents in (("first", spent), ("beans", 500))])
        stored(
            db,
            execution(f"first{spent}", id, line("first", "tea", cents=spent), mandate=f"m{spent}", due=NOW - HOUR),
            execution(f"then{spent}", id, line("beans", "coffee", cents=500), mandate=f"m{spent}", due=NOW),
            execution(f"last{spent}", id, line("beans", "milk", cents=500), mandate=f"m{spent}", due=NOW + HOUR),
        )
        terms = {"families": frozenset({"coffee", "tea", "milk"}), "price_high": None, "budget": usd(2_000)}
        with db.begin() as tx:
            consents.put(tx, id, [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=NOW - LATER)])
            preferences.put(tx, id, Preferences(ceiling=Rung.SILENT), NOW - LATER)
            mandates.add(tx, a_mandate(f"m{spent}", customer_id=id, signed_at=NOW - LATER, max_quantity=1, **terms))
        for hours in (-1, 0, 1):
            now = NOW + hours * HOUR
            Sweep(db=db, gateway=FakeGateway(), settings=settings, clock=lambda now=now: now, owner="w").run()
        assert standing(db, f"first{spent}").state is State.PLACED
        assert standing(db, f"then{spent}").state is state
        last = standing(db, f"last{spent}")
        assert (last.state, last.reason) == (State.REFUSED, "mandate.budget")


@pytest.mark.example(10)
def test_the_same_return_told_twice_is_one_fall(db, settings):
    """By the shop and by the customer, before the weekly review and after it."""
    stored(db, execution())
    back = Heard(signal=Signal.RETURNED, at=NOW, need="coffee", rung=Rung.SILENT, source="execution:e1")
    high = Standing(rung=Rung.SILENT, hits=(20.0,) * 3, misses=(1.0,) * 3, sure=(19.0,) * 3, shadows=(21.0,) * 3)
    with db.begin() as tx:
        ladders.put(tx, {"anna": {"coffee": high}}, {}, NOW - LATER)
        signals.add(tx, {"anna": [back]})
        signals.add(tx, {"anna": [back, Heard(**{**_fields(back), "at": NOW + HOUR})]})
    for days in (0.1, 7, 14, 27):
        now = NOW + days * LATER
        shadow.reviewed(db, ["anna"], None, now, Policy())
        with db.read() as tx:
            record: Record = ladders.records(tx, ["anna"], now)["anna"]
        found = Conduct.of(a_context(record=record), Policy(), now).standing("coffee")
        assert (found.rung, found.falls, found.rest_until) == (Rung.VETO, 1, NOW + timedelta(days=28)), days


def _fields(one: Heard) -> dict[str, object]:
    return {name: getattr(one, name) for name in Heard.__dataclass_fields__}
