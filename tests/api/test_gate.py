"""The gate over HTTP: what is proved, what the watch shut, and a rung opened again."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.domain.decisions import Rung
from engine.domain.watches import Watch
from engine.store import watches
from tests.api.conftest import Place
from tests.api.problems import assert_problem

AT = datetime(2017, 11, 30, tzinfo=UTC)


def test_a_shut_rung_is_seen_and_opened_again_and_that_is_written_down(either_place: Place) -> None:
    place = either_place
    with place.db.begin() as tx:
        one = Watch(
            rung=Rung.SILENT,
            began_at=datetime(1970, 1, 1, tzinfo=UTC),
            promise=0.952,
            judged=9,
            wrong=6,
            wealth=21.5,
            looked_at=AT,
            shut_at=AT,
        )
        assert watches.keep(tx, one)
    found = place.operator.get("/v1/gate").get_json()
    rungs = {one["rung"]: one for one in found["rungs"]}
    assert rungs["silent"] == {
        "rung": "silent",
        "promise": 0.952,
        "open": False,
        "shut_at": "2017-11-30T00:00:00Z",
        "certificates": [],
    }
    assert rungs["veto"]["shut_at"] is None
    assert [(one["judged"], one["wrong"], one["wealth"]) for one in found["watches"]] == [(9, 6, 21.5)]
    after = place.operator.post("/v1/gate/silent/reopen").get_json()
    assert after["rungs"][1]["shut_at"] is None
    assert after["watches"][0]["reopened_at"] == "2017-12-01T08:00:00Z"
    entries = place.operator.get("/v1/audit").get_json()["entries"]
    told = [(one["action"], one["subject"]) for one in entries if one["action"].startswith("gate.")]
    assert told == [("gate.reopen", "silent"), ("gate.shut", "silent")]
    assert_problem(place.operator.post("/v1/gate/silent/reopen"), 409)


def test_only_operators_see_it_and_only_rungs_that_order_unasked_are_opened(place: Place) -> None:
    assert_problem(place.backend.get("/v1/gate"), 403)
    assert_problem(place.backend.post("/v1/gate/veto/reopen"), 403)
    assert_problem(place.operator.post("/v1/gate/approve/reopen"), 404)
    assert_problem(place.operator.post("/v1/gate/veto/reopen"), 409)
