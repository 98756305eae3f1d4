"""Gateways beside the default one, over HTTP: kept, shown without their secrets, refused where they lead inside."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from engine.domain.executions import State
from engine.store import gateways
from tests.api.conftest import Place
from tests.api.problems import assert_problem
from tests.ledgers import execution, line, stored

URL = "https://shop.example/orders"
SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The addresses of hosts, for as long as the test goes on."""
    known = {"shop.example": ["93.184.215.14"], "other.example": ["93.184.215.15", "2606:2800:21f::1"]}

    def lookup(host: str, port: int, **_: object) -> list[tuple]:
        if host not in known:
            raise socket.gaierror("no such host")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return known


def test_a_gateway_is_kept_shown_and_taken_away(either_place: Place) -> None:
    operator = either_place.operator
    body = {"url": URL, "secrets": [SECRET], "key_life": "7d", "looks_up": False, "at_once": 4}
    kept = operator.put("/v1/gateways/fresh", body)
    assert kept.status_code == 200, kept.text
    wanted = {"name": "fresh", "url": URL, "signed": 1, "key_life": "7d", "timeout": "5s", "looks_up": False}
    assert wanted.items() <= kept.json.items()
    assert operator.get("/v1/gateways/fresh").json == kept.json
    assert operator.get("/v1/gateways").json == {"gateways": [kept.json]}
    with either_place.db.read() as tx:
        stands = gateways.get(tx, "fresh")
    assert stands is not None
    assert (stands.secrets, stands.terms.at_once, stands.terms.looks_up) == ((SECRET,), 4, False)
    assert operator.delete("/v1/gateways/fresh").status_code == 204
    assert_problem(operator.get("/v1/gateways/fresh"), 404)
    assert_problem(operator.delete("/v1/gateways/fresh"), 404)
    assert [one["action"] for one in operator.get("/v1/audit?limit=2").json["entries"]] == [
        "gateway.delete",
        "gateway.put",
    ]


def test_secrets_go_in_and_never_come_out(place: Place) -> None:
    operator = place.operator
    operator.put("/v1/gateways/fresh", {"url": URL, "secrets": [SECRET, SECRET[6:]]})
    operator.put("/v1/gateways/fresh", {"url": URL})
    assert operator.get("/v1/gateways/fresh").json["signed"] == 2
    everything = " ".join(operator.get(path).text for path in ("/v1/gateways", "/v1/gateways/fresh", "/v1/audit"))
    assert SECRET[6:] not in everything
    assert operator.put("/v1/gateways/fresh", {"url": URL, "secrets": []}).json["signed"] == 0
    refused = operator.put("/v1/gateways/fresh", {"url": URL, "secrets": ["not base64 at all"]})
    assert_problem(refused, 422)
    assert "not base64" not in refused.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://shop.example/"}, "https"),
        ({"url": "file:///tmp"}, "https"),
        ({"url": "https://me:hush@shop.example/"}, "password"),
        ({"url": "https://shop.example:22/"}, "port"),
        ({"url": "https://nowhere.example/"}, "public addresses"),
        ({"timeout": "0s"}, "above 0"),
        ({"timeout": "2h"}, "timeout"),
        ({"key_life": "1s"}, "key_life"),
        ({"at_once": 0}, ""),
        ({"unknown": 1}, ""),
    ],
)
def test_what_makes_no_gateway_is_refused(place: Place, change: dict, said: str) -> None:
    refused = place.operator.put("/v1/gateways/fresh", {"url": URL, **change})
    assert_problem(refused, 422)
    assert said in refused.text
    assert "hush" not in refused.text
    assert place.operator.get("/v1/gateways").json == {"gateways": []}


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "64:ff9b::a00:1"])
def test_a_host_with_one_address_inside_is_refused(place: Place, names: dict, address: str) -> None:
    names["inside.example"] = ["93.184.215.14", address]
    refused = place.operator.put("/v1/gateways/fresh", {"url": "https://inside.example/"})
    assert_problem(refused, 422, pointer="/url")
    assert address in refused.text


@pytest.mark.parametrize("name", ["default", "Fresh", "-fresh", "a b", "x" * 101])
def test_a_name_that_is_none_is_refused(place: Place, name: str) -> None:
    assert_problem(place.operator.put(f"/v1/gateways/{name}", {"url": URL}), 422)


def test_only_operators_add_gateways(place: Place) -> None:
    for caller in (place.backend, place.customer("c1")):
        assert_problem(caller.get("/v1/gateways"), 403)
        assert_problem(caller.put("/v1/gateways/fresh", {"url": URL}), 403)
        assert_problem(caller.delete("/v1/gateways/fresh"), 403)


@pytest.mark.parametrize("state", [State.PLACING, State.NEEDS_REVIEW])
def test_the_url_stays_while_an_order_may_be_there_that_nobody_knows(either_place: Place, state: State) -> None:
    operator = either_place.operator
    operator.put("/v1/gateways/fresh", {"url": URL})
    stored(either_place.db, replace(execution(state=state), gateway="fresh"))
    refused = operator.put("/v1/gateways/fresh", {"url": "https://other.example/"})
    assert_problem(refused, 409)
    assert operator.put("/v1/gateways/fresh", {"url": URL, "at_once": 2}).status_code == 200
    assert operator.put("/v1/gateways/other", {"url": "https://other.example/"}).status_code == 200
    assert_problem(operator.delete("/v1/gateways/fresh"), 409)
    assert operator.delete("/v1/gateways/other").status_code == 204


def test_a_gateway_that_orders_wait_for_is_not_taken_away(either_place: Place) -> None:
    operator = either_place.operator
    operator.put("/v1/gateways/fresh", {"url": URL})
    stored(either_place.db, replace(execution(), gateway="fresh"), execution("e2", "anna", line(need="tea")))
    assert_problem(operator.delete("/v1/gateways/fresh"), 409)
    assert operator.put("/v1/gateways/fresh", {"url": "https://other.example/"}).status_code == 200
    assert operator.get("/v1/executions/e1").json["gateway"] == "fresh"
    assert operator.get("/v1/executions/e2").json["gateway"] is None


COLD = {"id": "cold", "when": "true", "effect": {"gateway": "cold.chain-2"}}


def test_a_rule_sends_orders_to_a_gateway_that_is_there_and_it_stays_while_one_does(either_place: Place) -> None:
    operator = either_place.operator
    text = {"yaml": "rules:\n  - id: cold\n    when: 'true'\n    effect: {gateway: cold.chain-2}\n"}
    [problem] = operator.post("/v1/rules/check", text).json["problems"]
    assert (problem["line"], problem["column"]) == (4, 23)
    assert_problem(operator.post("/v1/rules", {"rules": [COLD]}), 422, pointer="/rules/0/effect/gateway")
    operator.put("/v1/gateways/cold.chain-2", {"url": URL})
    assert operator.post("/v1/rules/check", text).json["problems"] == []
    assert operator.post("/v1/rules", {"rules": [COLD]}).status_code == 200
    refused = assert_problem(operator.delete("/v1/gateways/cold.chain-2"), 409)
    assert "rule 'cold' (version 1)" in refused["detail"]
    later = COLD | {"effect": "forbid", "from": "2100-01-01T00:00:00Z", "replaces": 1}
    operator.post("/v1/rules", {"rules": [later]})
    assert_problem(operator.delete("/v1/gateways/cold.chain-2"), 409)  # until 2100 the first version holds
    assert operator.post("/v1/rules/cold/retire", {"version": 2}).status_code == 200
    assert operator.delete("/v1/gateways/cold.chain-2").status_code == 204
    back = assert_problem(operator.post("/v1/rules/cold/rollback", {"version": 3, "to": 1}), 409)
    assert "cold.chain-2" in back["detail"]


def test_a_rule_that_awaits_approval_or_its_time_holds_its_gateway(place: Place) -> None:
    place.operator.put("/v1/gateways/cold.chain-2", {"url": URL})
    place.operator.post("/v1/rules", {"rules": [COLD | {"from": "2100-01-01T00:00:00Z"}]})
    assert_problem(place.operator.delete("/v1/gateways/cold.chain-2"), 409)
    over = COLD | {"until": "2001-01-01T00:00:00Z", "replaces": 1}
    place.operator.post("/v1/rules", {"rules": [over]})
    assert place.operator.delete("/v1/gateways/cold.chain-2").status_code == 204
