"""A shop's parameters from YAML: strict, complete, and never a traceback."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import Settings
from engine.domain.decisions import Rung
from engine.errors import InputError
from modes import parameters
from modes.parameters import policy_of
from modes.policy import DIGEST, Chance, Harm, Mask, Worth

SHIPPED = (Path(parameters.__file__).parents[1] / "jobs" / "policy.yaml").read_text(encoding="utf-8")
WORDS = [*parameters.told(parameters.LIVE), "worth.wrong", "veto", "FOOD > MILK", "at_most", "families", "agency"]


def named(text: str) -> set[str]:
    """The fields that the error names, each behind the name of the file."""
    with pytest.raises(InputError) as told:
        parameters.read(text, "shop.yaml")
    assert all(problem.field.startswith("shop.yaml") for problem in told.value.problems)
    return {problem.field.removeprefix("shop.yaml: ") for problem in told.value.problems}


def test_the_shipped_file_is_the_defaults():
    assert parameters.read(SHIPPED, "policy.yaml") == parameters.LIVE == policy_of(Settings.from_env({}))
    assert parameters.read("", "policy.yaml") == parameters.LIVE
    assert yaml.safe_load(SHIPPED) == parameters.told(parameters.LIVE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("promise: dear\nworth: [1", "line 2, column 10: expected ',' or ']', came '<stream end>'"),
        ("a: b: c", "line 1, column 5: expected YAML, came none (mapping values are not allowed here)"),
        ("a: 1\na: 2", "line 2, column 1: expected YAML, came none (a is told twice)"),
        ("- a\nb: 1", "line 2, column 1: expected <block end>, came '?'"),
    ],
)
def test_a_text_that_is_no_yaml_is_told_in_one_line_with_its_place(text: str, said: str):
    with pytest.raises(InputError) as told:
        parameters.read(text, "policy.yaml")
    assert str(told.value) == f"policy.yaml: {said}"


def test_the_example_is_the_policy_that_did_best_in_the_invented_worlds():
    example = Path(parameters.__file__).parents[1] / "docs" / "examples" / "digest.yaml"
    assert parameters.read(example.read_text(encoding="utf-8"), "digest.yaml") == replace(DIGEST, chance=Chance())


def test_every_parameter_of_the_shipped_file_stands_under_a_line_that_tells_what_it_is():
    lines = SHIPPED.splitlines()
    named_so_far = {
        found[1]: before.strip()
        for before, line in pairwise(["", *lines])
        if (found := re.match(r"\s*(\w+):(?: |$)", line)) and not line.startswith("#")
    }
    wanted = {*parameters.told(parameters.LIVE), *(one.name for kind in (Chance, Harm, Worth) for one in fields(kind))}
    assert set(named_so_far) == wanted
    told = {"attention_scale", "orders", "days"}  # told of one line above
    assert all(before.startswith("#") for name, before in named_so_far.items() if name not in told)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("promises: 0.9", "promises"),
        ("promise: 1", "promise"),
        ("promise: '0.9'", "promise"),
        ("promise: .nan", "promise"),
        ("promise: true", "promise"),
        ("messages: 2.5", "messages"),
        ("messages: -1", "messages"),
        ("chance: 0.1", "chance"),
        ("chance: {hold_back: 0.6}", "chance.hold_back"),
        ("harm: {orders: 0}", "harm.orders"),
        ("worth: {wrong: {veto: -1}}", "worth.wrong.veto"),
        ("worth: {wrong: {vetoes: 1}}", "worth.wrong.vetoes"),
        ("worth: {wrong: 3}", "worth.wrong"),
        ("worth: {missed: 0}", "worth.missed"),
        ("worth: {success: {veto: 1.2}}", "worth.success.veto"),
        ("worth: {margin: {veto: .inf}}", "worth.margin.veto"),
        ("categories: {FOOD: {wrongs: 1}}", "categories.FOOD.wrongs"),
        ("categories: {FOOD > MILK: {agency: 2}}", "categories.FOOD > MILK.agency"),
        ("categories: {'FOOD >MILK > ': {agency: 1}}", "categories.FOOD >MILK > "),
        ("categories: {3: {}}", "categories.3"),
        ("stakes: 10", "stakes"),
        ("stakes: [10, 5]", "stakes"),
        ("stakes: [0]", "stakes"),
        ("masks: {families: [x]}", "masks"),
        ("masks: [{families: x}]", "masks.0.families"),
        ("masks: [{at_most: coach}]", "masks.0"),
        ("masks: [{families: [x], at_most: veto}]", "masks.0.at_most"),
        ("masks: [{family: [x]}]", "masks.0.family"),
        ("masks: [{families: [x], at_most: [1]}]", "masks.0.at_most"),
        ("promise: 0.9\npromise: 0.8", "line 2, column 1"),
        ("worth: &w {agency: 0.5}\ncategories: {FOOD: *w}", "line 2, column 20"),
        ("- 3", "shop.yaml"),
        ("promise: [", "line 1, column 11"),
        ("promise: 2001-99-99", "shop.yaml"),
        (f"promise: 0x{'f' * 5000}", "promise"),
        (f"{'[' * 3000}", "shop.yaml"),
    ],
)
def test_what_is_wrong_is_named(text, field):
    assert field in named(text)


def test_all_that_is_wrong_is_told_at_once():
    text = "promise: most\nworth: {agency: 2, wrong: {silent: x}}\ncategories: {A: {scope: -1}}\nmask: []"
    assert named(text) == {"promise", "worth.agency", "worth.wrong.silent", "categories.A.scope", "mask"}


def test_a_category_stands_on_the_level_above_it_and_that_on_the_shop():
    text = "worth: {missed: 2, wrong: {veto: 1}}\ncategories: {FOOD > MILK: {delay: 3}, FOOD: {wrong: {silent: 5}}}"
    found = parameters.read(text, "shop.yaml")
    milk, food, toys = (found.worth_of(path) for path in (("FOOD", "MILK"), ("FOOD", "TEA"), ("TOYS",)))
    assert (milk.missed, milk.delay, milk.wrong[Rung.VETO], milk.wrong[Rung.SILENT]) == (2, 3, 1, 5)
    assert (food.delay, food.wrong[Rung.SILENT], toys.wrong[Rung.SILENT], toys.wrong[Rung.VETO]) == (1.5, 5, 4, 1)


def test_settings_say_which_file_is_in_force(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "policy.yaml").write_text("promise: 0.8")
    (tmp_path / "other.yaml").write_text("messages: 7\nmasks: [{families: [wine]}]")
    usual = {"RAPPORT_HOME": str(home)}
    other = {**usual, "RAPPORT_POLICY": str(tmp_path / "other.yaml"), "RAPPORT_VETO_WINDOW": "12h"}
    found = policy_of(Settings.from_env(other))
    assert policy_of(Settings.from_env(usual)).promise == 0.8
    assert (found.promise, found.messages, found.masks) == (0.9, 7, (Mask(families=frozenset(["wine"])),))
    assert (found.veto_window.total_seconds(), found.chance) == (12 * 3600, Chance())
    with pytest.raises(InputError, match=r"RAPPORT_POLICY: expected a file that can be read"):
        Settings.from_env({**usual, "RAPPORT_POLICY": str(tmp_path / "none.yaml")})
    (tmp_path / "other.yaml").write_bytes(b"promise: \xff")
    with pytest.raises(InputError, match="UTF-8"):
        Settings.from_env(other)


numbers = st.floats(allow_nan=True) | st.integers() | st.booleans() | st.none() | st.dates()
texts = st.sampled_from(WORDS) | st.text(max_size=5)
unhurried = settings(deadline=None)
anything = st.recursive(
    numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@unhurried
@given(anything | st.dictionaries(st.sampled_from(WORDS), anything, max_size=5))
def test_whatever_a_file_holds_it_is_a_policy_or_an_input_error(document):
    _read(yaml.safe_dump(document, allow_unicode=True))


@unhurried
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_whatever_a_text_is_it_is_a_policy_or_an_input_error(text):
    _read(text)


@unhurried
@given(st.text(alphabet="!&*<>:{}[]-?|#'\"\n pmrow0.9x~=", max_size=40), st.sampled_from(WORDS))
def test_what_looks_like_yaml_is_a_policy_or_an_input_error(text, word):
    _read(f"{word}: {text}")
    _read(f"!!int {text}")


def _read(text: str) -> None:
    try:
        found = parameters.read(text, "any.yaml")
    except InputError:
        return
    assert parameters.read(parameters.written(found), "again.yaml") == found


def test_a_policy_told_again_is_the_same():
    mask = Mask(families=frozenset("ab"), categories=frozenset(["X > Y"]), at_most=Rung.RESPOND)
    base = replace(parameters.LIVE, stakes=(5.0, 20.0), masks=(mask,), harm=Harm(orders=1, days=7.0))
    rich = replace(base, categories={"X": Worth(missed=9.0), "X > Y": Worth(delay=0.0)})
    assert parameters.read(parameters.written(rich), "again.yaml") == rich
