"""What holds for every decision, whoever it is about."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.customers import Grant, Preferences, Purpose
from engine.domain.decisions import Mode, Phase, Rung, Source, Stage
from engine.domain.history import History
from modes import capability
from modes.assess import candidate, prospect
from modes.document import document
from modes.execute import stored
from modes.needs import needs
from modes.policy import Policy
from tests.builders import an_event
from tests.modes.shop import (
    NO_MODEL,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_goal,
    a_history,
    a_scene,
    ago,
    consents,
    decided,
    of,
    only,
    rules,
)
from tests.modes.worlds import made, situations

STAGES = list(Stage)
many = settings(max_examples=150, deadline=None)


@given(situations())
@many
def test_every_decision_says_how_all_four_modes_and_all_six_rungs_stood(situation):
    decision = made(situation)
    assert decision.experiences
    for one in decision.experiences:
        assert [each.mode for each in one.considered] == list(Mode)
        rungs = [each for mode in one.considered for each in mode.rungs]
        assert [each.rung for each in rungs] == list(Rung)
        assert [each.propensity for each in rungs] == [float(each.rung is one.rung) for each in rungs]
        assert sum(each.propensity for each in rungs) == 1
        for mode in one.considered:
            assert mode.propensity == sum(each.propensity for each in mode.rungs)
            assert mode.allowed == any(each.removed_by is None for each in mode.rungs)
            assert (mode.removed_by is None) == mode.allowed
            removed = [mode.removed_by, *(each.removed_by for each in mode.rungs)]
            assert all(each.stage in Stage and each.rule for each in removed if each is not None)


@given(situations())
@many
def test_what_is_given_was_open_and_is_complete(situation):
    for one in made(situation).experiences:
        (chosen,) = [each for mode in one.considered for each in mode.rungs if each.rung is one.rung]
        assert chosen.removed_by is None
        assert one.reason
        assert one.reason[0] == one.reason[0].strip()
        assert (one.nudge is not None) == (one.rung is Rung.COACH)
        assert (one.execution is not None) == (one.mode is Mode.EXECUTE)
        assert one.order is None or one.rung is Rung.RESPOND
        assert not one.offers or one.rung in (Rung.RESPOND, Rung.CURATE)
        assert one.rung is not Rung.CURATE or one.offers


@given(situations())
@many
def test_offers_respect_the_limit_what_is_left_out_and_what_there_is(situation):
    shelf = {item.item_id: item for item in situation["items"]}
    for one in made(situation).experiences:
        ids = [offer.item_id for offer in one.offers]
        assert len(ids) == len(set(ids)) <= situation["limit"]
        assert set(ids).isdisjoint(situation["exclude"])
        assert all(shelf[id].available for id in ids)
        if situation["filter"] is not None:
            assert all(shelf[id].price.minor < 500 for id in ids)
        assert [offer.score for offer in one.offers] == sorted((offer.score for offer in one.offers), reverse=True)


@given(situations())
@many
def test_the_same_input_gives_the_same_decision(situation):
    assert document(made(situation)) == document(made(situation))


@given(situations(), st.randoms(use_true_random=False))
@many
def test_the_order_in_which_things_are_known_changes_nothing(situation, chance):
    context = situation["context"]
    shuffled = replace(
        context,
        mandates=mixed(context.mandates, chance),
        goals=mixed(context.goals, chance),
        messages=mixed(context.messages, chance),
    )
    assert document(made(situation)) == document(made({**situation, "context": shuffled}))


def mixed(values: tuple, chance: random.Random) -> tuple:
    """The values in another order."""
    return tuple(chance.sample(values, len(values)))


@given(situations())
@many
def test_a_decision_changes_nothing_it_is_made_from(situation):
    context = situation["context"]
    history = replace(context.history)
    arrays = {name: getattr(history, name).copy() for name in ("items", "days", "quantities", "amounts")}
    made(situation)
    assert all(np.array_equal(getattr(context.history, name), array) for name, array in arrays.items())


@given(situations())
@many
def test_what_removes_a_rung_stands_in_the_order_of_the_stages(situation):
    context = capability.reduced(situation["context"])
    model = NO_MODEL if situation["model"] is None else FakeModel(situation["model"][0])
    scene = a_scene(context, model, items=situation["items"])
    for wanted in needs(context, model, NOW, situation["request"], Policy(), scene.shelf):
        for removals in prospect(candidate(wanted, situation["request"], scene), scene).removals.values():
            stages = [STAGES.index(removal.stage) for removal in removals]
            assert stages == sorted(stages)


# The wire


SHAPES = {
    "decision": {
        "decision_id", "customer_id", "decided_at", "model_id", "touchpoint", "mode", "experiences", "experiments",
    },
    "experience": {
        "need", "mode", "rung", "reason", "considered", "lever", "offers", "nudge", "execution", "order",
    },
    "need": {"family", "phase", "source"},
    "considered": {"mode", "allowed", "value", "probability", "propensity", "rungs", "removed_by"},
    "rung": {"value", "propensity", "removed_by"},
    "removed_by": {"stage", "rule", "detail"},
    "lever": {"changes", "would_give", "rung"},
    "change": {"setting", "from", "to"},
    "offer": {"item_id", "score", "probability", "price", "currency", "reasons"},
    "reason": {"code", "params", "sentence"},
    "nudge": {"goal_id", "kind", "text", "facts", "send_at"},
    "execution": {
        "execution_id", "state", "rung", "lines", "total", "currency", "mandate_id", "certificate_id", "cycle",
        "send_at", "due_at", "probability", "window_days",
    },
    "line": {"item_id", "family", "quantity", "unit_price", "currency"},
    "order": {"lines", "total", "currency", "unmet"},
    "unmet": {"item_id", "reason", "substitutes"},
}  # fmt: skip
LABELS = [rung.label for rung in Rung]


def shaped(kind: str, found: dict) -> dict:
    """The object, if it has the fields of its kind and no others."""
    assert set(found) == SHAPES[kind], kind
    return found


def check_experience(one: dict) -> None:
    """Every level below an experience."""
    shaped("experience", one)
    shaped("need", one["need"])
    assert one["need"]["phase"] in list(Phase)
    assert one["need"]["source"] in list(Source)
    assert one["rung"] in LABELS
    assert [mode["mode"] for mode in one["considered"]] == ["respond", "curate", "coach", "execute"]
    assert [label for mode in one["considered"] for label in mode["rungs"]] == LABELS
    for mode in one["considered"]:
        for each in [shaped("considered", mode), *(shaped("rung", each) for each in mode["rungs"].values())]:
            if each["removed_by"] is not None:
                assert shaped("removed_by", each["removed_by"])["stage"] in list(Stage)
    for change in shaped("lever", one["lever"])["changes"] if one["lever"] else ():
        shaped("change", change)
    for offer in one["offers"]:
        check_offer(offer)
    if one["nudge"]:
        shaped("nudge", one["nudge"])
    for line in shaped("execution", one["execution"])["lines"] if one["execution"] else ():
        shaped("line", line)
    if one["order"]:
        check_order(one["order"])


def check_offer(offer: dict) -> None:
    """An offer with its reasons."""
    for reason in shaped("offer", offer)["reasons"]:
        shaped("reason", reason)
    assert (offer["price"] is None) == (offer["currency"] is None)
    assert offer["price"] is None or isinstance(offer["price"], str)


def check_order(order: dict) -> None:
    """An order with what cannot be had."""
    for line in shaped("order", order)["lines"]:
        shaped("line", line)
    for unmet in order["unmet"]:
        for offer in shaped("unmet", unmet)["substitutes"]:
            check_offer(offer)


@given(situations(), st.booleans())
@many
def test_the_document_has_the_shape_of_the_contract_at_every_level(situation, explain):
    found = orjson.loads(orjson.dumps(document(made(situation), explain=explain)))
    assert shaped("decision", found)["mode"] == found["experiences"][0]["mode"]
    assert found["experiments"] == []
    assert found["decided_at"] == "2017-12-01T12:00:00Z"
    for one in found["experiences"]:
        check_experience(one)


@pytest.mark.parametrize("ceiling", Rung)
def test_the_document_of_each_rung(ceiling):
    goals = (a_goal(),) if ceiling is Rung.COACH else ()
    decision = decided(a_context(preferences=Preferences(ceiling=ceiling), goals=goals), touchpoint="app.home")
    (one,) = orjson.loads(orjson.dumps(document(decision)))["experiences"]
    check_experience(one)
    assert one["rung"] == ceiling.label
    parts = {name for name in ("nudge", "execution", "order") if one[name] is not None}
    assert parts == {Rung.RESPOND: {"order"}, Rung.CURATE: set(), Rung.COACH: {"nudge"}}.get(ceiling, {"execution"})
    assert (one["lever"] is None) == (ceiling is Rung.SILENT)


@given(situations())
@settings(max_examples=100, deadline=None)
def test_without_explanations_fields_stay_and_what_explains_goes(situation):
    decision = made(situation)
    for full, plain in zip(
        document(decision)["experiences"], document(decision, explain=False)["experiences"], strict=True
    ):
        assert plain["lever"] is None
        assert [offer["item_id"] for offer in plain["offers"]] == [offer["item_id"] for offer in full["offers"]]
        assert all(offer["reasons"] == [] for offer in plain["offers"])
        for mode in plain["considered"]:
            assert mode["removed_by"] is None or mode["removed_by"]["detail"] == {}
        assert plain["rung"] == full["rung"]


def test_a_stored_execution_lends_its_id_to_the_document():
    decision = decided()
    execution = stored(only(decision).execution, decision, 0, NOW)
    (one,) = document(decision, executions={0: execution})["experiences"]
    assert (one["execution"]["execution_id"], one["execution"]["state"]) == (execution.execution_id, "waiting")
    (bare,) = document(decision)["experiences"]
    assert (bare["execution"]["execution_id"], bare["execution"]["state"]) == (None, None)
    assert bare["execution"]["total"] == "5.00"


# Somebody nothing is known of


COLD = a_context(history=History.empty(), known=False, mandates=(), preferences=Preferences())


@pytest.mark.parametrize("touchpoint", [None, "app.home"])
@pytest.mark.parametrize(
    ("given_", "rung"),
    [
        ({"model": FakeModel()}, Rung.CURATE),
        ({"model": NO_MODEL}, Rung.RESPOND),
        ({"model": FakeModel(), "items": ()}, Rung.RESPOND),
        ({"model": FakeModel(recommended=())}, Rung.RESPOND),
    ],
)
def test_a_cold_customer_is_shown_what_there_is_or_asked(given_, rung, touchpoint):
    one = only(decided(COLD, touchpoint=touchpoint, **given_))
    assert one.rung is rung
    assert (one.need.family, one.need.phase) == (None, Phase.RECOGNIZE)
    assert (one.lever, one.nudge, one.execution) == (None, None, None)
    assert bool(one.offers) == (rung is Rung.CURATE)


@given(
    st.fixed_dictionaries({purpose: st.sampled_from(Grant) for purpose in Purpose}),
    st.sampled_from([None, *Rung]),
    st.booleans(),
)
def test_a_cold_customer_gets_curate_or_respond_whatever_is_set(granted, ceiling, paused):
    context = replace(COLD, consents=granted, preferences=Preferences(ceiling=ceiling, paused=paused))
    one = only(decided(context, FakeModel([a_forecast()])))
    assert one.rung in (Rung.RESPOND, Rung.CURATE)
    assert one.need.family is None


def test_a_cold_customer_is_told_that_nothing_is_known():
    assert only(decided(COLD, FakeModel())).reason == (
        "We do not know your habits, so here is what most customers choose."
    )


# When nothing is done


def test_nothing_is_done_for_whom_nothing_is_due():
    one = only(decided(model=FakeModel([a_forecast(probability=0.39)])))
    assert (one.rung, one.need.family) == (Rung.RESPOND, None)
    assert rules(one)[Rung.CURATE] == "need.none_likely"
    assert one.reason == "Nothing seems to be due for you, so here is what you often buy."
    assert [offer.item_id for offer in one.offers] == ["i1", "m1", "t1"]


def test_what_is_hardly_worth_it_is_left():
    one = only(decided(model=FakeModel([a_forecast(probability=0.45)], thresholds={}), policy=Policy(min_value=0.3)))
    assert one.rung is Rung.RESPOND
    assert rules(one)[Rung.APPROVE] == "value.low"


# What a consent lets be looked at


@pytest.mark.parametrize("state", [Grant.REFUSED, Grant.UNSET])
def test_the_model_never_sees_the_orders_of_who_did_not_allow_it(state):
    model = FakeModel([a_forecast()])
    one = only(decided(a_context(consents=consents(personalization=state), goals=(a_goal(),)), model))
    assert model.seen
    assert all(len(history) == 0 for history in model.seen)
    assert one.need.family is None
    assert all("bought" not in reason.code for offer in one.offers for reason in offer.reasons)
    allowed = FakeModel([a_forecast()])
    decided(a_context(), allowed)
    assert any(len(history) for history in allowed.seen)


@given(situations())
@many
def test_refused_orders_leave_no_trace_in_a_decision(situation):
    """Whatever somebody bought and was ordered for them, the decision is that of one who bought nothing."""
    context = replace(
        situation["context"], consents={**situation["context"].consents, Purpose.PERSONALIZATION: Grant.REFUSED}
    )
    bare = replace(context, history=History.empty(), executions=())
    assert document(made({**situation, "context": context})) == document(made({**situation, "context": bare}))


@pytest.mark.parametrize("state", [Grant.REFUSED, Grant.UNSET])
def test_what_was_looked_at_is_used_with_consent_alone(state):
    events = (an_event(item_id="t1", occurred_at=ago(1)),)
    seen = decided(a_context(events=events))
    assert of(seen, "tea").need.source is Source.BROWSE
    unseen = decided(a_context(events=events, consents=consents(behaviour=state)))
    assert [one.need.family for one in unseen.experiences] == ["coffee"]


def test_a_goal_is_used_with_consent_alone():
    refused = only(decided(a_context(goals=(a_goal(),), consents=consents(coaching=Grant.REFUSED))))
    assert refused.need.source is Source.FORECAST
    assert only(decided(a_context(goals=(a_goal(),)))).need.source is Source.GOAL


def test_the_consent_to_research_changes_no_decision():
    granted, refused = (
        decided(a_context(consents=consents(research=state))) for state in (Grant.GRANTED, Grant.REFUSED)
    )
    assert document(granted) == document(refused)


# Needs


def test_the_surest_needs_are_decided_and_no_more_than_the_shop_wants():
    history = a_history(*((item, family, 27) for item, family in (("i1", "coffee"), ("m1", "milk"), ("t1", "tea"))))
    model = FakeModel([a_forecast("coffee", "i1", 0.5), a_forecast("milk", "m1", 0.7), a_forecast("tea", "t1", 0.6)])
    context = a_context(history=history)
    both = decided(context, model, policy=Policy(max_needs=2))
    assert {one.need.family for one in both.experiences} == {"milk", "tea"}


def test_who_looks_right_now_is_searching_and_later_was_looking():
    def phase(hours: float) -> Phase:
        context = a_context(events=(an_event(item_id="t1", occurred_at=ago(hours / 24)),))
        return of(decided(context), "tea").need.phase

    assert (phase(0.5), phase(0.51), phase(48)) == (Phase.REQUEST, Phase.RECOGNIZE, Phase.RECOGNIZE)
    old = decided(a_context(events=(an_event(item_id="t1", occurred_at=ago(48.01 / 24)),)))
    assert [one.need.family for one in old.experiences] == ["coffee"]


def test_a_family_is_forecast_over_its_own_window():
    model = FakeModel(
        a_forecast(family, item, 0.9, gap=gap)
        for family, item, gap in (("coffee", "i1", 50.0), ("milk", "m1", 28.0), ("tea", "t1", 10.0))
    )
    history = a_history(("i1", "coffee", 27), ("m1", "milk", 27), ("t1", "tea", 27))
    scene = a_scene(a_context(history=history), model)
    found = needs(scene.context, model, NOW, None, Policy(), scene.shelf)
    windows = {one.need.family: (one.forecast.window_days, one.order.window_days) for one in found}
    assert windows == {"coffee": (28, 28), "milk": (14, 28), "tea": (7, 28)}
