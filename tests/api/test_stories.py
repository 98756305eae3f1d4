"""The story of a need: one row of events, of that customer and that need alone."""

from __future__ import annotations

import pytest

from tests.api.acting import execution
from tests.api.conftest import Place
from tests.api.problems import assert_problem


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann, bob and one item; ann has an order of one need that she stops."""
    either_place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    either_place.backend.post("/v1/items", {"item_id": "beans", "price": "4.99"})
    execution(either_place, "x1")
    execution(either_place, "x2")
    either_place.customer("ann").post("/v1/executions/x1/veto", {"reason": "we have plenty"})
    return either_place


def test_what_became_of_an_order_and_what_it_taught_is_told_in_order(ann: Place) -> None:
    story = ann.customer("ann").get("/v1/customers/ann/story?need=need of x1").get_json()
    told = [(one["kind"], one["what"], one["rung"], one["said"]) for one in story["episodes"]]
    assert told == [
        ("order", "waiting", "veto", None),
        ("order", "vetoed", "veto", "we have plenty"),
        ("signal", "vetoed", "veto", None),
    ]


def test_another_need_and_another_customer_are_other_stories(ann: Place) -> None:
    other = ann.backend.get("/v1/customers/ann/story?need=need of x2").get_json()
    assert [one["what"] for one in other["episodes"]] == ["waiting"]
    assert ann.backend.get("/v1/customers/bob/story?need=need of x1").get_json()["episodes"] == []
    assert_problem(ann.customer("bob").get("/v1/customers/ann/story?need=need of x1"), 404)


def test_without_a_need_the_needs_are_named(ann: Place) -> None:
    ann.backend.post("/v1/decisions", {"customer_id": "ann", "touchpoint": "app.home"})
    answer = ann.backend.get("/v1/customers/ann/story").get_json()
    assert (answer["need"], answer["episodes"]) == (None, [])
    assert_problem(ann.backend.get("/v1/customers/nobody/story"), 404)
