"""Decisions, offers and forecasts over HTTP, in a small shop with a trained model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from api.app import create_app
from api.auth.caller import Scope
from engine.store.database import Database
from tests.api.conftest import Place, settings_at
from tests.shops import open_shop

MODES = ["respond", "curate", "coach", "execute"]
RUNGS = {"respond", "curate", "coach", "approve", "veto", "silent"}


def a_place(db: Database, home) -> Place:
    """The small shop behind the API."""
    here = settings_at(home)
    open_shop(db, here)
    return Place(app=create_app(here, db), db=db, settings=here)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Place]:
    """One for all tests that take care of what they leave behind."""
    home = tmp_path_factory.mktemp("shop")
    db = Database.open(f"sqlite:///{home}/shop.db")
    db.upgrade()
    yield a_place(db, home)
    db.close()


def decided(shop: Place, **asked: object) -> dict:
    """The answer to a request for a decision."""
    answer = shop.backend.post("/v1/decisions", {"customer_id": "c1", "dry_run": True, **asked})
    assert answer.status_code == 201, answer.text
    return answer.json


def fields(shop: Place, **asked: object) -> list[str]:
    """The pointers of what is wrong with a request."""
    answer = shop.backend.post("/v1/decisions", {"customer_id": "c1", **asked})
    assert answer.status_code == 422
    return [one["pointer"] for one in answer.json["errors"]]


def test_a_decision_lists_all_modes_with_reasons_and_propensities(shop):
    found = decided(shop, touchpoint="app.home")
    assert found["experiences"]
    for experience in found["experiences"]:
        assert [one["mode"] for one in experience["considered"]] == MODES
        rungs = {name: rung for one in experience["considered"] for name, rung in one["rungs"].items()}
        assert set(rungs) == RUNGS
        assert sum(rung["propensity"] for rung in rungs.values()) == pytest.approx(1)
        assert experience["reason"]
        for one in experience["considered"]:
            assert one["allowed"] or one["removed_by"]["stage"]
    assert found["mode"] == found["experiences"][0]["mode"]


def test_decisions_are_counted_by_mode(shop):
    def counted(mode: str) -> float:
        return REGISTRY.get_sample_value("rapport_decisions_total", {"mode": mode}) or 0.0

    before = {mode: counted(mode) for mode in MODES}
    mode = decided(shop)["mode"]
    assert {one: counted(one) - before[one] for one in MODES} == {one: float(one == mode) for one in MODES}


def test_a_kept_decision_is_found_again_as_it_was_answered(shop):
    made = shop.backend.post("/v1/decisions", {"customer_id": "c2"}).json
    assert shop.backend.get(f"/v1/decisions/{made['decision_id']}").json == made
    assert made in shop.backend.get("/v1/customers/c2/decisions").json["decisions"]


def test_a_dry_run_keeps_nothing(shop):
    made = decided(shop)
    assert shop.backend.get(f"/v1/decisions/{made['decision_id']}").status_code == 404


def test_words_become_the_usual_item_in_the_usual_quantity(shop):
    found = decided(shop, request={"query": "milk"})["experiences"][0]
    assert found["mode"] == "respond"
    assert [line["item_id"] for line in found["order"]["lines"]] == ["milk-2"]  # what c1 always takes
    assert found["order"]["total"] == "1.22"


def test_words_of_which_no_item_has_all_are_a_choice_and_no_order(shop):
    found = decided(shop, request={"query": "purple milk"})["experiences"][0]
    assert (found["mode"], found["order"]) == ("curate", None)
    assert found["offers"][0]["item_id"] == "milk-2"


def test_somebody_unknown_is_answered_cold_and_not_stored(shop):
    found = shop.backend.post("/v1/decisions", {"customer_id": "stranger"}).json
    assert found["mode"] in ("curate", "respond")
    assert found["experiences"][0]["need"]["family"] is None
    assert shop.backend.get("/v1/customers/stranger").status_code == 404


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"request": {"items": [{"item_id": "nothing"}]}}, "/request/items/0/item_id"),
        ({"request": {"items": [{"item_id": "milk-1", "quantity": -1}]}}, "/request/items/0/quantity"),
        ({"request": {"items": [{"item_id": "milk-1", "quantity": 1.5}]}}, "/request/items/0/quantity"),
        ({"request": {"needed_by": "2017-12-01T10:00:00"}}, "/request/needed_by"),
        ({"filter": "item.price <"}, "/filter"),
        ({"filter": "item.colour == 'red'"}, "/filter"),
        ({"limit": 101}, "/limit"),
        ({"surprise": 1}, "/surprise"),
        ({"customer_id": "a/b"}, "/customer_id"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(shop, asked, pointer):
    before = shop.operator.get("/v1/customers/c1/decisions").json
    assert fields(shop, **asked) == [pointer]
    assert shop.operator.get("/v1/customers/c1/decisions").json == before


def test_filters_and_exclusions_hold_for_every_offer(shop):
    found = decided(shop, touchpoint="app.home", filter="item.price < 3.0", exclude_item_ids=["bread-2"], limit=5)
    offered = [offer for one in found["experiences"] for offer in one["offers"]]
    assert offered
    assert all(float(offer["price"]) < 3 and offer["item_id"] != "bread-2" for offer in offered)


def test_an_app_decides_for_its_own_customer_only(shop):
    mine = shop.customer("c1")
    assert mine.post("/v1/decisions", {"customer_id": "c1", "dry_run": True}).status_code == 201
    assert mine.post("/v1/decisions", {"customer_id": "c2", "dry_run": True}).status_code == 404


def test_refused_personalization_takes_the_history_away(shop):
    answer = shop.backend.put("/v1/customers/c9/consents", {"personalization": "refused"})
    assert answer.status_code == 200, answer.text
    found = decided(shop, customer_id="c9", touchpoint="app.home")
    assert [one["need"]["family"] for one in found["experiences"]] == [None]
    assert shop.backend.get("/v1/customers/c9/due").json["due"] == []


def test_outcomes_teach_once(shop):
    made = shop.backend.post("/v1/decisions", {"customer_id": "c3"}).json
    said = [{"item_id": "milk-1", "kind": "accepted", "at": "2017-12-01T09:00:00Z"}]
    path = f"/v1/decisions/{made['decision_id']}/outcomes"
    assert shop.backend.post(path, said).json == {"accepted": 1, "duplicate": 0}
    assert shop.backend.post(path, said).json == {"accepted": 0, "duplicate": 1}
    assert shop.backend.post(path, [{"kind": "loved"}]).status_code == 422


def test_offers_are_ranked_and_filtered(shop):
    found = shop.backend.get("/v1/customers/c1/offers?limit=4&category=DRINKS").json["offers"]
    assert found == []
    found = shop.backend.get("/v1/customers/c1/offers?limit=4&filter=item.price<4.0&exclude=milk-2").json["offers"]
    assert 0 < len(found) <= 4
    assert all(float(one["price"]) < 4 and one["item_id"] != "milk-2" for one in found)
    assert [one["score"] for one in found] == sorted((one["score"] for one in found), reverse=True)


def test_related_items_are_of_the_catalogue(shop):
    found = shop.backend.get("/v1/items/coffee-1/related").json["items"]
    assert found
    assert "coffee-1" not in {one["item_id"] for one in found}
    assert shop.backend.get("/v1/items/nothing/related").status_code == 404


def test_due_answers_every_family_with_a_rhythm(shop):
    found = shop.backend.get("/v1/customers/c1/due?within=14d").json["due"]
    assert {one["family"] for one in found} == {"coffee", "milk", "bread", "tea"}
    for one in found:
        assert 0 <= one["low"] <= one["probability"] <= one["high"] <= 1
    assert shop.backend.get("/v1/customers/c1/due?within=61d").status_code == 422
    assert shop.backend.get("/v1/customers/stranger/due").status_code == 404


def test_a_new_order_changes_the_next_answer(shop):
    def since() -> float:
        found = shop.backend.get("/v1/customers/c5/due").json["due"]
        return next(one["evidence"]["since_days"] for one in found if one["family"] == "tea")

    before = since()
    line = {"order_id": "fresh", "customer_id": "c5", "ordered_at": "2017-12-01T07:59:00Z", "item_id": "tea-1"}
    assert shop.backend.post("/v1/orders", line).json["accepted"] == 1
    assert since() < before


def willing(shop: Place, customer_id: str) -> None:
    """A customer who lets orders be made for them after a question."""
    backend = shop.backend
    granted = {"automation": "granted", "coaching": "granted"}
    assert backend.put(f"/v1/customers/{customer_id}/consents", granted).status_code == 200
    assert backend.put(f"/v1/customers/{customer_id}/preferences", {"ceiling": "approve"}).status_code == 200


def test_an_execution_is_announced_seen_and_stopped(tmp_path, db):
    shop = a_place(db, tmp_path / "home")
    willing(shop, "c1")
    made = shop.backend.post("/v1/decisions", {"customer_id": "c1"}).json
    executions = [one["execution"] for one in made["experiences"] if one["execution"]]
    assert executions, made
    assert all(one["state"] == "waiting" and one["rung"] == "approve" for one in executions)
    mine = shop.customer("c1")
    listed = {one["execution_id"] for one in mine.get("/v1/customers/c1/executions").json["executions"]}
    assert listed == {one["execution_id"] for one in executions}
    first = executions[0]["execution_id"]
    assert mine.post(f"/v1/executions/{first}/veto").status_code == 200
    assert mine.post(f"/v1/executions/{first}/veto").status_code == 409
    again = shop.backend.post("/v1/decisions", {"customer_id": "c1"}).json
    repeated = {one["need"]["family"] for one in again["experiences"] if one["execution"]}
    assert not repeated & {one["lines"][0]["family"] for one in executions}, "asked twice in one cycle"


def test_a_backend_key_is_needed(shop):
    assert shop.nobody.post("/v1/decisions", {"customer_id": "c1"}).status_code == 401
    assert shop.caller(Scope.BACKEND).get("/v1/models").status_code == 403
