"""What the log says where the gateway is down: a line a sweep, and one for each execution that nobody knows of."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from engine.domain.executions import Answer, Execution, Result, State
from engine.store.database import Database
from jobs import reconcile
from jobs.gateway import Terms, unknown
from tests.fakes import FakeGateway
from tests.jobs.stages import Stage, line
from tests.ledgers import NOW, execution, standing, stored

FORGETFUL = Terms(key_life=timedelta(0))  # after the first call it is only asked whether there is an order
NEEDS = ("coffee", "milk", "tea")


class Down(FakeGateway):
    """A gateway that nobody can connect to, until its answers to look-ups are given."""

    def __init__(self, found: Answer | None = None) -> None:
        super().__init__()
        self.found = found or unknown("ConnectError")

    def place(self, execution: Execution) -> Answer:
        return unknown("ConnectError")

    def look_up(self, execution_id: str) -> Answer:
        return self.found


def outage(db: Database, gateway: FakeGateway, terms: Terms = FORGETFUL) -> Stage:
    """Three orders that are due at a gateway."""
    stage = Stage.set(db)
    stage.gateway, stage.terms = gateway, terms
    for need, item in zip(NEEDS, ("beans", "milk", "tea"), strict=True):
        stage.plan(line(item, need), id=need)
    return stage


def swept(stage: Stage) -> list[MutableMapping[str, Any]]:
    """What one sweep logged, of everything that is under way."""
    with stage.db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL")
    with capture_logs() as logged:
        stage.sweep()
    return logged


def failing(calls: int, reason: str) -> dict[str, object]:
    """The line of a sweep whose calls came to nothing."""
    said = {"event": "gateway.failing", "log_level": "warning", "gateway": "default"}
    return {**said, "without_outcome": calls, "reason": reason}


def test_calls_that_came_to_nothing_are_one_line_a_sweep(db: Database) -> None:
    assert swept(outage(db, Down())) == [failing(3, "ConnectError")]


def test_the_reason_is_that_of_most_calls(db: Database) -> None:
    assert swept(outage(db, FakeGateway(["late", "fail", "fail"]))) == [failing(3, "status 500")]


def test_a_gateway_that_answers_is_no_line(db: Database) -> None:
    assert swept(outage(db, FakeGateway(["well", "out_of_stock", "well"]))) == []


def test_each_execution_that_needs_review_is_a_line(db: Database) -> None:
    stage = outage(db, Down())
    swept(stage)
    *each, last = swept(stage)
    said = {"event": "execution.needs_review", "log_level": "warning", "reason": "ConnectError"}
    assert sorted(each, key=lambda one: one["execution_id"]) == [{**said, "execution_id": need} for need in NEEDS]
    assert last == failing(3, "ConnectError")
    assert {one.state for one in stage.all().values()} == {State.NEEDS_REVIEW}


def test_each_execution_that_failed_is_a_line(db: Database) -> None:
    stage = outage(db, Down(Answer(result=Result.NOT_FOUND, detail="no order of it")))
    swept(stage)
    said = {"event": "execution.failed", "log_level": "warning", "reason": "no order of it"}
    assert sorted(swept(stage), key=lambda one: one["execution_id"]) == [
        {**said, "execution_id": need} for need in NEEDS
    ]


def test_what_reconciling_finds_failed_is_a_line(db: Database) -> None:
    stored(db, execution(state=State.NEEDS_REVIEW))
    with capture_logs() as logged:
        reconcile.run(db, FakeGateway(), NOW)
    [said] = logged
    assert (said["event"], said["execution_id"]) == ("execution.failed", "e1")
    assert said["reason"] == standing(db).reason


def test_look_ups_that_told_nothing_are_one_line_a_run_and_gateway(db: Database) -> None:
    for name in ("a", "b", "c"):
        stored(db, execution(name, name, state=State.NEEDS_REVIEW))
    stored(db, replace(execution("d", "d", state=State.NEEDS_REVIEW), gateway="depot"))
    with capture_logs() as logged:
        assert reconcile.run(db, Down(), NOW, named={"depot": Down()}) == {"unknown": 4}
    said = {"event": "gateway.unanswered", "log_level": "warning"}
    assert logged == [{**said, "gateway": "default", "look_ups": 3}, {**said, "gateway": "depot", "look_ups": 1}]
