"""The fields of the documentation's table, each in a rule; what a rule costs."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.domain.customers import Preferences
from engine.domain.decisions import DraftLine, Rung
from engine.domain.executions import State
from engine.domain.rules import Forbid, Rule
from engine.domain.shopping import Customer
from modes.cel import Failed, Language, Wrong
from modes.rules.facts import FIELDS, Subject
from modes.rules.language import compiled, held, language
from modes.rules.reading import Reader
from tests.builders import an_item, usd
from tests.modes.shop import NOW, a_context, a_history, ago, an_execution

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
ROWS = re.findall(r"^\| `([a-z_0-9.]+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(), re.M)


def subject(**given) -> Subject:
    """Two bags of beans for 4.99 each, announced at 5.20, silently, on a Friday noon in Berlin."""
    context = a_context(
        customer=Customer(customer_id="c7", locale="de-DE", attributes={"vip": True, "points": 12}),
        zone=ZoneInfo("Europe/Berlin"),
        history=a_history(
            ("i1", "coffee", 83), ("i1", "coffee", 55), ("i1", "coffee", 27), ("m1", "milk", 27), ("m1", "milk", 3)
        ),
        preferences=Preferences(ceiling=Rung.VETO),
        executions=(
            an_execution("x1", at=ago(10), price=usd(700)),
            an_execution("x2", at=ago(60)),
            an_execution("x3", state=State.VETOED, at=ago(9)),
            an_execution("x4", state=State.RETURNED, at=ago(200)),
        ),
    )
    known = {
        "context": context,
        "line": DraftLine(item_id="i1", family="coffee", quantity=2, unit_price=usd(499)),
        "item": an_item(
            "i1",
            name="Beans",
            category=("DRINKS", "COFFEE"),
            price=usd(510),
            attributes={"organic": True, "grams": 500},
        ),
        "rung": Rung.SILENT,
        "probability": 0.93,
        "total": usd(998),
        "announced": usd(520),
        "now": NOW,
    }
    return Subject(**{**known, **given})


HOLDS = {  # a rule on every field, true of the subject above
    "customer.customer_id": 'customer.customer_id == "c7"',
    "customer.timezone": 'customer.timezone == "Europe/Berlin"',
    "customer.locale": 'customer.locale.startsWith("de")',
    "customer.attributes": "customer.attributes.vip == true && customer.attributes.points >= 12",
    "customer.ceiling": 'customer.ceiling == "veto"',
    "customer.known_days": "customer.known_days == 83.0",
    "need.family": 'need.family == "coffee"',
    "need.quantity": "need.quantity == 2",
    "need.rung": 'need.rung == "silent"',
    "need.signed": "need.signed",
    "item.item_id": 'item.item_id == "i1"',
    "item.name": 'item.name.contains("ean")',
    "item.category": 'item.category == "DRINKS > COFFEE"',
    "item.categories": '"COFFEE" in item.categories && item.categories[0] == "DRINKS"',
    "item.family": 'item.family == "coffee"',
    "item.price": "item.price > 5.09 && item.price < 5.11",
    "item.price_minor": "item.price_minor == 510",
    "item.currency": 'item.currency == "USD"',
    "item.available": "item.available",
    "item.attributes": "has(item.attributes.organic) && item.attributes.grams == 500",
    "forecast.probability": "forecast.probability == 0.93",
    "forecast.purchases": "forecast.purchases == 3",
    "forecast.gap_days": "forecast.gap_days == 28.0",
    "forecast.since_days": "forecast.since_days == 27.0",
    "forecast.window_days": "forecast.window_days == 28",
    "price": "price > 4.98 && price < 5.0",
    "price_minor": "price_minor == 499",
    "price.line": "price.line > 9.97 && price.line < 9.99",
    "price.line_minor": "price.line_minor == 998",
    "price.order": "price.order > 9.97 && price.order < 9.99",
    "price.order_minor": "price.order_minor == 998",
    "price.currency": 'price.currency == "USD"',
    "price.announced": "price.announced > price",
    "price.announced_minor": "price.announced_minor == 520",
    "history.orders": "history.orders == 4",
    "history.since_days": "history.since_days == 3.0",
    "history.spent_28d_minor": "history.spent_28d_minor == 1500",
    "history.executions_28d": "history.executions_28d == 1",
    "history.executions_28d_minor": "history.executions_28d_minor == 700",
    "history.vetoed": "history.vetoed == 1",
    "history.returned": "history.returned == 1",
    "clock.now": 'clock.now == timestamp("2017-12-01T12:00:00Z") && clock.now.getHours("Europe/Berlin") == 13',
    "clock.hour": "clock.hour == 13",
    "clock.weekday": "clock.weekday == 5",
    "clock.day": "clock.day == 1",
    "clock.month": "clock.month == 12",
    "clock.date": 'clock.date == "2017-12-01"',
}


def told(when: str, one: Subject) -> bool:
    """Whether a rule is true of a line; it must be told."""
    found = list(held([Rule(rule_id="r", when=when, effect=Forbid())], one))
    assert all(each.error is None for each in found), found
    return bool(found)


def test_the_table_of_the_documentation_is_what_rules_see():
    assert [(name, field.type, field.unit, field.meaning) for name, field in FIELDS.items()] == ROWS
    assert list(HOLDS) == list(FIELDS)


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_a_rule_on_every_field(name):
    when = HOLDS[name]
    assert name in compiled(when).named
    checked = Reader(currency="USD", zone=ZoneInfo("UTC")).document(
        {"rules": [{"id": "r", "when": when, "effect": "forbid"}]}
    )
    assert checked.problems == ()
    assert told(when, subject())
    assert not told(f"!({when})", subject())


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_has_a_value_of_its_type_where_nothing_is_known(name):
    bare = subject(
        context=a_context(history=a_history(), executions=(), mandates=(), preferences=Preferences()),
        item=None,
        probability=None,
        announced=None,
    )
    always = {"list": "size({0}) >= 0", "map": "size({0}) >= 0", "bool": "{0} || !{0}"}
    when = always.get(FIELDS[name].type, "{0} == {0}").format(name)
    assert told(when, bare)


def test_what_never_was_is_told_so():
    bare = subject(context=a_context(history=a_history()))
    assert told("customer.known_days == -1.0 && forecast.since_days == -1.0 && history.since_days == -1.0", bare)


def test_the_facts_of_later_are_those_of_later():
    later = subject(now=NOW + timedelta(hours=12))
    assert told("clock.hour == 1 && clock.day == 2 && clock.weekday == 6 && forecast.since_days == 27.5", later)


def test_of_two_rules_one_that_fails_does_not_hide_the_other():
    rules = [Rule(rule_id=id, when=when, effect=Forbid()) for id, when in (("a", "1 / 0 == 1"), ("b", "true"))]
    found = {one.rule.rule_id: one.error for one in held(rules, subject())}
    assert found["b"] is None
    assert "divide by zero" in found["a"]


def test_a_value_of_another_type_is_not_true():
    tea = Language({"box": "map"}, longest=100)
    condition = tea.compile("box.a == 1")
    assert condition.holds({"box": {"a": 1}})
    with pytest.raises(Failed):
        condition.holds({"box": {}})
    with pytest.raises(Failed):
        condition.holds({})
    with pytest.raises(Wrong):
        tea.compile("box.a")  # of any type: what is not known to be true or false is no condition


def test_a_rule_is_compiled_once_and_costs_microseconds():
    when = 'price.order > 50.0 && "ALCOHOL" in item.categories && need.quantity > 1'
    assert compiled(when) is compiled(when)
    condition, rules = compiled(when), [Rule(rule_id=f"r{n}", when=when, effect=Forbid()) for n in range(100)]
    one, spent = subject(), []
    list(held(rules, one))
    for _ in range(5):
        begun = time.thread_time()
        list(held(rules, one))
        spent.append(time.thread_time() - begun)
    assert min(spent) / len(rules) < 200e-6
    assert condition.named
    assert language() is language()
    assert replace(one, rung=Rung.VETO).rung is Rung.VETO
