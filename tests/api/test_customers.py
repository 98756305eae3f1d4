"""A customer's profile, what they allow, their goals, their copy, their erasure."""

from __future__ import annotations

import pytest

from engine.domain.decisions import Mode
from engine.domain.taps import Tap, Verb
from engine.store import differences, taps
from engine.store.tables import metadata
from tests.api.conftest import NOW, Place
from tests.api.problems import assert_problem
from tests.ledgers import NOW as AT
from tests.ledgers import execution, stored


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann and one item."""
    either_place.backend.post("/v1/customers", {"customer_id": "ann", "timezone": "Europe/Paris"})
    either_place.backend.post("/v1/items", {"item_id": "beans", "family": "coffee", "price": "4.99"})
    return either_place


def test_the_profile(ann: Place) -> None:
    assert ann.backend.get("/v1/customers/ann").get_json() == {
        "customer_id": "ann",
        "timezone": "Europe/Paris",
        "locale": None,
        "attributes": {},
        "persona": None,
    }


def test_preferences_start_at_their_defaults_and_are_replaced_whole(ann: Place) -> None:
    caller, path = ann.customer("ann"), "/v1/customers/ann/preferences"
    before = caller.get(path).get_json()
    assert (before["ceiling"], before["quiet_hours"]) == (None, {"start": "21:00", "end": "08:00"})
    stated = {
        "ceiling": "veto",
        "category_ceilings": {"Dairy > Milk": "silent"},
        "family_ceilings": {"beer": "respond"},
        "quiet_hours": {"start": "22:30", "end": "07:00"},
        "channels": ["email"],
        "paused": True,
        "paused_until": "2018-01-01T00:00:00Z",
    }
    assert caller.put(path, stated).get_json() == stated
    assert caller.get(path).get_json() == stated
    assert caller.put(path, {}).get_json() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ceiling": "everything"}, "/ceiling"),
        ({"ceiling": 3}, "/ceiling"),
        ({"category_ceilings": {"a/b": "all"}}, "/category_ceilings/a~1b"),
        ({"quiet_hours": {"start": "25:00"}}, "/quiet_hours/start"),
        ({"quiet_hours": "never"}, "/quiet_hours"),
        ({"paused": "yes"}, "/paused"),
        ({"paused_until": "2018-01-01T00:00:00"}, "/paused_until"),
    ],
)
def test_preferences_that_cannot_be_are_422(ann: Place, body: dict[str, object], pointer: str) -> None:
    assert_problem(ann.backend.put("/v1/customers/ann/preferences", body), 422, pointer=pointer)


def test_consents_start_unset_change_one_by_one_and_keep_their_history(ann: Place) -> None:
    caller, path = ann.customer("ann"), "/v1/customers/ann/consents"
    assert {c["state"] for c in caller.get(path).get_json().values()} == {"unset"}
    caller.put(path, {"automation": {"state": "granted", "wording": "v3", "source": "app"}, "coaching": "refused"})
    now = caller.put(path, {"automation": "refused"}).get_json()
    assert now["automation"] == {"state": "refused", "at": NOW, "wording": None, "source": None}
    assert (now["coaching"]["state"], now["research"]["state"]) == ("refused", "unset")
    history = caller.get(path + "/history").get_json()["consents"]
    assert [(c["purpose"], c["state"], c["wording"]) for c in history if c["purpose"] == "automation"] == [
        ("automation", "refused", None),
        ("automation", "granted", "v3"),
    ]


def test_consents_take_what_they_answer(ann: Place) -> None:
    path = "/v1/customers/ann/consents"
    before = ann.backend.put(path, {"behaviour": "granted"}).get_json()
    assert ann.backend.put(path, before).get_json()["behaviour"] == before["behaviour"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"automation": "maybe"}, "/automation/state"),
        ({"automation": {"state": "granted", "at": "yesterday"}}, "/automation/at"),
        ({"tracking": "granted"}, "/tracking"),
    ],
)
def test_consents_that_cannot_be_are_422(ann: Place, body: dict[str, object], pointer: str) -> None:
    assert_problem(ann.backend.put("/v1/customers/ann/consents", body), 422, pointer=pointer)


MANDATE = {
    "families": ["coffee"],
    "items": ["beans"],
    "substitutes": ["beans"],
    "currency": "EUR",
    "price_low": "1.00",
    "price_high": "6.50",
    "order_limit": "20.00",
    "max_quantity": 3,
    "budget": "40.00",
    "budget_period": "30d",
    "earliest_interval": "36h",
    "wording": "v1",
    "signed_at": "2017-11-01T00:00:00Z",
    "expires_at": "2018-11-01T00:00:00Z",
}


def test_a_mandate_is_signed_read_changed_and_revoked(ann: Place) -> None:
    caller, path = ann.customer("ann"), "/v1/customers/ann/mandates"
    signed = caller.post(path, MANDATE)
    assert signed.status_code == 201
    one = f"{path}/{signed.get_json()['mandate_id']}"
    more = {"windows": [], "quiet_dates": [], "revoked_at": None, "live": True}
    known = {**MANDATE, "mandate_id": signed.get_json()["mandate_id"], **more}
    assert caller.get(one).get_json() == signed.get_json() == known
    assert caller.put(one, {**MANDATE, "max_quantity": 5}).get_json()["max_quantity"] == 5
    assert caller.delete(one).status_code == 204
    ended = caller.get(path).get_json()["mandates"]
    assert [(m["live"], m["revoked_at"], m["max_quantity"]) for m in ended] == [(False, NOW, 5)]
    assert_problem(caller.put(one, MANDATE), 409)


def test_a_mandate_belongs_to_its_customer(ann: Place) -> None:
    ann.backend.post("/v1/customers", {"customer_id": "bob"})
    mandate = ann.backend.post("/v1/customers/ann/mandates", MANDATE).get_json()["mandate_id"]
    for method, body in (("GET", None), ("PUT", MANDATE), ("DELETE", None)):
        assert_problem(ann.customer("bob")(method, f"/v1/customers/bob/mandates/{mandate}", body), 404)
    assert ann.backend.get(f"/v1/customers/ann/mandates/{mandate}").get_json()["live"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"items": ["beans", "no such item"]}, "/items/1"),
        ({"substitutes": ["no such item"]}, "/substitutes/0"),
        ({"currency": "EURO"}, "/currency"),
        ({"currency": "eur"}, "/currency"),
        ({"budget": "-1"}, "/budget"),
        ({"budget": 40}, "/budget"),
        ({"budget": "1_000"}, "/budget"),
        ({"order_limit": "١"}, "/order_limit"),
        ({"price_low": "0.004"}, "/price_low"),
        ({"price_high": "6.505"}, "/price_high"),
        ({"price_high": "0.50"}, "/price_high"),
        ({"max_quantity": 0}, "/max_quantity"),
        ({"max_quantity": -1}, "/max_quantity"),
        ({"earliest_interval": "a week"}, "/earliest_interval"),
        ({"earliest_interval": "-1d"}, "/earliest_interval"),
        ({"expires_at": "2018-11-01T00:00:00"}, "/expires_at"),
        ({"expires_at": "2017-11-30T00:00:00Z"}, "/expires_at"),
        ({"expires_at": NOW}, "/expires_at"),
        ({"signature": "x"}, "/signature"),
    ],
    ids=lambda value: str(value),
)
def test_a_mandate_that_cannot_be_is_422_and_nothing_is_signed(
    ann: Place, changed: dict[str, object], pointer: str
) -> None:
    assert_problem(ann.backend.post("/v1/customers/ann/mandates", {**MANDATE, **changed}), 422, pointer=pointer)
    assert ann.backend.get("/v1/customers/ann/mandates").get_json()["mandates"] == []


@pytest.mark.parametrize("missing", [("families", "items"), ("budget_period",), ("budget",)])
def test_a_mandate_is_whole_or_422(ann: Place, missing: tuple[str, ...]) -> None:
    body = {name: value for name, value in MANDATE.items() if name not in missing}
    assert_problem(ann.backend.post("/v1/customers/ann/mandates", body), 422)


@pytest.mark.parametrize(
    "goal",
    [
        {"kind": "spend_less", "category": "Snacks", "amount": "25.00", "currency": "EUR", "period_days": 30},
        {"kind": "buy_more", "family": "fruit", "times": 4.0, "period_days": 28},
        {"kind": "not_run_out", "family": "coffee", "period_days": 28},
    ],
)
def test_a_goal_is_set_and_listed(ann: Place, goal: dict[str, object]) -> None:
    caller = ann.customer("ann")
    made = caller.post("/v1/customers/ann/goals", goal)
    assert made.status_code == 201
    assert {name: made.get_json()[name] for name in goal} == goal
    assert caller.get("/v1/customers/ann/goals").get_json() == {"goals": [made.get_json()]}


@pytest.mark.parametrize(
    "goal",
    [
        {"kind": "be_happy"},
        {"kind": "spend_less", "category": "Snacks"},
        {"kind": "spend_less", "amount": "3.00"},
        {"kind": "buy_more", "family": "fruit"},
        {"kind": "buy_more", "family": "fruit", "times": 0},
        {"kind": "not_run_out"},
        {"kind": "not_run_out", "family": "coffee", "period_days": 0},
    ],
)
def test_a_goal_that_cannot_be_is_422(ann: Place, goal: dict[str, object]) -> None:
    assert_problem(ann.backend.post("/v1/customers/ann/goals", goal), 422)


def test_the_copy_holds_what_is_kept_and_erasure_leaves_nothing(ann: Place) -> None:
    caller, token = ann.backend, ann.customer("ann")
    at = "2017-11-30T08:00:00Z"
    caller.post("/v1/orders", {"order_id": "o1", "customer_id": "ann", "ordered_at": at, "item_id": "beans"})
    caller.put("/v1/customers/ann/consents", {"automation": "granted"})
    caller.put("/v1/customers/ann/preferences", {"ceiling": "veto"})
    caller.post("/v1/customers/ann/mandates", MANDATE)
    caller.post("/v1/decisions", {"customer_id": "ann"})
    copy = caller.get("/v1/customers/ann/export").get_json()
    for table in ("customers", "orders", "order_lines", "consents", "preferences", "mandates", "decisions"):
        assert len(copy[table]) == 1, table
    assert copy["decisions"][0]["mode"] in set(Mode)
    assert token.get("/v1/customers/ann/preferences").status_code == 200

    assert caller.delete("/v1/customers/ann").status_code == 204
    assert_problem(caller.get("/v1/customers/ann/export"), 404)
    assert_problem(token.get("/v1/customers/ann/preferences"), 401)
    entries = ann.operator.get("/v1/audit").get_json()["entries"]
    assert "customer.erase" in {entry["action"] for entry in entries}
    assert "ann" not in {entry["subject"] for entry in entries}
    assert_problem(caller.delete("/v1/customers/ann"), 404)


def test_the_copy_has_every_table_that_tells_of_a_customer(place: Place) -> None:
    """Those of keys and of answers given before hold nothing else."""
    about = {
        name
        for name, one in metadata.tables.items()
        if {"customer_id", "execution_id", "decision_id"} & set(one.c.keys())
    }
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    copy = place.backend.get("/v1/customers/ann/export").get_json()
    assert about - set(copy) == {"api_keys", "idempotency"}


def test_links_and_comparisons_are_in_the_copy_and_erased_without_the_token(place: Place) -> None:
    stored(place.db, execution("e1", "ann"))
    with place.db.begin() as tx:
        differences.asked(tx, "e1", AT)
        link = Tap(digest="d" * 64, customer_id="ann", execution_id="e1", verb=Verb.VETO, expires_at=AT)
        taps.add(tx, [link])
    copy = place.backend.get("/v1/customers/ann/export").get_json()
    assert [(one["execution_id"], one["verb"]) for one in copy["taps"]] == [("e1", "veto")]
    assert "digest" not in copy["taps"][0]
    assert [one["execution_id"] for one in copy["compared"]] == ["e1"]
    assert place.backend.delete("/v1/customers/ann").status_code == 204
    with place.db.read() as tx:
        assert taps.get(tx, "d" * 64) is None
