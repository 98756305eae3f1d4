"""Another item, another quantity, another day: what customers change of an order before it is placed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.signals import Signal
from engine.store import executions, mandates, signals
from tests.api.acting import execution
from tests.api.conftest import Place
from tests.api.problems import assert_problem
from tests.builders import a_mandate, usd


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann, her order of two beans, and what she signed."""
    either_place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    prices = {"beans": "4.99", "dark": "5.20", "gold": "9.00", "gone": "4.00", "tea": "1.00"}
    for item, price in prices.items():
        either_place.backend.post(
            "/v1/items", {"item_id": item, "price": price, "family": "need of x1", "available": item != "gone"}
        )
    return signed(either_place)


def signed(place: Place, **given: object) -> Place:
    """The place with ann's mandate for what x1 is about, as it is signed now."""
    known = {
        "customer_id": "ann",
        "families": frozenset({"need of x1"}),
        "substitutes": ("dark", "gold", "gone"),
        "price_high": usd(600),
        "max_quantity": 4,
        "signed_at": place.settings.clock.now(),
    }
    mandate = a_mandate(**{**known, **given})
    with place.db.begin() as tx:
        found = mandates.get(tx, mandate.mandate_id)
        (mandates.add if found is None else mandates.replace)(tx, mandate)
    return place


def ordered(place: Place, rung: Rung = Rung.VETO) -> str:
    """The path of ann's order, under her mandate where it asks nothing."""
    execution(place, "x1", rung=rung, mandate_id=None if rung is Rung.APPROVE else "m1")
    return "/v1/executions/x1"


def life(place: Place) -> list[tuple[str | None, str]]:
    """Reasons and actors of the steps."""
    with place.db.read() as tx:
        return [(one.reason, one.actor.partition(":")[0]) for one in executions.moves(tx, "x1")]


@pytest.mark.parametrize("rung", [Rung.VETO, Rung.APPROVE])
def test_a_swap_takes_a_signed_substitute_at_its_price(ann: Place, rung: Rung) -> None:
    path = ordered(ann, rung)
    answer = ann.customer("ann").post(path + "/swap", {"item_id": "dark"}).get_json()
    [line] = answer["lines"]
    assert (line["item_id"], line["unit_price"], line["instead_of"], line["quantity"]) == ("dark", "5.20", "beans", 2)
    assert (answer["total"], answer["state"]) == ("10.40", "waiting")
    assert life(ann)[-1] == ("swapped beans for dark at 5.20 USD", "app")
    with ann.db.read() as tx:
        [heard] = signals.all_of(tx, ["ann"], ann.settings.clock.now())["ann"]
    assert (heard.signal, heard.need) == (Signal.EDITED, "need of x1")


def test_what_was_swapped_can_be_swapped_back(ann: Place) -> None:
    path = ordered(ann)
    ann.customer("ann").post(path + "/swap", {"item_id": "dark"})
    [line] = ann.customer("ann").post(path + "/swap", {"item_id": "beans"}).get_json()["lines"]
    assert (line["item_id"], line["unit_price"], line["instead_of"]) == ("beans", "4.99", None)


@pytest.mark.parametrize("item", ["tea", "beans", "unknown"])
def test_what_is_not_on_the_list_is_422(ann: Place, item: str) -> None:
    path = ordered(ann)
    assert_problem(ann.customer("ann").post(path + "/swap", {"item_id": item}), 422, pointer="/item_id")


@pytest.mark.parametrize(
    ("item", "why"), [("gold", "above the 6.00 USD you signed for"), ("gone", "It is out of stock")]
)
def test_a_substitute_that_may_not_be_ordered_is_409(ann: Place, item: str, why: str) -> None:
    path = ordered(ann)
    answer = ann.customer("ann").post(path + "/swap", {"item_id": item})
    assert_problem(answer, 409)
    assert why in answer.get_json()["detail"]
    assert ann.backend.get(path).get_json()["lines"][0]["item_id"] == "beans"


def test_a_substitute_that_the_budget_does_not_carry_is_409(ann: Place) -> None:
    signed(ann, budget=usd(1_039), budget_period=timedelta(days=7))
    path = ordered(ann)
    assert_problem(ann.customer("ann").post(path + "/swap", {"item_id": "dark"}), 409)
    signed(ann, budget=usd(1_040), budget_period=timedelta(days=7))
    assert ann.customer("ann").post(path + "/swap", {"item_id": "dark"}).status_code == 200


def test_a_quantity_is_changed_within_the_mandate(ann: Place) -> None:
    path = ordered(ann)
    answer = ann.customer("ann").post(path + "/change", {"quantity": 4}).get_json()
    assert (answer["lines"][0]["quantity"], answer["total"]) == (4, "19.96")
    assert life(ann)[-1] == ("4 × beans instead of 2", "app")
    refused = ann.customer("ann").post(path + "/change", {"quantity": 5})
    assert_problem(refused, 409)
    assert "at most 4 at a time" in refused.get_json()["detail"]


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.5, "2", None])
def test_a_quantity_that_is_none_is_422(ann: Place, quantity: object) -> None:
    path = ordered(ann)
    assert_problem(ann.customer("ann").post(path + "/change", {"quantity": quantity}), 422, pointer="/quantity")


@pytest.mark.parametrize(("verb", "body"), [("swap", {"item_id": "dark"}), ("change", {"quantity": 1})])
def test_once_it_is_being_placed_it_is_too_late(ann: Place, verb: str, body: dict[str, object]) -> None:
    path = ordered(ann)
    with ann.db.begin() as tx:
        executions.move(tx, "x1", [State.WAITING], State.PLACING, "worker", None, ann.settings.clock.now())
    assert_problem(ann.customer("ann").post(f"{path}/{verb}", body), 409)


@pytest.mark.parametrize(("verb", "body"), [("swap", {"item_id": "dark"}), ("change", {"quantity": 1})])
def test_somebody_elses_order_is_not_there(ann: Place, verb: str, body: dict[str, object]) -> None:
    path = ordered(ann)
    assert_problem(ann.customer("bob").post(f"{path}/{verb}", body), 404)


def test_a_snooze_to_a_date(ann: Place) -> None:
    path = ordered(ann)
    answer = ann.customer("ann").post(path + "/snooze", {"until": "2017-12-24T09:00:00+01:00"}).get_json()
    assert (answer["due_at"], answer["state"]) == ("2017-12-24T08:00:00Z", "waiting")


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2017-12-01T07:59:59Z"},
        {"until": "2018-02-01T00:00:00Z"},
        {"until": "2017-12-24T09:00:00Z", "by": "3d"},
    ],
)
def test_a_snooze_to_a_date_that_cannot_be_is_422(ann: Place, body: dict[str, str]) -> None:
    path = ordered(ann)
    assert_problem(ann.customer("ann").post(path + "/snooze", body), 422)
