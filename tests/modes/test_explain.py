"""Every rule has a sentence, and every sentence is about the facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from engine.domain.customers import Preferences
from engine.domain.decisions import Removal, Rung, Stage
from engine.domain.executions import State
from engine.domain.values import Money
from modes import explain, phrases
from modes.phrases import ENGLISH
from modes.rules import at_placing
from modes.words import source
from tests.builders import an_event, an_item, usd
from tests.modes.shop import (
    NEW_YORK,
    NOW,
    FakeModel,
    a_context,
    a_forecast,
    a_history,
    a_record,
    a_signed,
    ago,
    an_execution,
    decided,
    of,
    only,
    rung,
)
from tests.modes.worlds import contexts, made, situations

FOLDER = Path(modes.__file__).parent
MAKERS = {"_said", "_not"}
EUR = Money(minor=500, currency="EUR")
CEILINGS = ("preferences.ceiling", "preferences.category_ceilings", "preferences.family_ceilings")


def named() -> Iterator[str]:
    """Every rule that the code of modes spells out."""
    for file in sorted(FOLDER.rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            given_ = [word.value for word in call.keywords if word.arg == "rule"]
            if isinstance(call.func, ast.Name) and call.func.id in MAKERS:
                given_ += call.args[:1]
            yield from (node.value for node in given_ if isinstance(node, ast.Constant) and isinstance(node.value, str))


RULES = sorted(set(named()) - {"preferences.ceiling"})


def key(rule: str) -> str:
    """Under which key the words of a rule stand."""
    return rule.replace(".", "-")


def sentence_of(rule: str) -> str:
    """The English template of a rule, as it is written."""
    return re.search(rf"^{key(rule)} = (.+)$", source("en"), re.MULTILINE)[1]


def test_the_rules_are_found():
    assert {"mandate.missing", "certificate.shut", "attention.spent", "execution.open", "item.price_risen"} <= set(
        RULES
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_that_is_named_has_a_sentence(rule):
    assert sentence_of(rule).endswith(".")


@pytest.mark.parametrize("kind", ["forbid", "require_approval", "raise_gate", "cap", "failed"])
def test_every_objection_of_an_operators_rule_has_a_sentence(kind):
    assert sentence_of(f"rule.{kind}").endswith(".")


@pytest.mark.parametrize("purpose", ["personalization", "coaching", "automation"])
def test_every_consent_that_may_lack_has_a_sentence(purpose):
    assert sentence_of(f"consents.{purpose}")


@pytest.mark.parametrize(
    "rule",
    ["price_low", "price_high", "order_limit", "budget", "max_quantity", "earliest_interval", "currency", "item"],
)
def test_every_term_of_a_mandate_has_a_sentence(rule):
    assert sentence_of(f"mandate.{rule}")


def check(found: Removal) -> None:
    """The sentence is of the rule, and every fact in it was there."""
    sentence = explain.removal(found)
    assert sentence != ENGLISH.say("plain")
    assert "{" not in sentence
    assert ENGLISH.knows(key(found.rule)) or found.rule.startswith(CEILINGS)


@given(situations())
@settings(max_examples=150, deadline=None)
def test_whatever_is_removed_is_explained_with_its_facts(situation):
    for one in made(situation).experiences:
        for mode in one.considered:
            for removed in [mode.removed_by, *(each.removed_by for each in mode.rungs)]:
                if removed is not None:
                    check(removed)


@given(contexts, st.sampled_from([None, usd(1), usd(900), EUR]), st.integers(1, 9), st.sampled_from([3, 4, 5]))
@settings(max_examples=150, deadline=None)
def test_whatever_is_refused_at_placing_is_explained_with_its_facts(context, price, quantity, rung):
    execution = an_execution("due", state=State.WAITING, at=NOW, quantity=quantity, rung=Rung(rung))
    for items in ({}, {"i1": an_item("i1", price=price, category=("DRINKS",))}):
        for objection in at_placing(execution, context, NOW, items):
            check(objection.removal())


@pytest.mark.parametrize(
    ("rule", "detail", "sentence"),
    [
        (
            "preferences.ceiling",
            {"ceiling": "coach", "stated": True},
            "You said how much may be done for you: at most coach.",
        ),
        (
            "preferences.family_ceilings.oat.milk",
            {"ceiling": "coach", "stated": True},
            "You said how much may be done for you: at most coach.",
        ),
        (
            "mandate.budget",
            {"before": "15.01 USD", "asked": "5.00 USD", "signed": "20.00 USD"},
            "With the 15.01 USD already spent, 5.00 USD more would be above the 20.00 USD you signed for.",
        ),
        (
            "certificate.below",
            {"probability": 0.8412, "threshold": 0.9},
            "We are 84% sure that you need it, and order unasked only from 90% on.",
        ),
        (
            "certificate.shut",
            {"promise": 0.9},
            "There is no proof yet that ordering unasked would be right 90% of the time.",
        ),
    ],
)
def test_sentences(rule, detail, sentence):
    assert explain.removal(Removal(stage=Stage.RULE, rule=rule, detail=detail)) == sentence


def test_a_ceiling_that_nobody_stated_is_not_said_to_be_stated():
    found = rung(only(decided(a_context(preferences=Preferences()))), Rung.SILENT).removed_by
    assert found.rule == "preferences.ceiling"
    assert "You said" not in explain.removal(found)


# Why a customer is given what they are given


@pytest.mark.parametrize(
    ("ceiling", "reason"),
    [
        (
            Rung.SILENT,
            "You buy coffee about every 28 days and last did 27 days ago, so 1 × Beans for 5.00 USD is being ordered "
            "for you, as you signed for.",
        ),
        (
            Rung.VETO,
            "You buy coffee about every 28 days and last did 27 days ago, so 1 × Beans for 5.00 USD will be ordered "
            "for you at 12:00 on 2 December unless you stop it.",
        ),
        (
            Rung.APPROVE,
            "You buy coffee about every 28 days and last did 27 days ago: shall we order 1 × Beans for 5.00 USD? "
            "We ask until 12:00 on 3 December.",
        ),
        (
            Rung.CURATE,
            "You buy coffee about every 28 days and last did 27 days ago: here are some to choose from.",
        ),
        (
            Rung.RESPOND,
            "You buy coffee about every 28 days and last did 27 days ago: 1 × Beans can be ordered whenever you like.",
        ),
    ],
)
def test_the_reason_of_each_rung(ceiling, reason):
    assert only(decided(a_context(preferences=Preferences(ceiling=ceiling)))).reason == reason


def test_times_are_those_of_the_customers_clock():
    found = only(decided(a_context(preferences=Preferences(ceiling=Rung.VETO), zone=NEW_YORK)))
    assert "08:00 on 2 December" in found.reason  # NOW is 07:00 there, within the night


def test_what_was_looked_at_is_said():
    events = (an_event(item_id="t1", occurred_at=ago(0.01)),)
    found = of(decided(a_context(events=events), touchpoint="app.home"), "tea")
    assert found.reason == "You looked at tea lately: here are some to choose from."


@pytest.mark.parametrize(("gap", "words"), [(1.0, "every day"), (0.6, "every day"), (7.0, "about every 7 days")])
def test_a_rhythm_in_words(gap, words):
    assert phrases.rhythm(a_forecast(gap=gap)) == f"You buy coffee {words} and last did 27 days ago"


def test_braces_in_names_are_only_text():
    history = a_history(*(("i1", "{x}", days) for days in (83, 55, 27)))
    items = [an_item("i1", name="{now}", family="{x}", price=usd(500))]
    signed = a_signed(families=frozenset({"{x}"}))
    model = FakeModel([a_forecast("{x}", "i1")])
    found = only(
        decided(a_context(history=history, mandates=(signed,), record=a_record(families=["{x}"])), model, items=items)
    )
    assert "1 × {now}" in found.reason
    ceiling = Removal(stage=Stage.CEILING, rule="preferences.family_ceilings.{x}", detail={"ceiling": "coach"})
    assert explain.removal(ceiling) == "You said how much may be done for you: at most coach."
