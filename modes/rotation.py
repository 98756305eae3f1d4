"""What was shown lately and left makes room, and comes back with time.

This is about the order of one list and about nothing else: no model learns from it, and what was shown and not taken is
never held against an item. An item keeps its place in the list behind those that are fresh; it is not removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from engine.domain.context import Context
from engine.domain.decisions import Showing
from engine.domain.history import History, at_day, day_of
from engine.domain.shopping import IMPRESSION
from modes.policy import Rotation

SECOND = 1 / 86_400  # of a day


def rests(context: Context, now: datetime, rotation: Rotation) -> dict[str, float]:
    """By how much the relevance of each item shown lately is lowered: a factor below 1; others are not named.

    Decisions tell what they offered, and the shop's app may report events of the kind ``impression``. Where both tell
    of an item, the one that tells of more showings counts: it is one showing told twice. What the customer bought,
    looked at or put in a cart since was not left.

    Parameters
    ----------
    context : reduced to what may be looked at
    """
    shown, told_of = context.shown, _impressions(context)
    if not shown and not told_of:
        return {}
    taken = reactions(context, (*shown, *told_of))
    ours = worn(shown, taken, now, rotation)
    told = worn(told_of, taken, now, rotation)
    most = {id: max(ours.get(id, 0.0), told.get(id, 0.0)) for id in (*ours, *told)}
    found = {id: rest(showings, rotation) for id, showings in most.items()}
    return {id: factor for id, factor in found.items() if factor < 1.0}


def rest(showings: float, rotation: Rotation) -> float:
    """The factor for so many showings, decayed.

    Examples
    --------
    >>> rest(1.0, Rotation()), rest(3.0, Rotation())  # one more look costs nothing; after three, place 1 becomes 5
    (1.0, 0.2)
    """
    return 1.0 / (1.0 + rotation.strength * max(showings - rotation.free, 0.0))


def worn(
    showings: Iterable[Showing], taken: Mapping[str, datetime], now: datetime, rotation: Rotation
) -> dict[str, float]:
    """How often each item was shown since the customer last took it up, each showing decayed by its age.

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2017, 12, 8, tzinfo=UTC)
    >>> week = Showing(item_id="i1", at=datetime(2017, 12, 1, tzinfo=UTC))
    >>> worn([week, Showing(item_id="i1", at=now)], {}, now, Rotation())
    {'i1': 1.5}
    """
    found: dict[str, float] = {}
    for at, together in groupby(showings, key=lambda one: one.at):  # a list is shown at one instant
        age = max(now - at, timedelta(0)) / timedelta(days=1)
        weight = 0.5 ** (age / rotation.half_life_days)
        for one in together:
            if one.item_id not in taken or at > taken[one.item_id]:
                found[one.item_id] = found.get(one.item_id, 0.0) + weight
    return found


def reactions(context: Context, showings: Collection[Showing]) -> dict[str, datetime]:
    """When the customer last took up each item since the first showing: bought it, looked at it, or told of it."""
    items, since = {one.item_id for one in showings}, min(one.at for one in showings)
    found = _bought(context.history, items, since)
    for event in context.events:
        if event.item_id is not None and event.item_id in items and event.kind != IMPRESSION:
            found[event.item_id] = max(event.occurred_at, found.get(event.item_id, event.occurred_at))
    return found


def _bought(history: History, items: Collection[str], since: datetime) -> dict[str, datetime]:
    """When each of some items was last bought, if since an instant."""
    later = slice(int(np.searchsorted(history.days, day_of(since) - SECOND)), None)  # days are told to the second
    days = dict(zip(history.items[later].tolist(), history.days[later].tolist(), strict=True))  # the last one stays
    return {id: at_day(days[id]) for id in items if id in days}


def _impressions(context: Context) -> list[Showing]:
    return [
        Showing(item_id=event.item_id, at=event.occurred_at)
        for event in context.events
        if event.kind == IMPRESSION and event.item_id is not None
    ]
