"""What a customer did a moment ago, as interest in items: it moves the next answer at once, and is no training.

Only what the consent ``behaviour`` lets be looked at is here; see ``capability.reduced``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from engine.domain.decisions import Reason
from engine.domain.history import day_of
from engine.domain.shopping import IMPRESSION, Event, Item
from modes.scene import Scene

NEWEST = 30  # events that are looked at
MATES, NEIGHBOURS = 5, 10  # of a family, and bought with it, that an event speaks for
MOST = 1.0  # of one item: as much as the first place of the ranking
CODES = ("in_cart", "looked_at", "told_of", "like_looked_at", "goes_with")  # of reasons, the one that says most first
LEAST = 0.01  # what has decayed to less is forgotten


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """What one event says. 1 is as much as the first place of the ranking, 0.5 as much as the second."""

    own: float = 0.0  # for the item itself; below 0 against it
    around: float = 0.0  # for its family, and for what is bought with it
    half_life_days: float = 1.0


WEIGHTS: Mapping[str, Weight] = MappingProxyType(
    {
        "view": Weight(own=0.25, around=0.05),
        "search": Weight(own=0.25, around=0.05),
        "cart": Weight(own=0.5, around=0.1, half_life_days=2.0),
        "purchase": Weight(around=0.05),  # the need itself is met: for what is bought with it alone
        "referral": Weight(own=0.1, half_life_days=7.0),
        "review": Weight(),  # good or bad: the event does not say
        "contact": Weight(),
        "return": Weight(own=-1.0, half_life_days=28.0),  # of that item alone
        "complaint": Weight(own=-1.0, half_life_days=28.0),
        IMPRESSION: Weight(),  # what was shown is neither for nor against it, see modes.rotation
    }
)  # a kind of the shop's own says nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Interest:
    """How much what was done lately speaks for an item, and why."""

    amount: float
    reason: Reason | None


def interests(scene: Scene) -> dict[str, Interest]:
    """The interest in each item that lately's events speak for or against; empty where nothing may be looked at.

    A view or cart is done with once something of the family was bought; a return, once the item was bought again.
    """
    events = [event for event in scene.context.events if event.kind in WEIGHTS and event.item_id][:NEWEST]
    scene.shelf.load(event.item_id for event in events if event.item_id)
    amounts: dict[str, float] = {}
    reasons: dict[str, Reason] = {}
    for event in events:
        item = scene.shelf.item(event.item_id or "")
        if item is None or _met(event, item, scene):
            continue
        for id, amount, reason in _said(event, item, scene):
            amounts[id] = min(amounts.get(id, 0.0) + amount, MOST)
            if amount > 0 and _tells_more(reason, reasons.get(id)):
                reasons[id] = reason
    return {id: Interest(amount=amount, reason=reasons.get(id)) for id, amount in amounts.items()}


def _said(event: Event, item: Item, scene: Scene) -> Iterator[tuple[str, float, Reason]]:
    """Items an event speaks for, how much, and the reason it gives."""
    weight, age = WEIGHTS[event.kind], (scene.now - event.occurred_at) / timedelta(days=1)
    decayed = 0.5 ** (max(age, 0.0) / weight.half_life_days)
    if abs(weight.own) * decayed >= LEAST:
        hours = round(max(age, 0.0) * 24)
        yield item.item_id, weight.own * decayed, Reason(code=_code(event), params={"hours_ago": hours})
    if weight.around * decayed < LEAST or scene.model is None:
        return
    about = {"item_id": item.item_id}
    mates = () if event.kind == "purchase" else scene.model.popular(MATES, family=item.family, exclude={item.item_id})
    for mate in mates:
        yield mate.item_id, weight.around * decayed, Reason(code="like_looked_at", params=about)
    near = list(scene.model.related(item.item_id, NEIGHBOURS))
    for one in near:
        share = one.score / near[0].score if near[0].score > 0 else 1.0
        yield one.item_id, weight.around * decayed * share, Reason(code="goes_with", params=about)


def _met(event: Event, item: Item, scene: Scene) -> bool:
    """Whether what was bought since settles what the event told of."""
    history = scene.context.history
    if WEIGHTS[event.kind].own > 0:
        since = history.days[history.families == item.family]
    else:
        since = history.days[history.items == item.item_id]
    return bool(len(since)) and float(since[-1]) > day_of(event.occurred_at)


def _code(event: Event) -> str:
    return {"cart": "in_cart", "referral": "told_of"}.get(event.kind, "looked_at")


def _tells_more(reason: Reason, standing: Reason | None) -> bool:
    """What the customer did with the item itself says more than what they did with another."""
    return standing is None or CODES.index(reason.code) < CODES.index(standing.code)
