"""The pages in a real browser: nothing from elsewhere, nothing on the console of the browser, nothing run from data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

from api.app import create_app
from engine.store.database import Database
from tests.api.acting import execution
from tests.api.conftest import Place, settings_at

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EVIL = "<img src=x onerror=window.hacked=1>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: browser tests are skipped"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    """The system's chromium."""
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def live(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Place, str]]:
    """A place behind a real port, and its address."""
    settings, db = settings_at(tmp_path / "home"), Database.open(sqlite_url)
    place = Place(app=create_app(settings, db, model=lambda: None), db=db, settings=settings)
    server = make_server("127.0.0.1", 0, place.app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield place, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    db.close()


@pytest.fixture
def page(browser: sync_api.Browser, live: tuple[Place, str]) -> Iterator[sync_api.Page]:
    """A page that may ask its own server alone, and must leave no error."""
    _, address = live
    context = browser.new_context(base_url=address)
    opened, asked, errors = context.new_page(), [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert errors == []
    context.close()


def sign_in(page: sync_api.Page, place: Place) -> None:
    """Sign in with an operator's key."""
    page.goto("/console/")
    page.get_by_label("Operator key").fill(str(place.operator.key))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()


def test_signing_in_and_leafing_through(page: sync_api.Page, live: tuple[Place, str]) -> None:
    place, _ = live
    sign_in(page, place)
    for name in ("Executions", "Stops", "Alerts", "Customers", "Models and jobs"):
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        assert "2017-12-01 08:00 UTC" in page.locator(".clock").inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_veto_asks_once_more(page: sync_api.Page, live: tuple[Place, str]) -> None:
    place, _ = live
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    place.backend.post("/v1/items", {"item_id": "beans"})
    execution(place, "x1")
    sign_in(page, place)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Veto").click()
    assert place.operator.get("/v1/executions/x1").get_json()["state"] == "waiting"
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Veto").click()
    page.get_by_text("The order is stopped.").wait_for()
    assert place.operator.get("/v1/executions/x1").get_json()["state"] == "vetoed"


def test_the_switch_asks_once_more_stops_everything_and_is_lifted(page: sync_api.Page, live: tuple[Place, str]) -> None:
    place, _ = live
    sign_in(page, place)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Stop all orders").click()
    assert place.operator.get("/v1/policies/stops").get_json()["stops"] == []
    page.get_by_label("Why").fill("wrong prices")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Stop all orders").click()
    page.get_by_text("Stopped: all.").wait_for()
    assert place.operator.get("/v1/policies/stops").get_json()["stops"][0]["reason"] == "wrong prices"
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("alert").get_by_role("link", name="Stops").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Let orders go on").click()
    page.get_by_text("Orders go on: all.").wait_for()
    assert place.operator.get("/v1/policies/stops").get_json()["stops"] == []


def test_markup_in_data_stays_text(page: sync_api.Page, live: tuple[Place, str]) -> None:
    place, _ = live
    place.backend.post("/v1/customers", {"customer_id": EVIL, "attributes": {EVIL: EVIL}})
    sign_in(page, place)
    page.get_by_role("link", name="Customers").click()
    page.get_by_role("link", name=EVIL).click()
    page.get_by_role("heading", name=f"Customer {EVIL}").wait_for()
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize(
    "path", ["/console/", "/console/executions", "/console/stops", "/console/alerts", "/console/customers/ann", "/docs"]
)
def test_a_phone_needs_no_sideways_scrolling(page: sync_api.Page, live: tuple[Place, str], path: str) -> None:
    place, _ = live
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    place.backend.post("/v1/items", {"item_id": "beans"})
    execution(place, "x1")
    page.set_viewport_size({"width": 360, "height": 700})
    sign_in(page, place)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_docs_page_shows_and_tries_a_route(page: sync_api.Page, live: tuple[Place, str]) -> None:
    place, _ = live
    page.goto("/docs")
    page.get_by_label("Key for trying out").fill(str(place.backend.key))
    box = page.locator("#post_customers")
    box.locator("summary").first.click()
    box.get_by_label("Body").fill('{"customer_id": "ann"}')
    box.get_by_role("button", name="Try it").click()
    box.get_by_text('"accepted": 1').wait_for()
    assert place.backend.get("/v1/customers/ann").status_code == 200


def test_every_operation_of_the_docs_page_opens(page: sync_api.Page, live: tuple[Place, str]) -> None:
    page.goto("/docs")
    page.locator("details.operation").first.wait_for()
    boxes = page.locator("details.operation")
    assert boxes.count() > 35
    for number in range(boxes.count()):
        boxes.nth(number).locator("summary").first.click()
        boxes.nth(number).get_by_role("button", name="Try it").wait_for()
