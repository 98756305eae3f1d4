"""The shop's calendar over HTTP, and on the command line."""

from __future__ import annotations

from datetime import date

import pytest

from tests.api.conftest import Place
from tests.api.problems import assert_problem

SHOP = {
    "zone": "Europe/Berlin",
    "cut_offs": {"monday": "14:00", "saturday": "9:30"},
    "closed": ["2026-12-25"],
    "lead": "2d",
    "leads": {"FOOD > MILK": "4h"},
    "slots": [{"name": "noon", "start": "11:00", "end": "13:00", "weekdays": ["monday"], "capacity": 3}],
    "shipping_cost": 2.5,
    "slack": "30m",
}


def test_none_is_404_and_one_that_was_put_comes_back_as_a_version(place: Place) -> None:
    operator = place.operator
    assert_problem(operator.get("/v1/calendar"), 404)
    put = operator.put("/v1/calendar", SHOP).get_json()
    assert put == operator.get("/v1/calendar").get_json()
    assert put["cut_offs"] == {"monday": "14:00", "saturday": "09:30"}
    assert {name: put[name] for name in ("version", "zone", "closed", "lead", "leads", "shipping_cost", "slack")} == {
        "version": 1,
        **{name: SHOP[name] for name in ("zone", "closed", "lead", "leads", "shipping_cost", "slack")},
    }
    assert operator.put("/v1/calendar", {"cut_offs": {"monday": "14:00"}}).get_json()["version"] == 2
    assert operator.get("/v1/calendar").get_json()["zone"] == "UTC"
    entries = operator.get("/v1/audit").get_json()["entries"]
    assert [(one["action"], one["subject"]) for one in entries[:2]] == [("calendar.put", "2"), ("calendar.put", "1")]


def test_taken_away_there_is_none(place: Place) -> None:
    operator = place.operator
    assert_problem(operator.delete("/v1/calendar"), 404)
    operator.put("/v1/calendar", SHOP)
    assert operator.delete("/v1/calendar").status_code == 204
    assert_problem(operator.get("/v1/calendar"), 404)


def test_it_is_for_operators(place: Place) -> None:
    assert_problem(place.backend.get("/v1/calendar"), 403)
    assert_problem(place.backend.put("/v1/calendar", SHOP), 403)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cut_offs": {}}, "/cut_offs"),
        ({"cut_offs": {"monday": "24:00"}}, "/cut_offs/monday"),
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"closed": ["2026-02-30"]}, "/closed/0"),
        ({"lead": "0h"}, "/lead"),
        ({"lead": "61d"}, "/lead"),
        ({"leads": {"FOOD": "soon"}}, "/leads/FOOD"),
        ({"slots": [SHOP["slots"][0] | {"end": "11:00"}]}, "/slots/0"),
        ({"slots": [SHOP["slots"][0]] * 2}, ""),
        ({"slots": [SHOP["slots"][0] | {"capacity": 0}]}, "/slots/0/capacity"),
        ({"shipping_cost": -1}, "/shipping_cost"),
        ({"slack": "49h"}, "/slack"),
        ({"holidays": []}, "/holidays"),
    ],
)
def test_what_is_wrong_is_named(place: Place, change, pointer) -> None:
    answer = place.operator.put("/v1/calendar", SHOP | change)
    assert_problem(answer, 422)
    assert pointer in [one["pointer"] for one in answer.get_json()["errors"]]


def test_an_order_is_promised_at_once(place: Place) -> None:
    """From the calendar that is in force, at the API's own clock."""
    daily = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), "23:59")
    place.operator.put("/v1/calendar", {"cut_offs": daily})
    place.backend.post("/v1/items", {"item_id": "i1", "price": "4.99", "currency": "USD"})
    asked = {"items": [{"item_id": "i1"}], "needed_by": "2100-01-01"}
    body = {"customer_id": "c1", "request": asked, "dry_run": True}
    found = place.backend.post("/v1/decisions", body).get_json()["experiences"][0]["order"]["delivery"]
    assert found["met"] is True
    assert date.fromisoformat(found["earliest"]) <= date.fromisoformat(found["deliver_by"])
    place.operator.delete("/v1/calendar")
    again = place.backend.post("/v1/decisions", body).get_json()["experiences"][0]["order"]
    assert "delivery" not in again
