"""What shops send in over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest

from api.wire.intake import CustomerIn, EventIn, ItemIn, OrderIn, SurveyIn
from engine.config import Clock
from engine.domain.intake import COLUMNS, REQUIRED
from engine.store import customers, events, items, orders, surveys
from tests.api.conftest import Place
from tests.api.problems import assert_problem

AT = "2017-11-30T08:00:00Z"
SOUND: dict[str, dict[str, object]] = {
    "items": {"item_id": "007", "name": "Crème", "category": "Dairy > Cream", "price": "4.99", "currency": "EUR"},
    "customers": {"customer_id": "c1", "timezone": "Europe/Berlin", "attributes": {"tier": 2}},
    "orders": {"order_id": "o1", "customer_id": "c1", "ordered_at": AT, "item_id": "007", "quantity": 2},
    "events": {"event_id": "e1", "customer_id": "c1", "occurred_at": AT, "kind": "view", "item_id": "007"},
    "surveys": {"answer_id": "a1", "customer_id": "c1", "answered_at": AT, "kind": "nps", "score": 9},
}
COUNTS = {
    "items": items.count,
    "customers": customers.count,
    "orders": orders.count_lines,
    "events": lambda tx: len(events.of_customer(tx, "c1")),
    "surveys": lambda tx: len(surveys.of_customer(tx, "c1")),
}
DOCUMENTED = {"items": ItemIn, "customers": CustomerIn, "orders": OrderIn, "events": EventIn, "surveys": SurveyIn}


def count(place: Place, kind: str) -> int:
    """How many rows of a kind are kept."""
    with place.db.read() as tx:
        return COUNTS[kind](tx)


@pytest.mark.parametrize("kind", SOUND)
def test_what_is_documented_is_what_is_read(kind: str) -> None:
    fields = DOCUMENTED[kind].model_fields
    assert set(fields) == set(COLUMNS[kind])
    assert {name for name, field in fields.items() if field.is_required()} == set(REQUIRED[kind])


@pytest.mark.parametrize("kind", SOUND)
def test_one_object_is_stored_and_again_is_a_duplicate(either_place: Place, kind: str) -> None:
    caller = either_place.backend
    for expected in ({"accepted": 1, "duplicate": 0}, {"accepted": 0, "duplicate": 1}):
        answer = caller.post(f"/v1/{kind}", SOUND[kind])
        assert (answer.status_code, answer.get_json()) == (200, {**expected, "rejected": []})
    assert count(either_place, kind) == 1


@pytest.mark.parametrize("kind", SOUND)
def test_of_a_list_the_good_rows_are_stored_and_the_others_named(either_place: Place, kind: str) -> None:
    bad = {**SOUND[kind], REQUIRED[kind][0]: "a/b"}
    answer = either_place.backend.post(f"/v1/{kind}", [bad, SOUND[kind], 17, {}]).get_json()
    assert (answer["accepted"], answer["duplicate"]) == (1, 0)
    assert [entry["index"] for entry in answer["rejected"]] == [0, 2, 3]
    assert REQUIRED[kind][0] in answer["rejected"][0]["detail"]
    assert count(either_place, kind) == 1


BAD = [
    ("orders", "ordered_at", "2017-11-30T08:00:00", "a time without offset"),
    ("orders", "quantity", -1, "a negative quantity"),
    ("orders", "quantity", 0, "none of it"),
    ("orders", "quantity", 1.5, "half an item"),
    ("orders", "currency", "EURO", "no such currency"),
    ("orders", "currency", "usd", "a currency in small letters"),
    ("orders", "unit_price", "-1.00", "a negative price"),
    ("orders", "unit_price", "1_000", "a price with an underscore"),
    ("orders", "amount", "١", "an amount in other digits"),
    ("orders", "item_id", "", "an empty id"),
    ("orders", "customer_id", 17, "an id that is a number"),
    ("orders", "order_id", "x" * 201, "an id too long"),
    ("orders", "colour", "red", "an unknown field"),
    ("events", "kind", "", "an empty kind"),
    ("events", "value", "high", "a value that is no number"),
    ("events", "occurred_at", 1512028800, "a time that is a number"),
    ("customers", "timezone", "Mars/Olympus", "no such zone"),
    ("customers", "attributes", "red", "attributes that are no object"),
    ("items", "price", "1.001", "a price of more decimals than euros have"),
    ("items", "price", 1.005, "a number of more decimals than euros have"),
    ("items", "price", "0.004", "a price that would become nothing"),
    ("items", "price", "1e2", "a price in powers of ten"),
    ("items", "available", "perhaps", "neither true nor false"),
    ("surveys", "kind", "mood", "no such kind of survey"),
    ("surveys", "score", "NaN", "no number"),
]


@pytest.mark.parametrize(("kind", "field", "value", "why"), BAD, ids=[why for *_, why in BAD])
def test_bad_input_is_422_by_the_fields_name_and_nothing_is_stored(
    either_place: Place, kind: str, field: str, value: object, why: str
) -> None:
    answer = either_place.backend.post(f"/v1/{kind}", {**SOUND[kind], field: value})
    assert_problem(answer, 422, pointer=f"/{field}")
    for each in COUNTS:
        assert count(either_place, each) == 0, why


def test_the_line_of_an_order_may_have_any_decimals(place: Place) -> None:
    """As prices per kilogram and shares of a discount have: what is kept is the line's total, rounded."""
    sent = {**SOUND["orders"], "quantity": 3, "unit_price": 1.3333}
    sent.pop("amount", None)
    assert place.backend.post("/v1/orders", sent).status_code == 200
    assert place.backend.post("/v1/orders", {**sent, "order_id": "o2", "amount": "4.0049"}).status_code == 200
    with place.db.read() as tx:
        assert [str(line.amount) for line in orders.of_customer(tx, "c1")] == ["4.00 USD"] * 2


def test_every_problem_is_named_at_once(place: Place) -> None:
    body = assert_problem(place.backend.post("/v1/orders", {"order_id": "a/b", "quantity": -1}), 422)
    pointers = {error["pointer"] for error in body["errors"]}  # type: ignore[attr-defined]
    assert pointers >= {"/order_id", "/customer_id", "/ordered_at", "/item_id", "/quantity"}


@pytest.mark.parametrize("body", [[], [{}] * 1001, "text", 17, None, True])
def test_what_is_neither_an_object_nor_a_list_of_some_is_422(place: Place, body: object) -> None:
    answer = place.backend("POST", "/v1/items", headers={"Content-Type": "application/json"}, data=orjson.dumps(body))
    assert_problem(answer, 422, pointer="")


def test_a_thousand_at_once(place: Place) -> None:
    answer = place.backend.post("/v1/items", [{"item_id": f"i{n}"} for n in range(1000)])
    assert answer.get_json()["accepted"] == 1000
    assert count(place, "items") == 1000


def test_a_changed_line_replaces(place: Place) -> None:
    caller = place.backend
    caller.post("/v1/orders", SOUND["orders"])
    assert caller.post("/v1/orders", {**SOUND["orders"], "quantity": 5}).get_json()["accepted"] == 1
    with place.db.read() as tx:
        (line,) = orders.of_customer(tx, "c1")
    assert line.quantity == 5


def test_lines_of_one_order_and_item_in_one_list_add_up(place: Place) -> None:
    place.backend.post("/v1/orders", [SOUND["orders"], SOUND["orders"]])
    with place.db.read() as tx:
        (line,) = orders.of_customer(tx, "c1")
    assert line.quantity == 4


def test_an_order_makes_its_customer_and_item(place: Place) -> None:
    place.backend.post("/v1/orders", SOUND["orders"])
    assert place.backend.get("/v1/customers/c1").status_code == 200
    with place.db.read() as tx:
        assert items.get_many(tx, ["007"])["007"].family == "007"


def test_an_order_of_somebody_else_is_refused_whole(place: Place) -> None:
    place.backend.post("/v1/orders", SOUND["orders"])
    answer = place.backend.post("/v1/orders", {**SOUND["orders"], "customer_id": "c2", "item_id": "new"})
    assert_problem(answer, 422, pointer="/customer_id")
    assert count(place, "items") == 1
    assert count(place, "customers") == 1


@pytest.mark.parametrize(
    ("kind", "field"), [("orders", "ordered_at"), ("events", "occurred_at"), ("surveys", "answered_at")]
)
def test_what_happened_happened_between_1970_and_now_or_so(place: Place, kind: str, field: str) -> None:
    now = datetime.now(UTC)
    for far in ("0001-01-01T00:00:00Z", "1969-12-30T23:59:59Z", (now + timedelta(days=3)).isoformat(), "9999-12-31"):
        refused = place.backend.post(f"/v1/{kind}", {**SOUND[kind], field: far})
        assert_problem(refused, 422, pointer=f"/{field}")
    assert place.backend.post(f"/v1/{kind}", {**SOUND[kind], field: now.isoformat()}).status_code == 200


def test_where_the_clock_is_ahead_so_is_what_has_happened() -> None:
    ahead = Clock.parse("30d", ZoneInfo("UTC")).happened() - datetime.now(UTC)
    back = Clock.parse("-30d", ZoneInfo("UTC")).happened() - datetime.now(UTC)
    assert (round(ahead / timedelta(days=1)), round(back / timedelta(days=1))) == (32, 2)


def test_what_is_still_to_come_comes_before_2200(place: Place) -> None:
    place.backend.post("/v1/customers", SOUND["customers"])
    for far in ("0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"):
        asked = {"customer_id": "c1", "request": {"needed_by": far}}
        assert_problem(place.backend.post("/v1/decisions", asked), 422, pointer="/request/needed_by")
        paused = place.backend.put("/v1/customers/c1/preferences", {"paused_until": far})
        assert_problem(paused, 422, pointer="/paused_until")


@pytest.mark.parametrize("id", [".", ".."])
def test_an_id_that_no_url_can_hold_is_refused(place: Place, id: str) -> None:
    """Browsers and proxies take them for folders."""
    for kind, field in (("customers", "customer_id"), ("items", "item_id"), ("orders", "order_id")):
        assert_problem(place.backend.post(f"/v1/{kind}", {**SOUND[kind], field: id}), 422, pointer=f"/{field}")
    assert place.backend.post("/v1/items", {"item_id": "..."}).status_code == 200
