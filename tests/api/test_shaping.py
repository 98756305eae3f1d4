"""Lists over HTTP on each database: parameters, placements, rotation, and what an order or event changes at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from api.app import create_app
from api.service import CHOOSY, EXTENSION
from api.topics import placements as topic
from engine.store import customers, orders
from engine.store.database import Database
from tests.api.conftest import Caller, Place, settings_at
from tests.api.problems import assert_problem
from tests.conftest import fresh_postgres
from tests.shops import NOW, open_shop

_numbers = count()
SOUND = {"kind": "pin", "item_ids": ["new"], "position": 1}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The small shop behind the API, on each database; tests take customers and ids of their own."""
    home = tmp_path_factory.mktemp("shaping")
    with ExitStack() as opened:
        url = f"sqlite:///{home}/shop.db"
        if request.param == "postgresql":
            url = opened.enter_context(fresh_postgres(request.getfixturevalue("postgres_server")))
        here, db = settings_at(home), Database.open(url)
        opened.callback(db.close)
        db.upgrade()
        open_shop(db, here)
        yield Place(app=create_app(here, db), db=db, settings=here)


@pytest.fixture
def operator(shop: Place) -> Iterator[Caller]:
    """An operator, whose placements are gone afterwards."""
    made = shop.operator
    yield made
    for one in made.get("/v1/placements").json["placements"]:
        made.delete(f"/v1/placements/{one['placement_id']}")


def offers(shop: Place, customer: str = "c1", **query: object) -> list[str]:
    """The items offered to a customer."""
    return [one["item_id"] for one in full(shop, customer, **query)]


def full(shop: Place, customer: str = "c1", **query: object) -> list[dict]:
    """The offers with everything they say."""
    answer = shop.backend.get(f"/v1/customers/{customer}/offers", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["offers"]


def bought(shop: Place, customer: str, item: str, minutes: int = 1) -> None:
    """The shop tells of an order."""
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    order = {"order_id": f"live-{next(_numbers)}", "customer_id": customer, "ordered_at": at, "item_id": item}
    assert shop.backend.post("/v1/orders", order).json["accepted"] == 1


def did(shop: Place, customer: str, kind: str, item: str, minutes: float = 1) -> None:
    """The shop tells of an event."""
    at = (NOW - timedelta(minutes=minutes)).isoformat()
    event = {"event_id": f"live-{next(_numbers)}", "customer_id": customer, "occurred_at": at}
    assert shop.backend.post("/v1/events", {**event, "kind": kind, "item_id": item}).json["accepted"] == 1


def granted(shop: Place, customer: str, state: str = "granted") -> None:
    """The customer says whether what they do may be looked at."""
    answer = shop.backend.put(f"/v1/customers/{customer}/consents", {"behaviour": {"state": state}})
    assert answer.status_code == 200, answer.text


# What may be asked for


def test_again_or_new(shop):
    own = {"bread-1", "milk-1", "coffee-1", "tea-1"}
    assert set(offers(shop, "c2", repeat="true")) == own
    assert set(offers(shop, "c2", repeat="false")) == {"bread-2", "milk-2", "coffee-2", "tea-2", "new"}
    assert set(offers(shop, "c2")) == {*own, "bread-2", "milk-2", "coffee-2", "tea-2", "new"}
    assert offers(shop, "nobody", repeat="true") == []
    assert "pointer" in shop.backend.get("/v1/customers/c2/offers?repeat=perhaps").text


def test_a_filter_is_checked_and_what_meets_it_is_looked_for_everywhere(shop):
    wrong = shop.backend.get("/v1/customers/c2/offers", query_string={"filter": "item.price <\n 'a'"})
    assert_problem(wrong, 422, pointer="/filter")
    assert "line 1, column 12" in wrong.text
    assert offers(shop, "c2", filter="item.item_id == 'new'") == ["new"]
    assert offers(shop, "c2", filter="item.price < 0.01") == []
    shop.backend.post("/v1/items", {"item_id": "later", "family": "later", "price": "0.00", "currency": "USD"})
    shop.backend.post("/v1/items", {"item_id": "gone", "family": "later", "price": "0.00", "available": False})
    assert offers(shop, "c2", filter="item.family == 'later'") == ["later"]
    assert offers(shop, "c2", filter="item.family == 'later'", exclude="later") == []
    assert offers(shop, "c2", filter="item.family == 'later'", min_relevance=0.01) == []


def test_fewer_rather_than_filler(shop):
    relevant = offers(shop, "c2", min_relevance=0.2)
    assert 0 < len(relevant) < 5
    assert set(relevant) <= {"bread-1", "milk-1", "coffee-1", "tea-1"}


def test_every_offer_has_reasons_in_sentences(shop):
    for one in [*full(shop, "c2"), *full(shop, "nobody")]:
        assert one["reasons"]
        assert all(reason["sentence"].endswith(".") for reason in one["reasons"])


def test_related_items(shop):
    def related(**query: object) -> list[tuple[str, str]]:
        answer = shop.backend.get("/v1/items/tea-1/related", query_string=query)
        assert answer.status_code == 200
        return [(one["item_id"], one["relation"]) for one in answer.json["items"]]

    assert related(kind="substitute") == [("tea-2", "substitute")]
    assert sorted(related(kind="complement")) == [(f"{name}-1", "complement") for name in ("bread", "coffee", "milk")]
    assert related(kind="complement", filter="item.price > 2.0", exclude="coffee-1") == [("bread-1", "complement")]
    assert related(filter="false") == []
    assert_problem(shop.backend.get("/v1/items/tea-1/related?kind=odd"), 422, pointer="/kind")
    assert_problem(shop.backend.get("/v1/items/nothing/related?filter=tea"), 422, pointer="/filter")


# What changes the next answer


def test_an_order_changes_what_is_offered_and_what_is_due_at_once(shop):
    def due() -> dict[str, float]:
        found = shop.backend.get("/v1/customers/c3/due", query_string={"within": "3d"}).json["due"]
        return {one["family"]: one["probability"] for one in found}

    before, listed = due(), offers(shop, "c3")
    family = max(before, key=before.__getitem__)
    bought(shop, "c3", f"{family}-2", minutes=2)
    bought(shop, "c3", "new")
    assert due()[family] != before[family]
    assert offers(shop, "c3").index("new") < listed.index("new")
    assert "new" in offers(shop, "c3", repeat="true")


def test_an_event_changes_what_is_offered_at_once_if_it_may_be_looked_at(shop):
    before = offers(shop, "c5")
    did(shop, "c5", "cart", "new")
    assert offers(shop, "c5") == before
    granted(shop, "c5")
    assert offers(shop, "c5").index("new") < before.index("new")
    reasons = next(one for one in full(shop, "c5") if one["item_id"] == "new")["reasons"]
    assert reasons[0]["code"] == "in_cart"
    granted(shop, "c5", "refused")
    assert offers(shop, "c5") == before


def test_what_was_shown_and_left_makes_room(shop):
    granted(shop, "c7")
    before = offers(shop, "c7", repeat="false")
    for minutes in (30, 20, 10):
        did(shop, "c7", "impression", before[0], minutes)
    assert offers(shop, "c7", repeat="false").index(before[0]) > 1
    assert set(offers(shop, "c7", repeat="false")) == set(before)
    assert offers(shop, "c7", repeat="false", rotate="false") == before
    did(shop, "c7", "view", before[0], 1)
    assert offers(shop, "c7", repeat="false")[0] == before[0]


def test_what_decisions_offered_makes_room_where_the_customer_was_there(shop):
    with shop.db.begin() as tx:
        customers.ensure(tx, ["fresh"], NOW)
    before = offers(shop, "fresh")
    for dry_run, touchpoint in ((True, "app.home"), (False, None)):
        for _ in range(3):
            body = {"customer_id": "fresh", "touchpoint": touchpoint, "dry_run": dry_run, "limit": 2}
            assert shop.backend.post("/v1/decisions", body).status_code == 201
    assert offers(shop, "fresh") == before
    for _ in range(3):
        shown = shop.backend.post("/v1/decisions", {"customer_id": "fresh", "touchpoint": "app.home", "limit": 2})
    first = {one["item_id"] for one in shown.json["experiences"][0]["offers"]}
    assert first != set(before[:2])
    assert offers(shop, "fresh") != before
    shop.backend.put("/v1/customers/fresh/consents", {"personalization": {"state": "refused"}})
    assert offers(shop, "fresh") == before


# Placements


def test_a_placement_is_kept_with_its_version_and_every_change_is_in_the_audit(shop, operator):
    first = operator.put("/v1/placements/p1", SOUND)
    assert first.status_code == 200
    assert first.json == {
        "placement_id": "p1", "kind": "pin", "condition": None, "item_ids": ["new"], "factor": None, "position": 1,
        "touchpoints": [], "from": None, "until": None, "author": first.json["author"], "version": 1,
        "updated_at": "2017-12-01T08:00:00Z", "live": True,
    }  # fmt: skip
    changed = {**SOUND, "position": 3, "from": "2017-12-02", "touchpoints": ["app.home"]}
    second = operator.put("/v1/placements/p1", changed).json
    assert (second["version"], second["position"], second["live"]) == (2, 3, False)
    assert operator.get("/v1/placements/p1").json == second
    assert operator.get("/v1/placements").json == {"placements": [second]}
    assert operator.delete("/v1/placements/p1").status_code == 204
    assert_problem(operator.get("/v1/placements/p1"), 404)
    assert_problem(operator.delete("/v1/placements/p1"), 404)
    entries = operator.get("/v1/audit?limit=3").json["entries"]
    assert [one["action"] for one in entries] == ["placement.delete", "placement.put", "placement.put"]
    assert entries[1]["detail"] == second


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"condition": "item.available"}, "not both"),
        ({"item_ids": []}, "a condition or item_ids"),
        ({"item_ids": [], "condition": "item.prise < 2.0"}, "line 1, column 5"),
        ({"item_ids": ["unheard-of"]}, "item of the catalogue"),
        ({"position": 0}, "greater than or equal to 1"),
        ({"position": None}, "a position for a pin"),
        ({"factor": 2.0}, "none for a pin"),
        ({"kind": "boost"}, "a factor for a boost"),
        ({"kind": "boost", "position": None, "factor": 11}, "less than or equal to 10"),
        ({"kind": "boost", "position": None, "factor": 0}, "greater than 0"),
        ({"kind": "shout"}, "boost"),
        ({"from": "2017-12-02", "until": "2017-12-02"}, "after from"),
        ({"colour": "red"}, "no such field"),
    ],
)
def test_a_placement_that_means_nothing_is_refused(shop, operator, changed, said):
    answer = operator.put("/v1/placements/p2", {**SOUND, **changed})
    assert_problem(answer, 422)
    assert said in answer.text
    assert operator.get("/v1/placements").json == {"placements": []}


def test_only_operators_place(shop):
    for caller in (shop.backend, shop.customer("c1")):
        assert_problem(caller.get("/v1/placements"), 403)
        assert_problem(caller.put("/v1/placements/p3", SOUND), 403)


def test_there_is_a_greatest_number_of_them(shop, operator, monkeypatch):
    monkeypatch.setattr(topic, "MOST", 1)
    assert operator.put("/v1/placements/p4", SOUND).status_code == 200
    assert operator.put("/v1/placements/p4", SOUND).status_code == 200
    assert_problem(operator.put("/v1/placements/p5", SOUND), 409)


def test_placements_move_lists_at_once_and_keep_every_filter(shop, operator):
    operator.put("/v1/placements/p6", SOUND)
    boost = {"kind": "boost", "condition": "item.family == 'tea'", "factor": 10.0, "touchpoints": ["app.home"]}
    operator.put("/v1/placements/p7", boost)
    assert offers(shop, "c2")[0] == "new"
    assert full(shop, "c2")[0]["reasons"][0]["code"] == "placed"
    assert offers(shop, "c2", touchpoint="app.home", limit=2) == ["new", "tea-1"]
    assert "new" not in offers(shop, "c2", filter="item.family != 'new'", touchpoint="app.home")
    assert "new" not in offers(shop, "c2", exclude="new")
    assert "new" not in offers(shop, "c2", repeat="true")
    decided = shop.backend.post("/v1/decisions", {"customer_id": "nobody", "touchpoint": "web"}).json
    assert decided["experiences"][0]["offers"][0]["item_id"] == "new"
    shop.backend.post("/v1/items", {"item_id": "new", "family": "new", "available": False})
    assert "new" not in offers(shop, "c2")
    shop.backend.post("/v1/items", {"item_id": "new", "family": "new", "available": True})
    operator.delete("/v1/placements/p6")
    operator.delete("/v1/placements/p7")
    assert offers(shop, "c2", touchpoint="app.home", limit=1) != ["new"]


# The edges


def test_nobody_and_nothing(shop):
    assert len(offers(shop, "nobody", limit=3)) == 3
    assert_problem(shop.backend.get("/v1/customers/nobody/due"), 404)
    with shop.db.begin() as tx:
        customers.ensure(tx, ["silent"], NOW)
    assert offers(shop, "silent", limit=3) == offers(shop, "nobody", limit=3)
    assert shop.backend.get("/v1/customers/silent/due").json["due"] == []
    assert offers(shop, "c2", filter="false") == []


def test_a_place_without_a_model_shows_what_was_bought(either_place: Place, tmp_path: Path) -> None:
    assert offers(either_place, "nobody") == []
    bought(either_place, "ann", "tea", 3)
    bought(either_place, "ann", "milk", 2)
    bought(either_place, "ann", "milk", 2 * 24 * 60)
    assert offers(either_place, "ann") == ["milk", "tea"]
    assert either_place.backend.get("/v1/items/tea/related").json["items"] == []
    with either_place.db.read() as tx:
        assert orders.count_lines(tx) == 3


def test_a_few_lists_with_a_filter_are_made_at_once_and_all_else_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch):
    """Nobody's conditions take the service away from others, least of all from an operator's stop."""
    monkeypatch.setattr("api.service.WAIT", 0.01)
    here = place.app.extensions[EXTENSION]
    listed, related = "/v1/customers/c1/offers?filter=item.available", "/v1/items/i1/related?filter=item.available"
    decision = {"customer_id": "c1", "filter": "item.available", "dry_run": True}
    with ExitStack() as held:
        for _ in range(CHOOSY):
            held.enter_context(here.choosing("item.available"))
        for answer in (
            place.backend.get(listed),
            place.backend.get(related),
            place.backend.post("/v1/decisions", decision),
        ):
            assert answer.status_code == 503
            assert "filter" in answer.json["detail"]
        assert place.backend.get("/v1/customers/c1/offers").status_code == 200
        assert place.operator.post("/v1/policies/stop", {"reason": "night"}).status_code < 300
    assert place.backend.get(listed).status_code == 200
