"""What goes with one item, and what may stand in for it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from engine.domain.decisions import Offer, Reason
from engine.domain.shopping import Item
from engine.learn.base import Model, Recommendation
from modes import evidence
from modes.shelf import Shelf
from modes.words import Words

MATES = 100  # of the item's family, beside those that are bought with it


class Relation(StrEnum):
    """How an item is related to another."""

    SUBSTITUTE = "substitute"  # of the same family: the one or the other
    COMPLEMENT = "complement"  # of another family, bought by the same customers: the one with the other


def related(
    item: Item, model: Model, shelf: Shelf, limit: int, kind: Relation | None = None, locale: str | None = None
) -> list[tuple[Offer, Relation]]:
    """Items related to one, the nearest first; what stands in for it is filled up with what most take of its family.

    The score is the nearness of the two items' buyers (cosine, 0 to 1); 0 where no two customers bought both.
    """
    near = list(model.related(item.item_id, MATES))
    mates = _mates(item, model, {one.item_id for one in near}) if kind is Relation.SUBSTITUTE else []
    shelf.load(one.item_id for one in (*near, *mates))
    words = Words.of(locale)
    found = [_told(one, item, shelf, words) for one in (*near, *mates) if _may(one.item_id, shelf)]
    return [(offer, relation) for offer, relation in found if kind is None or relation is kind][:limit]


def _mates(item: Item, model: Model, have: Collection[str]) -> list[Recommendation]:
    return list(model.popular(MATES, family=item.family, exclude={item.item_id, *have}))


def _may(id: str, shelf: Shelf) -> bool:
    other = shelf.item(id)
    return other is not None and shelf.may_offer(other)


def _told(one: Recommendation, item: Item, shelf: Shelf, words: Words) -> tuple[Offer, Relation]:
    other = shelf.item(one.item_id)
    assert other is not None  # it may be offered
    bought = any(reason.code == "goes_with" for reason in one.reasons)
    nearness = one.score if bought else 0.0
    why = (
        Reason(code="bought_with", params={"item_id": item.item_id, "nearness": round(nearness, 4)})
        if bought
        else Reason(code="popular_in" if one.score > 0 else "same_family", params={"family": item.family})
    )
    told = evidence.worded([why], shelf.name, words)
    offer = Offer(item_id=one.item_id, score=nearness, price=other.price, reasons=told)
    return offer, Relation.SUBSTITUTE if other.family == item.family else Relation.COMPLEMENT
