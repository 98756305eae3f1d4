"""The pages for readers name what the code has, in its order."""

import re
from pathlib import Path

import pytest

from engine.domain.customers import GoalKind, Purpose
from engine.domain.decisions import Mode, Rung, Stage

DOCS = Path(__file__).parents[2] / "docs"
CONCEPTS = (DOCS / "concepts.md").read_text()
GLOSSARY = (DOCS / "glossary.md").read_text()


def rows(text: str) -> list[str]:
    """The first cells of all tables, without emphasis."""
    return [cell.replace("*", "").strip() for cell in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)]


def test_the_stages_stand_in_the_order_in_which_they_run():
    named = [row for row in rows(CONCEPTS) if row in list(Stage)]
    assert named == list(Stage)


def test_the_experiences_and_consents_are_all_there():
    assert [row for row in rows(CONCEPTS) if row in list(Mode)] == list(Mode)
    assert [row for row in rows(CONCEPTS) if row in list(Purpose)] == list(Purpose)
    assert ", ".join(rung.label for rung in Rung) in CONCEPTS


def test_the_kinds_of_goals_are_all_there():
    for kind in GoalKind:
        assert kind.value.replace("_", " ") in CONCEPTS


WORDS = """
agency ceiling, rung, mandate, gate, certificate, promise, cycle, need, family, phase, lever, capability,
attention budget, forecast window, veto window, fence, lease, idempotency key, propensity, artifact, reject
"""


@pytest.mark.parametrize("term", [word.strip() for word in WORDS.split(",")])
def test_the_words_of_code_and_api_are_explained(term):
    assert term in rows(GLOSSARY)


def test_a_term_is_explained_once_and_in_one_line():
    terms = [row for row in rows(GLOSSARY) if row not in ("term", "---")]
    assert len(terms) == len(set(terms))
    assert all(line.endswith(" |") for line in GLOSSARY.splitlines() if line.startswith("| "))


def test_the_terms_of_a_section_are_in_order():
    for section in GLOSSARY.split("\n## ")[1:]:
        terms = [row.lower() for row in rows(section) if row not in ("term", "---")]
        assert terms == sorted(terms)
