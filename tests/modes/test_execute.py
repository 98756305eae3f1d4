"""Orders made for the customer: when one may be begun, what is in it, when it is announced and when it is due."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from engine.domain.customers import Days, GoalKind, Grant, Preferences, Window
from engine.domain.decisions import Mode, Rung, Stage
from engine.domain.executions import STOPPABLE, UNSETTLED, State
from engine.domain.nudges import NudgeKind
from engine.domain.signals import Heard, Record, Signal
from engine.domain.values import Money
from modes import execute
from modes.policy import Policy
from tests.builders import an_event, an_item, usd
from tests.modes.shop import (
    COFFEE,
    NEW_YORK,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    a_record,
    a_scene,
    a_signed,
    ago,
    allowed,
    an_execution,
    consents,
    considered,
    decided,
    items_but,
    of,
    only,
    rules,
)

SILENT, VETO, APPROVE = Preferences(ceiling=Rung.SILENT), Preferences(ceiling=Rung.VETO), Preferences()
EXECUTE = {Rung.APPROVE, Rung.VETO, Rung.SILENT}


def executed(**given: object):
    """The experience of the one need of a customer who lets everything be done."""
    model = given.pop("model", None)
    items = given.pop("items", items_but())
    return only(decided(a_context(**given), model, items=items))


@pytest.mark.parametrize(("preferences", "rung"), [(SILENT, Rung.SILENT), (VETO, Rung.VETO), (APPROVE, Rung.APPROVE)])
def test_what_is_due_is_ordered_as_far_as_the_customer_lets_it(preferences, rung):
    found = executed(preferences=preferences)
    assert found.rung is rung
    (line,) = found.execution.lines
    assert (line.item_id, line.family, line.quantity, line.unit_price) == ("i1", "coffee", 1, usd(500))
    assert (found.execution.rung, found.execution.total) == (rung, usd(500))
    assert found.execution.cycle == "after:2017-11-04"
    assert found.execution.probability == 0.95


def test_only_what_is_not_asked_about_names_its_mandate_and_its_proof():
    assert (executed().execution.mandate_id, executed().execution.certificate_id) == ("m1", "cert")
    asked = executed(preferences=APPROVE).execution
    assert (asked.mandate_id, asked.certificate_id) == (None, None)


@pytest.mark.parametrize("state", UNSETTLED)
def test_a_need_with_an_execution_under_way_is_not_a_need(state):
    found = executed(executions=(an_execution(state=state, at=NOW, cycle="after:2017-11-04"),))
    assert found.need.family is None
    assert found.execution is None


@pytest.mark.parametrize("state", UNSETTLED)
def test_no_second_execution_of_a_goals_need_is_begun(state):
    found = executed(goals=(a_goal(),), executions=(an_execution(state=state, at=NOW),))
    assert {rules(found)[rung] for rung in EXECUTE} == {"execution.open"}
    assert considered(found, Mode.EXECUTE).removed_by.detail == {"execution_id": "x1"}


@pytest.mark.parametrize("state", [state for state in State if state not in UNSETTLED])
def test_one_occurrence_of_a_need_is_acted_on_once_whatever_became_of_it(state):
    before = an_execution(state=state, cycle="after:2017-11-04", at=ago(100))
    found = executed(executions=(before,))
    assert {rules(found)[rung] for rung in EXECUTE} == {"execution.this_cycle"}
    assert considered(found, Mode.EXECUTE).removed_by.detail == {"state": state.value}
    other = executed(executions=(replace(before, lines=(replace(before.lines[0], cycle="after:2017-10-07"),)),))
    assert allowed(other) >= EXECUTE


def test_the_next_occurrence_begins_with_an_order_of_the_customers_or_ours():
    context = a_context(history=a_history(("i1", "coffee", 83), ("i2", "coffee", 40)))
    assert execute.cycle("coffee", context) == "after:2017-10-22"
    ours = an_execution(at=ago(30))
    assert execute.cycle("coffee", replace(context, executions=(ours,))) == "after:2017-11-01"
    assert (
        execute.cycle("coffee", replace(context, executions=(replace(ours, state=State.VETOED),))) == "after:2017-10-22"
    )
    assert execute.cycle("tea", context) == "first"


@pytest.mark.parametrize(("days", "rests"), [(13.9, True), (14, False)])
def test_after_an_order_of_ours_its_window_passes(days, rests):
    found = executed(executions=(an_execution(at=ago(days)),))
    assert ("execution.recent" in rules(found).values()) == rests
    assert EXECUTE.isdisjoint(allowed(found)) == rests


def test_an_execution_of_another_family_is_no_hindrance():
    other = an_execution(family="milk", item_id="m1", at=ago(2), cycle="after:2017-11-04")
    assert executed(executions=(other,)).rung is Rung.SILENT


def heard(signal, days, need="coffee"):
    return Heard(signal=signal, at=ago(days), need=need, rung=Rung.SILENT, source=f"execution:{signal}{days}")


@pytest.mark.parametrize(("signal", "rung"), [(Signal.VETOED, Rung.VETO), (Signal.RETURNED, Rung.VETO)])
def test_after_a_veto_or_a_return_one_rung_is_lost_at_once(signal, rung):
    found = only(decided(a_context(record=a_record(heard=(heard(signal, 1),)))))
    assert found.rung is rung
    assert rules(found)[Rung.SILENT] == "ladder.rest"
    elsewhere = only(decided(a_context(record=a_record(heard=(heard(signal, 1, "milk"),)))))
    assert Rung.SILENT in allowed(elsewhere)


def test_a_complaint_is_answered_by_asking_first():
    found = only(decided(a_context(record=a_record(heard=(heard(Signal.COMPLAINED, 1),)))))
    assert allowed(found) <= {Rung.RESPOND, Rung.CURATE, Rung.COACH, Rung.APPROVE}
    assert found.rung is Rung.APPROVE


def test_what_was_reviewed_already_costs_no_second_rung():
    old = a_record(rung=Rung.VETO, heard=(heard(Signal.VETOED, 4),))  # reviewed three days ago
    assert only(decided(a_context(record=old))).rung is Rung.VETO


def test_after_an_incident_an_order_has_to_be_surer():
    model = FakeModel([a_forecast(probability=0.92)])
    assert only(decided(model=model)).rung is Rung.SILENT
    found = only(decided(a_context(record=a_record(heard=(heard(Signal.RETURNED, 20, "milk"),))), model))
    assert rules(found)[Rung.SILENT] == "certificate.below"


def test_two_incidents_in_a_quarter_have_everything_asked_first_until_the_customer_raises_it():
    twice = (heard(Signal.RETURNED, 60, "milk"), heard(Signal.RETURNED, 40, "tea"))
    trusting = {"stated_trust": 0.9, "stated_at": ago(50)}
    found = only(decided(a_context(record=a_record(heard=twice, **trusting))))
    assert found.rung is Rung.APPROVE
    assert rules(found)[Rung.VETO] == "conduct.incidents"
    raised = Heard(signal=Signal.RAISED, at=ago(1), source="preferences:1")
    assert only(decided(a_context(record=a_record(heard=(*twice, raised), **trusting)))).rung > Rung.APPROVE


def test_nothing_is_ordered_unasked_that_was_not_earned():
    found = only(decided(a_context(record=a_record(rung=Rung.APPROVE))))
    assert found.rung is Rung.APPROVE
    assert rules(found)[Rung.VETO] == "ladder.step"
    assert allowed(only(decided(a_context(record=Record())))) <= {Rung.RESPOND, Rung.CURATE, Rung.COACH}


def test_a_family_without_a_forecast_cannot_be_ordered():
    context = a_context(events=(an_event(item_id="t1", occurred_at=ago(1)),))
    found = of(decided(context, FakeModel()), "tea")
    assert {rules(found)[rung] for rung in EXECUTE} == {"forecast.none"}


# What is ordered


def test_it_is_the_usual_quantity():
    history = a_history(("i1", "coffee", 83, 2), ("i1", "coffee", 55, 2), ("i1", "coffee", 27, 5))
    found = executed(history=history, mandates=(a_signed(max_quantity=5),))
    assert found.execution.lines[0].quantity == 2
    assert found.execution.total == usd(1_000)


@pytest.mark.parametrize(
    ("terms", "quantity"),
    [
        ({"max_quantity": 1}, 1),
        ({"max_quantity": 2}, 2),
        ({"max_quantity": 9}, 3),
        ({"max_quantity": 9, "order_limit": usd(1_499)}, 2),
        ({"max_quantity": 9, "order_limit": usd(1_500)}, 3),
        ({"max_quantity": 9, "budget": usd(999)}, 1),
    ],
)
def test_no_more_than_was_signed_for(terms, quantity):
    history = a_history(("i1", "coffee", 83, 3), ("i1", "coffee", 55, 3), ("i1", "coffee", 27, 3))
    found = executed(history=history, mandates=(a_signed(**terms),))
    assert found.rung is Rung.SILENT
    assert found.execution.lines[0].quantity == quantity
    assert found.execution.total == usd(500 * quantity)


def test_without_a_mandate_the_customer_is_asked_for_the_usual_quantity():
    history = a_history(("i1", "coffee", 83, 3), ("i1", "coffee", 55, 3), ("i1", "coffee", 27, 3))
    found = executed(history=history, mandates=())
    assert (found.rung, found.execution.lines[0].quantity) == (Rung.APPROVE, 3)


SUBSTITUTES = a_signed(substitutes=("i3", "i2"))


def test_what_is_gone_is_replaced_in_the_signed_order():
    gone = an_item("i1", available=False)
    assert executed(mandates=(SUBSTITUTES,), items=items_but(gone)).execution.lines[0].item_id == "i3"
    also = an_item("i3", available=False)
    assert executed(mandates=(SUBSTITUTES,), items=items_but(gone, also)).execution.lines[0].item_id == "i2"


def test_nothing_stands_in_that_was_not_signed_for():
    found = executed(items=items_but(an_item("i1", available=False)))
    removed = considered(found, Mode.EXECUTE).removed_by
    assert (removed.stage, removed.rule, removed.detail) == (Stage.AVAILABILITY, "item.unavailable", {"item_id": "i1"})


def test_a_substitute_within_the_band_is_taken_for_a_usual_item_above_it():
    cheap = replace(SUBSTITUTES, price_high=usd(499))
    found = executed(mandates=(cheap,))
    assert (found.rung, found.execution.lines[0].item_id) == (Rung.SILENT, "i3")


def test_substitutes_of_a_mandate_for_something_else_do_not_count():
    other = a_signed("m2", families=frozenset({"tea"}), substitutes=("i3",))
    found = executed(mandates=(other,), items=items_but(an_item("i1", available=False)))
    assert considered(found, Mode.EXECUTE).removed_by.rule == "item.unavailable"


def test_the_later_signed_mandate_says_what_stands_in_in_whatever_order_they_come():
    early, late = a_signed(substitutes=("i3",)), a_signed("m2", substitutes=("i2",), signed_at=ago(1))
    for mandates in ((early, late), (late, early)):
        found = executed(mandates=mandates, items=items_but(an_item("i1", available=False)))
        assert (found.execution.lines[0].item_id, found.execution.mandate_id) == ("i2", "m2")


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (an_item("i1", price=None), "item.price_unknown"),
        (an_item("i1", price=Money(minor=500, currency="EUR")), "mandate.currency"),
        (an_item("i1", price=usd(601)), "mandate.price_high"),
    ],
)
def test_the_price_must_be_known_and_signed_for(item, rule):
    found = executed(items=items_but(item))
    assert rules(found)[Rung.SILENT] == rule
    assert (Rung.APPROVE in allowed(found)) == (rule != "item.price_unknown")


def test_what_the_caller_leaves_out_is_not_ordered():
    assert rules(only(decided(exclude={"i1"})))[Rung.SILENT] == "item.excluded"
    assert rules(only(decided(filter="item.price > 5.0")))[Rung.APPROVE] == "item.excluded"


@pytest.mark.parametrize("purpose", ["automation", "personalization"])
@pytest.mark.parametrize("state", [Grant.REFUSED, Grant.UNSET])
def test_without_consent_nothing_is_ordered(purpose, state):
    found = executed(consents=consents(**{purpose: state}))
    assert {rules(found)[rung] for rung in EXECUTE} == {f"consents.{purpose}"}
    assert considered(found, Mode.EXECUTE).removed_by.stage is Stage.CAPABILITY


# The gate


@pytest.mark.parametrize(
    ("thresholds", "silent", "veto"),
    [
        ({0.9: 0.85, 0.952: 0.95}, None, None),
        ({0.9: 0.85, 0.952: 0.951}, "certificate.below", None),
        ({0.9: 0.951, 0.952: None}, "certificate.shut", "certificate.below"),
        ({}, "certificate.shut", "certificate.shut"),
    ],
)
def test_unasked_orders_need_a_proof_that_is_open_at_their_probability(thresholds, silent, veto):
    removed = rules(executed(model=FakeModel([a_forecast(probability=0.95)], thresholds=thresholds)))
    assert (removed.get(Rung.SILENT), removed.get(Rung.VETO)) == (silent, veto)
    assert Rung.APPROVE not in removed


def test_a_shop_that_promises_more_asks_for_a_stronger_proof():
    model = FakeModel([a_forecast()], thresholds={0.9: 0.5, 0.97: 0.5})
    assert rules(only(decided(model=model)))[Rung.SILENT] == "certificate.shut"
    strict = only(decided(model=model, policy=Policy(promise=0.97)))
    assert strict.rung is Rung.SILENT


# When


NIGHT = datetime(2017, 11, 5, 3, tzinfo=UTC)  # 23:00 in New York, the night that is an hour longer
MORNING = datetime(2017, 11, 5, 13, tzinfo=UTC)


def at_night(preferences: Preferences):
    """The draft of a decision that is made in the customer's quiet hours."""
    history = replace(COFFEE, days=COFFEE.days - 26)
    context = a_context(preferences=preferences, zone=NEW_YORK, history=history)
    return only(decided(context, now=NIGHT)).execution


def test_the_veto_window_counts_from_when_the_notice_is_sent():
    found = executed(preferences=VETO).execution
    assert (found.send_at, found.due_at) == (NOW, NOW + timedelta(hours=24))
    assert (at_night(VETO).send_at, at_night(VETO).due_at) == (MORNING, MORNING + timedelta(hours=24))


def test_a_question_waits_for_the_morning_and_two_days_for_its_answer():
    assert (at_night(APPROVE).send_at, at_night(APPROVE).due_at) == (MORNING, MORNING + timedelta(hours=48))


def test_a_silent_order_is_due_at_once_and_not_announced():
    assert (at_night(SILENT).send_at, at_night(SILENT).due_at) == (None, NIGHT)


@pytest.mark.parametrize(("preferences", "due"), [(SILENT, 6), (VETO, 30), (APPROVE, 48)])
def test_it_is_due_in_a_window_of_the_mandate_where_nobody_is_asked(preferences, due):
    evenings = Window(days=frozenset(range(7)), start=time(18), end=time(20))
    found = only(decided(a_context(preferences=preferences, mandates=(a_signed(windows=(evenings,)),))))
    assert found.execution.due_at == NOW + timedelta(hours=due)


def test_what_is_signed_for_no_time_soon_is_asked_about():
    quiet = (Days(first=NOW.date(), last=NOW.date() + timedelta(days=30)),)
    found = only(decided(a_context(mandates=(a_signed(quiet_dates=quiet),))))
    assert found.rung is Rung.APPROVE
    assert rules(found)[Rung.VETO] == "mandate.window"


def test_a_substitute_of_another_kind_stands_in_for_nothing():
    """A list under a mandate for several things names no need: what stands in must be of the same kind."""
    signed = a_signed(families=frozenset({"coffee", "tea"}), substitutes=("m1", "i3"))
    gone = items_but(an_item("i1", name="Beans", family="coffee", available=False))
    (line,) = executed(mandates=(signed,), items=gone).execution.lines
    assert line.item_id == "i3"


def test_the_shop_sets_its_veto_window():
    found = only(decided(a_context(preferences=VETO), policy=Policy(veto_window=timedelta(hours=36))))
    assert found.execution.due_at == NOW + timedelta(hours=36)


# What is stored


@pytest.mark.parametrize(
    ("preferences", "kind"), [(SILENT, None), (VETO, NudgeKind.NOTICE), (APPROVE, NudgeKind.APPROVAL)]
)
def test_what_is_announced_is_what_waits(preferences, kind):
    decision = decided(a_context(preferences=preferences, mandates=(a_signed(wording="v1"),)))
    draft = only(decision).execution
    execution, message = execute.announce(draft, decision, 0, NOW)
    assert (execution.state, execution.rung, execution.total) == (State.WAITING, draft.rung, draft.total)
    assert (execution.due_at, execution.decision_id, execution.customer_id) == (draft.due_at, "d1", "c1")
    assert [(line.item_id, line.need, line.cycle) for line in execution.lines] == [("i1", "coffee", "after:2017-11-04")]
    assert (None if message is None else message.kind) == kind
    if message is not None:
        assert (message.execution_id, message.send_at) == (execution.execution_id, draft.send_at)
        assert message.text == only(decision).reason
        assert message.facts["total"] == "5.00"
        assert message.facts["lines"] == [{"item_id": "i1", "quantity": 1, "unit_price": "5.00"}]
        assert message.facts["wording"] == execution.wording == (None if preferences is APPROVE else "v1")
    assert (execution, message) == execute.announce(draft, decision, 0, NOW)


def test_its_id_follows_from_the_decision_and_the_place():
    decision = decided()
    draft = only(decision).execution
    ids = {execute.stored(draft, replace(decision, decision_id=id), n, NOW).execution_id for id in "ab" for n in (0, 1)}
    assert len(ids) == 4


# Several at once


def test_the_executions_of_one_decision_draw_on_one_budget():
    history = a_history(
        *(("i1", "coffee", days) for days in (83, 55, 27)), *(("t1", "tea", days) for days in (83, 55, 27))
    )
    both = a_signed(families=frozenset({"coffee", "tea"}), budget=usd(799), budget_period=timedelta(days=30))
    model = FakeModel([a_forecast("coffee", "i1", 0.99), a_forecast("tea", "t1", 0.95)])
    decision = decided(a_context(history=history, mandates=(both,)), model)
    assert of(decision, "coffee").rung is Rung.SILENT
    removed = considered(of(decision, "tea"), Mode.EXECUTE).rungs[2].removed_by
    assert removed.rule == "mandate.budget"
    assert (removed.detail["before"], removed.detail["asked"]) == ("5.00 USD", "3.00 USD")
    enough = replace(both, budget=usd(800))
    assert {one.rung for one in decided(a_context(history=history, mandates=(enough,)), model).experiences} == {
        Rung.SILENT
    }


@pytest.mark.parametrize("state", STOPPABLE)
def test_what_is_promised_counts_against_a_budget_before_it_is_placed(state):
    waiting = an_execution(family="tea", state=state, at=NOW, price=usd(501))
    found = executed(executions=(waiting,), mandates=(a_signed(budget=usd(1_000)),))
    assert rules(found)[Rung.SILENT] == "mandate.budget"


def test_a_goal_of_buying_more_is_not_met_by_an_order_without_a_forecast():
    goal = a_goal(GoalKind.BUY_MORE)
    found = of(decided(a_context(goals=(goal,), mandates=(a_signed(families=frozenset({"tea"})),))), "tea")
    assert rules(found)[Rung.SILENT] == "forecast.none"


def test_a_mandate_signed_in_the_future_is_not_yet_one():
    found = executed(mandates=(a_signed(signed_at=NOW + timedelta(seconds=1)),))
    assert rules(found)[Rung.SILENT] == "mandate.not_yet"


def test_a_plan_says_what_is_in_the_way_of_the_first_choice():
    found = execute.plan(a_forecast(), a_scene(items=items_but(an_item("i1", available=False))))
    assert found.rule == "item.unavailable"


@pytest.mark.parametrize(("since", "due"), [(14.0, True), (13.9, False)])
def test_a_family_is_no_need_before_half_its_gap_is_over(since, due):
    soon = a_forecast()
    soon = replace(soon, evidence=replace(soon.evidence, since_days=since))
    found = only(decided(a_context(history=COFFEE, mandates=(a_signed(),)), FakeModel([soon])))
    assert (found.need.family == "coffee") is due


def test_nothing_is_ordered_early_for_somebody_who_looked_at_it():
    soon = a_forecast()
    soon = replace(soon, evidence=replace(soon.evidence, since_days=3.0))
    seen = an_event(item_id="i1", occurred_at=ago(1))
    found = only(decided(a_context(history=COFFEE, mandates=(a_signed(),), events=(seen,)), FakeModel([soon])))
    assert found.need.family == "coffee"
    assert all(one.removed_by.rule == "execution.early" for one in considered(found, Mode.EXECUTE).rungs)
