"""Automatic orders over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.store import executions
from tests.api.acting import execution
from tests.api.conftest import NOW, Place
from tests.api.problems import assert_problem


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann, bob and one item."""
    either_place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    either_place.backend.post("/v1/items", {"item_id": "beans", "price": "4.99"})
    return either_place


def test_an_execution_as_answered(ann: Place) -> None:
    execution(ann, "x1")
    answer = ann.customer("ann").get("/v1/executions/x1").get_json()
    line = {
        "item_id": "beans",
        "need": "need of x1",
        "cycle": "2017-49",
        "quantity": 2,
        "unit_price": "4.99",
        "instead_of": None,
    }
    assert answer["lines"] == [{**line, "instead_of": None}]
    assert (answer["state"], answer["rung"], answer["total"], answer["currency"]) == ("waiting", "veto", "9.98", "USD")
    assert (answer["due_at"], answer["announced_at"]) == ("2017-12-02T08:00:00Z", NOW)


@pytest.mark.parametrize("who", ["ann", "backend", "operator"])
def test_a_veto_stops_it_once(ann: Place, who: str) -> None:
    execution(ann, "x1")
    caller = {"ann": ann.customer("ann"), "backend": ann.backend, "operator": ann.operator}[who]
    answer = caller.post("/v1/executions/x1/veto", {"reason": "we have plenty"}).get_json()
    assert (answer["state"], answer["reason"]) == ("vetoed", "we have plenty")
    assert_problem(caller.post("/v1/executions/x1/veto"), 409)
    assert_problem(caller.post("/v1/executions/x1/approve"), 409)


def test_a_veto_that_comes_too_late_is_409(ann: Place) -> None:
    execution(ann, "x1")
    now = ann.settings.clock.now()
    with ann.db.begin() as tx:
        executions.move(tx, "x1", [State.WAITING], State.PLACING, "worker", None, now)
    assert_problem(ann.customer("ann").post("/v1/executions/x1/veto"), 409)


def test_an_approval_makes_it_due_at_once(ann: Place) -> None:
    execution(ann, "x1", rung=Rung.APPROVE)
    answer = ann.customer("ann").post("/v1/executions/x1/approve").get_json()
    assert (answer["state"], answer["due_at"], answer["approved_at"]) == ("waiting", NOW, NOW)


def test_what_asks_nothing_cannot_be_approved(ann: Place) -> None:
    execution(ann, "x1", rung=Rung.VETO)
    assert_problem(ann.customer("ann").post("/v1/executions/x1/approve"), 409)


def test_skip_and_snooze(ann: Place) -> None:
    execution(ann, "x1")
    later = ann.customer("ann").post("/v1/executions/x1/snooze", {"by": "3d"}).get_json()
    assert (later["state"], later["due_at"]) == ("waiting", "2017-12-05T08:00:00Z")
    assert ann.customer("ann").post("/v1/executions/x1/skip").get_json()["state"] == "skipped"


@pytest.mark.parametrize("by", ["61d", "0d", "-1d", "soon", "", "99999999d"])
def test_a_snooze_that_cannot_be_is_422(ann: Place, by: str) -> None:
    execution(ann, "x1")
    assert_problem(ann.customer("ann").post("/v1/executions/x1/snooze", {"by": by}), 422, pointer="/by")


def test_somebody_elses_execution_is_not_there(ann: Place) -> None:
    execution(ann, "x1")
    bob = ann.customer("bob")
    assert_problem(bob.get("/v1/executions/x1"), 404)
    for move in ("approve", "veto", "skip", "snooze"):
        assert_problem(bob.post(f"/v1/executions/x1/{move}"), 404)
    assert ann.backend.get("/v1/executions/x1").get_json()["state"] == "waiting"


def test_lists_go_on_where_the_cursor_says(ann: Place) -> None:
    for n in range(5):
        execution(ann, f"x{n}")
    execution(ann, "other", customer_id="bob")
    seen, cursor = [], ""
    while True:
        answer = ann.customer("ann").get(f"/v1/customers/ann/executions?limit=2{cursor}").get_json()
        seen += [one["execution_id"] for one in answer["executions"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert sorted(seen) == [f"x{n}" for n in range(5)]


def test_operators_list_by_state(ann: Place) -> None:
    for n in range(2):
        execution(ann, f"x{n}")
    ann.backend.post("/v1/executions/x0/veto")

    def listed(state: str) -> list[str]:
        answer = ann.operator.get(f"/v1/executions{state}").get_json()
        return sorted(one["execution_id"] for one in answer["executions"])

    assert listed("?state=vetoed") == ["x0"]
    assert listed("?state=waiting") == ["x1"]
    assert listed("") == ["x0", "x1"]
    assert_problem(ann.operator.get("/v1/executions?state=lost"), 422, pointer="/state")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1.5", ""])
def test_a_limit_is_1_to_100(ann: Place, limit: str) -> None:
    assert_problem(ann.operator.get(f"/v1/executions?limit={limit}"), 422, pointer="/limit")


def test_a_parameter_is_given_once(ann: Place) -> None:
    assert_problem(ann.operator.get("/v1/executions?limit=1&limit=2"), 422, pointer="/limit")


def test_the_life_of_an_execution_names_who_moved_it(ann: Place) -> None:
    made = execution(ann, "x1")
    ann.backend.post("/v1/executions/x1/veto")
    with ann.db.read() as tx:
        last = executions.moves(tx, "x1")[-1]
    assert last.actor.startswith("backend:")
    assert made.due_at - ann.settings.clock.now() == timedelta(days=1)
