"""Orders promised for a day, joined where that is worth it, and never with less time to stop them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import Arrival, Calendar, Lead, Slot
from engine.domain.customers import Preferences
from engine.domain.decisions import DraftLine, Mode, Rung
from engine.domain.executions import ExecutionLine, State
from engine.domain.history import day_of
from engine.domain.house import House
from engine.domain.nudges import NudgeKind
from engine.domain.rules import Rule, VetoWindow
from modes import rules
from modes.calendar import place_by
from modes.deeds import deeds
from modes.delivery import possible
from modes.document import document
from modes.request import Request
from tests.builders import usd
from tests.modes.shop import (
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_history,
    a_signed,
    ago,
    an_execution,
    decided,
    items_but,
    of,
    only,
)

# NOW is Friday, 2017-12-01 12:00 UTC
DAILY = Calendar(zone=ZoneInfo("UTC"), cut_offs={day: time(14) for day in range(7)}, shipping_cost=2.0)
VETO = Preferences(ceiling=Rung.VETO)
FAMILIES = {"coffee": "i1", "milk": "m1", "tea": "t1", "wine": "w1"}
BOUGHT = a_history(*((item, family, days) for family, item in FAMILIES.items() for days in (83, 55, 27)))
ALL = a_signed(families=frozenset(FAMILIES), price_high=usd(1_000))


def needing(**days):
    """A model that knows in how many days each family is needed, all of them likely enough to be ordered unasked."""
    forecasts = [a_forecast(family, FAMILIES[family], 0.95 - n / 100) for n, family in enumerate(days)]
    return FakeModel(forecasts, needed_in=days)


def planned(model, calendar=DAILY, booked=None, now=NOW, rules=(), **given):
    """The decision for somebody who buys all four and signed for all of them."""
    context = a_context(**{"history": BOUGHT, "mandates": (ALL,), "preferences": VETO, **given})
    return decided(context, model, house=House(calendar=calendar, booked=booked or {}, rules=rules), now=now)


def orders(decision):
    """The orders that follow from a decision: their needs, and the day they are promised for."""
    made = [deed.execution for deed in deeds(decision, NOW) if deed.execution is not None]
    return {tuple(sorted(line.need for line in one.lines)): one.deliver_by for one in made}


def day(number):
    return date(2017, 12, number)


def test_without_a_calendar_nothing_is_promised_or_joined_and_not_a_byte_is_different():
    model = needing(coffee=5, milk=5)
    plain = decided(a_context(history=BOUGHT, mandates=(ALL,), preferences=VETO), model)
    without = planned(model, calendar=None)
    assert without == plain
    assert document(without) == document(plain)
    assert orders(plain) == {("coffee",): None, ("milk",): None}
    assert not {"deliver_by", "slot", "place_by", "families"} & set(document(plain)["experiences"][0]["execution"])


def test_an_order_is_timed_by_when_its_item_is_needed_and_placed_when_the_calendar_says():
    draft = only(planned(needing(coffee=9))).execution
    assert draft.deliver_by == day(10)  # needed at noon of that day
    assert draft.place_by == datetime(2017, 12, 9, 14, tzinfo=UTC)
    assert draft.due_at == draft.place_by - DAILY.slack


def test_a_veto_window_is_never_cut_short_the_next_day_is_promised_instead():
    soon = only(planned(needing(coffee=0))).execution
    assert soon.due_at >= NOW + timedelta(hours=24)
    assert soon.deliver_by == day(3)  # tomorrow's would have to be placed within two hours
    slow = replace(DAILY, lead=Lead(amount=3))
    later = only(planned(needing(coffee=0), slow)).execution
    assert later.deliver_by == day(5)
    assert later.due_at >= NOW + timedelta(hours=24)


def test_where_the_model_cannot_tell_days_apart_it_comes_as_soon_as_it_can():
    assert only(planned(FakeModel([a_forecast()]))).execution.deliver_by == day(3)


def test_a_full_slot_is_passed_over():
    slot = Slot(name="noon", start=time(11), end=time(13), capacity=2)
    shop = replace(DAILY, slots=(slot,))
    wanted = Arrival(day=day(10), slot="noon")
    assert only(planned(needing(coffee=9), shop)).execution.deliver_by == day(10)
    found = only(planned(needing(coffee=9), shop, {wanted: 2})).execution
    assert (found.deliver_by, found.slot) == (day(9), "noon")


def test_two_orders_of_one_decision_do_not_take_the_same_last_place():
    slot = Slot(name="noon", start=time(11), end=time(13), capacity=1)
    found = planned(needing(coffee=9, milk=9), replace(DAILY, slots=(slot,), shipping_cost=0.0))
    assert sorted(orders(found).values()) == [day(9), day(10)]


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (0.0, {("coffee",): day(10), ("milk",): day(11), ("tea",): day(21)}),
        (0.04, {("coffee",): day(10), ("milk",): day(11), ("tea",): day(21)}),
        (0.06, {("coffee", "milk"): day(10), ("tea",): day(21)}),
        (2.0, {("coffee", "milk", "tea"): day(10)}),
    ],
)
def test_needs_are_joined_as_far_as_shipping_costs_more_than_being_early(cost, expected):
    found = planned(needing(coffee=9, milk=10, tea=20), replace(DAILY, shipping_cost=cost))
    assert orders(found) == expected


def test_each_need_tells_of_the_same_order_and_of_its_own_occurrence():
    found = planned(needing(coffee=9, milk=10))
    coffee, milk = of(found, "coffee").execution, of(found, "milk").execution
    assert coffee.lines == milk.lines
    assert coffee.total == usd(620)
    assert (coffee.probability, milk.probability) == (0.95, 0.94)
    (deed,) = deeds(found, NOW)
    assert (deed.position, deed.also) == (0, (1,))
    assert deed.execution.probability == 0.94
    lines = {line.need: line for line in deed.execution.lines}
    assert {need: (line.cycle, line.probability) for need, line in lines.items()} == {
        "coffee": ("after:2017-11-04", 0.95),
        "milk": ("after:2017-11-04", 0.94),
    }
    shown = document(found, executions={0: deed.execution, 1: deed.execution})["experiences"]
    assert {one["execution"]["execution_id"] for one in shown} == {deed.execution.execution_id}
    assert shown[0]["execution"]["families"] == ["coffee", "milk"]


def test_one_notice_lists_every_line_with_its_price_when_it_is_placed_and_when_it_comes():
    (deed,) = deeds(planned(needing(coffee=9, milk=10)), NOW)
    text = deed.message.text
    assert deed.message.kind is NudgeKind.NOTICE
    assert "1 × Beans at 5.00 USD and 1 × Milk at 1.20 USD, 6.20 USD in all" in text
    assert "at 13:00 on 9 December unless you stop it. It is to arrive on 10 December." in text
    assert deed.message.facts["lines"] == [
        {"item_id": "i1", "quantity": 1, "unit_price": "5.00"},
        {"item_id": "m1", "quantity": 1, "unit_price": "1.20"},
    ]


def test_joined_orders_go_out_at_the_lowest_rung():
    limited = Preferences(ceiling=Rung.SILENT, family_ceilings={"milk": Rung.VETO})
    found = planned(needing(coffee=9, milk=9), preferences=limited)
    (deed,) = deeds(found, NOW)
    assert deed.execution.rung is Rung.VETO
    assert deed.message is not None
    assert deed.execution.due_at >= NOW + timedelta(hours=24)


@pytest.mark.parametrize("when", ['need.family == "coffee"', 'need.family == "coffee" && need.rung == "veto"'])
def test_what_is_announced_after_all_leaves_the_time_that_a_rule_wants(when):
    """Coffee alone would be ordered silently; with milk it is announced, for as long as the rule says."""
    longer = Rule(rule_id="longer", when=when, effect=VetoWindow(length=timedelta(hours=72)))
    limited = Preferences(ceiling=Rung.SILENT, family_ceilings={"milk": Rung.VETO})
    found = planned(needing(coffee=2, milk=2), preferences=limited, rules=(longer,))
    (deed,) = deeds(found, NOW)
    assert deed.execution.rung is Rung.VETO
    assert deed.execution.due_at >= NOW + timedelta(hours=72)


def test_what_joins_an_announced_order_leaves_the_time_that_a_rule_wants():
    longer = Rule(rule_id="longer", when='need.family == "coffee"', effect=VetoWindow(length=timedelta(hours=72)))
    early = waiting(at=NOW + timedelta(hours=24))
    silent = Preferences(ceiling=Rung.SILENT)
    (deed,) = deeds(planned(needing(coffee=8), executions=(early,), preferences=silent, rules=(longer,)), NOW)
    assert deed.joins
    assert deed.execution.due_at >= NOW + timedelta(hours=72)


def test_what_is_asked_about_is_asked_about_by_itself():
    limited = Preferences(ceiling=Rung.APPROVE)
    found = planned(needing(coffee=9, milk=9), preferences=limited)
    assert {one.rung for one in found.experiences} == {Rung.APPROVE}
    assert set(orders(found)) == {("coffee",), ("milk",)}
    for one in found.experiences:
        assert one.execution.due_at == NOW + timedelta(hours=48)
        assert one.execution.place_by >= one.execution.due_at


def test_orders_under_different_mandates_stay_apart():
    own = (a_signed("m1"), a_signed("m2", families=frozenset({"milk"})))
    found = planned(needing(coffee=9, milk=9), mandates=own)
    assert set(orders(found)) == {("coffee",), ("milk",)}


@pytest.mark.parametrize(("limit", "joined"), [(619, False), (620, True)])
def test_an_order_limit_holds_for_all_of_a_joined_order(limit, joined):
    found = planned(needing(coffee=9, milk=9), mandates=(replace(ALL, order_limit=usd(limit)),))
    assert (("coffee", "milk") in orders(found)) == joined


def waiting(**given):
    """Milk announced yesterday for the tenth, to be placed on the ninth."""
    known = {
        "state": State.WAITING,
        "deliver_by": day(10),
        "at": datetime(2017, 12, 9, 13, tzinfo=UTC),
        "family": "milk",
        "item_id": "m1",
        "price": usd(120),
        "cycle": "after:2017-11-04",
    }
    return an_execution("x1", **{**known, **given})


def test_a_need_joins_an_order_that_still_waits():
    found = planned(needing(coffee=8), executions=(waiting(),))
    (deed,) = deeds(found, NOW)
    assert deed.joins
    assert (deed.execution.execution_id, deed.execution.deliver_by) == ("x1", day(10))
    assert {line.need for line in deed.execution.lines} == {"coffee", "milk"}
    assert deed.execution.total == usd(620)
    assert deed.execution.due_at == datetime(2017, 12, 9, 13, tzinfo=UTC)
    assert deed.message.execution_id == "x1"


def test_the_order_waits_on_so_that_the_new_line_can_be_stopped_as_long_as_any():
    early = waiting(deliver_by=day(3), at=NOW + timedelta(hours=1))
    found = planned(needing(coffee=2), executions=(early,))
    (deed,) = deeds(found, NOW)
    assert deed.joins
    assert deed.execution.due_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "other",
    [
        {"deliver_by": day(2), "at": NOW + timedelta(hours=1)},  # its cut-off comes before a day is over
        {"deliver_by": None},
        {"mandate_id": "m2"},
        {"rung": Rung.SILENT},  # it would be announced after all
        {"rung": Rung.APPROVE},
        {"attempt": 1},  # it was sent once: under its key nothing else may be sent
        {"state": State.PLACING},
        {"at": NOW},  # it is being placed
    ],
)
def test_an_order_that_cannot_wait_or_is_another_kind_is_not_joined(other):
    found = planned(needing(coffee=8), executions=(waiting(**other),))
    assert not any(deed.joins for deed in deeds(found, NOW))


def test_without_a_shipping_cost_nothing_is_joined_to_what_waits():
    found = planned(needing(coffee=9), replace(DAILY, shipping_cost=0.0), executions=(waiting(),))
    assert not any(deed.joins for deed in deeds(found, NOW))


def about_to(**days):
    """A model that also knows of milk, which is needed in so many days, and of which half a gap is over in two."""
    model = needing(coffee=days["coffee"])
    since = replace(a_forecast().evidence, since_days=12.0, last_day=day_of(ago(12)))
    milk = replace(a_forecast("milk", "m1", days.get("sure", 0.95)), evidence=since)
    return FakeModel([*model.forecasts, milk], needed_in={"coffee": days["coffee"], "milk": days["milk"]})


def test_an_order_waits_for_a_need_whose_time_is_about_to_come_where_shipping_is_dear():
    found = planned(about_to(coffee=3, milk=6))
    assert orders(found) == {("coffee",): day(5)}  # milk is announced on the third at noon, and placed on the fourth
    (deed,) = deeds(found, NOW)
    assert deed.execution.due_at == datetime(2017, 12, 4, 13, tzinfo=UTC)
    cheap = planned(about_to(coffee=3, milk=6), replace(DAILY, shipping_cost=0.2))
    assert orders(cheap) == {("coffee",): day(4)}


def test_once_its_time_has_come_it_joins_the_order_that_waits_for_it():
    (first,) = deeds(planned(about_to(coffee=3, milk=6)), NOW)
    later = NOW + timedelta(days=2)
    model = FakeModel([a_forecast("milk", "m1")], needed_in={"milk": 4})
    second = planned(model, now=later, executions=(first.execution,))
    (deed,) = deeds(second, later)
    assert deed.joins
    assert {line.need for line in deed.execution.lines} == {"coffee", "milk"}
    assert later + timedelta(hours=24) <= deed.execution.due_at == first.execution.due_at
    assert deed.execution.deliver_by == day(5)


@pytest.mark.parametrize(
    "but",
    [
        {"mandates": (a_signed(),)},  # milk is not signed for
        {"preferences": Preferences(ceiling=Rung.VETO, family_ceilings={"milk": Rung.APPROVE})},
        {"sure": 0.6},  # below the bar
    ],
)
def test_nothing_is_waited_for_that_would_not_be_ordered_unasked(but):
    given = dict(but)
    found = planned(about_to(coffee=3, milk=6, sure=given.pop("sure", 0.95)), **given)
    assert orders(found) == {("coffee",): day(4)}


COSTS = st.sampled_from([0.0, 0.1, 0.5, 2.0, 8.0])
LEADS = st.integers(0, 4).map(lambda n: Lead(amount=n))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FAMILIES)), st.integers(0, 30), min_size=1), COSTS, LEADS, st.booleans())
def test_whatever_is_planned_keeps_the_notice_the_calendar_and_every_need_once(days, cost, lead, quiet):
    shop = replace(DAILY, shipping_cost=cost, lead=lead, leads={"FOOD": Lead(amount=2)})
    found = planned(needing(**days), shop, executions=(waiting(),) if quiet and "milk" not in days else ())
    made = [deed for deed in deeds(found, NOW) if deed.execution is not None]
    new = [line.need for deed in made for line in deed.execution.lines if not (deed.joins and line.need == "milk")]
    assert sorted(new) == sorted(one.need.family for one in found.experiences if one.execution is not None)
    for deed in made:
        one = deed.execution
        leads = [shop.lead_of(("FOOD",)) if line.need == "milk" else lead for line in one.lines]
        assert NOW + timedelta(hours=24) <= one.due_at
        assert one.due_at <= place_by(Arrival(day=one.deliver_by), shop, leads)
        assert deed.message is not None


# What is asked for


def asking(needed_by=None, calendar=DAILY, **given):
    request = Request(items=(("i1", 1), ("m1", 2)), needed_by=needed_by)
    return decided(a_context(), request=request, house=House(calendar=calendar), **given)


def test_an_order_that_can_be_there_in_time_says_until_when_it_must_be_confirmed():
    found = only_asked(asking(datetime(2017, 12, 8, tzinfo=UTC)))
    assert (found.met, found.deliver_by) == (True, day(7))
    assert found.place_by == datetime(2017, 12, 6, 14, tzinfo=UTC)
    assert found.earliest == day(2)


def test_one_that_cannot_says_how_early_it_may_be():
    found = only_asked(asking(datetime(2017, 12, 2, 12, tzinfo=UTC)))
    assert (found.met, found.deliver_by) == (False, day(2))
    slow = replace(DAILY, leads={"FOOD > MILK": Lead(amount=5)})
    assert only_asked(asking(datetime(2017, 12, 4, tzinfo=UTC), slow)).deliver_by == day(6)


def test_no_wish_is_answered_by_the_earliest_and_no_calendar_by_nothing():
    found = only_asked(asking())
    assert (found.met, found.deliver_by, found.place_by) == (None, day(2), datetime(2017, 12, 1, 14, tzinfo=UTC))
    without = asking(datetime(2017, 12, 8, tzinfo=UTC), None)
    assert only_asked(without) is None
    assert "delivery" not in document(without)["experiences"][0]["order"]


def test_the_answer_is_on_the_wire_and_in_words():
    found = document(asking(datetime(2017, 12, 8, tzinfo=UTC)))["experiences"][0]
    assert found["order"]["delivery"] == {
        "needed_by": "2017-12-08T00:00:00Z",
        "met": True,
        "deliver_by": "2017-12-07",
        "slot": None,
        "place_by": "2017-12-06T14:00:00Z",
        "earliest": "2017-12-02",
        "earliest_slot": None,
    }
    assert found["reason"].endswith("; confirmed by 14:00 on 6 December, it arrives on 7 December.")
    late = document(asking(datetime(2017, 12, 2, 12, tzinfo=UTC)))["experiences"][0]
    assert "it cannot be there by 12:00 on 2 December, but on 2 December" in late["reason"]


def only_asked(decision):
    """What the order that was asked for is promised."""
    (found,) = [one for one in decision.experiences if one.mode is Mode.RESPOND and one.order is not None]
    return found.order.delivery


# At placing


def test_a_promise_is_kept_while_it_can_be_and_then_the_earliest_is_given():
    one = waiting()
    in_time = datetime(2017, 12, 9, 14, tzinfo=UTC)
    assert next(possible(one, {}, DAILY, {}, in_time)) == Arrival(day=day(10))
    assert next(possible(one, {}, DAILY, {}, in_time + timedelta(seconds=1))) == Arrival(day=day(11))
    assert next(possible(replace(one, deliver_by=None), {}, DAILY, {}, in_time)) == Arrival(day=day(10))


# Rules, for orders of several lines


def line(item, family, cents, quantity=1):
    return DraftLine(item_id=item, family=family, quantity=quantity, unit_price=usd(cents))


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({}, []),
        ({"order_limit": usd(619)}, ["mandate.order_limit"]),
        ({"budget": usd(619)}, ["mandate.budget"]),
        ({"families": frozenset({"coffee"})}, ["mandate.item"]),
        ({"price_high": usd(300)}, ["mandate.price_high"]),  # of one line, not of their sum
        ({"earliest_interval": timedelta(days=200)}, ["mandate.earliest_interval"]),  # milk came 100 days ago
    ],
)
def test_a_mandate_is_asked_about_every_line_and_their_sum(terms, found):
    signed = replace(ALL, **terms)
    context = a_context(history=BOUGHT, mandates=(signed,), executions=(an_execution(family="milk", item_id="m1"),))
    said = rules.objections([line("i1", "coffee", 500), line("m1", "milk", 120)], signed, context, NOW)
    assert [one.rule for one in said] == found


def test_at_placing_each_line_is_looked_at_and_the_order_does_not_count_against_itself():
    both = (
        ExecutionLine(item_id="i1", need="coffee", cycle="after:2017-11-04", quantity=1, unit_price=usd(500)),
        ExecutionLine(item_id="m1", need="milk", cycle="after:2017-11-04", quantity=1, unit_price=usd(120)),
    )
    one = replace(waiting(at=ago(0)), lines=both, total=usd(620))
    signed = replace(ALL, budget=usd(620), order_limit=usd(620))
    context = a_context(history=BOUGHT, mandates=(signed,), executions=(one,), preferences=VETO)
    items = {item.item_id: item for item in items_but()}
    assert rules.at_placing(one, context, NOW, items) == []
    gone = items | {"m1": replace(items["m1"], available=False)}
    (said,) = rules.at_placing(one, context, NOW, gone)
    assert (said.rule, said.detail) == ("item.unavailable", {"item_id": "m1"})
    bought = replace(context, history=a_history(*((i, f, d) for f, i in FAMILIES.items() for d in (83, 27, 1))))
    assert {(o.rule, o.detail["family"]) for o in rules.at_placing(one, bought, NOW, items)} == {
        ("need.met", "coffee"),
        ("need.met", "milk"),
    }
