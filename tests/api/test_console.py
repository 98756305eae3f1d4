"""The console, as a browser without scripts sees it."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.auth import keys
from api.auth.caller import Scope
from tests.api.acting import execution
from tests.api.conftest import Place

EVIL = "<script>alert('x')</script>"
PAGES = ("/console/", "/console/executions", "/console/rules", "/console/customers", "/console/running")


def token(text: str) -> str:
    """The form's CSRF token on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def assert_error_page(answer: TestResponse, status: int, said: str = "") -> None:
    """An error as a page that a person reads, under the same policy as any other."""
    assert (answer.status_code, answer.content_type) == (status, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert said in answer.text
    assert "Overview</a>" in answer.text


def signed_in(place: Place, key: str | None = None) -> FlaskClient:
    """A browser after its sign-in."""
    browser = place.app.test_client()
    form = {"csrf_token": token(browser.get("/console/login").text), "key": key or place.operator.key}
    assert browser.post("/console/login", data=form).status_code == 303
    return browser


@pytest.mark.parametrize("page", [*PAGES, "/console/customers/ann"])
def test_without_signing_in_every_page_leads_to_the_form(place: Place, page: str) -> None:
    answer = place.app.test_client().get(page)
    assert (answer.status_code, answer.location) == (303, "/console/login")


@pytest.mark.parametrize("scope", [Scope.BACKEND, None])
def test_only_an_operators_key_signs_in(place: Place, scope: Scope | None) -> None:
    browser = place.app.test_client()
    key = "rk_wrong" if scope is None else place.caller(scope).key
    form = {"csrf_token": token(browser.get("/console/login").text), "key": key}
    answer = browser.post("/console/login", data=form)
    assert answer.status_code == 401
    assert "not an operator" in answer.text
    assert browser.get("/console/").status_code == 303


def test_the_session_is_a_guarded_cookie_that_holds_no_key(place: Place) -> None:
    browser = place.app.test_client()
    key = place.operator.key
    assert key is not None
    form = {"csrf_token": token(browser.get("/console/login").text), "key": key}
    cookie = browser.post("/console/login", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert key not in cookie


@pytest.mark.parametrize("form", ["/console/login", "/console/logout", "/console/jobs", "/console/executions/x/veto"])
def test_a_form_without_its_token_is_refused(place: Place, form: str) -> None:
    assert_error_page(signed_in(place).post(form, data={"key": place.operator.key, "job": "plan"}), 400)
    assert place.operator.get("/v1/jobs").get_json()["runs"] == []


def test_a_revoked_key_ends_its_session(place: Place) -> None:
    made = keys.create_key(place.db, Scope.OPERATOR)
    browser = signed_in(place, made.key)
    assert browser.get("/console/").status_code == 200
    keys.revoke(place.db, made.id)
    assert browser.get("/console/").status_code == 303


def test_signing_out_ends_it(place: Place) -> None:
    browser = signed_in(place)
    browser.post("/console/logout", data={"csrf_token": token(browser.get("/console/").text)})
    assert browser.get("/console/").status_code == 303


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_place_says_what_to_do_and_what_time_it_is(place: Place, page: str) -> None:
    answer = signed_in(place).get(page)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text
    assert "RAPPORT_NOW" in answer.text
    assert "2017-12-01 08:00 UTC" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_customers_bring_is_shown_as_text(place: Place) -> None:
    name = EVIL.replace("/", "|")
    place.backend.post("/v1/customers", {"customer_id": name, "locale": "<b>", "attributes": {EVIL: EVIL}})
    place.backend.put(f"/v1/customers/{name}/preferences", {"family_ceilings": {EVIL: "veto"}})
    place.backend.put(f"/v1/customers/{name}/consents", {"automation": "granted"})
    browser = signed_in(place)
    for page in ("/console/customers", f"/console/customers/{name}"):
        text = browser.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_a_customer_is_found_by_id(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    browser = signed_in(place)
    assert browser.get("/console/customers?id=ann").location == "/console/customers/ann"
    assert "no customer bob" in browser.get("/console/customers?id=bob").text
    assert browser.get("/console/customers?id=a/b").status_code == 200
    assert_error_page(browser.get("/console/customers/bob"), 404, "customer &#39;bob&#39; not found")


def test_an_order_is_stopped_with_one_button(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    place.backend.post("/v1/items", {"item_id": "beans"})
    execution(place, "x1")
    browser = signed_in(place)
    page = browser.get("/console/executions")
    assert "2 × beans" in page.text
    assert ">Veto<" in page.text
    form = {"csrf_token": token(page.text), "back": "/console/executions"}
    answer = browser.post("/console/executions/x1/veto", data=form, follow_redirects=True)
    assert "The order is stopped." in answer.text
    assert place.operator.get("/v1/executions/x1").get_json()["state"] == "vetoed"
    again = browser.post("/console/executions/x1/veto", data=form, follow_redirects=True)
    assert "Not stopped" in again.text


def test_the_way_back_never_leads_elsewhere(place: Place) -> None:
    browser = signed_in(place)
    form = {"csrf_token": token(browser.get("/console/").text), "back": "https://elsewhere.example/console/"}
    assert browser.post("/console/executions/x/veto", data=form).location == "/console/"


def test_rules_are_shown_with_who_wrote_them_and_where_they_stand(place: Place) -> None:
    operator, evil = place.operator, {"id": "one", "when": '"<script>alert" == need.family', "effect": "forbid"}
    operator.post("/v1/rules", {"rules": [evil], "why": "a try"})
    capped = {"id": "week", "when": "true", "effect": {"cap": {"count": 3, "per": "family", "every": "week"}}}
    operator.post("/v1/rules", {"rules": [{**evil, "effect": capped["effect"], "replaces": 1}, capped]})
    page = signed_in(place).get("/console/rules")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    for words in ("in force", "replaced", "a try", "operator:", "Caps in force", "3 orders", "per family, week"):
        assert words in page.text


def test_a_job_is_asked_for(place: Place) -> None:
    browser = signed_in(place)
    form = {"csrf_token": token(browser.get("/console/running").text), "job": "plan"}
    assert "asked to run plan" in browser.post("/console/jobs", data=form, follow_redirects=True).text
    (run,) = place.operator.get("/v1/jobs").get_json()["runs"]
    assert (run["job"], run["state"]) == ("plan", "asked")
    assert_error_page(browser.post("/console/jobs", data={**form, "job": "dance"}), 404)


def test_guessing_at_the_form_is_slowed_down(place: Place) -> None:
    browser = place.app.test_client()
    form = {"csrf_token": token(browser.get("/console/login").text), "key": "rk_wrong"}
    statuses = [browser.post("/console/login", data=form).status_code for _ in range(62)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    ("path", "status"),
    [("/console/nothing", 404), ("/console/a%00b", 404), ("/console/static/none.js", 404)],
)
def test_an_error_is_a_page_wherever_it_comes_from(place: Place, path: str, status: int) -> None:
    for browser in (place.app.test_client(), signed_in(place)):
        assert_error_page(browser.get(path), status)
    assert_error_page(place.app.test_client().delete("/console/jobs"), 405)


def test_an_error_page_needs_no_database_and_what_it_says_is_text(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(place)
    assert_error_page(browser.get(f"/console/customers/{EVIL.replace('/', '')}"), 404, "&lt;script&gt;")

    def gone(*_: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(type(place.db), "read", gone)
    assert_error_page(browser.get("/console/executions"), 500, "an unexpected error")
