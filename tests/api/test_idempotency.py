"""The same write sent twice is done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest

from engine.store import idempotency, keys
from tests.api.conftest import Place
from tests.api.problems import assert_problem

KEY = {"Idempotency-Key": "7f3c"}
GOAL = {"kind": "not_run_out", "family": "coffee"}


@pytest.fixture
def either_place_with_ann(either_place: Place) -> Place:
    """A place, on each database, that knows ann."""
    either_place.backend.post("/v1/customers", {"customer_id": "ann"})
    return either_place


def test_the_same_key_and_body_give_the_same_answer(either_place_with_ann: Place) -> None:
    caller = either_place_with_ann.backend
    first = caller.post("/v1/customers/ann/goals", GOAL, headers=KEY)
    second = caller.post("/v1/customers/ann/goals", GOAL, headers=KEY)
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(caller.get("/v1/customers/ann/goals").get_json()["goals"]) == 1


def test_without_a_key_it_is_done_twice(either_place_with_ann: Place) -> None:
    caller = either_place_with_ann.backend
    for _ in range(2):
        caller.post("/v1/customers/ann/goals", GOAL)
    assert len(caller.get("/v1/customers/ann/goals").get_json()["goals"]) == 2


@pytest.mark.parametrize("other", [{"kind": "not_run_out", "family": "tea"}, {"kind": "nonsense"}])
def test_another_body_under_the_key_is_422(either_place_with_ann: Place, other: dict[str, str]) -> None:
    caller = either_place_with_ann.backend
    caller.post("/v1/customers/ann/goals", GOAL, headers=KEY)
    assert_problem(caller.post("/v1/customers/ann/goals", other, headers=KEY), 422)


def test_another_path_under_the_key_is_422(either_place_with_ann: Place) -> None:
    caller = either_place_with_ann.backend
    caller.post("/v1/items", {"item_id": "i"}, headers=KEY)
    assert_problem(caller.post("/v1/customers", {"customer_id": "i"}, headers=KEY), 422)


def test_keys_of_two_callers_are_apart(either_place_with_ann: Place) -> None:
    for caller in (either_place_with_ann.backend, either_place_with_ann.backend):
        assert caller.post("/v1/customers/ann/goals", GOAL, headers=KEY).status_code == 201
    assert len(either_place_with_ann.backend.get("/v1/customers/ann/goals").get_json()["goals"]) == 2


def test_a_refusal_is_an_answer_too(place: Place) -> None:
    caller = place.backend
    first = caller.put("/v1/customers/ann/preferences", {}, headers=KEY)
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    second = caller.put("/v1/customers/ann/preferences", {}, headers=KEY)
    assert first.status_code == second.status_code == 404
    assert first.data == second.data
    assert second.content_type == "application/problem+json"


def test_a_mistake_of_ours_may_be_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = place.backend
    with monkeypatch.context() as patched:
        patched.setattr("api.topics.intake.take", lambda *_, **__: 1 / 0)
        assert_problem(caller.post("/v1/items", {"item_id": "i"}, headers=KEY), 500)
    assert caller.post("/v1/items", {"item_id": "i"}, headers=KEY).status_code == 200


def test_a_second_request_while_the_first_works_is_409(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = Event(), Event()
    caller, answers = place.backend, []

    def slow(*_: object) -> list[object]:
        started.set()
        go_on.wait(10)
        return []

    monkeypatch.setattr("api.topics.intake._store", slow)
    monkeypatch.setattr("api.topics.intake.service", lambda: _Nothing())
    first = Thread(target=lambda: answers.append(caller.post("/v1/items", [{}], headers=KEY)))
    first.start()
    assert started.wait(10)
    assert_problem(caller.post("/v1/items", [{}], headers=KEY), 409)
    go_on.set()
    first.join()
    assert answers[0].status_code == 200


class _Nothing:
    """Stands where the service would open a transaction, so that the slow request holds none."""

    @property
    def db(self) -> _Nothing:
        return self

    def begin(self) -> _Nothing:
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def test_a_request_whose_process_died_does_not_block_its_key(place: Place) -> None:
    caller = place.backend
    with place.db.begin() as tx:
        (key,) = keys.all(tx)
        long_ago = datetime.now(UTC) - timedelta(minutes=5)
        idempotency.begin(tx, key.key_id, "7f3c", "whatever it was", None, long_ago)
    assert caller.post("/v1/items", {"item_id": "i"}, headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "with space", "é", "x" * 256])
def test_a_key_that_is_none_is_422(place: Place, key: str) -> None:
    assert_problem(place.backend.post("/v1/items", {"item_id": "i"}, headers={"Idempotency-Key": key}), 422)


def test_what_was_answered_about_a_customer_is_erased_with_them(place: Place) -> None:
    caller = place.backend
    caller.post("/v1/customers", {"customer_id": "ann"})
    caller.post("/v1/customers/ann/goals", GOAL, headers=KEY)
    caller.delete("/v1/customers/ann")
    assert_problem(caller.post("/v1/customers/ann/goals", GOAL, headers=KEY), 404)
