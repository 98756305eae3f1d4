"""Health, readiness, metrics, the document and its page."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.requests import MAX_BODY
from engine.domain.alerts import Alarm, AlertKind
from engine.domain.executions import State
from engine.store import alerts
from engine.store.database import Database
from tests.api.conftest import NOW, Caller, Place, settings_at
from tests.api.problems import assert_problem
from tests.ledgers import HOUR, stored
from tests.ledgers import NOW as NOON
from tests.ledgers import execution as due


def test_health_needs_nothing(place: Place) -> None:
    assert place.nobody.get("/healthz").get_json() == {"status": "ok"}


def test_ready_without_a_model_says_so_and_tells_the_time(place: Place) -> None:
    assert place.nobody.get("/readyz").get_json() == {
        "status": "ready",
        "database": "sqlite",
        "model_id": None,
        "now": NOW,
        "clock_moved": True,
    }


def test_not_ready_before_the_database_is_migrated(tmp_path) -> None:  # type: ignore[no-untyped-def]
    app = create_app(settings_at(tmp_path), Database.open(f"sqlite:///{tmp_path}/empty.db"), model=lambda: None)
    body = assert_problem(Caller(app=app, key=None).get("/readyz"), 503)
    assert "rapport db upgrade" in str(body["detail"])


def test_not_ready_while_the_database_does_not_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> bool:
        raise OSError("connection refused by 10.0.0.7, password=swordfish")

    monkeypatch.setattr(place.db, "is_current", gone)
    assert "swordfish" not in str(assert_problem(place.nobody.get("/readyz"), 503))


def test_metrics_count_requests_by_route_and_never_by_customer(place: Place) -> None:
    place.operator.get("/v1/customers/somebody-secret/export")
    text = place.nobody.get("/metrics").get_data(as_text=True)
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"rapport_requests", "rapport_request_seconds"} <= names
    assert "somebody-secret" not in text


def test_the_document_is_valid_openapi_3_1(place: Place) -> None:
    document = place.nobody.get("/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_reference_of_the_document_leads_somewhere(place: Place) -> None:
    answer = place.nobody.get("/openapi.json")
    known = {f"#/components/schemas/{name}" for name in answer.get_json()["components"]["schemas"]}
    assert set(re.findall(r'"\$ref":"([^"]+)"', answer.get_data(as_text=True))) <= known


def test_every_route_is_documented_and_every_documented_route_is_there(place: Place) -> None:
    document = place.nobody.get("/openapi.json").get_json()
    documented = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    rules = [rule for rule in place.app.url_map.iter_rules() if rule.rule.startswith(("/v1/", "/healthz", "/readyz"))]
    there = {(m, re.sub(r"<ident:(\w+)>", r"{\1}", rule.rule)) for rule in rules for m in rule.methods or ()}
    assert {(m, p) for m, p in there if m != "HEAD"} <= documented
    assert {(m, p) for m, p in documented if p.startswith("/v1/")} <= there


@pytest.mark.parametrize("promised", ["/v1/decisions", "/v1/events", "/v1/models", "/v1/customers/{customer_id}/due"])
def test_promised_paths_are_documented(place: Place, promised: str) -> None:
    assert promised in place.nobody.get("/openapi.json").get_json()["paths"]


def test_writes_document_what_can_go_wrong(place: Place) -> None:
    decide = place.nobody.get("/openapi.json").get_json()["paths"]["/v1/decisions"]["post"]
    assert {"201", "400", "401", "403", "404", "409", "413", "415", "422", "429"} <= set(decide["responses"])
    assert "Idempotency-Key" in {parameter["name"] for parameter in decide["parameters"]}
    assert str(MAX_BODY // 1_000_000) in decide["responses"]["413"]["description"]


@pytest.mark.parametrize("page", ["/docs", "/console/login"])
def test_a_page_loads_nothing_from_elsewhere(place: Place, page: str) -> None:
    answer = place.nobody.get(page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = answer.get_data(as_text=True)
    assert re.findall(r'(?:src|href)="(?!/)', text) == []
    assert re.findall(r"<style|<script>|style=|onclick=", text) == []
    for asset in re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', text):
        assert place.nobody.get(asset).status_code == 200


@pytest.mark.parametrize("path", ["/docs/../app.py", "/docs/..%2fapp.py", "/docs/none.js"])
def test_only_a_pages_own_files_are_given(place: Place, path: str) -> None:
    assert_problem(place.nobody.get(path), 404)


def test_only_the_consoles_own_files_are_given(place: Place) -> None:
    assert place.app.test_client().get("/console/static/../pages.py").status_code == 404


def test_metrics_tell_what_stands_in_the_database(place: Place) -> None:
    stored(place.db, due(due=NOON - HOUR), due("e2", "ben", state=State.NEEDS_REVIEW))
    text = place.nobody.get("/metrics").text
    assert 'rapport_executions_standing{state="waiting"} 1.0' in text
    assert 'rapport_executions_standing{state="placed"} 0.0' in text
    assert "rapport_backlog 1.0" in text
    assert 'rapport_stops{scope="all"} 0.0' in text
    place.operator.post("/v1/policies/stop")
    with place.db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.REVIEW)], NOON, tell=True)
    text = place.nobody.get("/metrics").text
    assert "rapport_backlog 0.0" in text, "what is stopped is not left lying"
    assert 'rapport_stops{scope="all"} 1.0' in text
    assert 'rapport_alerts_open{kind="executions.needs_review"} 1.0' in text
    assert "rapport_alert_messages_waiting 1.0" in text
    assert "rapport_database_up 1" in text


def test_metrics_are_shown_though_the_database_does_not_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead() -> None:
        raise OSError("gone")

    monkeypatch.setattr(place.db, "read", dead)
    answer = place.nobody.get("/metrics")
    assert answer.status_code == 200
    assert "rapport_database_up 0" in answer.text
    assert "rapport_requests_total" in answer.text
