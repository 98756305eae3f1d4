"""What becomes of a due order: in time, in part, as a question, under another id after a refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from functools import partial

import pytest

from engine.domain.customers import Days, Grant, Purpose, Window
from engine.domain.decisions import Rung
from engine.domain.executions import Answer, Execution, ExecutionLine, Result, State
from engine.domain.nudges import NudgeKind
from engine.domain.rules import Forbid, RequireApproval, Rule, Version
from engine.domain.stops import Scope, Stop
from engine.store import executions, ledger, nudges, orders, rules, stops
from engine.store.database import Database
from jobs import reconcile, sweep
from jobs.gateway import Terms, placed
from jobs.sweep import Point
from tests.builders import a_mandate, usd
from tests.fakes import FakeGateway
from tests.jobs.stages import DAY, HOUR, NOON, Stage, ids, line, two
from tests.ledgers import execution

WEEK = frozenset(range(7))
EVENING = Window(days=WEEK, start=time(18), end=time(20))


def refusal(code: str, *named: str, hard: bool = False) -> Answer:
    """What a gateway refuses with."""
    return Answer(result=Result.REFUSED, detail=code, items=named, hard=hard)


def placed_of(stage: Stage) -> list[tuple[str, list[str], int]]:
    """The executions the gateway keeps an order of, with their items and total, in the order they came."""
    kept = [one for one in stage.gateway.placed if one.execution_id in stage.gateway.orders]
    return [(one.execution_id, ids(one.lines), one.total.minor) for one in kept]


# --- when


def test_outside_its_windows_it_waits_until_the_next_begins(db: Database) -> None:
    stage = Stage.set(db, windows=(EVENING,))
    stage.plan()
    assert stage.sweep() == {"put_off": 1}
    assert (stage.one().state, stage.one().due_at) == (State.WAITING, NOON + 6 * HOUR)
    assert stage.one().put_off_from == NOON
    assert stage.sweep(5 * HOUR) == {}
    assert stage.sweep(HOUR) == {"placed": 1}
    assert stage.one().placed_at == NOON + 6 * HOUR


def test_windows_are_those_of_the_customers_clock(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, windows=(EVENING,), zone="America/New_York")
    stage.plan()
    stage.sweep()
    assert stage.one().due_at.isoformat() == "2017-12-01T23:00:00+00:00"


def test_on_a_quiet_date_it_waits_until_the_day_is_over(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, quiet_dates=(Days(first=date(2017, 12, 1), last=date(2017, 12, 2)),))
    stage.plan()
    assert stage.sweep() == {"put_off": 1}
    assert stage.sweep(36 * HOUR - timedelta(seconds=1)) == {}
    assert stage.sweep(timedelta(seconds=1)) == {"placed": 1}


def test_where_the_next_permitted_time_is_too_late_it_is_left_out(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, quiet_dates=(Days(first=date(2017, 12, 1), last=date(2017, 12, 4)),))
    stage.plan()
    assert stage.sweep() == {"skipped": 1}
    assert stage.one().reason == "mandate.window"


def test_putting_off_does_not_make_it_younger(sqlite_db: Database) -> None:
    """It was expected on Friday at noon: on Monday evening nobody does, though it was put off to Friday evening."""
    stage = Stage.set(sqlite_db, windows=(EVENING,))
    stage.plan()
    stage.sweep()
    assert stage.sweep(2 * DAY + 9 * HOUR) == {"skipped": 1}
    assert stage.one().reason == "mandate.window"


def test_one_the_customer_said_yes_to_waits_for_no_window(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, windows=(EVENING,))
    stage.plan(rung=Rung.APPROVE, due=NOON + DAY)
    with stage.db.begin() as tx:
        executions.approve(tx, "e1", "app:anna", NOON)
    assert stage.sweep() == {"placed": 1}


@pytest.mark.parametrize(("script", "state"), [("late", State.PLACED), ("fail", State.FAILED)])
def test_what_was_begun_is_not_sent_again_in_a_quiet_time(sqlite_db: Database, script: str, state: State) -> None:
    """Its outcome is looked up instead: the first call may have kept an order, or not."""
    stage = Stage.set(sqlite_db, script, windows=(Window(days=WEEK, start=time(12), end=time(13)),))
    stage.terms = Terms(first_retry=timedelta(0))
    stage.plan()

    def later(_: object) -> None:
        stage.now = NOON + 2 * HOUR

    stage.gateway = FakeGateway([script], before=later)
    stage.sweep()
    assert len(stage.gateway.placed) == 1
    assert stage.one().state is state


# --- a price that is no longer the announced one


def test_a_risen_price_is_asked_about_once(db: Database) -> None:
    stage = Stage.set(db)
    stage.plan()
    stage.stock(beans=550)
    assert stage.sweep() == {"asked": 1}
    asked = stage.one()
    assert (asked.state, asked.rung, asked.total, asked.mandate_id) == (State.WAITING, Rung.APPROVE, usd(550), None)
    assert asked.due_at == NOON + 48 * HOUR
    [question] = stage.told()
    assert (question.kind, question.execution_id) == (NudgeKind.APPROVAL, "e1")
    assert "5.50 USD now, and you were told 4.99 USD: shall we order 1 × Beans for 5.50 USD?" in question.text
    assert question.facts["lines"] == [{"item_id": "beans", "quantity": 1, "unit_price": "5.50"}]
    assert stage.sweep() == {}
    with stage.db.begin() as tx:
        executions.approve(tx, "e1", "app:anna", stage.now)
    assert stage.sweep() == {"placed": 1}
    assert placed_of(stage) == [("e1", ["beans"], 550)]


def test_a_question_nobody_answers_is_left_out(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan()
    stage.stock(beans=550)
    stage.sweep()
    assert stage.sweep(48 * HOUR) == {"skipped": 1}
    assert stage.gateway.placed == []


def test_a_price_above_the_band_is_asked_about_too(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan()
    stage.stock(beans=900)
    assert stage.sweep() == {"asked": 1}
    assert stage.one().total == usd(900)


def test_a_price_that_rises_again_after_the_answer_is_not_asked_about_again(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan()
    stage.stock(beans=550)
    stage.sweep()
    with stage.db.begin() as tx:
        executions.approve(tx, "e1", "app:anna", stage.now)
    stage.stock(beans=560)
    assert stage.sweep() == {"refused": 1}


@pytest.mark.parametrize("why", ["ceiling", "budget"])
def test_where_more_than_the_price_is_in_the_way_nobody_is_asked(sqlite_db: Database, why: str) -> None:
    stage = Stage.set(sqlite_db, **({"budget": usd(100), "budget_period": 7 * DAY} if why == "budget" else {}))
    stage.plan()
    stage.stock(beans=550)
    if why == "ceiling":
        stage.prefer(ceiling=Rung.CURATE)
    assert stage.sweep() == {"refused": 1}
    assert [one.kind for one in stage.told()] == [NudgeKind.REFUSED]


def test_a_fallen_price_is_what_is_paid(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan()
    stage.stock(beans=400)
    stage.sweep()
    assert placed_of(stage) == [("e1", ["beans"], 400)]


def test_a_fallen_price_is_not_what_was_announced_once_the_order_waits_again(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop comes between intention and call; once it is lifted the price is as announced again: nobody is asked."""
    monkeypatch.setattr(sweep, "FRESH", timedelta(0))
    stage = Stage.set(db)
    stage.plan(*two())
    stage.stock(beans=400)

    pressed: list[Stop] = []

    def stop(point: Point) -> None:
        if point is Point.AFTER_INTENTION and not pressed:
            with db.begin() as tx:
                pressed.append(stops.press(tx, Scope.ALL, None, "recall", "op", stage.now))

    assert stage.sweep(at=stop)["stopped"] == 1
    assert (stage.one().state, stage.one().total) == (State.WAITING, usd(619))
    assert [one.unit_price for one in stage.one().lines] == [usd(499), usd(120)]
    with db.begin() as tx:
        stops.lift(tx, pressed[0].stop_id, "op", stage.now)
    stage.stock(beans=499)
    assert stage.sweep() == {"placed": 1}
    assert placed_of(stage) == [("e1", ["beans", "milk"], 619)]


def test_what_is_tried_again_may_cost_what_was_announced(sqlite_db: Database) -> None:
    """The first call went out at a price that had fallen; until the second it is as announced again."""
    stage = Stage.set(sqlite_db, refusal("payment_failed"))
    stage.plan()
    stage.stock(beans=400)
    stage.sweep()
    assert stage.next().total == usd(499)
    stage.stock(beans=499)
    assert stage.sweep(HOUR) == {"placed": 1}
    assert placed_of(stage)[-1][1:] == (["beans"], 499)


def test_where_what_follows_cannot_be_written_the_others_go_out(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database refuses a write in the middle of a claim: that one is left as it was, and counted."""
    stage = Stage.set(db)
    stage.plan(line("beans", "coffee", "c1", 499))
    stage.plan(line("milk", "milk", "c1", 120), id="e2")
    stage.stock(beans=550)
    monkeypatch.setattr(nudges, "add", lambda tx, some: tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)"))
    with monkeypatch.context() as quiet:
        quiet.setattr(sweep, "tell_all", lambda *given: None)  # the one that goes out is told of without it
        assert stage.sweep() == {"broken": 1, "placed": 1}
    assert (stage.one().state, stage.one().rung, stage.one("e2").state) == (State.WAITING, Rung.VETO, State.PLACED)
    monkeypatch.undo()
    with stage.db.begin() as tx:  # as when its lease has ended
        ledger.let_go(tx, stage.one())
    assert stage.sweep() == {"asked": 1}


def test_how_often_rules_failed_is_written_once_the_claim_has_ended(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be written, what was decided stands all the same."""
    rule = Rule(rule_id="r1", when="1 / 0 == 1", effect=Forbid())
    made = Version(rule_id="r1", version=0, rule=rule, author="op", why="", approved_by="op", created_at=NOON)
    with db.begin() as tx:
        rules.add(tx, replace(made, approved_at=NOON), 0)
    stage = Stage.set(db)
    stage.plan()
    with monkeypatch.context() as broken:
        broken.setattr(rules, "failed", lambda tx, *given: tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)"))
        assert stage.sweep() == {"refused": 1}
    stage.plan(line("milk", "milk"), id="e2")
    assert stage.sweep() == {"refused": 1}
    with db.read() as tx:
        assert [(one.rule_id, one.count) for one in rules.failures(tx)] == [("r1", 1)]


def test_a_rule_that_wants_approval_turns_what_waits_into_a_question(db: Database) -> None:
    rule = Rule(rule_id="ask", when='need.family == "coffee"', effect=RequireApproval())
    made = Version(rule_id="ask", version=0, rule=rule, author="op", why="", approved_by="op", created_at=NOON)
    stage = Stage.set(db)
    stage.plan(*two())
    with db.begin() as tx:
        rules.add(tx, replace(made, approved_at=NOON), 0)
    assert stage.sweep() == {"placed": 1}
    assert placed_of(stage) == [("e1", ["milk"], 120)]
    question = stage.next()
    assert (question.state, question.rung, ids(question.lines)) == (State.WAITING, Rung.APPROVE, ["beans"])
    with db.begin() as tx:
        executions.approve(tx, question.execution_id, "app:anna", stage.now)
    assert stage.sweep() == {"placed": 1}


# --- one line that may not go out never sinks the rest


def test_a_line_that_is_not_to_be_had_is_left_out_and_the_rest_goes_out(db: Database) -> None:
    stage = Stage.set(db)
    stage.plan(*two())
    stage.stock(milk=None)
    assert stage.sweep() == {"placed": 1}
    assert placed_of(stage) == [("e1", ["beans"], 499)]
    left = stage.one()
    assert (ids(left.lines), ids(left.dropped), left.total) == (["beans"], ["milk"], usd(499))
    assert left.dropped[0].dropped == "item.unavailable"
    assert stage.texts()[0].startswith("Not ordered: 1 × Milk, because it is not available.")
    assert stage.texts()[1].startswith("Ordered for you: 1 × Beans")
    assert "without milk: item.unavailable" in stage.reasons()


def test_the_occurrence_of_a_line_that_was_left_out_is_over(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan(*two())
    stage.stock(milk=None)
    stage.sweep()
    again = added(stage, "e2", line("milk", "milk", "c1", 120))
    assert again is None


def added(stage: Stage, id: str, *lines: ExecutionLine) -> Execution | None:
    """What the ledger says to one more order."""
    with stage.db.begin() as tx:
        return executions.add(tx, execution(id, "anna", *lines, mandate="m1"), stage.now)


def test_a_line_whose_price_has_risen_is_asked_about_apart(db: Database) -> None:
    stage = Stage.set(db)
    stage.plan(*two())
    stage.stock(milk=130)
    assert stage.sweep() == {"placed": 1}
    assert placed_of(stage) == [("e1", ["beans"], 499)]
    question = stage.next()
    assert (ids(question.lines), question.rung, question.total) == (["milk"], Rung.APPROVE, usd(130))
    assert question.lines[0].cycle == "c1"
    assert ids(stage.one().lines) == ["beans"]
    with stage.db.begin() as tx:
        executions.approve(tx, question.execution_id, "app:anna", stage.now)
    stage.sweep()
    assert placed_of(stage)[1] == (question.execution_id, ["milk"], 130)


def test_what_the_budget_has_no_room_for_is_left_out(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, budget=usd(500), budget_period=7 * DAY)
    stage.plan(*two())
    stage.sweep()
    assert placed_of(stage) == [("e1", ["beans"], 499)]
    assert stage.one().dropped[0].dropped == "mandate.budget"


def test_what_is_wrong_with_the_whole_stops_the_whole(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan(*two())
    stage.say(Grant.REFUSED, Purpose.AUTOMATION)
    assert stage.sweep() == {"refused": 1}
    assert (ids(stage.one().lines), stage.one().dropped) == (["beans", "milk"], ())


# --- substitutes


def test_the_first_signed_substitute_that_costs_no_more_stands_in(db: Database) -> None:
    stage = Stage.set(db, substitutes=("mild", "dark"))
    stage.plan()
    stage.stock(beans=None)
    stage.sweep()
    assert placed_of(stage) == [("e1", ["dark"], 450)]
    [one] = stage.one().lines
    assert (one.item_id, one.instead_of, one.unit_price) == ("dark", "beans", usd(450))
    assert "dark instead of beans" in stage.reasons()


def test_a_dearer_substitute_is_asked_about(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, substitutes=("mild",))
    stage.plan()
    stage.stock(beans=None)
    assert stage.sweep() == {"asked": 1}
    assert (ids(stage.one().lines), stage.one().total) == (["mild"], usd(520))
    assert stage.one().lines[0].instead_of == "beans"


def test_what_is_not_signed_stands_in_for_nothing(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, substitutes=())
    stage.plan()
    stage.stock(beans=None)
    assert stage.sweep() == {"refused": 1}
    assert stage.gateway.placed == []


def test_beans_do_not_stand_in_for_milk(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan(line("milk", "milk", "c1", 520))
    stage.stock(milk=None)
    assert stage.sweep() == {"refused": 1}


# --- refused by the gateway


def test_of_a_refused_order_the_lines_it_is_not_about_go_on_under_another_id(db: Database) -> None:
    stage = Stage.set(db, refusal("out_of_stock", "milk"))
    stage.plan(*two())
    assert stage.sweep() == {"refused": 1, "placed": 1}
    after = stage.next()
    assert placed_of(stage) == [(after.execution_id, ["beans"], 499)]
    assert (stage.one().state, stage.one().reason, ids(stage.one().lines)) == (
        State.REFUSED,
        "out_of_stock",
        ["beans", "milk"],
    )
    assert after.lines[0].cycle == "c1"
    assert {one.need: one.cycle for one in stage.one().lines} == {
        "coffee": f"c1~{after.execution_id[:8]}",
        "milk": "c1",
    }
    assert stage.texts()[0].startswith("Not ordered: 1 × Milk, because it is out of stock.")
    assert stage.texts()[1].startswith("Ordered for you: 1 × Beans")
    with stage.db.read() as tx:
        assert len(orders.owners(tx, [str(after.order_id)])) == 1


def test_a_gateway_that_has_it_not_is_offered_the_next_of_the_list(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, "out_of_stock", "out_of_stock", substitutes=("dark", "mild"), price_high=usd(999))
    stage.stock(mild=440)
    stage.plan()
    assert stage.sweep() == {"refused": 2, "placed": 1}
    assert [ids(one.lines) for one in stage.gateway.placed] == [["beans"], ["dark"], ["mild"]]
    assert len(placed_of(stage)) == 1


def test_the_list_ends(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, *["out_of_stock"] * 9)
    stage.plan()
    assert stage.sweep() == {"refused": 2}
    assert [ids(one.lines) for one in stage.gateway.placed] == [["beans"], ["dark"]]
    assert stage.texts() == ["Not ordered: 1 × Dark, because it is out of stock."]


def test_of_several_lines_of_which_none_is_named_each_is_tried_by_itself(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, "out_of_stock", "out_of_stock")
    stage.plan(line("beans", "coffee", "c1", 100), line("milk", "milk", "c1", 120))
    stage.stock(beans=100)
    stage.sweep()
    assert ids(stage.gateway.placed[0].lines) == ["beans", "milk"]
    assert len(placed_of(stage)) == 1


def test_a_rejected_order_is_over(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, "rejected")
    stage.plan(*two())
    assert stage.sweep() == {"refused": 1}
    assert len(stage.all()) == 1


def test_after_an_outcome_that_was_not_known_nothing_is_sent_under_another_key(sqlite_db: Database) -> None:
    """The call that got no answer may still lead to an order."""
    stage = Stage.set(sqlite_db, "fail", refusal("out_of_stock", "milk"))
    stage.terms = Terms(first_retry=timedelta(0))
    stage.plan(*two())
    assert stage.sweep()["refused"] == 1
    assert list(stage.all()) == ["e1"]


def test_refused_items_are_read_from_the_wire() -> None:
    body = b'{"code": "out_of_stock", "item_ids": ["milk", 7]}'
    assert placed(422, body).items == ("milk",)
    assert placed(422, b'{"code": "out_of_stock", "item_ids": "milk"}').items == ()
    assert placed(422, b'{"code": "payment_failed", "decline": "hard"}').hard
    assert not placed(422, b'{"code": "payment_failed"}').hard


# --- payments


def test_a_payment_that_failed_is_tried_again_on_schedule(db: Database) -> None:
    stage = Stage.set(db, *["payment_failed"] * 3)
    stage.plan()
    assert stage.sweep() == {"refused": 1}
    assert (stage.next().due_at, stage.next().retries) == (NOON + HOUR, 1)
    assert "We try again at 13:00 on 1 December." in stage.texts()[0]
    assert stage.sweep(HOUR - timedelta(seconds=1)) == {}
    assert stage.sweep(timedelta(seconds=1)) == {"refused": 1}
    assert stage.sweep(DAY) == {"refused": 1}
    assert len(stage.told()) == 1
    assert stage.sweep(3 * DAY) == {"placed": 1}
    assert len({one.execution_id for one in stage.gateway.placed}) == 4
    assert len(placed_of(stage)) == 1
    assert [text.split(":")[0] for text in stage.texts()][1:] == ["Ordered for you"]


def test_when_the_schedule_is_over_the_customer_is_told(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, *["payment_failed"] * 4)
    stage.plan()
    for wait in (timedelta(0), HOUR, DAY, 3 * DAY, 9 * DAY):
        stage.sweep(wait)
    assert len(stage.gateway.placed) == 4
    assert stage.texts()[1] == "Not ordered: 1 × Beans, because the payment did not go through."
    assert len(stage.told()) == 2


def test_a_payment_that_will_fail_again_is_not_tried_again(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, refusal("payment_failed", hard=True))
    stage.plan()
    stage.sweep()
    assert list(stage.all()) == ["e1"]
    assert stage.texts() == ["Not ordered: 1 × Beans, because the payment did not go through."]


def test_a_payment_is_not_tried_again_once_the_mandate_has_ended(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, "payment_failed")
    stage.plan()
    stage.sweep()
    stage.sign(a_mandate(customer_id="anna", signed_at=NOON - DAY, expires_at=NOON + HOUR))
    assert stage.sweep(HOUR) == {"refused": 1}
    assert (stage.next().reason, len(stage.gateway.placed)) == ("mandate.expired", 1)


def test_retries_count_once_against_the_budget(sqlite_db: Database) -> None:
    stage = Stage.set(sqlite_db, "payment_failed", budget=usd(499), budget_period=7 * DAY)
    stage.plan()
    stage.sweep()
    assert stage.sweep(HOUR) == {"placed": 1}


# --- an order that did not arrive


def test_the_customer_hears_of_an_order_that_the_shop_does_not_have(db: Database) -> None:
    stage = Stage.set(db, "fail", windows=(Window(days=WEEK, start=time(12), end=time(13)),))
    stage.terms = Terms(first_retry=timedelta(0))
    stage.plan()

    def later(_: object) -> None:
        stage.now = NOON + 2 * HOUR

    stage.gateway = FakeGateway(["fail"], before=later)
    stage.sweep()
    assert stage.one().state is State.FAILED
    [told] = stage.told()
    assert (told.kind, told.facts["reason"]) == (NudgeKind.REFUSED, "failed")
    assert told.text == "Not ordered: 1 × Beans, because it did not arrive at the shop."


@pytest.mark.parametrize(
    ("orders_there", "kind", "words"),
    [({"e1": "shop-1"}, NudgeKind.PLACED, "Ordered for you"), ({}, NudgeKind.REFUSED, "Not ordered")],
)
def test_what_a_look_up_found_out_later_is_told(
    sqlite_db: Database, orders_there: dict[str, str], kind: NudgeKind, words: str
) -> None:
    stage = Stage.set(sqlite_db)
    stage.plan()
    with stage.db.begin() as tx:
        executions.move(tx, "e1", [State.WAITING], State.PLACING, "test", None, NOON)
        executions.move(tx, "e1", [State.PLACING], State.NEEDS_REVIEW, "test", None, NOON)
    gateway = FakeGateway()
    gateway.orders = orders_there
    tell = partial(lambda settings, tx, one, now: sweep.tell(tx, one, settings, now), stage.settings)
    reconcile.run(stage.db, gateway, NOON, tell=tell)
    [told] = stage.told()
    assert told.kind is kind
    assert told.text.startswith(words)
