"""What the customer could change: only their own settings, no more of them than needed, and it gives what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.context import Context
from engine.domain.customers import Grant, Mandate, Preferences, Purpose
from engine.domain.decisions import Change, Experience, Lever, Mode, Rung
from engine.domain.values import Money, to_minor
from modes.policy import Policy, Worth
from modes.request import Request
from tests.builders import an_item, usd
from tests.modes.shop import (
    LONG_AGO,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_history,
    a_record,
    a_signed,
    ago,
    an_execution,
    consents,
    decided,
    items_but,
    of,
    only,
    rules,
    rung,
)


def changed(context: Context, changes: Iterable[Change]) -> Context:
    """The context after a customer did what a lever says, read off its words alone."""
    for one in changes:
        kind, *name = one.setting.split(".", 1)
        context = {"consents": consented, "preferences": preferred, "mandates": signed}[kind](context, name, one)
    return context


def consented(context: Context, name: list[str], change: Change) -> Context:
    """A consent given."""
    assert context.consents[Purpose(name[0])].value == change.before
    return replace(context, consents={**context.consents, Purpose(name[0]): Grant(change.after)})


def preferred(context: Context, name: list[str], change: Change) -> Context:
    """A ceiling raised, or a pause ended."""
    field, *of = name[0].split(".", 1)
    own = context.preferences
    if field == "paused":
        return replace(context, preferences=replace(own, paused=change.after, paused_until=None))
    now = getattr(own, field)[of[0]] if of else own.ceiling
    assert ("unset" if now is None else now.label) == change.before
    value = {**getattr(own, field), of[0]: Rung.of(change.after)} if of else Rung.of(change.after)
    return replace(context, preferences=replace(own, **{field: value}))


def signed(context: Context, name: list[str], change: Change) -> Context:
    """A mandate signed, or a term of one changed."""
    if not name:
        price, currency = change.after["price_high"].split()
        made = Mandate(
            mandate_id="new",
            customer_id="c1",
            families=frozenset(change.after["families"]),
            max_quantity=change.after["max_quantity"],
            price_high=Money(minor=to_minor(Decimal(price), currency), currency=currency),
            signed_at=LONG_AGO,
        )
        return replace(context, mandates=(*context.mandates, made))
    id, field = name[0].rsplit(".", 1)
    value = change.after
    if isinstance(value, str):
        value = Money(minor=to_minor(Decimal(value), "USD"), currency="USD")
    mandates = tuple(replace(one, **{field: value}) if one.mandate_id == id else one for one in context.mandates)
    return replace(context, mandates=mandates)


def shown(lever: Lever | None) -> list[tuple[str, object, object]]:
    """The changes of a lever."""
    return [] if lever is None else [(one.setting, one.before, one.after) for one in lever.changes]


# The examples of the design: coffee at .99, which silence serves best


SURE = FakeModel([a_forecast(probability=0.99)])


def found(model: FakeModel = SURE, **given: object) -> tuple[Context, Experience]:
    """A customer, and the experience of the one need."""
    items = given.pop("items", items_but())
    context = a_context(**given)
    return context, only(decided(context, model, items=items))


@pytest.mark.example(15)
def test_a_price_band_is_widened_by_as_much_as_it_takes():
    dearer = items_but(an_item("i1", price=usd(420)))
    context, one = found(mandates=(a_signed(price_high=usd(400)),), items=dearer)
    assert rules(one)[Rung.SILENT] == "mandate.price_high"
    assert shown(one.lever) == [("mandates.m1.price_high", "4.00", "4.20")]
    assert one.lever.would_give is Mode.EXECUTE
    assert only(decided(changed(context, one.lever.changes), SURE, items=dearer)).rung is Rung.SILENT


@pytest.mark.example(15)
def test_a_ceiling_and_a_consent_are_two_settings():
    context, one = found(preferences=Preferences(ceiling=Rung.APPROVE), consents=consents(automation=Grant.UNSET))
    assert shown(one.lever) == [
        ("consents.automation", "unset", "granted"),
        ("preferences.ceiling", "approve", "silent"),
    ]
    assert one.rung is Rung.CURATE
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT
    for alone in one.lever.changes:
        assert only(decided(changed(context, [alone]), SURE)).rung is not Rung.SILENT


@pytest.mark.example(15)
def test_what_the_gate_removes_is_no_setting_of_the_customers():
    shut = FakeModel([a_forecast(probability=0.99)], thresholds={})
    _, one = found(shut)
    assert rules(one)[Rung.SILENT] == rules(one)[Rung.VETO] == "certificate.shut"
    assert one.lever is None
    _, both = found(shut, preferences=Preferences(ceiling=Rung.APPROVE))
    assert both.lever is None


@pytest.mark.parametrize(
    ("terms", "lever"),
    [
        ({"max_quantity": 1, "order_limit": usd(499)}, [("mandates.m1.order_limit", "4.99", "5.00")]),
        ({"budget": usd(499)}, [("mandates.m1.budget", "4.99", "5.00")]),
        ({"price_low": usd(501)}, [("mandates.m1.price_low", "5.01", "5.00")]),
        ({"expires_at": NOW}, [("mandates.m1.expires_at", NOW.isoformat(), None)]),
        (
            {"price_high": usd(499), "budget": usd(1)},
            [("mandates.m1.price_high", "4.99", "5.00"), ("mandates.m1.budget", "0.01", "5.00")],
        ),
    ],
)
def test_terms_of_a_mandate(terms, lever):
    context, one = found(mandates=(a_signed(**terms),))
    assert shown(one.lever) == lever
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT


def test_a_budget_is_raised_above_what_is_spent_already():
    context, one = found(mandates=(a_signed(budget=usd(2_000)),), executions=(an_execution(price=usd(1_501)),))
    assert shown(one.lever) == [("mandates.m1.budget", "20.00", "20.01")]
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT


def test_a_mandate_to_sign_is_no_wider_than_the_order_at_hand():
    context, one = found(mandates=())
    assert shown(one.lever) == [
        ("mandates", None, {"families": ["coffee"], "max_quantity": 1, "price_high": "5.00 USD"})
    ]
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT


def test_each_ceiling_in_the_way_is_named():
    preferences = Preferences(
        ceiling=Rung.CURATE, family_ceilings={"coffee": Rung.RESPOND}, category_ceilings={"DRINKS": Rung.COACH}
    )
    context, one = found(preferences=preferences)
    assert one.rung is Rung.RESPOND
    assert shown(one.lever) == [
        ("preferences.category_ceilings.DRINKS", "coach", "silent"),
        ("preferences.ceiling", "curate", "silent"),
        ("preferences.family_ceilings.coffee", "respond", "silent"),
    ]
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT


@pytest.mark.parametrize(
    "paused",
    [Preferences(ceiling=Rung.SILENT, paused=True), Preferences(ceiling=Rung.SILENT, paused_until=ago(-2))],
)
def test_a_pause_can_be_ended(paused):
    context, one = found(preferences=paused)
    assert shown(one.lever) == [("preferences.paused", True, False)]
    assert only(decided(changed(context, one.lever.changes), SURE)).rung is Rung.SILENT


def test_a_family_with_dots_in_its_name_is_one_setting():
    model = FakeModel([a_forecast("a.b", "i1", 0.99)])
    history = a_history(*(("i1", "a.b", days) for days in (83, 55, 27)))
    preferences = Preferences(ceiling=Rung.SILENT, family_ceilings={"a.b": Rung.CURATE})
    context = a_context(
        history=history,
        preferences=preferences,
        mandates=(a_signed(families=frozenset({"a.b"})),),
        record=a_record(families=["a.b"]),
    )
    one = only(decided(context, model))
    assert shown(one.lever) == [("preferences.family_ceilings.a.b", "curate", "silent")]
    assert only(decided(changed(context, one.lever.changes), model)).rung is Rung.SILENT


# Where there is none


def test_a_consent_that_was_refused_is_not_asked_for_again():
    _, one = found(consents=consents(automation=Grant.REFUSED))
    assert rules(one)[Rung.SILENT] == "consents.automation"
    assert one.lever is None


def test_a_mandate_that_was_taken_back_is_not_asked_for_again():
    _, one = found(mandates=(a_signed(revoked_at=ago(1)),))
    assert rules(one)[Rung.SILENT] == "mandate.revoked"
    assert one.lever is None


def test_nothing_is_offered_for_what_is_gone():
    _, one = found(mandates=(), items=items_but(an_item("i1", available=False)))
    assert one.lever is None


def test_nothing_is_offered_while_the_customer_is_asking():
    one = decided(a_context(mandates=()), SURE, request=Request(items=(("m1", 1),))).experiences[0]
    assert one.lever is None


def test_nothing_is_offered_that_would_gain_the_customer_nothing():
    _, one = found()
    assert (one.rung, one.lever) == (Rung.SILENT, None)
    _, weak = found(FakeModel([a_forecast(probability=0.45)]), preferences=Preferences(ceiling=Rung.APPROVE))
    assert rung(weak, Rung.SILENT).value < 0
    assert weak.lever is None


def test_nothing_is_offered_to_whom_no_message_is_left():
    messages = tuple(ago(n) for n in (1, 2, 3))
    limited = FakeModel([a_forecast(probability=0.95)], thresholds={0.9: 0.85})
    _, one = found(limited, preferences=Preferences(ceiling=Rung.APPROVE), messages=messages)
    assert rules(one)[Rung.APPROVE] == "attention.spent"
    assert one.lever is None


def test_where_the_best_cannot_be_had_the_next_is_offered():
    veto_only = FakeModel([a_forecast(probability=0.99)], thresholds={0.9: 0.85})
    context, one = found(veto_only, preferences=Preferences(ceiling=Rung.APPROVE))
    assert shown(one.lever) == [("preferences.ceiling", "approve", "veto")]
    assert only(decided(changed(context, one.lever.changes), veto_only)).rung is Rung.VETO


# The law


ceilings = st.sampled_from([None, *Rung])
terms = st.fixed_dictionaries(
    {
        "price_high": st.sampled_from([usd(400), usd(600), None]),
        "budget": st.sampled_from([usd(400), usd(900), None]),
        "order_limit": st.sampled_from([usd(499), None]),
        "expires_at": st.sampled_from([None, NOW, NOW + timedelta(days=9)]),
    }
)
contexts = st.builds(
    lambda ceiling, family, category, paused, automation, mandates, spent: a_context(
        preferences=Preferences(
            ceiling=ceiling,
            family_ceilings={} if family is None else {"coffee": family},
            category_ceilings={} if category is None else {"COFFEE": category},
            paused=paused,
        ),
        consents=consents(automation=automation),
        mandates=tuple(a_signed(f"m{n}", **each) for n, each in enumerate(mandates)),
        executions=(an_execution(price=usd(spent), mandate_id="m0"),),
    ),
    ceilings,
    ceilings,
    ceilings,
    st.booleans(),
    st.sampled_from([Grant.GRANTED, Grant.UNSET]),
    st.lists(terms, max_size=2),
    st.sampled_from([1, 500]),
)


@pytest.mark.long
@pytest.mark.example(15)
@given(contexts, st.sampled_from([0.7, 0.9, 0.97, 0.99]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_lever_gives_what_it_says_and_no_part_of_it_does(context, probability, silent):
    model = FakeModel([a_forecast(probability=probability)], thresholds={0.9: 0.85, 0.952: 0.9 if silent else None})
    one = only(decided(context, model))
    if one.lever is None:
        return
    after = only(decided(changed(context, one.lever.changes), model))
    assert after.mode is one.lever.would_give
    assert value(after) > value(one)
    for size in range(len(one.lever.changes)):
        for part in combinations(one.lever.changes, size):
            assert only(decided(changed(context, part), model)).rung is not after.rung


def value(one: Experience) -> float:
    """Of the chosen rung."""
    return rung(one, one.rung).value or 0.0


# Several needs: one setting changes what all of them are given


NAMED = {"coffee": "i1", "milk": "m1", "tea": "t1"}


def foreseen(chances: Iterable[float]) -> FakeModel:
    """Each family needed with a chance of its own."""
    return FakeModel(
        a_forecast(family=family, item_id=item, probability=chance)
        for (family, item), chance in zip(NAMED.items(), chances, strict=False)
    )


def asking_costs(effort: float) -> Policy:
    """A shop whose questions about coffee take the customer so much effort."""
    costs = {**Worth().effort, Rung.APPROVE: effort}
    return Policy(categories={"DRINKS > COFFEE": Worth(effort=costs)})


def nothing_granted(sent: int = 0) -> Context:
    """Somebody who never spoke of orders, and had so many messages of late."""
    return a_context(
        history=a_history(*((item, family, days) for family, item in NAMED.items() for days in (83, 55, 27))),
        preferences=Preferences(ceiling=Rung.APPROVE),
        consents=consents(automation=Grant.UNSET),
        mandates=(),
        messages=tuple(ago(n) for n in range(1, 1 + sent)),
    )


def test_nothing_is_offered_that_is_worth_less_once_other_needs_are_served_before():
    """With orders granted milk comes first, and asking about coffee is dearer than showing it was."""
    context, model, policy = nothing_granted(), foreseen((0.5, 0.5)), asking_costs(0.5)
    before, after = (
        of(decided(one, model, policy=policy), "coffee")
        for one in (context, replace(context, consents=consents(automation=Grant.GRANTED)))
    )
    assert (before.rung, after.rung) == (Rung.CURATE, Rung.APPROVE)
    assert rung(before, Rung.APPROVE).value > value(before) > value(after)
    assert before.lever is None


@given(
    st.tuples(*[st.sampled_from([0.45, 0.5, 0.55, 0.6, 0.7, 0.9])] * 3),
    st.sampled_from([0.25, 0.35, 0.45, 0.5, 0.55]),
    st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_of_several_needs_each_is_better_off_by_its_own_lever(chances, effort, sent):
    context, model, policy = nothing_granted(sent), foreseen(chances), asking_costs(effort)
    for before in decided(context, model, policy=policy).experiences:
        if before.lever is None:
            continue
        after = of(
            decided(changed(context, before.lever.changes), model, policy=policy),
            before.need.family,
        )
        assert after.rung is before.lever.rung
        assert value(after) > value(before)
