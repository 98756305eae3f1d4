"""The customer's inbox, and its live stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest

from api import stopping
from api.auth import keys
from api.topics import nudges as topic
from tests.api.acting import message
from tests.api.conftest import Caller, Place
from tests.api.problems import assert_problem

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ann(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place that knows ann and bob, and whose streams look often and end soon."""
    place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    monkeypatch.setattr(topic, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(topic, "BREATH", 0.005)
    monkeypatch.setattr(topic, "LONGEST", 0.3)
    return place


def stream(caller: Caller, customer_id: str = "ann", **headers: str) -> Iterator[dict[str, object]]:
    """The messages of a stream until it ends."""
    answer = caller.get(f"/v1/customers/{customer_id}/nudges/stream", headers=headers)
    assert answer.content_type.startswith("text/event-stream")
    for event in answer.get_data(as_text=True).split("\n\n"):
        lines = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
        if lines.get("event") == "nudge":
            yield {"id": lines["id"], **orjson.loads(lines["data"])}


def test_the_inbox_shows_what_is_due_newest_first(ann: Place) -> None:
    now = ann.settings.clock.now()
    message(ann, "n1", now - MINUTE)
    message(ann, "n2", now)
    message(ann, "tomorrow", now + timedelta(days=1))
    message(ann, "bobs", now, customer_id="bob")
    answer = ann.customer("ann").get("/v1/customers/ann/nudges").get_json()
    assert [nudge["nudge_id"] for nudge in answer["nudges"]] == ["n2", "n1"]
    first = ann.customer("ann").get("/v1/customers/ann/nudges?limit=1").get_json()
    second = ann.customer("ann").get(f"/v1/customers/ann/nudges?limit=1&cursor={first['next_cursor']}").get_json()
    assert [nudge["nudge_id"] for nudge in second["nudges"]] == ["n1"]
    assert_problem(ann.customer("ann").get("/v1/customers/ann/nudges?cursor=x"), 422, pointer="/cursor")


def test_a_response_is_kept(ann: Place) -> None:
    message(ann, "n1", ann.settings.clock.now())
    caller = ann.customer("ann")
    assert caller.post("/v1/nudges/n1/responses", {"response": "snoozed"}).get_json()["response"] == "snoozed"
    assert caller.get("/v1/customers/ann/nudges").get_json()["nudges"][0]["response"] == "snoozed"
    assert_problem(caller.post("/v1/nudges/n1/responses", {"response": "loved"}), 422, pointer="/response")


def test_somebody_elses_message_is_not_there(ann: Place) -> None:
    message(ann, "n1", ann.settings.clock.now())
    message(ann, "tomorrow", ann.settings.clock.now() + timedelta(days=1))
    assert_problem(ann.customer("bob").post("/v1/nudges/n1/responses", {"response": "opened"}), 404)
    assert_problem(ann.customer("ann").post("/v1/nudges/tomorrow/responses", {"response": "opened"}), 404)


def test_a_stream_begins_now_and_goes_on_where_it_was_left(ann: Place) -> None:
    now = ann.settings.clock.now()
    message(ann, "old", now - timedelta(hours=1))
    message(ann, "n1", now - MINUTE)
    assert list(stream(ann.customer("ann"))) == []
    left_off = (now - timedelta(minutes=30)).isoformat()
    (found,) = stream(ann.customer("ann"), **{"Last-Event-ID": left_off})
    assert (found["nudge_id"], found["id"]) == ("n1", (now - MINUTE).isoformat())


def test_a_message_that_becomes_due_while_the_stream_is_open_is_sent_once(
    ann: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = ann.settings.clock.now(), iter(range(10**6))

    def rest(_: float) -> None:
        look = next(looks)
        if look == 1:
            message(ann, "late", now)
        if look == 4:
            monkeypatch.setattr(stopping, "announced", lambda: True)

    monkeypatch.setattr(topic, "LONGEST", 3600.0)
    monkeypatch.setattr(topic, "_rest", rest)
    assert [nudge["nudge_id"] for nudge in stream(ann.customer("ann"))] == ["late"]


def test_a_stream_ends_when_the_server_stops(ann: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic, "LONGEST", 3600.0)
    monkeypatch.setattr(stopping, "announced", lambda: True)
    assert list(stream(ann.customer("ann"))) == []


@pytest.mark.parametrize("ended", ["revoked", "erased"])
def test_a_stream_ends_with_its_token_and_its_customer(ann: Place, monkeypatch: pytest.MonkeyPatch, ended: str) -> None:
    made, looks = keys.create_token(ann.db, ann.settings, "ann"), iter(range(10**6))
    backend = ann.backend

    def rest(_: float) -> None:
        if next(looks) == 1 and ended == "revoked":
            keys.revoke(ann.db, made.id)
        elif ended == "erased":
            backend.delete("/v1/customers/ann")

    monkeypatch.setattr(topic, "LONGEST", 3600.0)
    monkeypatch.setattr(topic, "_rest", rest)
    assert list(stream(Caller(app=ann.app, key=made.key))) == []


def test_streams_leave_room_for_requests(ann: Place) -> None:
    caller = ann.customer("ann")
    for _ in range(topic.MOST_STREAMS + 2):
        list(stream(caller))
    held = [topic._room.acquire(blocking=False) for _ in range(topic.MOST_STREAMS)]
    try:
        assert all(held)
        assert_problem(caller.get("/v1/customers/ann/nudges/stream"), 503)
        assert caller("HEAD", "/v1/customers/ann/nudges/stream").status_code == 200
    finally:
        for _ in held:
            topic._room.release()
