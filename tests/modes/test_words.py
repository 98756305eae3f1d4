"""Every language says what English says, with the same facts, and falls back where it has no words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.customers import Preferences
from engine.domain.decisions import Removal, Rung, Stage
from modes import explain
from modes.document import document
from modes.words import Words, fallback, languages, source
from tests.builders import a_customer
from tests.modes.shop import a_context, decided, only

OTHERS = sorted(languages() - {"en"})


class Facts(Visitor):
    """The facts a template needs."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:
        self.found.add(node.id.name)


def templates(locale: str) -> dict[str, set[str]]:
    """The facts of every template of a language; a file that cannot be read is none."""
    entries = FluentParser().parse(source(locale)).body
    assert not [one for one in entries if isinstance(one, ast.Junk)]
    found: dict[str, set[str]] = {}
    for one in entries:
        if isinstance(one, ast.Message):
            assert one.id.name not in found, f"{one.id.name} stands there twice"
            facts = Facts()
            facts.visit(one)
            found[one.id.name] = facts.found
    return found


def test_there_are_other_languages_than_english():
    assert {"de", "fr"} <= set(OTHERS)


@pytest.mark.parametrize("locale", OTHERS)
def test_a_language_says_everything_with_the_same_facts(locale):
    assert templates(locale) == templates("en")


@pytest.mark.parametrize("locale", ["en", *OTHERS])
def test_every_template_can_be_said(locale):
    words = Words.of(locale)
    for key, facts in templates(locale).items():
        for number in (0, 1, 2, 17):
            said = words.say(key, **dict.fromkeys(facts, number))
            assert said.strip()
            assert "{" not in said


def test_a_fact_that_is_missing_is_an_error_and_not_a_hole():
    with pytest.raises(KeyError, match="rhythm"):
        Words.of("en").say("rhythm", family="coffee")
    with pytest.raises(KeyError, match="unheard-of"):
        Words.of("de").say("unheard-of")


@pytest.mark.parametrize(
    ("locale", "chain"),
    [
        ("de-AT", ("de", "en")),
        ("DE_ch", ("de", "en")),
        ("en-GB", ("en",)),
        ("tlh", ("en",)),
        ("", ("en",)),
        (None, ("en",)),
    ],
)
def test_what_is_not_spoken_falls_back(locale, chain):
    assert fallback(locale) == chain


@given(st.text(max_size=40))
def test_any_locale_is_said_in_some_language(locale):
    assert Words.of(locale).say("days", n=2)


def test_a_number_and_its_text_are_not_taken_for_each_other():
    words = Words.of("en")
    assert words.say("days", n=1) == "1 day"
    assert words.say("days", n="1") == "1 days"
    assert words.say("days", n=1) == "1 day"


def test_dates_are_those_of_the_customers_clock_and_calendar():
    at = datetime(2018, 1, 2, 23, 30, tzinfo=UTC)
    assert Words.of("en").when(at, ZoneInfo("Europe/Berlin")) == "00:30 on 3 January"
    assert Words.of("de-CH").when(at, ZoneInfo("Europe/Berlin")) == "3. Januar um 00:30 Uhr"


def test_the_ends_of_the_calendar_are_told_as_they_are():
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert Words.of("en").when(first, ZoneInfo("America/New_York")) == "00:00 on 1 January"
    assert Words.of("en").when(last, ZoneInfo("Asia/Tokyo")) == "23:00 on 31 December"


def test_a_decision_is_told_in_the_customers_language():
    german = a_context(customer=a_customer(locale="de-AT"), preferences=Preferences(ceiling=Rung.VETO))
    found = decided(german)
    assert only(found).reason == (
        "Sie kaufen etwa alle 28 Tage coffee, zuletzt vor 27 Tagen. Deshalb bestellen wir 1 × Beans für 5.00 USD "
        "für Sie am 2. Dezember um 12:00 Uhr, wenn Sie es nicht anhalten."
    )
    silent = document(found)["experiences"][0]["considered"][3]["rungs"]["silent"]["removed_by"]
    assert silent["detail"]["sentence"].startswith("Sie haben gesagt, wie viel für Sie getan werden darf")


def test_a_language_changes_no_choice():
    settings = Preferences(ceiling=Rung.VETO)
    english, german = (
        decided(a_context(customer=a_customer(locale=locale), preferences=settings)) for locale in ("en", "de")
    )
    assert only(english).rung is only(german).rung
    assert only(english).considered == only(german).considered


def test_what_lacks_a_fact_is_said_plainly():
    found = Removal(stage=Stage.MANDATE, rule="mandate.budget", detail={"signed": "20.00 USD"})
    assert explain.removal(found, Words.of("de")) == "Das trifft gerade nicht zu."
