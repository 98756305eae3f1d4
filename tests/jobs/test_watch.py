"""Alerts: what raises each, what clears it, and that none flaps or is raised twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from engine.config import Settings
from engine.domain.alerts import Alarm, AlertKind, DifferenceKind
from engine.domain.customers import Mandate
from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Call, Result, State
from engine.domain.house import House
from engine.domain.rules import Cap, Every, Rule, Use
from engine.domain.stops import Scope
from engine.domain.values import Money
from engine.store import alerts, differences, items, ledger, mandates, rules, stops, watches
from engine.store.database import Database
from jobs import watch
from modes import alarms
from tests.builders import an_item
from tests.ledgers import HOUR, NOW, complete, execution, intend, line, stored

QUIET = Settings.from_env({"RAPPORT_NOW": NOW.isoformat()})
LEASE = timedelta(minutes=1)
MINUTE = timedelta(minutes=1)


def looked(db: Database, now=NOW) -> dict[tuple[str, str], dict[str, object]]:
    """What stands after a look."""
    watch.run(db, QUIET, now)
    with db.read() as tx:
        return {(one.kind, one.subject): dict(one.detail) for one in alerts.open_now(tx)}


def called(db: Database, result: Result, times: int) -> None:
    """Calls of the gateway that came to something, each for the one execution that is due."""
    for _ in range(times):
        with db.begin() as tx:
            [one] = ledger.claim(tx, "w", NOW, 1, LEASE)
            intended = intend(tx, one.execution, Call.PLACE, NOW)
            complete(tx, intended, Call.PLACE, Answer(result=result, order_id="o"), NOW, timedelta(0))


def test_a_quiet_place_raises_nothing(db: Database) -> None:
    stored(db, execution(due=NOW - 4 * MINUTE))
    assert watch.run(db, QUIET, NOW) == {}


def test_a_stop_is_an_alert_as_long_as_it_is_in_force(db: Database) -> None:
    with db.begin() as tx:
        items.put(tx, [an_item("m1", family="milk")])
        stop = stops.press(tx, Scope.FAMILY, "milk", "recall", "operator:me", NOW, NOW + HOUR)
    assert looked(db)[("stop", stop.stop_id)]["of"] == "family milk"
    assert looked(db, NOW + HOUR) == {}


def test_backlog_is_raised_after_five_minutes_and_cleared_once_caught_up(db: Database) -> None:
    backlog = ("executions.overdue", "")
    stored(db, execution(due=NOW - 5 * MINUTE))
    assert looked(db) == {}
    assert looked(db, NOW + MINUTE) == {backlog: {"n": 1}}
    with db.begin() as tx:
        tx.exec_driver_sql("DELETE FROM executions")
    stored(db, execution("e2", due=NOW))
    assert looked(db, NOW + 2 * MINUTE) == {backlog: {"n": 1}}  # two minutes late: not caught up yet
    assert looked(db, NOW + MINUTE) == {}


def test_an_alert_is_logged_when_it_opens_and_when_it_clears(db: Database) -> None:
    with db.begin() as tx:
        items.put(tx, [an_item("m1", family="milk")])
        stop = stops.press(tx, Scope.FAMILY, "milk", "recall", "operator:me", NOW, NOW + HOUR)
    with capture_logs() as logged:
        for now in (NOW, NOW + MINUTE, NOW + HOUR):
            looked(db, now)
    said = {"kind": "stop", "subject": stop.stop_id}
    assert logged == [
        {"event": "alert.opened", "log_level": "warning", **said},
        {"event": "alert.cleared", "log_level": "info", **said},
    ]


def test_what_a_stop_holds_is_no_backlog(db: Database) -> None:
    stored(db, execution(due=NOW - HOUR), execution("e2", "ben", line("milk", "milk"), due=NOW - HOUR))
    with db.begin() as tx:
        stops.press(tx, Scope.FAMILY, "milk", "recall", "operator:me", NOW)
    assert looked(db)[("executions.overdue", "")] == {"n": 1}
    with db.begin() as tx:
        stops.press(tx, Scope.ALL, None, "all of it", "operator:me", NOW)
    assert ("executions.overdue", "") not in looked(db)


def test_what_needs_review_and_what_differs(db: Database) -> None:
    stored(db, execution(state=State.NEEDS_REVIEW), execution("e2", "ben", state=State.PLACED))
    with db.begin() as tx:
        differences.note(tx, "e2", DifferenceKind.MISSING, "o", "no order", NOW)
    assert looked(db) == {("executions.needs_review", ""): {"n": 1}, ("ledger.differs", ""): {"n": 1}}


def test_a_rule_that_failed_is_told_of_for_an_hour(db: Database) -> None:
    with db.begin() as tx:
        for _ in range(2):
            rules.failed(tx, {("no-milk", 3, "no such field"): 1}, NOW)
    assert looked(db) == {("rule.failed", "no-milk@3"): {"times": 2}}
    assert looked(db, NOW + HOUR + MINUTE) == {}


def test_a_rung_that_the_live_watch_shut_is_told_of_until_it_is_opened(db: Database, monkeypatch) -> None:
    monkeypatch.setattr(watches, "shut", lambda tx, now: {Rung.VETO: NOW})
    assert looked(db) == {("gate.shut", "veto"): {"since": NOW.isoformat()}}
    monkeypatch.undo()
    assert looked(db) == {}


def test_a_cap_is_told_of_when_nearly_used_and_does_not_flap() -> None:
    rule = Rule(rule_id="wine", version=1, when="true", effect=Cap(count=10, every=Every.TOTAL))

    def raised(orders: int, standing: tuple[str, ...] = ()) -> list[str]:
        use = Use(day="2017-12-01", count=orders, minor=100 * orders, currency="USD")
        given = House(rules=(rule,), uses={("wine", "shop"): (use,)})
        return [one.subject for one in alarms.caps(given, NOW.date(), standing)]

    assert [raised(8), raised(9), raised(8, ("wine",)), raised(7, ("wine",))] == [[], ["wine"], ["wine"], []]


def test_a_gateway_that_loses_calls_is_failing_until_it_answers_again(db: Database) -> None:
    failing = ("gateway.failing", "default")
    stored(db, execution())
    called(db, Result.UNKNOWN, 7)
    assert looked(db) == {}, "seven calls tell too little"
    called(db, Result.UNKNOWN, 1)
    assert looked(db) == {failing: {"calls": 8, "without_outcome": 8}}
    stored(db, execution("e2", "ben"))
    called(db, Result.PLACED, 1)
    assert failing in looked(db), "one good call does not clear it"
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE execution_attempts SET started_at = '2017-01-01 00:00:00' WHERE result = 'unknown'")
    assert looked(db) == {}


def test_a_gateway_that_nobody_calls_stays_what_it_was(db: Database) -> None:
    with db.begin() as tx:
        alerts.settle(tx, [Alarm(kind=AlertKind.GATEWAY, subject="default")], NOW, tell=False)
    assert looked(db) == {("gateway.failing", "default"): {"calls": 0, "without_outcome": 0}}


def test_an_alert_is_one_row_however_often_it_is_seen_and_a_new_one_when_it_comes_back(db: Database) -> None:
    here = [Alarm(kind=AlertKind.REVIEW, detail={"n": 1})]
    for alarms_now, opened, cleared in ((here, 1, 0), (here, 0, 0), ([], 0, 1), ([], 0, 0), (here, 1, 0)):
        with db.begin() as tx:
            changed = alerts.settle(tx, alarms_now, NOW, tell=False)
        assert (len(changed.opened), len(changed.cleared)) == (opened, cleared)
    with db.read() as tx:
        assert len(alerts.page(tx, 10)[0]) == 2
        assert alerts.counts(tx) == {"executions.needs_review": 1}


def test_two_that_look_at_once_open_one_alert(db: Database, database_url: str) -> None:
    others = [Database.open(database_url) for _ in range(4)]
    stored(db, execution(state=State.NEEDS_REVIEW))
    with ThreadPoolExecutor(4) as pool:
        opened = sum(one["opened"] for one in pool.map(lambda one: watch.run(one, QUIET, NOW), others))
    assert opened == 1
    for one in others:
        one.close()


def budgeted(id: str = "m1", cents: int = 1_000) -> Mandate:
    """A mandate with a budget a month."""
    money = Money(minor=cents, currency="USD")
    return Mandate(
        mandate_id=id,
        customer_id="anna",
        families=frozenset({"coffee"}),
        signed_at=NOW - 90 * 24 * HOUR,
        budget=money,
        budget_period=timedelta(days=30),
    )


@pytest.mark.parametrize(
    ("cents", "standing", "raised"), [(899, False, 0), (900, False, 1), (800, True, 1), (799, True, 0)]
)
def test_a_budget_is_nearly_used_from_nine_tenths_until_below_eight(cents: int, standing: bool, raised: int) -> None:
    drawn = replace(
        execution("e1", "anna", line(cents=cents), state=State.PLACED, mandate="m1"), placed_at=NOW - 24 * HOUR
    )
    assert len(alarms.budgets([budgeted()], {"anna": [drawn]}, NOW, standing)) == raised


def test_budgets_are_looked_at_where_an_order_is_coming_up(db: Database) -> None:
    spent = execution("e1", "anna", line(cents=950), state=State.PLACED, mandate="m1")
    stored(db, spent)
    with db.begin() as tx:
        mandates.add(tx, budgeted())
        tx.exec_driver_sql("UPDATE executions SET placed_at = '2017-11-30 08:00:00.000000+00:00'")
    assert looked(db) == {}
    stored(db, execution("e2", "anna", line(need="tea"), due=NOW + HOUR, mandate="m1"))
    assert looked(db) == {("mandates.budget", ""): {"mandates": 1}}
