"""One-tap links: what a message offers, pressed once, by whoever holds the link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from engine import logs
from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.nudges import Nudge, NudgeKind
from engine.store import executions, mandates, nudges
from tests.api.acting import execution
from tests.api.conftest import Place
from tests.api.problems import assert_problem
from tests.builders import a_mandate, usd


@pytest.fixture
def ann(either_place: Place) -> Place:
    """A place, on each database, where ann has signed for what x1 is about."""
    either_place.backend.post("/v1/customers", [{"customer_id": "ann"}])
    for item, price in {"beans": "4.99", "dark": "5.20", "gold": "9.00"}.items():
        either_place.backend.post("/v1/items", {"item_id": item, "price": price, "family": "need of x1"})
    mandate = a_mandate(
        customer_id="ann",
        families=frozenset({"need of x1"}),
        substitutes=("dark", "gold"),
        price_high=usd(600),
        max_quantity=3,
        signed_at=either_place.settings.clock.now(),
    )
    with either_place.db.begin() as tx:
        mandates.add(tx, mandate)
    return either_place


def announced(place: Place, rung: Rung = Rung.VETO, ago: timedelta = timedelta(0)) -> None:
    """Ann's order, with the message about it."""
    execution(place, "x1", rung=rung, mandate_id=None if rung is Rung.APPROVE else "m1")
    at = place.settings.clock.now() - ago
    kind = NudgeKind.APPROVAL if rung is Rung.APPROVE else NudgeKind.NOTICE
    told = Nudge(nudge_id="n1", customer_id="ann", kind=kind, text="…", execution_id="x1", created_at=at, send_at=at)
    with place.db.begin() as tx:
        nudges.add(tx, [told])


def links(place: Place) -> dict[tuple[str, str | None], str]:
    """The links of ann's message."""
    [message] = place.customer("ann").get("/v1/customers/ann/nudges").get_json()["nudges"]
    return {(one["verb"], one["argument"]): one["path"] for one in message["facts"].get("links", ())}


def press(place: Place, path: str, method: str = "POST", **headers: str) -> TestResponse:
    """What somebody without a key is answered."""
    return place.app.test_client().open(path, method=method, headers=headers)


def standing(place: Place) -> dict[str, Any]:
    """Ann's order."""
    found: dict[str, Any] = place.backend.get("/v1/executions/x1").get_json()
    return found


OFFERED = {("veto", None), ("skip", None), ("snooze", "7d"), ("swap", "dark"), ("change", "1"), ("change", "3")}


def test_a_notice_offers_what_can_be_done(ann: Place) -> None:
    announced(ann)
    assert set(links(ann)) == OFFERED


def test_a_question_offers_a_yes_too(ann: Place) -> None:
    announced(ann, Rung.APPROVE)
    assert set(links(ann)) == OFFERED | {("approve", None)}


@pytest.mark.parametrize(
    ("link", "rung", "after"),
    [
        (("veto", None), Rung.VETO, {"state": "vetoed"}),
        (("skip", None), Rung.VETO, {"state": "skipped"}),
        (("snooze", "7d"), Rung.VETO, {"due_at": "2017-12-09T08:00:00Z"}),
        (("swap", "dark"), Rung.VETO, {"total": "10.40"}),
        (("change", "3"), Rung.VETO, {"total": "14.97"}),
        (("approve", None), Rung.APPROVE, {"due_at": "2017-12-01T08:00:00Z"}),
    ],
)
def test_a_link_is_shown_first_and_does_its_one_thing_once(
    ann: Place, link: tuple[str, str | None], rung: Rung, after: dict[str, str]
) -> None:
    announced(ann, rung)
    path, before = links(ann)[link], standing(ann)
    for method in ("GET", "HEAD", "GET"):
        assert press(ann, path, method).status_code == 200
    assert standing(ann) == before
    assert press(ann, path).status_code == 200
    assert after.items() <= standing(ann).items()
    with ann.db.read() as tx:
        assert executions.moves(tx, "x1")[-1].actor.startswith("tap:")
    assert_problem(press(ann, path), 410)
    assert_problem(press(ann, path, "GET"), 410)


def test_a_used_link_is_offered_no_more(ann: Place) -> None:
    announced(ann)
    press(ann, links(ann)[("snooze", "7d")])
    assert ("snooze", "7d") not in links(ann)
    press(ann, links(ann)[("veto", None)])
    assert links(ann) == {}


def test_links_are_the_same_each_time_a_message_is_fetched(ann: Place) -> None:
    announced(ann)
    assert links(ann) == links(ann)
    with ann.db.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM taps")) == len(OFFERED)


def test_a_link_that_has_expired_is_410(ann: Place) -> None:
    announced(ann)
    path = links(ann)[("veto", None)]
    with ann.db.begin() as tx:
        tx.execute(text("UPDATE taps SET expires_at = '2017-12-01 08:00:00'"))
    assert_problem(press(ann, path), 410)
    assert_problem(press(ann, path, "GET"), 410)
    assert standing(ann)["state"] == "waiting"


def test_an_old_message_has_no_links(ann: Place) -> None:
    announced(ann, ago=timedelta(days=14))
    assert links(ann) == {}


def test_too_late_is_409_and_leaves_the_link(ann: Place) -> None:
    announced(ann)
    path = links(ann)[("veto", None)]
    with ann.db.begin() as tx:
        executions.move(tx, "x1", [State.WAITING], State.PLACING, "worker", None, ann.settings.clock.now())
    assert_problem(press(ann, path), 409)
    assert_problem(press(ann, path, "GET"), 409)
    with ann.db.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM taps WHERE used_at IS NOT NULL")) == 0


def test_an_unknown_token_is_404_and_guessing_is_slowed(ann: Place) -> None:
    announced(ann)
    assert_problem(press(ann, "/v1/tap/" + "x" * 43), 404)
    found = {press(ann, f"/v1/tap/{n:043}", "GET").status_code for n in range(70)}
    assert found == {404, 429}
    assert press(ann, links(ann)[("veto", None)]).status_code == 200


def test_tokens_have_256_bits_and_the_database_holds_none(ann: Place) -> None:
    announced(ann)
    tokens = [path.rpartition("/")[2] for path in links(ann).values()]
    assert len(set(tokens)) == len(OFFERED)
    assert {len(token) for token in tokens} == {43}  # of 6 bits each
    with ann.db.read() as tx:
        for table in ("taps", "nudges", "executions", "execution_moves", "audit", "idempotency"):
            kept = str(tx.execute(text(f"SELECT * FROM {table}")).all())
            assert not [token for token in tokens if token in kept], table


def test_tokens_are_not_logged(ann: Place, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")  # another test of this process may have silenced the log
    announced(ann)
    path = links(ann)[("veto", None)]
    press(ann, path, "GET")
    press(ann, path)
    press(ann, path)
    said = capfd.readouterr()
    assert "/v1/tap/<ident:token>" in said.out + said.err
    assert path.rpartition("/")[2] not in said.out + said.err


def test_the_page_is_strict_and_leads_nowhere(ann: Place) -> None:
    announced(ann)
    answer = press(ann, links(ann)[("swap", "dark")], "GET", Accept="text/html")
    page = answer.get_data(as_text=True)
    assert "Have dark for 5.20 USD each instead of 2 × beans for 9.98 USD?" in page
    assert '<form method="post">' in page
    assert "<script" not in page
    assert "http" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_people_are_told_on_a_page_what_is_wrong(ann: Place) -> None:
    announced(ann)
    path = links(ann)[("veto", None)]
    press(ann, path)
    answer = press(ann, path, "GET", Accept="text/html,*/*")
    assert (answer.status_code, answer.mimetype) == (410, "text/html")
    assert "This link was used, or has expired." in answer.get_data(as_text=True)


def test_names_cannot_break_the_page(ann: Place) -> None:
    ann.backend.post("/v1/items", {"item_id": "beans", "name": "<script>alert(1)</script>", "price": "4.99"})
    announced(ann)
    page = press(ann, links(ann)[("veto", None)], "GET").get_data(as_text=True)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_of_two_who_press_one_is_answered(ann: Place) -> None:
    from concurrent.futures import ThreadPoolExecutor

    announced(ann)
    path = links(ann)[("snooze", "7d")]
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda _: press(ann, path).status_code, range(8)))
    assert codes == [200, *[410] * 7]
    assert standing(ann)["due_at"] == "2017-12-09T08:00:00Z"


def test_erasure_takes_the_links_along(ann: Place) -> None:
    announced(ann)
    path = links(ann)[("veto", None)]
    ann.backend.delete("/v1/customers/ann")
    assert_problem(press(ann, path), 404)
