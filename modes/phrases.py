"""Parts of sentences that stand in many: a rhythm, lines of an order, a day of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.domain.calendar import Calendar
from engine.learn.base import Forecast
from modes.words import Words

ENGLISH = Words.of(None)


def rhythm(forecast: Forecast, words: Words = ENGLISH) -> str:
    """The facts of a forecast, as the beginning of a sentence."""
    evidence = forecast.evidence
    often = words.say("often", n=round(evidence.median_gap_days))
    return words.say("rhythm", family=forecast.family, often=often, ago=words.say("ago", n=round(evidence.since_days)))


def lines(parts: Sequence[tuple[int, str]], words: Words = ENGLISH) -> str:
    """Quantities and names in a row."""
    return words.listed([words.say("line", quantity=str(quantity), name=name) for quantity, name in parts])


def arrival(day: date, slot: str | None, calendar: Calendar | None, words: Words = ENGLISH) -> str:
    """A day, with the hours of its slot where they are known, on the shop's clock.

    Examples
    --------
    >>> arrival(date(2017, 12, 5), None, None)
    '5 December'
    """
    hours = None if calendar is None else calendar.slot(slot)
    if hours is not None:
        start, end = f"{hours.start:%H:%M}", f"{hours.end:%H:%M}"
        return words.say("arrival-hours", date=words.day(day), start=start, end=end)
    return words.day(day) if slot is None else words.say("arrival-named", date=words.day(day), slot=slot)
