"""Rules as somebody wrote them: every mistake is told, and its place is pointed at."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.rules import (
    Cap,
    Every,
    Forbid,
    Gateway,
    Per,
    RaiseGate,
    RequireApproval,
    Rule,
    VetoWindow,
    kept,
    known,
)
from modes.rules import written
from modes.rules.reading import Checked, Reader
from tests.builders import usd

READER = Reader(currency="USD", zone=ZoneInfo("Europe/Berlin"))
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "rules.yaml"


def read(text: str) -> Checked:
    """The rules of a file."""
    return READER.text(text)


def one(when: str = '"true"', effect: str = "forbid", more: str = "") -> str:
    """A file of one rule; ``when`` stands at line 3, column 11, ``effect`` at line 4, column 13."""
    return f"rules:\n  - id: one\n    when: {when}\n    effect: {effect}\n{more}"


def test_the_example_is_sound():
    assert read(EXAMPLE.read_text()).problems == ()


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("forbid", Forbid()),
        ("{forbid: true}", Forbid()),
        ("require_approval", RequireApproval()),
        ("{raise_gate: {by: 0.05}}", RaiseGate(by=0.05)),
        ("{raise_gate: {by: 0.05, at_least: 1}}", RaiseGate(by=0.05, at_least=1.0)),
        ('{cap: {money: "100.00"}}', Cap(money=usd(10_000))),
        ('{cap: {money: "0", every: day, per: customer}}', Cap(money=usd(0), every=Every.DAY, per=(Per.CUSTOMER,))),
        ("{cap: {count: 3, every: month, per: item}}", Cap(count=3, every=Every.MONTH, per=(Per.ITEM,))),
        ("{cap: {count: 3, per: [family, customer]}}", Cap(count=3, per=(Per.CUSTOMER, Per.FAMILY))),
        ("{cap: {count: 3, per: [shop, item]}}", Cap(count=3, per=(Per.ITEM,))),
        ("{veto_window: 48h}", VetoWindow(length=timedelta(hours=48))),
        ("{gateway: cold-chain}", Gateway(name="cold-chain")),
    ],
)  # fmt: skip
def test_effects_are_read_and_kept(text, effect):
    checked = read(one(effect=text))
    assert checked.problems == ()
    (rule,) = checked.rules
    assert rule.effect == effect
    assert known("one", 7, kept(rule)) == Rule(rule_id="one", version=7, when="true", effect=effect)


def test_a_date_is_its_midnight_in_the_businesss_zone():
    (rule,) = read(one(more="    from: 2017-12-01\n    until: 2017-12-24T12:00:00Z\n")).rules
    assert rule.starts_at == datetime(2017, 11, 30, 23, tzinfo=UTC)
    assert rule.ends_at == datetime(2017, 12, 24, 12, tzinfo=UTC)


MALFORMED = [  # text, pointer, line, column, a word of what was expected
    ("rules: [\n", "", 2, 1, "YAML"),
    ("rules:\n\t- id: one\n", "", 2, 1, "YAML"),
    ("- id: one\n", "", 1, 1, "list of rules"),
    ("rules:\n  - forbid\n", "/rules/0", 2, 5, "a rule with id"),
    ("rules:\n  - id: one\n    when: 'true'\n", "/rules/0/effect", 2, 5, "effect"),
    ("rules:\n  - when: 'true'\n    effect: forbid\n", "/rules/0/id", 2, 5, "id"),
    ("rules:\n  - id: One Rule\n    when: 'true'\n    effect: forbid\n", "/rules/0/id", 2, 9, "small letters"),
    (one() + "  - id: one\n    when: 'false'\n    effect: forbid\n", "/rules/1/id", 5, 9, "each id once"),
    (one(more="    colour: red\n"), "/rules/0/colour", 5, 5, "one of id, when"),
    (one(more="    id: two\n"), "", 5, 5, "once"),
    (one("price > 50"), "/rules/0/when", 3, 17, "50.0"),
    (one("'price > 50.0 && item.colour == \"red\"'"), "/rules/0/when", 3, 32, "item.colour"),
    (one("|\n      price > 5.0 &&\n        need.family =="), "/rules/0/when", 5, 23, "sound condition"),
    (one("item.name"), "/rules/0/when", 3, 11, "string"),
    (one("1 == 1 == '2'"), "/rules/0/when", 3, 18, "overload"),
    (one("item.categories.exists(c, c == 'WINE')"), "/rules/0/when", 3, 34, "undeclared"),
    (one("item.name.matches('(a+)+')"), "/rules/0/when", 3, 28, "matches"),
    (one("item.name + 'x' == 'yx'"), "/rules/0/when", 3, 21, "overload"),
    (one("42"), "/rules/0/when", 3, 11, "condition in CEL"),
    (one(effect="banish"), "/rules/0/effect", 4, 13, "one of forbid"),
    (one(effect="{forbid: true, cap: {count: 1}}"), "/rules/0/effect", 4, 13, "one of forbid"),
    (one(effect="{cap: {money: 100}}"), "/rules/0/effect/cap/money", 4, 27, "in quotes"),
    (one(effect='{cap: {money: "1.001"}}'), "/rules/0/effect/cap/money", 4, 27, "2 decimals"),
    (one(effect='{cap: {money: "1_000"}}'), "/rules/0/effect/cap/money", 4, 27, "ASCII digits"),
    (one(effect='{cap: {money: "-1"}}'), "/rules/0/effect/cap/money", 4, 27, "0 or more"),
    (one(effect='{cap: {money: "1", currency: dollars}}'), "/rules/0/effect/cap/currency", 4, 42, "ISO 4217"),
    (one(effect="{cap: {count: 1.5}}"), "/rules/0/effect/cap/count", 4, 27, "whole number"),
    (one(effect="{cap: {count: 1, per: planet}}"), "/rules/0/effect/cap/per", 4, 35, "one of shop"),
    (one(effect="{cap: {count: 1, every: year}}"), "/rules/0/effect/cap/every", 4, 37, "one of day"),
    (one(effect="{cap: {per: shop}}"), "/rules/0/effect/cap", 4, 19, "money, count"),
    (one(effect="{cap: {count: 1, limit: 3}}"), "/rules/0/effect/cap/limit", 4, 30, "one of money"),
    (one(effect="{raise_gate: {by: 2}}"), "/rules/0/effect/raise_gate/by", 4, 31, "from 0 to 1"),
    (one(effect="{veto_window: 10m}"), "/rules/0/effect/veto_window", 4, 27, "1h to 14d"),
    (one(effect="{gateway: 'http://x'}"), "/rules/0/effect/gateway", 4, 23, "name of a gateway"),
    (one(effect="{gateway: Cold}"), "/rules/0/effect/gateway", 4, 23, "name of a gateway"),
    (one(more="    from: yesterday\n"), "/rules/0/from", 5, 11, "ISO 8601"),
    (one(more="    from: 2017-12-01\n    until: 2017-11-01\n"), "/rules/0/until", 6, 12, "after from"),
    (one(more="    replaces: -1\n"), "/rules/0/replaces", 5, 15, "0 or more"),
    (one(more="    note: &x [1]\n"), "", 5, 11, "anchors"),
    (one(more="    note: !!str x\n"), "", 5, 11, "tags"),
    (one(more="    note: [x]\n"), "/rules/0/note", 5, 11, "text of at most"),
    (one() + "other: 1\n", "/other", 5, 1, "rules alone"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pointer", "line", "column", "word"), MALFORMED)
def test_a_mistake_is_told_with_its_place(text, pointer, line, column, word):
    (problem,) = read(text).problems
    assert (problem.pointer, problem.line, problem.column) == (pointer, line, column), problem.message
    assert word in problem.message
    assert f"line {line}, column {column}" in problem.message


def test_twenty_mistakes_in_one_file_are_twenty_messages_in_their_places():
    whens = ("price > 5", "item.colour == 'x'", "need.quantity", "'a' + 'b' == 'ab'", "[1].exists(x, x == 1)")
    rows = [f'  - id: r{n}\n    when: "{whens[n % 5]}"\n    effect: forbid\n' for n in range(10)]
    rows += [f"  - id: s{n}\n    when: 'true'\n    effect: {{cap: {{count: -{n + 1}}}}}\n" for n in range(10)]
    problems = read("rules:\n" + "".join(rows)).problems
    by_rule = {one.rule_id: one for one in problems}
    assert set(by_rule) == {f"{letter}{n}" for letter in "rs" for n in range(10)}
    assert {id: one.line for id, one in by_rule.items()} == {
        **{f"r{n}": 3 + 3 * n for n in range(10)},
        **{f"s{n}": 34 + 3 * n for n in range(10)},
    }


def test_what_is_sound_beside_a_mistake_is_read():
    checked = read(one() + "  - id: two\n    when: nonsense\n    effect: forbid\n")
    assert [rule.rule_id for rule in checked.rules] == ["one"]
    assert [one.rule_id for one in checked.problems] == ["two"]


def test_without_a_file_the_place_is_that_in_the_condition():
    (problem,) = READER.document({"rules": [{"id": "a", "when": "price >\n 5", "effect": "forbid"}]}).problems
    assert (problem.pointer, problem.line, problem.column) == ("/rules/0/when", 1, 7)


BOMBS = [
    "(" * 900 + "true" + ")" * 900,
    "[" * 60_000,
    "[\n" * 30_000,
    "- " * 40_000,
    "{a: " * 20_000,
    "!" * 999 + "true",
    one("'" + "(" * 480 + "true" + ")" * 480 + "'"),
    one("'" + "!" * 980 + "true'"),
    one("'" + "-" * 980 + "1 == 1'"),
    one("'" + "[" * 480 + "]" * 480 + " == []'"),
    one("'" + "true ? " * 140 + "true'"),
    one("'" + " || ".join(["true"] * 120) + "'"),
    one("'" + "1+" * 480 + "1 == 1'"),
    one("'" + "a." * 480 + "a'"),
    one("'[1,2,3].map(a, [1,2,3].map(b, [1,2,3].map(c, [a, b, c]))) == []'"),
    one("'[" + "1," * 480 + "1].size() > 0'"),
    one("'\"a\".matches(\"((((a{100}){100}){100}){100})\")'"),
    one("'" + "x" * 90_000 + "'"),
    "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nrules: [*c]\n",
    "rules: [" + "a," * 40_000 + "]",
    "\n".join(f"key{n}: value" for n in range(8_000)),
    "rules:\n" + "  - {id: r, when: 'true', effect: forbid}\n" * 2_000,
    "x" * 1_000_000,
    "\0" * 1_000,
    '"' * 50_000,
]  # fmt: skip


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_no_bomb_takes_long(text):
    """Measured in this thread's own time; the least of three tries."""
    spent = []
    for _ in range(3):
        begun = time.thread_time()
        checked = read(text)
        spent.append(time.thread_time() - begun)
    assert min(spent) < 0.1
    assert (
        checked.problems
        or text == one("'" + " || ".join(["true"] * 120) + "'")
        or "size()" in text
        or text[:3] == "rul"
    )


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_told(text):
    checked = read(text)
    assert checked.problems
    assert read(one(repr(text))).problems or read(one(repr(text))).rules


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["id", "when", "effect", "cap", "money", "per", "raise_gate", "by", "from"]),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_object_is_read_or_told(row):
    checked = READER.document({"rules": [row]})
    assert bool(checked.problems) != bool(checked.rules)


def test_places_are_those_of_the_text():
    text = 'rules:\n  - id: a\n    when: |\n      one\n      two\n    note: "x\\ty"\n'
    found = written.read(text)
    assert found.value == {"rules": [{"id": "a", "when": "one\ntwo\n", "note": "x\ty"}]}
    place = found.marks["/rules/0/when"].within(2, 3)
    assert text.splitlines()[place.line - 1][place.column - 1 :] == "o"


def test_a_gateway_that_is_not_there_is_a_mistake_where_it_is_known_which_there_are() -> None:
    text = one(effect="{gateway: cold-chain}")
    assert READER.text(text).problems == ()
    for there in ({"default"}, {"default", "cold-chain"}):
        found = replace(READER, gateways=frozenset(there)).text(text)
        assert bool(found.rules) == ("cold-chain" in there)
    [problem] = replace(READER, gateways=frozenset({"default", "fresh"})).text(text).problems
    assert (problem.pointer, problem.line, problem.column) == ("/rules/0/effect/gateway", 4, 23)
    assert problem.expected == "a gateway that is there (default, fresh)"
