"""Reasons of offers in words that a customer can read, each with the facts it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.domain.decisions import Reason
from modes.habits import Habit
from modes.words import Words

Name = Callable[[str], str]  # what an item is called
Facts = Mapping[str, object]


def worded(reasons: Iterable[Reason], name: Name, words: Words) -> tuple[Reason, ...]:
    """The reasons with their sentences, each once."""
    given = tuple(reasons)
    if len({reason.code for reason in given}) < len(given):
        unique: dict[tuple[str, str], Reason] = {}
        for reason in given:
            unique.setdefault((reason.code, repr(sorted(reason.params.items()))), reason)
        given = tuple(unique.values())
    return tuple(
        Reason(code=reason.code, params=reason.params, sentence=sentence(reason, name, words)) for reason in given
    )


def sentence(reason: Reason, name: Name, words: Words) -> str:
    """What a reason says; nothing for a code that has no words.

    Examples
    --------
    >>> english = Words.of("en")
    >>> sentence(Reason(code="bought_before", params={"times": 5, "days_ago": 3}), str, english)
    'You bought it on 5 days, the last time 3 days ago.'
    >>> sentence(Reason(code="goes_with", params={"item_id": "i1"}), lambda id: "Beans", english)
    'It is bought by those who buy Beans.'
    """
    word = SENTENCES.get(reason.code)
    return "" if word is None else word(reason.params, name, words)


def last_bought(habit: Habit, day: float) -> Reason:
    """On how many days the customer bought an item, and how long ago the last of them is."""
    return Reason(code="last_bought", params={"days": round(day - habit.last_day), "times": habit.days})


def _rhythm(facts: Facts, name: Name, words: Words) -> str:
    return words.say("offer-buys_every", n=_number(facts, "days"))


def _bought(facts: Facts, name: Name, words: Words) -> str:
    times = _number(facts, "times")
    ago = words.say("ago", n=_number(facts, "days_ago" if "days_ago" in facts else "days"))
    return words.say("offer-bought_once", ago=ago) if times == 1 else words.say("offer-bought", n=str(times), ago=ago)


def _with(facts: Facts, name: Name, words: Words) -> str:
    return words.say("offer-with", name=name(str(facts["item_id"])))


def _like(facts: Facts, name: Name, words: Words) -> str:
    return words.say("offer-like_looked_at", name=name(str(facts["item_id"])))


def _popular(facts: Facts, name: Name, words: Words) -> str:
    place = _number(facts, "place")
    if not place:
        return words.say("offer-popular_unplaced")
    if "category" in facts:
        return words.say("offer-popular_among", place=str(place), category=str(facts["category"]))
    return words.say("offer-popular", place=str(place))


def _plain(key: str) -> Callable[[Facts, Name, Words], str]:
    return lambda facts, name, words: words.say(key)


def _family(key: str) -> Callable[[Facts, Name, Words], str]:
    return lambda facts, name, words: words.say(key, family=str(facts["family"]))


def _hours(key: str) -> Callable[[Facts, Name, Words], str]:
    def said(facts: Facts, name: Name, words: Words) -> str:
        hours = _number(facts, "hours_ago")
        ago = words.say("hours", n=hours) if hours < 48 else words.say("ago", n=round(hours / 24))
        return words.say(key, ago=ago)

    return said


def _number(facts: Facts, key: str) -> int:
    value = facts.get(key, 0)
    return round(value) if isinstance(value, int | float) else 0


SENTENCES: Mapping[str, Callable[[Facts, Name, Words], str]] = {
    "buys_every": _rhythm,
    "bought_before": _bought,
    "last_bought": _bought,
    "goes_with": _with,
    "bought_with": _with,
    "tastes_like": _plain("offer-tastes_like"),
    "popular": _popular,
    "popular_in": _family("offer-popular_in"),
    "same_family": _family("offer-same_family"),
    "in_catalogue": _plain("offer-in_catalogue"),
    "in_cart": _hours("offer-in_cart"),
    "looked_at": _hours("offer-looked_at"),
    "told_of": _hours("offer-told_of"),
    "like_looked_at": _like,
    "placed": _plain("offer-placed"),
}
