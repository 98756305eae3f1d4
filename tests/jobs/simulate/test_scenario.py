"""Scenarios from YAML: what they leave out is like another, what is wrong is named."""

import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from engine.errors import InputError
from jobs.simulate import scenario

GROCERY = (scenario.SHIPPED / "grocery.yaml").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    """The fields that a scenario's error names."""
    with pytest.raises(InputError) as told:
        scenario.read(text, "mine")
    return {problem.field for problem in told.value.problems}


def test_the_shipped_ones_differ_in_what_they_say_and_in_nothing_else():
    grocery, regular, touchy = (scenario.of(name) for name in ("grocery", "regular", "touchy"))
    assert scenario.shipped() == ("grocery", "regular", "touchy")
    assert regular.habits.elsewhere < grocery.habits.elsewhere
    assert (regular.people, regular.worth, regular.moods) == (grocery.people, grocery.worth, grocery.moods)
    assert touchy.moods.touchiness == 3 * grocery.moods.touchiness
    assert (touchy.habits, touchy.moods.calm) == (grocery.habits, grocery.moods.calm)


def test_every_parameter_has_a_line_that_tells_what_it_is():
    lines = GROCERY.splitlines()
    told = set()
    for before, line in pairwise(lines):
        name = re.match(r"\s*(\w+): \S", line)
        if name:
            assert before.strip().startswith("# "), line
            told.add(name[1])
    groups = scenario.GROUPS
    wanted = {one.name for one in fields(scenario.Scenario)} - {"name", *groups}
    assert told == wanted | {one.name for kind in groups.values() for one in fields(kind)}


def test_a_file_gives_what_differs(tmp_path):
    file = tmp_path / "corner shop.yaml"
    file.write_text("like: touchy\ncustomers: 12\nhabits: {elsewhere: 0.5}\n")
    found, touchy = scenario.of(str(file)), scenario.of("touchy")
    assert (found.name, found.customers, found.habits.elsewhere) == ("corner shop", 12, 0.5)
    assert (found.needs, found.habits.lead, found.moods) == (touchy.needs, touchy.habits.lead, touchy.moods)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("customers: many", "customers"),
        ("customers: 1.5", "customers"),
        ("customers: true", "customers"),
        ("customers: 0", "customers"),
        ("customer: 3", "customer"),
        ("burn_in: 330", "burn_in"),
        ("habits: 3", "habits"),
        ("habits: {gaps: 3}", "habits.gaps"),
        ("habits: {elsewhere: 1.1}", "habits.elsewhere"),
        ("habits: {elsewhere: null}", "habits.elsewhere"),
        ("habits: {gap: .nan}", "habits.gap"),
        ("habits: {gap: .inf}", "habits.gap"),
        ("habits: {gap_range: [9, 4]}", "habits.gap_range"),
        ("worth: {effort: [1, 0.5]}", "worth.effort"),
        ("people: {shares: [0.5, 0.5, 0.5]}", "people.shares"),
    ],
)
def test_what_is_wrong_is_named(line, field):
    assert named(f"like: grocery\n{line}\n") == {field}


def test_all_that_is_wrong_is_told_at_once():
    assert named("like: grocery\ndays: x\nmoods: {calm: 2, mood: 1}\n") == {"days", "moods.calm", "moods.mood"}


def test_without_a_likeness_everything_must_be_there():
    assert named("customers: 3") == {"needs", "days", "burn_in", *scenario.GROUPS}
    assert named("like: weekly") == {"like"}
    assert named("- 3") == {"mine"}
    assert named("habits: [") == {"mine: line 1, column 10"}
    assert scenario.read(GROCERY, "grocery") == scenario.of("grocery")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="a file that is there"):
        scenario.of(str(tmp_path / "no.yaml"))


def test_the_example_of_the_page_is_a_scenario():
    page = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text(encoding="utf-8")
    found = scenario.read(re.search(r"```yaml\n(.*?)```", page, re.S)[1], "shop")
    assert (found.customers, found.habits.gap, found.habits.elsewhere, found.moods.patience) == (200, 28.0, 0.3, 1.0)
