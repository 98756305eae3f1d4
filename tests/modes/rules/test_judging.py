"""What rules do to a decision and to a placing, and that no rule ever lets more be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.customers import Grant, Preferences
from engine.domain.decisions import Mode, Rung, Stage
from engine.domain.executions import State
from engine.domain.house import House
from engine.domain.rules import (
    Cap,
    Effect,
    Every,
    Forbid,
    Gateway,
    Per,
    RaiseGate,
    RequireApproval,
    Rule,
    Use,
    VetoWindow,
)
from engine.domain.shopping import Customer
from engine.domain.values import Money
from modes import explain, ordering
from modes.policy import Policy
from modes.rules import judging
from tests.builders import an_item, usd
from tests.modes.shop import (
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_history,
    a_signed,
    allowed,
    an_execution,
    consents,
    considered,
    decided,
    of,
    only,
    rules,
)

ORDERS = {Rung.APPROVE, Rung.VETO, Rung.SILENT}
COFFEE = 'need.family == "coffee"'


def a_rule(effect: Effect, when: str = "true", rule_id: str = "r1", **given) -> Rule:
    """A rule in force, version 3."""
    return Rule(**{"rule_id": rule_id, "version": 3, "when": when, "effect": effect, **given})


def house(*rules: Rule, **given) -> House:
    """A house with these rules."""
    return House(rules=rules, **given)


def under(*rules: Rule, uses=None, context=None, model=None, zone="UTC"):
    """The one experience of a customer who is ordered for silently where nothing speaks against it."""
    set_up = house(*rules, uses=uses or {}, zone=ZoneInfo(zone))
    return only(decided(context, model, house=set_up))


def due(**given):
    """An execution that waits, due now."""
    return an_execution("due", **{"state": State.WAITING, "at": NOW, "threshold": 0.85, "probability": 0.95, **given})


def said(execution, *rules, context=None, item=None, **given):
    """What speaks against placing it now."""
    items = {"i1": item or an_item("i1", category=("DRINKS", "COFFEE"), price=usd(500))}
    known = context or a_context()
    return [one.rule for one in ordering.objections(execution, known, NOW, items, house(*rules, **given), Policy())]


def test_without_rules_everything_is_as_before():
    assert under().rung is Rung.SILENT
    assert said(due()) == []


# Effects


def test_what_is_forbidden_is_neither_ordered_nor_asked_about():
    found = under(a_rule(Forbid(), COFFEE))
    assert ORDERS.isdisjoint(allowed(found))
    removed = considered(found, Mode.EXECUTE).removed_by
    assert (removed.stage, removed.rule) == (Stage.RULE, "rule.forbid.r1")
    assert removed.detail == {"rule_id": "r1", "version": 3}
    assert "anybody" in explain.removal(removed)
    assert said(due(), a_rule(Forbid(), COFFEE)) == ["rule.forbid.r1"]


def test_a_rule_may_have_its_own_sentence():
    found = under(a_rule(Forbid(), says="We sell no coffee in June."))
    assert explain.removal(considered(found, Mode.EXECUTE).removed_by) == "We sell no coffee in June."


def test_a_rule_that_is_not_true_changes_nothing():
    other = a_rule(Forbid(), 'need.family == "tea"')
    assert under(other) == under()
    assert said(due(), other) == []


def test_what_needs_approval_is_asked_about_and_a_yes_is_enough():
    rule = a_rule(RequireApproval())
    found = under(rule)
    assert found.rung is Rung.APPROVE
    assert rules(found)[Rung.VETO] == rules(found)[Rung.SILENT] == "rule.require_approval.r1"
    assert said(due(), rule) == ["rule.require_approval.r1"]
    assert said(due(rung=Rung.APPROVE, approved_at=NOW), rule) == []


@pytest.mark.parametrize(
    ("effect", "probability", "passes"),
    [
        (RaiseGate(by=0.05), 0.95, True),  # the certificate opens at 0.90 for silent, 0.85 for veto
        (RaiseGate(by=0.06), 0.95, False),
        (RaiseGate(at_least=0.96), 0.95, False),
        (RaiseGate(at_least=0.95), 0.95, True),
        (RaiseGate(by=0.5), 0.99, True),  # no more than 0.99 is asked by raising
        (RaiseGate(by=0.5, at_least=0.995), 0.99, False),
    ],
)
def test_a_raised_gate_asks_for_more_certainty(effect, probability, passes):
    found = under(a_rule(effect), model=FakeModel([a_forecast(probability=probability)]))
    assert (Rung.SILENT in allowed(found)) == passes
    assert Rung.APPROVE in allowed(found)
    waiting = due(rung=Rung.SILENT, probability=probability, threshold=0.9)
    assert (not said(waiting, a_rule(effect))) == passes


def test_where_the_gate_is_not_known_it_is_not_above_a_raised_one():
    assert said(due(threshold=None), a_rule(RaiseGate(by=0.01))) == ["rule.raise_gate.r1"]
    assert said(due(threshold=None), a_rule(RaiseGate(at_least=0.9))) == []
    assert said(due(probability=None), a_rule(RaiseGate(at_least=0.1))) == ["rule.raise_gate.r1"]


def test_a_window_is_longer_or_shorter_but_never_below_the_floor():
    asks = a_context(preferences=Preferences(ceiling=Rung.VETO))
    usual = under(context=asks).execution
    for hours, kept in ((48, 48), (2, 2), (0, 1)):
        found = under(a_rule(VetoWindow(length=timedelta(hours=hours))), context=asks).execution
        assert found.due_at - found.send_at == timedelta(hours=kept)
        assert found.send_at == usual.send_at
    longest = [a_rule(VetoWindow(length=timedelta(hours=n)), rule_id=f"r{n}") for n in (30, 50, 40)]
    found = under(*longest, context=asks).execution
    assert found.due_at - found.send_at == timedelta(hours=50)


def test_a_gateway_is_chosen_by_name():
    rules = (a_rule(Gateway(name="cold"), COFFEE, "b"), a_rule(Gateway(name="warm"), "true", "c"))
    assert under(*rules).execution.gateway == "cold"
    assert under(rules[1]).execution.gateway == "warm"
    assert under().execution.gateway is None


# Caps


def used(minor=0, count=1, day="2017-12-01", currency="USD", rule_id="r1", bucket="shop"):
    """What counts already."""
    return {(rule_id, bucket): (Use(day=day, count=count, minor=minor, currency=currency),)}


@pytest.mark.parametrize(("spent", "passes"), [(0, True), (1_500, True), (1_501, False), (5_000, False)])
def test_a_cap_is_used_to_the_cent_and_not_beyond(spent, passes):
    rule = a_rule(Cap(money=usd(2_000)))
    assert (Rung.SILENT in allowed(under(rule, uses=used(spent)))) == passes
    assert (not said(due(), rule, uses=used(spent))) == passes


def test_a_refusal_says_what_was_there():
    rule = a_rule(Cap(money=usd(2_000)))
    removed = considered(under(rule, uses=used(1_501)), Mode.EXECUTE).removed_by
    facts = {"limit": "20.00 USD", "asked": "5.00 USD", "before": "15.01 USD"}
    assert removed.detail == {"rule_id": "r1", "version": 3, **facts}


def test_a_cap_of_a_number_of_orders():
    rule = a_rule(Cap(count=3))
    assert said(due(), rule, uses=used(count=2)) == []
    assert said(due(), rule, uses=used(count=3)) == ["rule.cap.r1"]
    assert said(due(), a_rule(Cap(count=0))) == ["rule.cap.r1"]


def test_a_cap_in_another_currency_cannot_be_told_to_hold():
    assert said(due(), a_rule(Cap(money=Money(minor=10**6, currency="EUR")))) == ["rule.cap.r1"]


@pytest.mark.parametrize(
    ("every", "counting"),
    [
        (Every.DAY, {"2017-12-01"}),
        (Every.WEEK, {"2017-12-01", "2017-11-27", "2017-12-03"}),
        (Every.MONTH, {"2017-12-01", "2017-12-03", "2017-12-31"}),
        (Every.TOTAL, {"2017-12-01", "2017-11-27", "2017-11-26", "2017-12-03", "2017-12-31", "2016-12-01"}),
    ],
)
def test_a_cap_begins_anew_by_the_calendar(every, counting):
    rule = a_rule(Cap(count=1, every=every))
    days = ("2017-12-01", "2017-11-27", "2017-11-26", "2017-12-03", "2017-12-31", "2016-12-01")
    assert {day for day in days if said(due(), rule, uses=used(day=day))} == counting


def test_its_days_are_the_businesss():
    rule, late = a_rule(Cap(count=1, every=Every.DAY)), NOW.replace(hour=23)
    items = {"i1": an_item("i1", price=usd(500))}
    for zone, day in (("UTC", "2017-12-01"), ("Europe/Berlin", "2017-12-02")):
        set_up = house(rule, zone=ZoneInfo(zone))
        (counted,) = judging.at_placing(due(), a_context(), late, items, set_up).counted
        assert counted.day == day


@pytest.mark.parametrize(
    ("per", "bucket"),
    [
        ((Per.SHOP,), "shop"),
        ((Per.CUSTOMER,), "customer=c1"),
        ((Per.FAMILY,), "family=coffee"),
        ((Per.ITEM,), "item=i1"),
        ((Per.FAMILY, Per.CUSTOMER), "customer=c1/family=coffee"),
    ],
)
def test_a_cap_adds_up_the_orders_of_whom_it_is_for(per, bucket):
    rule = a_rule(Cap(count=1, per=per))
    assert said(due(), rule, uses=used(bucket=bucket)) == ["rule.cap.r1"]
    assert said(due(), rule, uses=used(bucket=f"{bucket}x")) == []


def test_the_orders_of_one_decision_share_a_cap():
    context = a_context(
        history=a_history(*((i, f, d) for i, f in (("i1", "coffee"), ("m1", "milk")) for d in (83, 55, 27))),
        mandates=(a_signed(families=frozenset({"coffee", "milk"})),),
    )
    model = FakeModel([a_forecast(), a_forecast("milk", "m1")])
    for limit, ordered in ((620, 2), (619, 1), (119, 0)):
        found = decided(context, model, house=house(a_rule(Cap(money=usd(limit)))))
        assert sum(one.execution is not None for one in found.experiences) == ordered, limit
    assert of(found, "milk").execution is None


def test_a_cap_that_is_promised_counts_on_the_day_it_is_due():
    asks = a_context(preferences=Preferences(ceiling=Rung.VETO))
    (counted,) = under(a_rule(Cap(count=1, every=Every.DAY)), context=asks).execution.counted
    assert (counted.day, counted.minor, counted.bucket, counted.customer_id) == ("2017-12-02", 500, "shop", None)


# Failing


FAILING = ["1 / 0 == 1", "customer.attributes.vip == true", "item.attributes.size > 3", "9223372036854775807 + 1 > 0"]


@pytest.mark.parametrize("when", FAILING)
@pytest.mark.parametrize(
    "effect", [Forbid(), VetoWindow(length=timedelta(hours=2)), Gateway(name="x"), Cap(count=9), RaiseGate(by=0.01)]
)
def test_a_rule_that_fails_lets_nothing_through(when, effect):
    odd = an_item("i1", attributes={"size": "large"}, price=usd(500))
    found = only(decided(house=house(a_rule(effect, when)), items=(odd,)))
    assert ORDERS.isdisjoint(allowed(found))
    removed = considered(found, Mode.EXECUTE).removed_by
    assert removed.rule == "rule.failed.r1"
    assert removed.detail["error"]
    assert said(due(), a_rule(effect, when), item=odd) == ["rule.failed.r1"]


def test_a_rule_that_cannot_be_read_any_more_lets_nothing_through():
    assert said(due(), a_rule(Forbid(), "item.colour == 'red'")) == ["rule.failed.r1"]


def test_facts_that_cannot_be_told_let_nothing_through():
    odd = Customer(customer_id="c1", attributes={"points": 10**40})
    assert said(due(), a_rule(Forbid(), "customer.attributes.points > 3"), context=a_context(customer=odd)) == [
        "rule.failed.r1"
    ]


# Levers


LEADING_ON = [  # settings that a lever asks to change, so that something is ordered
    {"consents": consents(automation=Grant.UNSET)},
    {"preferences": Preferences(ceiling=Rung.RESPOND)},
    {"preferences": Preferences(ceiling=Rung.SILENT, paused=True)},
]


@pytest.mark.parametrize("settings", LEADING_ON)
def test_no_lever_offers_to_change_a_rule(settings):
    context = a_context(**settings)
    assert under(context=context).lever.would_give is Mode.EXECUTE
    found = under(a_rule(Forbid()), context=context)
    assert found.lever is None or found.lever.would_give is not Mode.EXECUTE
    asked = under(a_rule(RequireApproval()), context=context)
    assert all(not change.setting.startswith("rule") for change in (asked.lever.changes if asked.lever else ()))
    assert under(a_rule(Forbid())).lever is None or under(a_rule(Forbid())).lever.would_give is not Mode.EXECUTE


# Laws

effects = st.one_of(
    st.just(Forbid()),
    st.just(RequireApproval()),
    st.builds(RaiseGate, by=st.floats(0, 0.5), at_least=st.floats(0, 1)),
    st.builds(
        Cap,
        money=st.one_of(st.none(), st.integers(0, 3_000).map(usd)),
        count=st.one_of(st.none(), st.integers(0, 4)),
        per=st.sets(st.sampled_from(Per), min_size=1).map(lambda found: tuple(sorted(found))),
        every=st.sampled_from(Every),
    ),
)
conditions = st.sampled_from(
    ["true", "false", COFFEE, "price > 4.0", "need.quantity > 1", "forecast.probability < 0.9", *FAILING]
)
some_rules = st.lists(st.tuples(effects, conditions), max_size=4)


def made(found) -> tuple[Rule, ...]:
    """Rules of their own ids."""
    return tuple(a_rule(effect, when, f"r{n}") for n, (effect, when) in enumerate(found))


@given(some_rules, effects, conditions, st.floats(0.5, 0.99), st.sampled_from(Rung))
@settings(max_examples=150, deadline=None)
def test_no_rule_adds_an_allowed_rung(before, effect, when, probability, ceiling):
    context, model = (
        a_context(preferences=Preferences(ceiling=ceiling)),
        FakeModel([a_forecast(probability=probability)]),
    )
    fewer = under(*made(before), context=context, model=model)
    more = under(*made(before), a_rule(effect, when, "one-more"), context=context, model=model)
    assert allowed(more) <= allowed(fewer)


orders = st.tuples(
    st.sampled_from(["c1", "c2"]),
    st.sampled_from([("i1", "coffee"), ("i2", "coffee"), ("t1", "tea")]),
    st.integers(1, 900),
    st.integers(1, 3),
    st.integers(0, 30),  # hours since the one before
)


@given(st.lists(orders, max_size=20), st.integers(0, 4_000), st.sampled_from(Every), st.sampled_from(Per))
@settings(max_examples=250, deadline=None)
def test_what_is_placed_is_never_a_cent_above_a_cap(tries, limit, every, per):
    """Against a plain sum over what was placed."""
    rule, now, uses, placed = a_rule(Cap(money=usd(limit), per=(per,), every=every)), NOW, {}, []
    for n, (customer, (item, family), price, quantity, hours) in enumerate(tries):
        now += timedelta(hours=hours)
        execution = an_execution(
            f"x{n}",
            customer_id=customer,
            state=State.WAITING,
            item_id=item,
            family=family,
            price=usd(price),
            quantity=quantity,
            at=now,
        )
        context = replace(a_context(), customer=Customer(customer_id=customer))
        items = {item: an_item(item, family=family, price=usd(price))}
        judgment = judging.at_placing(execution, context, now, items, house(rule, uses=uses))
        whose = {Per.SHOP: "", Per.CUSTOMER: customer, Per.FAMILY: family, Per.ITEM: item}[per]
        same = [cost for at, key, cost in placed if key == whose and begun(every, at) == begun(every, now)]
        cost = price * quantity
        assert (not judgment.objections) == (sum(same) + cost <= limit)
        if not judgment.objections:
            placed.append((now, whose, cost))
            uses = judging.after(uses, judgment.counted)


def begun(every: Every, at) -> object:
    """The stretch an instant lies in, told in another way than the code does."""
    day: date = at.date()
    keys = {Every.DAY: day, Every.WEEK: day.isocalendar()[:2], Every.MONTH: (day.year, day.month), Every.TOTAL: None}
    return keys[every]
