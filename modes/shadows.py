"""Orders that were not made, and what the customer then did: the record that trust is earned with, theirs to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from engine.domain.history import History, at_day, day_of
from modes import habits


class Score(StrEnum):
    """What an order that was not made would have been."""

    HIT = "hit"  # bought within the window, the same item
    EARLY = "early"  # bought, after the window and within another one of its length
    LATE = "late"  # bought before our order would have been placed
    WRONG = "wrong"  # bought within the window, another item of the kind
    UNWANTED = "unwanted"  # not bought, in two windows
    OPEN = "open"  # not to be told yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """That a decision might have led to an order of a need, and did not."""

    decision_id: str
    need: str
    at: datetime
    probability: float
    window_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shadow:
    """One order that was not made, and how it would have fared."""

    decision_id: str
    need: str
    item_id: str  # the customer's usual one, when it was decided
    quantity: int
    probability: float
    order_at: datetime  # when it would have been placed
    until: datetime  # the window in which the need was foreseen
    score: Score
    bought_at: datetime | None = None
    bought_item: str | None = None


def record(
    guesses: Sequence[Guess], acted: Sequence[tuple[str, datetime]], history: History, wait: timedelta, now: datetime
) -> list[Shadow]:
    """The shadows of a customer, the newest first; of one need no two at a time.

    Where Rapport acted on the need within the window, what the customer did says nothing of the order that was not
    made, so it is left out.

    Parameters
    ----------
    guesses : in any order
    acted : needs with the instants at which something of ours was answered
    wait : from the announcement to the order
    """
    ordered = sorted(guesses, key=lambda one: (one.need, one.at, one.decision_id))
    found = [
        shadow
        for need, several in groupby(ordered, key=lambda one: one.need)
        for shadow in _of_need(list(several), [at for other, at in acted if other == need], history, wait, now)
    ]
    return sorted(found, key=lambda one: (one.order_at, one.need), reverse=True)


def _of_need(
    guesses: Sequence[Guess], acted: Sequence[datetime], history: History, wait: timedelta, now: datetime
) -> Iterator[Shadow]:
    free = None
    for guess in guesses:
        if free is not None and guess.at < free:
            continue
        shadow = _shadow(guess, history, wait, now)
        if shadow is None:
            continue
        free = min(shadow.bought_at or shadow.until, shadow.until)
        if not any(guess.at <= at <= shadow.until for at in acted):
            yield shadow


def _shadow(guess: Guess, history: History, wait: timedelta, now: datetime) -> Shadow | None:
    """What would have been ordered, and how it would have fared; None for what was never bought before."""
    usual = next(iter(habits.of_family(history.before(day_of(guess.at)), guess.need)), None)
    if usual is None:
        return None
    order_at, window = guess.at + wait, timedelta(days=guess.window_days)
    until = guess.at + window
    bought_at, items = _bought(guess.need, history, guess.at, until + window)
    return Shadow(
        decision_id=guess.decision_id,
        need=guess.need,
        item_id=usual.item_id,
        quantity=usual.quantity,
        probability=guess.probability,
        order_at=order_at,
        until=until,
        score=_score(usual.item_id, order_at, until, until + window, bought_at, items, now),
        bought_at=bought_at,
        bought_item=usual.item_id if usual.item_id in items else next(iter(items), None),
    )


def _bought(need: str, history: History, after: datetime, before: datetime) -> tuple[datetime | None, list[str]]:
    """When the need was next met in a stretch of time, and by which items."""
    inside = (history.families == need) & (history.days > day_of(after)) & (history.days < day_of(before))
    if not inside.any():
        return None, []
    first = float(history.days[inside].min())
    return at_day(first), sorted(set(history.items[inside & (history.days == first)]))


def _score(
    item_id: str,
    order_at: datetime,
    until: datetime,
    end: datetime,
    bought_at: datetime | None,
    items: Sequence[str],
    now: datetime,
) -> Score:
    if bought_at is None:
        return Score.UNWANTED if end <= now else Score.OPEN
    if bought_at < order_at:
        return Score.LATE
    if bought_at >= until:
        return Score.EARLY
    return Score.HIT if item_id in items else Score.WRONG
