"""The console's pages for seeing and stopping, as a browser without scripts sees them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from engine.domain.alerts import Alarm, AlertKind, DifferenceKind
from engine.domain.executions import Answer, Call, Result, State
from engine.store import alerts, differences, executions, items, ledger
from tests.api.conftest import Place
from tests.api.test_console import EVIL, assert_error_page, signed_in, token
from tests.api.test_watching import trusting
from tests.builders import an_item
from tests.ledgers import HOUR, NOW, execution, line, standing, stored

PAGES = ("/console/stops", "/console/alerts", "/console/executions?view=at_risk", "/console/executions?view=failed")
FORMS = ("/console/stops", "/console/stops/x/lift", "/console/differences/1/close", "/console/executions/e1/settle")


def press(browser: FlaskClient, **form: str) -> str:
    """The page after pressing the switch."""
    page = browser.get("/console/stops").text
    data = {"csrf_token": token(page), "scope": "all", **form}
    return browser.post("/console/stops", data=data, follow_redirects=True).text


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_place_says_so(place: Place, page: str) -> None:
    answer = signed_in(place).get(page)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_without_signing_in_every_page_leads_to_the_form(place: Place, page: str) -> None:
    assert place.app.test_client().get(page).location == "/console/login"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_without_its_token_is_refused_and_does_nothing(place: Place, form: str) -> None:
    stored(place.db, execution(state=State.NEEDS_REVIEW))
    assert_error_page(signed_in(place).post(form, data={"scope": "all", "outcome": "failed", "note": "x"}), 400)
    assert place.operator.get("/v1/policies/stops").get_json()["stops"] == []
    assert standing(place.db).state is State.NEEDS_REVIEW


def test_one_button_stops_everything_every_page_says_so_and_one_lets_it_go_on(place: Place) -> None:
    browser = signed_in(place)
    assert "Stop all orders" in browser.get("/console/").text
    assert "Stopped: all." in press(browser, reason="wrong prices")
    [stop] = place.operator.get("/v1/policies/stops").get_json()["stops"]
    assert (stop["scope"], stop["reason"]) == ("all", "wrong prices")
    for page in ("/console/", "/console/customers", "/console/running"):
        assert "Orders are stopped:" in browser.get(page).text
    form = {"csrf_token": token(browser.get("/console/stops").text)}
    lift = f"/console/stops/{stop['stop_id']}/lift"
    assert "Orders go on: all." in browser.post(lift, data=form, follow_redirects=True).text
    assert "Orders are stopped:" not in browser.get("/console/").text
    assert "Not done" in browser.post(lift, data=form, follow_redirects=True).text


def test_a_part_is_stopped_and_what_makes_no_sense_is_told(place: Place) -> None:
    browser = signed_in(place)
    assert "Not done: family &#39;milk&#39; not found." in press(browser, scope="family", value="milk")
    place.backend.post("/v1/items", {"item_id": "m1", "family": "milk"})
    assert "Stopped: family milk." in press(browser, scope="family", value="milk")
    assert "Not done" in press(browser, scope="family", value=" ")
    assert "Not done" in press(browser, scope="planet", value="earth")
    assert len(place.operator.get("/v1/policies/stops").get_json()["stops"]) == 1


def test_what_is_brought_in_is_shown_as_text(place: Place) -> None:
    browser = signed_in(place)
    press(browser, reason=EVIL)
    with place.db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.RULE, subject=EVIL, detail={EVIL: EVIL})], NOW, tell=False)
    for page in ("/console/", "/console/stops", "/console/alerts"):
        text = browser.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_what_needs_review_is_settled_with_one_button(place: Place) -> None:
    stored(place.db, execution(state=State.NEEDS_REVIEW), execution("e2", "ben", state=State.NEEDS_REVIEW))
    browser = signed_in(place)
    page = browser.get("/console/executions").text
    assert "It was placed" in page
    form = {"csrf_token": token(page), "outcome": "placed"}
    assert "Not done" in browser.post("/console/executions/e1/settle", data=form, follow_redirects=True).text
    form["order_id"] = "shop-1"
    assert "It is placed." in browser.post("/console/executions/e1/settle", data=form, follow_redirects=True).text
    assert (standing(place.db).state, standing(place.db).order_id) == (State.PLACED, "shop-1")
    form = {"csrf_token": token(page), "outcome": "failed"}
    assert "It is failed." in browser.post("/console/executions/e2/settle", data=form, follow_redirects=True).text
    audit = place.operator.get("/v1/audit").get_json()["entries"]
    assert [one["action"] for one in audit].count("execution.settle") == 2


def test_views_show_what_is_at_risk_with_its_reasons_what_failed_and_what_was_placed(place: Place) -> None:
    with place.db.begin() as tx:
        items.put(tx, [an_item("beans", available=False)])
    trusting(place.db, "ann")
    stored(
        place.db,
        execution("soon", "ann", due=NOW + HOUR, mandate="m-ann"),
        execution("lost", "ben", state=State.FAILED),
        execution("there", "cleo", state=State.PLACED),
    )
    browser = signed_in(place)
    risky = browser.get("/console/executions?view=at_risk").text
    assert "item.unavailable" in risky
    assert "It is out of stock" in risky
    failed, placed = (browser.get(f"/console/executions?view={view}").text for view in ("failed", "placed"))
    assert "/console/customers/ben" in failed
    assert "/console/customers/cleo" not in failed
    assert "/console/customers/cleo" in placed
    assert "Upcoming" in browser.get("/console/executions?view=nonsense").text


def test_alerts_and_differences_are_shown_and_a_difference_is_dealt_with(place: Place) -> None:
    stored(place.db, execution(state=State.PLACED))
    with place.db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.DIFFERS, detail={"n": 1})], NOW, tell=False)
        differences.note(tx, "e1", DifferenceKind.OTHER_ORDER, "shop-1", "shop-2", NOW)
        [one], _ = differences.page(tx, 1)
    browser = signed_in(place)
    page = browser.get("/console/alerts").text
    assert "ledger.differs" in page
    assert "shop-2" in page
    form = {"csrf_token": token(page), "note": "merged"}
    close = f"/console/differences/{one.id}/close"
    assert "Noted." in browser.post(close, data=form, follow_redirects=True).text
    assert "shop-2" not in browser.get("/console/alerts").text
    assert_error_page(browser.post("/console/differences/x/close", data=form), 404)


def test_one_execution_tells_its_lines_its_life_and_what_the_gateway_said(place: Place) -> None:
    stored(place.db, execution("e1", "ann", line("beans"), line("milk", "milk")), execution("e2", "ben"))
    with place.db.begin() as tx:
        (claim, _) = ledger.claim(tx, "w", NOW, 2, HOUR)
        intended = ledger.intend_all(tx, [(claim.execution, Call.PLACE)], NOW)
        refused = Answer(result=Result.UNKNOWN, detail="TimeoutException")
        said = ledger.Answered(execution=intended[0], call=Call.PLACE, answer=refused, retry_in=HOUR)
        ledger.complete_all(tx, [said], NOW)
        executions.move(tx, "e1", [State.PLACING], State.NEEDS_REVIEW, "sweep", "nobody knows", NOW)
    browser = signed_in(place)
    page = browser.get("/console/executions/e1").text
    for told in ("beans", "milk", "needs_review", "nobody knows", "placing", "sweep", "TimeoutException", "unknown"):
        assert told in page
    assert "It was placed" in page
    assert "Veto" not in page
    waiting = browser.get("/console/executions/e2").text
    assert "It was never sent." in waiting
    form = {"csrf_token": token(waiting), "back": "/console/executions/e2"}
    assert "<h1>Execution e2</h1>" in browser.post("/console/executions/e2/veto", data=form, follow_redirects=True).text
    assert '<a href="/console/executions/e1">' in browser.get("/console/executions").text
    assert_error_page(browser.get("/console/executions/none"), 404)
