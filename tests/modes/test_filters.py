"""A caller's condition: what it means is checked before, and what it cannot tell is left out."""

import time
from contextlib import suppress

import pytest

from engine.domain.values import Money
from engine.errors import InputError
from modes.filters import MAX_LENGTH, Filter
from tests.builders import an_item, usd

COFFEE = an_item(
    "i1",
    name="Beans",
    category=("DRINKS", "COFFEE"),
    family="coffee",
    price=usd(1_999),
    attributes={"organic": True, "weight": 500, "roast": "dark", "notes": ["nut"]},
)


@pytest.mark.parametrize(
    "source",
    [
        "item.price < 20.0",
        "item.price == 19.99",
        "item.price_minor == 1999",
        "item.currency == 'USD'",
        "item.available",
        "item.item_id == 'i1'",
        "item.name.startsWith('Be')",
        "item.category == 'DRINKS > COFFEE'",
        "'COFFEE' in item.categories",
        "item.family in ['coffee', 'tea']",
        "item.attributes.organic == true",
        "item.attributes.organic && item.available",
        "item.attributes['weight'] >= 500",
        "has(item.attributes.roast) && item.attributes.roast == 'dark'",
        "!(item.price > 20.0) && (item.available || item.price < 1.0)",
        "item.price < 1.0 ? false : true",
    ],
)
def test_what_is_true_of_an_item_keeps_it(source):
    assert Filter.parse(source).keeps(COFFEE) is True


@pytest.mark.parametrize("source", ["item.price < 19.99", "item.family == 'tea'", "!item.available", "false"])
def test_what_is_false_of_it_leaves_it_out(source):
    assert Filter.parse(source).keeps(COFFEE) is False


@pytest.mark.parametrize(
    "source",
    [
        "item.attributes.missing == 1",
        "item.attributes.missing != 1",
        "item.attributes.weight == 'heavy'.size() / 0",
        "1 / 0 == 1",
        "item.attributes.roast < 5",
        "item.attributes.roast && true",
        "item.attributes.notes[5] == 'nut'",
        "item.categories[7] == 'x'",
        "9223372036854775807 + item.price_minor > 0",
    ],
)
def test_what_cannot_be_told_keeps_nothing(source):
    assert Filter.parse(source).keeps(COFFEE) is False


@pytest.mark.parametrize(
    "source", ["item.price < 1.0", "item.price >= 0.0", "item.currency != 'USD'", "item.price_minor == 0"]
)
def test_an_item_without_a_price_is_neither_cheap_nor_dear(source):
    assert Filter.parse(source).keeps(an_item("i1", price=None)) is False


def test_the_price_is_that_of_the_currency():
    yen = an_item("i1", price=Money(minor=500, currency="JPY"))
    assert Filter.parse("item.price == 500.0 && item.price_minor == 500").keeps(yen)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("item.price <", "line 1, column 13"),
        ("item.price < 20.0 &&\n  item.colour == 'red'", "line 2, column 7"),
        ("item.price < '20'", "line 1, column 12"),
        ("nonsense", "line 1, column 1"),
        ("item.price < 20", "line 1, column 12"),
        ("item.prise < 20.0", "line 1, column 5"),
        ("item.name.matches('(.*a){20}x')", "line 1, column 18"),
    ],
)
def test_what_is_wrong_is_said_with_its_field_and_place(source, said):
    with pytest.raises(InputError) as raised:
        Filter.parse(source)
    (problem,) = raised.value.problems
    assert problem.field == "filter"
    assert said in problem.expected
    assert "\n" not in problem.expected


@pytest.mark.parametrize("source", ["item.price", "1", "'x'", "[true]", "item.attributes.organic"])
def test_what_is_no_condition_is_refused(source):
    with pytest.raises(InputError, match="true or false"):
        Filter.parse(source)


@pytest.mark.parametrize(
    "source",
    [
        "item.categories.all(c, c == 'x')",
        "item.categories.exists(c, c == 'x')",
        "item.categories.map(c, c).size() > 0",
        "item.name + item.name == 'x'",
        "item.categories + item.categories == []",
        "",
        "   ",
    ],
)
def test_loops_and_growth_are_no_part_of_it(source):
    with pytest.raises(InputError, match=r"^filter"):
        Filter.parse(source)


def test_a_condition_has_a_greatest_length():
    longest = "true" + " " * (MAX_LENGTH - 4)
    assert Filter.parse(longest).keeps(COFFEE)
    with pytest.raises(InputError, match="at most 1000 characters"):
        Filter.parse(longest + " ")


@pytest.mark.parametrize(
    "source",
    [
        "(" * 490 + "true" + ")" * 490,
        "[" * 490 + "]" * 490 + "== []",
        "!" * 990 + "true",
        "-" * 400 + "1 == 1",
        "true ? " * 140 + "true",
        "item.attributes" + ".a" * 480 + " == 1",
        "{1:" * 240 + "1" + "}" * 240 + "== 1",
    ],
)
def test_nothing_that_is_nested_deeply_takes_long_or_down(source):
    began = time.process_time()
    with suppress(InputError):
        Filter.parse(source).keeps(COFFEE)
    assert time.process_time() - began < 1


def test_what_is_nested_too_deeply_is_refused():
    with pytest.raises(InputError, match=r"nested|line 1"):
        Filter.parse("(" * 490 + "true" + ")" * 490)


@pytest.mark.parametrize("source", ["item.name == '\x00'", "item.name == 'é✓'", "item.name == '\\ud800'", "\x00"])
def test_odd_characters_are_read_or_refused(source):
    with suppress(InputError):
        assert Filter.parse(source).keeps(COFFEE) is False


@pytest.mark.parametrize("value", [None, {"deep": {"er": [1, None]}}, 10**30, float("nan"), "x" * 10_000, [], True])
def test_attributes_of_any_kind_do_no_harm(value):
    item = an_item("i1", attributes={"it": value})
    assert Filter.parse("item.available").keeps(item) in (True, False)
    assert Filter.parse("item.attributes.it == 'nothing like it'").keeps(item) is False
