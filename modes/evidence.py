"""Reasons of offers in words that a customer can read, each with the facts it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from engine.domain.decisions import Reason
from modes.coach import ago
from modes.habits import Habit

Name = Callable[[str], str]  # what an item is called
Facts = Mapping[str, object]


def worded(reasons: Iterable[Reason], name: Name) -> tuple[Reason, ...]:
    """The reasons with their sentences, each once."""
    unique: dict[tuple[str, str], Reason] = {}
    for reason in reasons:
        unique.setdefault((reason.code, repr(sorted(reason.params.items()))), reason)
    return tuple(replace(reason, sentence=sentence(reason, name)) for reason in unique.values())


def sentence(reason: Reason, name: Name) -> str:
    """What a reason says; nothing for a code that has no words.

    Examples
    --------
    >>> sentence(Reason(code="bought_before", params={"times": 5, "days_ago": 3}), str)
    'You bought it on 5 days, the last time 3 days ago.'
    >>> sentence(Reason(code="goes_with", params={"item_id": "i1"}), lambda id: "Beans")
    'It is bought by those who buy Beans.'
    """
    word = SENTENCES.get(reason.code)
    return "" if word is None else word(reason.params, name)


def last_bought(habit: Habit, day: float) -> Reason:
    """On how many days the customer bought an item, and how long ago the last of them is."""
    return Reason(code="last_bought", params={"days": round(day - habit.last_day), "times": habit.days})


def _rhythm(facts: Facts, name: Name) -> str:
    days = _number(facts, "days")
    return "You buy it every day." if days <= 1 else f"You buy it about every {days} days."


def _bought(facts: Facts, name: Name) -> str:
    times, since = _number(facts, "times"), ago(_number(facts, "days_ago" if "days_ago" in facts else "days"))
    return f"You bought it {since}." if times == 1 else f"You bought it on {times} days, the last time {since}."


def _with(facts: Facts, name: Name) -> str:
    return f"It is bought by those who buy {name(str(facts['item_id']))}."


def _popular(facts: Facts, name: Name) -> str:
    among = f" in {facts['category']}" if "category" in facts else ""
    place = _number(facts, "place")
    return f"It is number {place} of what customers buy most lately{among}." if place else "Many customers buy it."


def _hours(doing: str) -> Callable[[Facts, Name], str]:
    def said(facts: Facts, name: Name) -> str:
        hours = _number(facts, "hours_ago")
        when = "a moment ago" if hours < 1 else "an hour ago" if hours == 1 else f"{hours} hours ago"
        return f"You {doing} {when if hours < 48 else ago(round(hours / 24))}."

    return said


def _number(facts: Facts, key: str) -> int:
    value = facts.get(key, 0)
    return round(value) if isinstance(value, int | float) else 0


SENTENCES: Mapping[str, Callable[[Facts, Name], str]] = {
    "buys_every": _rhythm,
    "bought_before": _bought,
    "last_bought": _bought,
    "goes_with": _with,
    "bought_with": _with,
    "tastes_like": lambda facts, name: "It suits what you buy otherwise.",
    "popular": _popular,
    "popular_in": lambda facts, name: f"Many customers who want {facts['family']} take it.",
    "same_family": lambda facts, name: f"It is {facts['family']} too.",
    "in_catalogue": lambda facts, name: "We have it; nothing else speaks for it yet.",
    "in_cart": _hours("put it in your cart"),
    "looked_at": _hours("looked at it"),
    "told_of": _hours("told somebody of it"),
    "like_looked_at": lambda facts, name: (
        f"It is of the same kind as {name(str(facts['item_id']))}, which you looked at."
    ),
    "placed": lambda facts, name: "The shop put it forward here.",
}
