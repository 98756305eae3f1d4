"""Every error of every kind has the one shape, on every route."""

from __future__ import annotations

import io
import re

import pytest

from api.auth.caller import Scope
from api.requests import MAX_BODY
from api.routes import Route
from api.topics import TOPICS
from tests.api.conftest import Place
from tests.api.problems import assert_problem

ROUTES = [route for topic in TOPICS for route in topic.routes]
GUARDED = [route for route in ROUTES if route.scopes]
TAKING = [route for route in GUARDED if route.takes_body]


def path(route: Route) -> str:
    """A path of the route, with an id that stands for nothing."""
    return re.sub(r"<ident:\w+>", "nothing", route.path)


def test_there_are_routes() -> None:
    assert len(GUARDED) > 30


@pytest.mark.parametrize("route", GUARDED, ids=lambda r: r.name)
def test_without_a_key_is_401_and_says_how(place: Place, route: Route) -> None:
    answer = place.nobody(route.method, path(route))
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("route", GUARDED, ids=lambda r: r.name)
def test_a_scope_that_is_missing_is_403(place: Place, route: Route) -> None:
    held = {Scope.BACKEND: place.backend, Scope.APP: place.customer("nothing")}
    lacking = [caller for scope, caller in held.items() if scope not in route.scopes]
    for caller in lacking:
        assert_problem(caller(route.method, path(route)), 403)
    assert lacking or route.scopes == {Scope.BACKEND, Scope.APP}


@pytest.mark.parametrize("route", GUARDED, ids=lambda r: r.name)
def test_an_unknown_parameter_is_422(place: Place, route: Route) -> None:
    caller = place.customer("nothing") if route.scopes == {Scope.APP} else place.operator
    assert_problem(caller(route.method, path(route) + "?colour=red", body={}), 422, pointer="/colour")


ITEM = "/request/items/1/item_id"
MADE = {"get_offers", "put_placement", "put_gateway"}  # the one answers strangers cold, others make what they name
NAMING = [r for r in GUARDED if "<ident:" in r.path and r.name not in MADE]


@pytest.mark.parametrize("route", NAMING, ids=lambda r: r.name)
def test_what_is_not_there_is_404(place: Place, route: Route) -> None:
    caller = place.customer("nothing") if route.scopes == {Scope.APP} else place.operator
    body = SOUND.get(route.name, {}) if route.takes_body else None
    assert_problem(caller(route.method, path(route), body=body), 404)


SOUND: dict[str, object] = {
    "sign_mandate": {"families": ["f"]},
    "replace_mandate": {"families": ["f"]},
    "set_goal": {"kind": "not_run_out", "family": "f"},
    "post_outcomes": [{"kind": "kept"}],
    "respond": {"response": "opened"},
    "settle_execution": {"outcome": "failed"},
    "close_difference": {"note": "seen"},
    "approve_rule": {"version": 1},
    "retire_rule": {"version": 1},
    "roll_rule_back": {"version": 1, "to": 1},
    "swap_execution": {"item_id": "i"},
    "change_execution": {"quantity": 1},
}


@pytest.mark.parametrize("route", TAKING, ids=lambda r: r.name)
def test_a_body_that_is_no_json_is_400(place: Place, route: Route) -> None:
    caller = place.customer("nothing") if route.scopes == {Scope.APP} else place.operator
    answer = caller(route.method, path(route), data=b'{"a": ', headers={"Content-Type": "application/json"})
    assert_problem(answer, 400)


@pytest.mark.parametrize("route", TAKING, ids=lambda r: r.name)
def test_a_body_of_another_kind_is_415(place: Place, route: Route) -> None:
    caller = place.customer("nothing") if route.scopes == {Scope.APP} else place.operator
    answer = caller(route.method, path(route), data=b"a=1", headers={"Content-Type": "text/plain"})
    assert_problem(answer, 415)


@pytest.mark.parametrize("route", TAKING, ids=lambda r: r.name)
def test_an_unknown_field_is_422_and_named(place: Place, route: Route) -> None:
    caller = place.customer("nothing") if route.scopes == {Scope.APP} else place.operator
    body: object = {"colour": "red"}
    pointer = "/colour"
    if route.name == "post_outcomes":
        body, pointer = [{"kind": "kept", "colour": "red"}], "/0/colour"
    assert_problem(caller(route.method, path(route), body=body), 422, pointer=pointer)


class Unread(io.BytesIO):
    """A body nobody may read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")


def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(place: Place) -> None:
    answer = place.backend(
        "POST",
        "/v1/events",
        headers={"Content-Type": "application/json"},
        environ_overrides={"CONTENT_LENGTH": "10000000", "wsgi.input": Unread()},
    )
    assert_problem(answer, 413)
    assert MAX_BODY < 10_000_000


def test_a_large_body_that_hides_its_length_is_refused(place: Place) -> None:
    answer = place.backend.post("/v1/events", data=b" " * (MAX_BODY + 1), headers={"Content-Type": "application/json"})
    assert_problem(answer, 413)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k1"}])
def test_a_large_body_that_comes_in_chunks_is_refused_and_not_cut(place: Place, headers: dict) -> None:
    """What is cut may be sound: a list with blanks behind it, and a second list behind those."""
    sound = b'[{"item_id": "i1"}]'
    for size, status in ((1_000, 200), (MAX_BODY - len(sound), 413), (MAX_BODY, 413)):
        answer = place.backend(
            "POST",
            "/v1/items",
            headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked", **headers},
            input_stream=io.BytesIO(sound + b" " * size),
            environ_overrides={"wsgi.input_terminated": True},
        )
        assert answer.status_code == status
    assert place.backend.get("/v1/items/i1/related").status_code == 200


@pytest.mark.parametrize("wanted", ["/nothing", "/v1/customers/a%00b", "/v1/customers/" + "a" * 201, "/v1//jobs"])
def test_no_such_route_is_404(place: Place, wanted: str) -> None:
    assert_problem(place.operator.get(wanted), 404)


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "DELETE"])
def test_another_method_is_405_and_says_which_are_allowed(place: Place, method: str) -> None:
    answer = place.operator(method, "/v1/decisions")
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


def test_a_mistake_of_ours_is_500_and_tells_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("api.topics.rules.rules.all", broken)
    body = assert_problem(place.operator.get("/v1/rules"), 500)
    assert "swordfish" not in str(body)


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_text_that_a_database_cannot_hold_is_422(place: Place, text: str) -> None:
    body = {"customer_id": "c", "attributes": {"note": text}}
    assert_problem(place.backend.post("/v1/customers", body), 422, pointer="/attributes/note")


def test_the_request_id_is_echoed_where_it_is_sane(place: Place) -> None:
    sane = place.operator.get("/v1/rules", headers={"X-Request-ID": "order-17.a:b_c"})
    assert sane.headers["X-Request-ID"] == "order-17.a:b_c"
    for odd in ("a b", "<script>", "x" * 129, "é"):
        assert place.operator.get("/v1/rules", headers={"X-Request-ID": odd}).headers["X-Request-ID"] != odd


def test_guessing_keys_is_slowed_down_and_valid_keys_still_pass(place: Place) -> None:
    sound = place.operator
    answers = [place.nobody.get("/v1/rules", headers={"Authorization": f"Bearer rk_{n}"}) for n in range(70)]
    assert [answer.status_code for answer in answers[:60]] == [401] * 60
    assert_problem(answers[-1], 429)
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert sound.get("/v1/rules").status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"customer_id": "1005", "customer_id": "2"}', "/customer_id"),
        ('{"customer_id": "1005", "request": {"query": "a", "category": null, "query": "b"}}', "/request/query"),
        ('{"customer_id": "1", "request": {"items": [{"item_id": "a"}, {"item_id": "b", "item_id": "c"}]}}', ITEM),
        ('{"customer_id": "1005", "customer\\u005fid": "1005"}', "/customer_id"),
    ],
)
def test_a_key_that_is_named_twice_is_422(place: Place, body: str, pointer: str) -> None:
    said = {"Content-Type": "application/json"}
    problem = assert_problem(
        place.backend("POST", "/v1/decisions", headers=said, data=body.encode()), 422, pointer=pointer
    )
    assert "more than once" in str(problem["detail"])


def test_a_key_that_is_named_twice_in_a_list_stores_none_of_it(place: Place) -> None:
    body = b'[{"item_id": "a"}, {"item_id": "b", "price": "1.00", "price": "100.00"}]'
    answer = place.backend("POST", "/v1/items", headers={"Content-Type": "application/json"}, data=body)
    assert_problem(answer, 422, pointer="/1/price")
    assert place.backend.get("/v1/items/a/related").status_code == 404


def test_a_body_that_is_nested_deeply_is_an_error_and_no_crash(place: Place) -> None:
    for deep in (900, 5_000, 100_000):
        body = b'{"a":' * deep + b"1" + b"}" * deep
        answer = place.backend("POST", "/v1/items", headers={"Content-Type": "application/json"}, data=body)
        assert answer.status_code in (400, 422)
