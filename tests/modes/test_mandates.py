"""Nothing is placed that is not signed for at that instant: a fuzzer against a plain reading of the terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from engine.domain.customers import Grant, Mandate, Preferences
from engine.domain.decisions import DraftLine, Rung
from engine.domain.executions import Execution, State
from engine.domain.shopping import Item
from engine.domain.values import Money
from modes import rules
from modes.rules import at_placing
from tests.builders import an_item, usd
from tests.modes.shop import LONG_AGO, NOW, a_context, a_history, a_signed, ago, an_execution, consents

BUDGET = a_signed(budget=usd(2_000), budget_period=timedelta(days=30))


def due(**given: object) -> Execution:
    """An execution that waits, due now."""
    return an_execution("due", **{"state": State.WAITING, "at": NOW, **given})


def said(execution: Execution, now=NOW, item: Item | None = None, **given: object) -> list[str]:
    """The rules that speak against placing it now."""
    items = {"i1": an_item("i1", price=usd(500)) if item is None else item}
    return [one.rule for one in at_placing(execution, a_context(**given), now, items)]


def spent(*minors: int, **given: object) -> tuple[Execution, ...]:
    """Orders placed ten days ago under the mandate."""
    return tuple(an_execution(f"x{n}", at=ago(10), price=usd(minor), **given) for n, minor in enumerate(minors))


# The examples of the design


@pytest.mark.example(9)
@pytest.mark.parametrize(
    ("before", "objections"),
    [((1_501,), ["mandate.budget"]), ((1_500,), []), ((1_000, 501), ["mandate.budget"]), ((), [])],
)
def test_a_budget_is_spent_to_the_cent_and_not_beyond(before, objections):
    assert said(due(), mandates=(BUDGET,), executions=spent(*before)) == objections


@pytest.mark.example(9)
def test_after_the_last_cent_nothing_is_left():
    full = (*spent(1_500), an_execution("last", at=NOW, price=usd(500)))
    assert said(due(price=usd(1)), mandates=(BUDGET,), executions=full, item=an_item("i1", price=usd(1))) == [
        "mandate.budget"
    ]


def test_what_a_refusal_says_is_what_was_there():
    (found,) = at_placing(
        due(), a_context(mandates=(BUDGET,), executions=spent(1_501)), NOW, {"i1": an_item("i1", price=usd(500))}
    )
    assert found.detail == {"mandate_id": "m1", "signed": "20.00 USD", "asked": "5.00 USD", "before": "15.01 USD"}


@pytest.mark.parametrize("state", State)
def test_a_budget_counts_what_was_placed_and_may_have_been(state):
    counted = state in (State.PLACING, State.PLACED, State.CONFIRMED, State.KEPT, State.NEEDS_REVIEW)
    found = said(due(), mandates=(BUDGET,), executions=spent(1_501, state=state))
    assert ("mandate.budget" in found) == counted


def test_an_execution_does_not_stand_in_its_own_way():
    mandate = replace(BUDGET, budget=usd(500), earliest_interval=timedelta(days=7))
    placing = due(state=State.PLACING)
    assert said(placing, mandates=(mandate,), executions=(placing,)) == []


def test_a_budget_renews_from_day_to_day():
    old = an_execution("old", at=ago(30), price=usd(1_501))
    assert said(due(), mandates=(BUDGET,), executions=(old,)) == []
    fresh = replace(old, placed_at=ago(30) + timedelta(seconds=1))
    assert said(due(), mandates=(BUDGET,), executions=(fresh,)) == ["mandate.budget"]
    forever = replace(BUDGET, budget_period=None)
    assert said(due(), mandates=(forever,), executions=(old,)) == ["mandate.budget"]


def test_what_other_mandates_paid_for_is_not_counted():
    assert said(due(), mandates=(BUDGET,), executions=spent(1_501, mandate_id="m2")) == []


@pytest.mark.example(9)
def test_what_was_taken_back_between_deciding_and_placing_is_not_placed():
    assert said(due()) == []
    assert said(due(), mandates=(a_signed(revoked_at=NOW),)) == ["mandate.revoked"]
    assert said(due(), mandates=(a_signed(revoked_at=NOW + timedelta(seconds=1)),)) == []
    assert said(due(), mandates=()) == ["mandate.missing"]


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        ({"expires_at": NOW}, "mandate.expired"),
        ({"signed_at": NOW + timedelta(seconds=1)}, "mandate.not_yet"),
        ({"families": frozenset({"tea"})}, "mandate.item"),
        ({"price_high": usd(499)}, "mandate.price_high"),
        ({"price_low": usd(501)}, "mandate.price_low"),
        ({"order_limit": usd(499)}, "mandate.order_limit"),
        ({"budget": Money(minor=10**6, currency="EUR")}, "mandate.currency"),
        ({"price_high": Money(minor=10**6, currency="EUR")}, "mandate.currency"),
    ],
)
def test_each_term_is_held(terms, rule):
    assert said(due(), mandates=(a_signed(**terms),)) == [rule]


def test_the_quantity_of_a_waiting_order_is_held_to_what_is_signed_by_then():
    assert said(due(quantity=2), mandates=(a_signed(max_quantity=2),)) == []
    assert said(due(quantity=2), mandates=(a_signed(max_quantity=1),)) == ["mandate.max_quantity"]


def test_the_time_between_two_orders_is_held():
    weekly = a_signed(earliest_interval=timedelta(days=10))
    assert said(due(), mandates=(weekly,), executions=spent(500)) == []
    often = a_signed(earliest_interval=timedelta(days=10, seconds=1))
    assert said(due(), mandates=(often,), executions=spent(500)) == ["mandate.earliest_interval"]
    assert said(due(), mandates=(often,), executions=spent(500, family="tea")) == []
    assert said(due(), mandates=(often,), executions=spent(500, rung=Rung.APPROVE)) == []  # the customer said yes to it
    assert said(due(), mandates=(often,), executions=spent(500, state=State.VETOED)) == []


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (an_item("i1", available=False), "item.unavailable"),
        (an_item("i1", price=None), "item.price_unknown"),
        (an_item("i1", price=Money(minor=500, currency="EUR")), "item.price_unknown"),
    ],
)
def test_what_the_shop_cannot_sell_is_not_placed(item, rule):
    assert rule in said(due(), item=item)


def test_without_a_band_an_order_costs_no_more_than_was_told():
    unbounded = a_signed(price_high=None)
    assert said(due(), mandates=(unbounded,), item=an_item("i1", price=usd(501))) == ["item.price_risen"]
    assert said(due(), mandates=(unbounded,), item=an_item("i1", price=usd(499))) == []
    assert said(due(), item=an_item("i1", price=usd(600))) == []  # within the signed band


def test_a_yes_needs_no_mandate_and_holds_for_the_price_it_was_said_to():
    asked = due(rung=Rung.APPROVE, mandate_id=None)
    assert said(asked, mandates=()) == ["approval.missing"]
    approved = replace(asked, approved_at=ago(1))
    assert said(approved, mandates=()) == []
    assert said(approved, mandates=(), item=an_item("i1", price=usd(501))) == ["item.price_risen"]
    assert said(approved, mandates=(), preferences=Preferences(ceiling=Rung.RESPOND)) == []


@pytest.mark.parametrize("purpose", ["automation", "personalization"])
@pytest.mark.parametrize("rung", [Rung.APPROVE, Rung.VETO, Rung.SILENT])
def test_a_consent_that_was_taken_back_stops_every_order(purpose, rung):
    execution = due(rung=rung, approved_at=ago(1))
    assert said(execution, consents=consents(**{purpose: Grant.REFUSED})) == [f"consents.{purpose}"]


def test_a_ceiling_that_was_lowered_stops_what_is_above_it():
    lowered = Preferences(ceiling=Rung.VETO)
    assert said(due(rung=Rung.SILENT), preferences=lowered) == ["preferences.ceiling"]
    assert said(due(rung=Rung.VETO), preferences=lowered) == []
    assert said(due(), preferences=Preferences()) == ["preferences.ceiling"]
    families = Preferences(ceiling=Rung.SILENT, family_ceilings={"coffee": Rung.APPROVE})
    assert said(due(), preferences=families) == ["preferences.family_ceilings.coffee"]


def test_a_pause_holds_at_placing():
    assert said(due(), preferences=Preferences(ceiling=Rung.SILENT, paused=True)) == ["preferences.paused"]


def test_what_the_customer_bought_in_the_meantime_is_not_ordered():
    waiting = due(cycle="after:2017-11-04")
    assert said(waiting) == []
    again = a_history(("i1", "coffee", 27), ("i2", "coffee", 0.5))
    assert said(waiting, history=again) == ["need.met"]
    assert said(waiting, history=a_history(("i1", "coffee", 27), ("m1", "milk", 0.5))) == []
    assert said(replace(waiting, rung=Rung.APPROVE, approved_at=NOW), history=again) == []


# The fuzzer: a life of one mandate, and after each event the order is tried


class Life:
    """A mandate, orders and a shelf as events leave them; what the tests know of them is kept plain."""

    def __init__(self) -> None:
        self.now = NOW
        self.mandate: Mandate | None = None
        self.price = 500
        self.available = True
        self.automation = True
        self.ceiling = Rung.SILENT
        self.placed: list[tuple[object, int]] = []  # when, and what it cost
        self.number = 0

    def happen(self, kind: str, value: int) -> None:
        """One event."""
        getattr(self, kind)(value)

    def sign(self, value: int) -> None:
        """The mandate is signed anew, under the same id."""
        self.mandate = a_signed(signed_at=self.now, price_high=usd(600), budget=usd(2_000), max_quantity=2)

    def edit(self, value: int) -> None:
        """One of its terms is changed."""
        terms = [
            {"price_high": usd(value)},
            {"price_low": usd(value)},
            {"budget": usd(4 * value)},
            {"budget_period": timedelta(days=value % 40 + 1)},
            {"max_quantity": value % 3 + 1},
            {"order_limit": usd(2 * value)},
            {"earliest_interval": timedelta(days=value % 10)},
            {"families": frozenset({"tea"}), "items": frozenset({"i1"} if value % 2 else {"i2"})},
            {"families": frozenset(), "substitutes": ("i2", "i1") if value % 2 else ("i2",)},
        ]
        if self.mandate is not None:
            self.mandate = replace(self.mandate, **terms[value % len(terms)])

    def revoke(self, value: int) -> None:
        """It is taken back, now or soon."""
        if self.mandate is not None:
            self.mandate = replace(self.mandate, revoked_at=self.now + timedelta(hours=value % 3))

    def expire(self, value: int) -> None:
        """It is given an end, maybe in the past."""
        if self.mandate is not None:
            self.mandate = replace(self.mandate, expires_at=self.now + timedelta(hours=value % 7 - 2))

    def reprice(self, value: int) -> None:
        """The shelf changes."""
        self.price, self.available = value, value % 11 != 0

    def jump(self, value: int) -> None:
        """Time passes."""
        self.now += timedelta(hours=value % 400)

    def consent(self, value: int) -> None:
        """Automation is granted or not."""
        self.automation = value % 4 != 0

    def lower(self, value: int) -> None:
        """A ceiling is stated."""
        self.ceiling = Rung(value % 3 + 3)

    def context(self):
        """What the worker would read."""
        done = [
            an_execution(f"done{n}", at=at, price=usd(cost), family="coffee")
            for n, (at, cost) in enumerate(self.placed)
        ]
        return a_context(
            mandates=() if self.mandate is None else (self.mandate,),
            executions=tuple(done),
            preferences=Preferences(ceiling=self.ceiling),
            consents=consents() if self.automation else consents(automation=Grant.UNSET),
        )

    def may_place(self, quantity: int, rung: Rung) -> bool:
        """The terms read plainly, in cents."""
        signed, cost = self.mandate, self.price * quantity
        if signed is None or not self.available or not self.automation or rung > self.ceiling:
            return False
        if signed.revoked_at is not None and signed.revoked_at <= self.now:
            return False
        if signed.expires_at is not None and signed.expires_at <= self.now:
            return False
        if "coffee" not in signed.families and "i1" not in signed.items and "i1" not in signed.substitutes:
            return False
        if self.price > signed.price_high.minor or (signed.price_low and self.price < signed.price_low.minor):
            return False
        if quantity > signed.max_quantity or (signed.order_limit and cost > signed.order_limit.minor):
            return False
        if signed.earliest_interval is not None and any(
            self.now - at < signed.earliest_interval for at, _ in self.placed
        ):
            return False
        period = signed.budget_period or timedelta(days=10_000)
        return sum(paid for at, paid in self.placed if self.now - at < period) + cost <= signed.budget.minor

    def place(self, quantity: int, rung: Rung) -> None:
        """The order is tried; what is placed is remembered."""
        self.number += 1
        execution = due(quantity=quantity, price=usd(self.price), rung=rung)
        item = an_item("i1", price=usd(self.price), available=self.available)
        objections = at_placing(execution, self.context(), self.now, {"i1": item})
        assert (not objections) == self.may_place(quantity, rung), [one.rule for one in objections]
        if not objections:
            self.placed.append((self.now, self.price * quantity))


KINDS = ("sign", "edit", "edit", "edit", "revoke", "expire", "reprice", "reprice", "jump", "consent", "lower")
events = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 1_200)), max_size=25)
orders = st.tuples(st.integers(1, 3), st.sampled_from([Rung.VETO, Rung.SILENT]))


@pytest.mark.example(9)
@given(events, st.lists(orders, min_size=26, max_size=26))
@settings(max_examples=250, deadline=None)
def test_every_placed_order_was_signed_for_at_that_instant(events, orders):
    life = Life()
    life.sign(0)
    for (kind, value), (quantity, rung) in zip([("jump", 0), *events], orders, strict=False):
        life.happen(kind, value)
        life.place(quantity, rung)
    event(f"placed {min(len(life.placed), 5)}")


@pytest.mark.example(9)
@given(st.lists(st.integers(1, 900), max_size=12), st.integers(1, 3_000))
def test_the_orders_of_a_period_never_come_to_more_than_the_budget(prices, budget):
    mandate, placed = a_signed(price_high=None, budget=usd(budget), budget_period=timedelta(days=30)), []
    for n, price in enumerate(prices):
        execution = an_execution(f"n{n}", at=NOW + timedelta(hours=n), price=usd(price))
        context = a_context(mandates=(mandate,), executions=tuple(placed))
        item = an_item("i1", price=usd(price))
        if not at_placing(replace(execution, state=State.PLACING), context, NOW + timedelta(hours=n), {"i1": item}):
            placed.append(execution)
        assert total(placed) <= budget


def total(placed: Iterable[Execution]) -> int:
    """What was spent, cents."""
    return sum(one.total.minor for one in placed)


# Which mandate carries an order


def test_of_several_mandates_the_one_that_objects_least_carries_the_order():
    strict, wide = a_signed("m1", price_high=usd(400)), a_signed("m2", signed_at=LONG_AGO - timedelta(days=1))
    line = DraftLine(item_id="i1", family="coffee", quantity=1, unit_price=usd(500))
    for mandates in ((strict, wide), (wide, strict)):
        mandate, objections = rules.nearest([line], a_context(mandates=mandates), NOW)
        assert (mandate.mandate_id, objections) == ("m2", [])


def test_of_equals_the_later_signed_one_carries_it():
    line = DraftLine(item_id="i1", family="coffee", quantity=1, unit_price=usd(500))
    old, new = a_signed("m1"), a_signed("m2", signed_at=ago(1))
    for mandates in ((old, new), (new, old)):
        assert rules.nearest([line], a_context(mandates=mandates), NOW)[0].mandate_id == "m2"


@given(st.integers(1, 700), st.integers(1, 9), st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 2_000))
def test_the_room_of_a_mandate_is_the_most_that_it_carries(price, most, limit, budget, drawn):
    mandate = a_signed(price_high=None, max_quantity=most, order_limit=usd(limit), budget=usd(budget))
    context = a_context(mandates=(mandate,), executions=spent(drawn))

    def carried(quantity: int) -> bool:
        line = DraftLine(item_id="i1", family="coffee", quantity=quantity, unit_price=usd(price))
        return not rules.objections([line], mandate, context, NOW)

    line = DraftLine(item_id="i1", family="coffee", quantity=1, unit_price=usd(price))
    assert rules.room(line, mandate, context, NOW) == max((n for n in range(1, 10) if carried(n)), default=0)
