"""A pause, what would follow if it ended, what fell due in it; and the record of orders that were not made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from engine.domain.customers import Consent, Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.rules import Gateway, Rule, Version
from engine.domain.shopping import Customer
from engine.domain.signals import Standing
from engine.store import consents, customers, executions, items, ladders, mandates, orders, preferences, rules
from engine.store.database import Database
from jobs.sweep import Sweep
from tests.api.acting import execution
from tests.api.conftest import Place, settings_at
from tests.api.problems import assert_problem
from tests.builders import a_line, a_mandate, an_item, usd
from tests.fakes import FakeGateway
from tests.modes.shop import FakeModel, a_forecast

AT = datetime.fromisoformat("2017-12-01T12:00:00+00:00")
DAY = timedelta(days=1)
NONE = dict.fromkeys(("hit", "early", "late", "wrong", "unwanted", "open"), 0)
Places = Callable[[datetime], Place]


@pytest.fixture
def at(db: Database, tmp_path: Path) -> Places:
    """A shop, on each database, as it is at an instant: ann buys beans every 28 days and lets everything be done."""
    with db.begin() as tx:
        items.put(tx, [an_item("beans", name="Beans"), an_item("dark", name="Dark")])
        customers.put(tx, [Customer(customer_id="ann"), Customer(customer_id="bob")], AT - 200 * DAY)
        bought = [(f"o{n}", AT - days * DAY) for n, days in enumerate((83, 55, 27))]
        lines = [a_line(id, "beans", customer_id="ann", ordered_at=when) for id, when in bought]
        orders.put_lines(tx, lines, import_id=orders.new_import())
        consents.put(tx, "ann", [Consent(purpose=Purpose.AUTOMATION, state=Grant.GRANTED, at=AT - 99 * DAY)])
        mandates.add(tx, a_mandate(customer_id="ann", signed_at=AT - 99 * DAY))
        standing = Standing(rung=Rung.SILENT, hits=(20.0,) * 3, shadows=(20.0,) * 3)
        ladders.put(tx, {"ann": {"coffee": standing}}, {}, AT - 3 * DAY)
        preferences.put(tx, "ann", Preferences(ceiling=Rung.SILENT, paused=True), AT - 9 * DAY)

    def place(now: datetime) -> Place:
        here = settings_at(tmp_path / "home", NOW=now.isoformat())
        return Place(
            app=create_app(here, db, model=lambda: FakeModel([a_forecast("coffee", "beans")])), db=db, settings=here
        )

    return place


def pause(place: Place) -> dict[str, Any]:
    """What ann is told of her pause."""
    found: dict[str, Any] = place.customer("ann").get("/v1/customers/ann/pause").get_json()
    return found


def prefer(place: Place, **stated: object) -> None:
    """What ann prefers from now on."""
    assert place.customer("ann").put("/v1/customers/ann/preferences", stated).status_code == 200


@pytest.mark.parametrize(("ceiling", "where"), [("silent", "at_once"), ("veto", "announced"), ("approve", "asked")])
def test_a_pause_says_what_would_be_ordered_if_it_ended(at: Places, ceiling: str, where: str) -> None:
    place = at(AT)
    prefer(place, ceiling=ceiling, paused=True)
    found = pause(place)
    assert (found["paused"], found["paused_until"]) == (True, None)
    [would] = found.pop(where)
    line = {"item_id": "beans", "need": "coffee", "quantity": 1, "unit_price": "4.99"}
    assert (would["lines"], would["total"]) == ([line], "4.99")
    assert [found[name] for name in ("at_once", "announced", "asked") if name != where] == [[], []]
    assert place.backend.get("/v1/customers/ann/executions").get_json()["executions"] == []


def test_what_fell_due_in_a_pause_is_listed_and_left_out_when_it_ends(at: Places) -> None:
    place = at(AT)
    execution(place, "x1")
    execution(place, "x2")
    place.backend.post("/v1/executions/x2/snooze", {"by": "30d"})
    later = at(AT + 2 * DAY)
    found = pause(later)
    assert [one["execution_id"] for one in found["left_out"]] == ["x1"]
    assert [one["execution_id"] for one in found["waiting"]] == ["x2"]
    prefer(later, ceiling="silent")
    states = later.backend.get("/v1/customers/ann/executions").get_json()["executions"]
    assert {one["execution_id"]: (one["state"], one["reason"]) for one in states} == {
        "x1": ("skipped", "preferences.was_paused"),
        "x2": ("waiting", "snoozed"),
    }
    assert pause(later)["paused"] is False


def test_what_fell_due_in_a_pause_that_ended_by_itself_is_not_placed(at: Places) -> None:
    """No worker ran while it lasted: the first sweep after it leaves out what it held back."""
    place = at(AT)
    execution(place, "x1", mandate_id="m1")
    prefer(place, ceiling="silent", paused=True, paused_until=(AT + 2 * DAY).isoformat())
    gateway = FakeGateway()
    now = AT + 2 * DAY + timedelta(hours=1)
    sweep = Sweep(db=place.db, gateway=gateway, settings=place.settings, clock=lambda: now, owner="w")
    assert sweep.run() == {"skipped": 1}
    assert gateway.placed == []


def test_a_pause_with_an_end_is_over_then(at: Places) -> None:
    prefer(at(AT), paused=True, paused_until=(AT + 2 * DAY).isoformat())
    found = pause(at(AT + DAY))
    assert (found["paused"], found["paused_until"]) == (True, "2017-12-03T12:00:00Z")
    assert pause(at(AT + 2 * DAY))["paused"] is False


@pytest.mark.parametrize(
    ("stated", "pointer"),
    [
        ({"paused": True, "paused_until": "2017-01-01T00:00:00Z"}, "/paused_until"),
        ({"paused": True, "paused_until": AT.isoformat()}, "/paused_until"),
        ({"paused_until": "2017-01-01T00:00:00Z"}, "/paused_until"),
        ({"paused_until": "2100-01-01T00:00:00Z"}, "/paused"),
        ({"paused": False, "paused_until": "2100-01-01T00:00:00Z"}, "/paused"),
    ],
)
def test_a_pause_that_is_over_or_an_end_without_one_is_422_and_changes_nothing(
    at: Places, stated: dict[str, object], pointer: str
) -> None:
    place = at(AT)
    before = place.backend.get("/v1/customers/ann/preferences").get_json()
    assert_problem(place.backend.put("/v1/customers/ann/preferences", stated), 422, pointer=pointer)
    assert place.backend.get("/v1/customers/ann/preferences").get_json() == before


def test_an_end_that_was_kept_without_the_switch_may_be_sent_back(at: Places) -> None:
    """As they were stored before an end without a pause was refused."""
    place, until = at(AT), AT + DAY
    with place.db.begin() as tx:
        preferences.put(tx, "ann", Preferences(paused_until=until), AT)
    prefer(place, paused_until=until.isoformat())
    assert pause(place)["paused"] is True


def test_a_pause_that_is_over_is_told_as_over_and_sent_back_starts_no_other(at: Places) -> None:
    """As an app does that changes another setting and sends back all of them, as it was given them."""
    prefer(at(AT), paused=True, paused_until=(AT + DAY).isoformat())
    later = at(AT + 2 * DAY)
    given = later.backend.get("/v1/customers/ann/preferences").get_json()
    assert given["paused"] is False
    sent = later.backend.put("/v1/customers/ann/preferences", given | {"channels": ["email"]}).get_json()
    assert (sent["paused"], pause(later)["paused"]) == (False, False)
    turned = given | {"paused": True}
    assert_problem(later.backend.put("/v1/customers/ann/preferences", turned), 422, pointer="/paused_until")
    sent = later.backend.put("/v1/customers/ann/preferences", turned | {"paused_until": None}).get_json()
    assert (sent["paused"], pause(later)["paused"]) == (True, True), "but who turns the switch is paused"


def test_the_very_pause_that_was_stated_and_is_over_starts_no_other(at: Places) -> None:
    """As an app does that kept what it sent."""
    stated = {"paused": True, "paused_until": (AT + DAY).isoformat()}
    prefer(at(AT), **stated)
    prefer(at(AT + 2 * DAY), **stated)
    assert pause(at(AT + 2 * DAY))["paused"] is False


def test_somebody_elses_pause_is_not_there(at: Places) -> None:
    assert_problem(at(AT).customer("bob").get("/v1/customers/ann/pause"), 404)


# --- orders that were not made


def decided(place: Place) -> str:
    """A decision about ann, who is not here."""
    answer = place.backend.post("/v1/decisions", {"customer_id": "ann"}).get_json()
    return str(answer["decision_id"])


def bought(place: Place, item: str, when: datetime) -> None:
    """Something ann buys herself."""
    line = {"order_id": f"own {item}", "customer_id": "ann", "item_id": item, "ordered_at": when.isoformat()}
    assert place.backend.post("/v1/orders", line).status_code == 200


def record(place: Place) -> dict[str, Any]:
    """Ann's record."""
    found: dict[str, Any] = place.customer("ann").get("/v1/customers/ann/shadows").get_json()
    return found


@pytest.mark.parametrize(
    ("item", "days", "score"),
    [("beans", 0.5, "late"), ("beans", 5, "hit"), ("dark", 5, "wrong"), ("beans", 40, "early"), (None, 0, "unwanted")],
)
def test_the_record_says_how_an_order_would_have_fared(at: Places, item: str | None, days: float, score: str) -> None:
    id = decided(at(AT))
    later = at(AT + 60 * DAY)
    assert record(at(AT + DAY))["counts"]["open"] == 1
    if item is not None:
        bought(later, item, AT + days * DAY)
    found = record(later)
    [shadow] = found["shadows"]
    assert found["counts"] == NONE | {score: 1}
    assert (shadow["decision_id"], shadow["item_id"], shadow["quantity"], shadow["score"]) == (id, "beans", 1, score)
    assert (shadow["order_at"], shadow["until"]) == ("2017-12-02T12:00:00Z", "2017-12-29T12:00:00Z")
    assert shadow["bought_item"] == item


def test_who_refuses_that_their_orders_are_looked_at_has_no_record(at: Places) -> None:
    decided(at(AT))
    place = at(AT + 60 * DAY)
    place.customer("ann").put("/v1/customers/ann/consents", {"personalization": "refused"})
    assert record(place) == {
        "shadows": [],
        "counts": NONE,
    }


def test_somebody_elses_record_is_not_there(at: Places) -> None:
    assert_problem(at(AT).customer("bob").get("/v1/customers/ann/shadows"), 404)


# --- test orders


def test_a_test_order_goes_all_the_way_and_counts_for_nothing(at: Places) -> None:
    place = at(AT)
    with place.db.begin() as tx:
        preferences.put(tx, "ann", Preferences(ceiling=Rung.SILENT), AT)
        mandates.replace(tx, a_mandate(customer_id="ann", signed_at=AT - DAY, budget=usd(499), budget_period=7 * DAY))
    execution(place, "x1", mandate_id="m1")
    body = {"customer_id": "ann", "items": [{"item_id": "beans", "quantity": 2}], "test": True}
    answer = place.operator.post("/v1/executions", body)
    assert answer.status_code == 201
    made = answer.get_json()
    assert (made["test"], made["state"], made["total"]) == (True, "waiting", "9.98")
    gateway = FakeGateway()
    sweep = Sweep(db=place.db, gateway=gateway, settings=place.settings, clock=lambda: AT, owner="w")
    assert sweep.run() == {"placed": 1}
    assert [one.test for one in gateway.placed] == [True]
    found = place.backend.get(f"/v1/executions/{made['execution_id']}").get_json()
    assert (found["state"], found["test"]) == ("placed", True)
    with place.db.read() as tx:
        assert orders.owners(tx, [found["order_id"]]) == {}
    told = place.customer("ann").get("/v1/customers/ann/nudges").get_json()["nudges"]
    assert told[0]["text"].startswith("Test order, nothing is charged. Ordered for you: 2 × Beans")
    with place.db.read() as tx:
        context = place_context(tx, place)
    assert [one.execution_id for one in context.executions] == ["x1"]


def place_context(tx: Any, place: Place) -> Any:
    """Ann as a decision sees her."""
    from engine.store import context

    return context.read(tx, "ann", AT, zone=place.settings.timezone, personalization_default=Grant.GRANTED)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"customer_id": "ann", "items": [{"item_id": "beans"}], "test": False}, 422),
        ({"customer_id": "ann", "items": [{"item_id": "beans"}]}, 422),
        ({"customer_id": "ann", "items": [], "test": True}, 422),
        ({"customer_id": "ann", "items": [{"item_id": "unknown"}], "test": True}, 422),
        ({"customer_id": "ann", "items": [{"item_id": "beans"}, {"item_id": "dark"}], "test": True}, 422),
        ({"customer_id": "nobody", "items": [{"item_id": "beans"}], "test": True}, 404),
    ],
)
def test_a_test_order_that_cannot_be(at: Places, body: dict[str, object], status: int) -> None:
    assert_problem(at(AT).operator.post("/v1/executions", body), status)


@pytest.mark.parametrize(
    ("purpose", "reason"), [(Purpose.AUTOMATION, "consents.automation"), (None, "preferences.paused")]
)
def test_a_test_order_that_would_not_go_out_is_refused_with_the_reason(
    at: Places, purpose: Purpose | None, reason: str
) -> None:
    place = at(AT)
    if purpose is not None:
        prefer(place, ceiling="silent")
        with place.db.begin() as tx:
            consents.put(tx, "ann", [Consent(purpose=purpose, state=Grant.UNSET, at=AT)])
    body = {"customer_id": "ann", "items": [{"item_id": "beans"}], "test": True}
    refused = assert_problem(place.operator.post("/v1/executions", body), 409)
    assert refused["detail"] == f"a test order for 'ann' would not go out: {reason}"
    assert place.backend.get("/v1/customers/ann/executions").get_json()["executions"] == []


def test_a_test_order_goes_to_the_gateway_that_rules_choose(at: Places) -> None:
    place = at(AT)
    prefer(place, ceiling="silent")
    rule = Rule(rule_id="cold", when='need.family == "coffee"', effect=Gateway(name="cold-chain"))
    made = Version(rule_id="cold", version=0, rule=rule, author="op", why="", approved_by="op", created_at=AT - DAY)
    with place.db.begin() as tx:
        rules.add(tx, replace(made, approved_at=AT - DAY), 0)
    body = {"customer_id": "ann", "items": [{"item_id": "beans"}], "test": True}
    made_id = place.operator.post("/v1/executions", body).get_json()["execution_id"]
    with place.db.read() as tx:
        found = executions.get(tx, made_id)
    assert found is not None
    assert found.gateway == "cold-chain"


def test_only_operators_make_test_orders(at: Places) -> None:
    body = {"customer_id": "ann", "items": [{"item_id": "beans"}], "test": True}
    assert_problem(at(AT).backend.post("/v1/executions", body), 403)
