"""Operators' placements at work: what is boosted, and what is pinned where.

They change the order of what may be offered. Filters, exclusions and availability were applied before, to everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from engine.domain.placements import Placement, PlacementKind
from engine.domain.shopping import Item
from modes.filters import Filter
from modes.scene import Scene

Search = Callable[[Filter], str | None]  # the best item that a condition keeps, if there is one


def live(scene: Scene, kind: PlacementKind) -> list[Placement]:
    """The placements of a kind that are in force now, where the customer is."""
    return [one for one in scene.placements if one.kind is kind and one.live(scene.now, scene.touchpoint)]


def boost(item: Item, boosts: Iterable[Placement]) -> tuple[float, tuple[Placement, ...]]:
    """By how much the item's relevance is multiplied, and by whose wish; of several boosts the strongest counts."""
    meant = [one for one in boosts if names(one, item)]
    if not meant:
        return 1.0, ()
    strongest = max(meant, key=lambda one: (one.factor or 1.0, one.placement_id))
    return strongest.factor or 1.0, (strongest,)


def names(placement: Placement, item: Item) -> bool:
    """Whether the placement is about the item."""
    if placement.condition is None:
        return item.item_id in placement.items
    return compiled(placement.condition).keeps(item)


def pins(
    placements: Sequence[Placement], limit: int, search: Search, may: Callable[[str], bool]
) -> Iterator[tuple[int, str, Placement]]:
    """Place, item and placement of everything that is pinned within a list of ``limit``, each place and item once.

    Where two want one place, the later one (by position, then id) takes the next that is free.

    Parameters
    ----------
    search : finds the item that a condition pins
    may : whether an item may be offered
    """
    taken, done = set[int](), set[str]()
    for placement in sorted(placements, key=lambda one: (one.position or 1, one.placement_id)):
        place = placement.position or 1
        for id in _pinned(placement, search, may):
            while place in taken:
                place += 1
            if place > limit:
                break
            if id not in done:
                taken.add(place)
                done.add(id)
                yield place, id, placement


@lru_cache(maxsize=512)
def compiled(condition: str) -> Filter:
    """A placement's condition, compiled once."""
    return Filter.parse(condition)


def _pinned(placement: Placement, search: Search, may: Callable[[str], bool]) -> list[str]:
    if placement.condition is not None:
        found = search(compiled(placement.condition))
        return [] if found is None else [found]
    return [id for id in placement.items if may(id)]
