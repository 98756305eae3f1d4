"""The stop switch, settling by hand, and what is upcoming, at risk, failed: over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.domain.alerts import Alarm, AlertKind, DifferenceKind
from engine.domain.customers import Consent, Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.store import alerts, consents, customers, differences, executions, items, mandates, preferences
from engine.store.database import Database
from tests.api.acting import execution
from tests.api.conftest import Place
from tests.api.problems import assert_problem
from tests.builders import an_item, usd
from tests.ledgers import HOUR, NOW, line, stored
from tests.ledgers import execution as due


def trusting(db: Database, id: str, **mandate: Any) -> None:
    """A customer who lets coffee be ordered for them."""
    with db.begin() as tx:
        customers.ensure(tx, [id], NOW)
        consents.put(tx, id, [Consent(purpose=one, state=Grant.GRANTED, at=NOW - HOUR) for one in Purpose])
        preferences.put(tx, id, Preferences(ceiling=Rung.SILENT), NOW)
        signed = {"families": frozenset({"coffee"}), "signed_at": NOW - HOUR, **mandate}
        mandates.add(tx, Mandate(mandate_id=f"m-{id}", customer_id=id, **signed))


def listed(place: Place, view: str, more: str = "") -> list[dict[str, Any]]:
    """The executions of a view."""
    answer = place.operator.get(f"/v1/executions?view={view}{more}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()["executions"]


def test_everything_is_stopped_by_an_empty_post_and_goes_on_when_lifted(either_place: Place) -> None:
    operator = either_place.operator
    pressed = operator.post("/v1/policies/stop")
    assert pressed.status_code == 201
    stop = pressed.get_json()
    assert (stop["scope"], stop["in_force"], stop["until"]) == ("all", True, None)
    assert stop["actor"].startswith("operator:")
    assert operator.get("/v1/policies/stops").get_json()["stops"] == [stop]
    lifted = operator.delete(f"/v1/policies/stops/{stop['stop_id']}")
    assert (lifted.status_code, lifted.get_json()["in_force"]) == (200, False)
    assert operator.get("/v1/policies/stops").get_json()["stops"] == []
    assert len(operator.get("/v1/policies/stops?all=true").get_json()["stops"]) == 1
    assert_problem(operator.delete(f"/v1/policies/stops/{stop['stop_id']}"), 409)
    entries = operator.get("/v1/audit?limit=2").get_json()["entries"]
    assert [one["action"] for one in entries] == ["stop.lift", "stop.press"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scope": "family"}, "/value"),
        ({"scope": "all", "value": "milk"}, "/value"),
        ({"scope": "planet"}, "/scope"),
        ({"until": "2017-12-01T07:59:59Z"}, "/until"),
        ({"until": "2017-12-01T09:00:00"}, "/until"),
    ],
)
def test_a_stop_that_says_nothing_clear_is_refused(place: Place, body: object, pointer: str) -> None:
    assert_problem(place.operator.post("/v1/policies/stop", body), 422, pointer=pointer)
    assert place.operator.get("/v1/policies/stops").get_json()["stops"] == []


def test_only_operators_stop(place: Place) -> None:
    assert_problem(place.backend.post("/v1/policies/stop"), 403)


def test_what_needs_review_is_settled_as_placed_with_the_shops_order(either_place: Place) -> None:
    stored(either_place.db, due(state=State.NEEDS_REVIEW))
    body = {"outcome": "placed", "order_id": "shop-1", "reason": "seen in the back office"}
    answer = either_place.operator.post("/v1/executions/e1/settle", body)
    assert answer.status_code == 200, answer.text
    assert (answer.get_json()["state"], answer.get_json()["order_id"]) == ("placed", "shop-1")
    entry = next(
        one for one in either_place.operator.get("/v1/audit").get_json()["entries"] if "key" not in one["action"]
    )
    assert (entry["action"], entry["subject"]) == ("execution.settle", "e1")
    assert_problem(either_place.operator.post("/v1/executions/e1/settle", {"outcome": "failed"}), 409)


def test_an_order_that_is_anothers_settles_nothing(either_place: Place) -> None:
    stored(either_place.db, due(state=State.NEEDS_REVIEW), due("e2", "ben", state=State.NEEDS_REVIEW))
    operator = either_place.operator
    assert operator.post("/v1/executions/e1/settle", {"outcome": "placed", "order_id": "o"}).status_code == 200
    assert_problem(operator.post("/v1/executions/e2/settle", {"outcome": "placed", "order_id": "o"}), 409)
    with either_place.db.read() as tx:
        assert executions.counts(tx) == {State.PLACED: 1, State.NEEDS_REVIEW: 1}
    assert operator.post("/v1/executions/e2/settle", {"outcome": "failed"}).get_json()["state"] == "failed"


@pytest.mark.parametrize("body", [{"outcome": "placed"}, {"outcome": "failed", "order_id": "o"}])
def test_settling_says_one_thing(place: Place, body: object) -> None:
    stored(place.db, due(state=State.NEEDS_REVIEW))
    assert_problem(place.operator.post("/v1/executions/e1/settle", body), 422, pointer="")
    assert_problem(place.backend.post("/v1/executions/e1/settle", {"outcome": "failed"}), 403)


def test_upcoming_is_the_next_due_first_page_by_page(either_place: Place) -> None:
    some = [due(f"e{n}", f"c{n}", due=NOW + n * HOUR) for n in (3, 1, 2)]
    stored(either_place.db, *some, due("done", "zoe", state=State.PLACED))
    first = either_place.operator.get("/v1/executions?view=upcoming&limit=2").get_json()
    assert [one["execution_id"] for one in first["executions"]] == ["e1", "e2"]
    assert first["executions"][0]["risks"] is None
    assert [one["execution_id"] for one in listed(either_place, "upcoming", f"&cursor={first['next_cursor']}")] == [
        "e3"
    ]


def test_failed_is_what_failed_was_refused_or_nobody_knows(place: Place) -> None:
    states = (State.FAILED, State.REFUSED, State.NEEDS_REVIEW, State.VETOED, State.PLACED, State.WAITING)
    stored(place.db, *(due(state.value, state.value, state=state) for state in states))
    assert {one["state"] for one in listed(place, "failed")} == {"failed", "refused", "needs_review"}


def test_a_view_and_a_state_is_422(place: Place) -> None:
    assert_problem(place.operator.get("/v1/executions?view=failed&state=waiting"), 422)


def test_at_risk_is_what_placing_would_object_to_when_it_is_due(either_place: Place) -> None:
    db = either_place.db
    with db.begin() as tx:
        items.put(tx, [an_item("beans"), an_item("gone", available=False), an_item("dear", price=usd(600))])
    trusting(db, "well")
    trusting(db, "ends", expires_at=NOW + HOUR)
    trusting(db, "tight", budget=usd(400), budget_period=timedelta(days=30))
    trusting(db, "sold-out")
    trusting(db, "risen")
    trusting(db, "later", expires_at=NOW + 3 * HOUR)
    trusting(db, "asked")

    def waiting(id: str, item: str = "beans", **more: Any) -> Any:
        return due(f"e-{id}", id, line(item), mandate=f"m-{id}", **{"due": NOW + 2 * HOUR, **more})

    stored(
        db,
        waiting("well"),
        waiting("ends"),
        waiting("tight"),
        waiting("sold-out", "gone"),
        waiting("risen", "dear"),
        waiting("later"),
        waiting("asked", rung=Rung.APPROVE),
    )
    found = {one["customer_id"]: [risk["rule"] for risk in one["risks"]] for one in listed(either_place, "at_risk")}
    assert found == {
        "ends": ["mandate.expired"],
        "tight": ["mandate.budget"],
        "sold-out": ["item.unavailable"],
        "risen": ["item.price_risen"],
    }
    assert listed(either_place, "at_risk", "&within=1h") == []
    [ends] = [one for one in listed(either_place, "at_risk") if one["customer_id"] == "ends"]
    assert ends["risks"][0]["reason"] == "What you signed for this has run out."


def test_a_stop_in_force_and_a_gateway_that_fails_put_everything_at_risk(place: Place) -> None:
    with place.db.begin() as tx:
        items.put(tx, [an_item("beans")])
    trusting(place.db, "ann")
    stored(place.db, due(customer="ann", mandate="m-ann", due=NOW + HOUR))
    assert listed(place, "at_risk") == []
    stop = place.operator.post("/v1/policies/stop", {"until": "2017-12-01T08:30:00Z"}).get_json()
    assert listed(place, "at_risk") == []  # it is over by then
    place.operator.post("/v1/policies/stop", {"until": "2017-12-01T09:30:00Z"})
    [one] = listed(place, "at_risk")
    assert [risk["rule"] for risk in one["risks"]] == ["stop.all"]
    assert one["risks"][0]["detail"] == {"stop_id": stop["stop_id"]}
    place.operator.delete(f"/v1/policies/stops/{stop['stop_id']}")
    with place.db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.GATEWAY, subject="default")], NOW, tell=False)
    assert [risk["rule"] for risk in listed(place, "at_risk")[0]["risks"]] == ["gateway.failing"]


def test_alerts_are_listed_those_that_stand_and_those_that_are_cleared(either_place: Place) -> None:
    with either_place.db.begin() as tx:
        alerts.settle(
            tx, [Alarm(kind=AlertKind.REVIEW, detail={"n": 2}), Alarm(kind=AlertKind.BACKLOG)], NOW, tell=True
        )
    with either_place.db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.REVIEW, detail={"n": 3})], NOW + HOUR, tell=True)
    get = either_place.operator.get
    [stands] = get("/v1/alerts?open=true").get_json()["alerts"]
    assert (stands["kind"], stands["detail"], stands["cleared_at"]) == ("executions.needs_review", {"n": 3}, None)
    [cleared] = get("/v1/alerts?open=false").get_json()["alerts"]
    assert (cleared["kind"], cleared["cleared_at"]) == ("executions.overdue", "2017-12-01T09:00:00Z")
    assert len(get("/v1/alerts").get_json()["alerts"]) == 2


def test_a_difference_is_listed_until_a_person_has_dealt_with_it(either_place: Place) -> None:
    stored(either_place.db, due(state=State.PLACED))
    with either_place.db.begin() as tx:
        differences.note(tx, "e1", DifferenceKind.MISSING, "shop-1", "no order", NOW)
    operator = either_place.operator
    [found] = operator.get("/v1/reports/differences").get_json()["differences"]
    assert (found["kind"], found["ledger"], found["gateway"]) == ("missing", "shop-1", "no order")
    close = f"/v1/reports/differences/{found['id']}/close"
    assert operator.post(close, {"note": "the shop lost it"}).get_json()["cleared_by"].startswith("operator:")
    assert_problem(operator.post(close, {"note": "again"}), 409)
    with either_place.db.begin() as tx:
        differences.note(tx, "e1", DifferenceKind.MISSING, "shop-1", "no order", NOW + HOUR)
    assert operator.get("/v1/reports/differences").get_json()["differences"] == []
    assert len(operator.get("/v1/reports/differences?all=true").get_json()["differences"]) == 1


def test_an_execution_alone_shows_no_risks(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    execution(place, "x1")
    assert place.backend.get("/v1/executions/x1").get_json()["risks"] is None
