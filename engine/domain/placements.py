"""What operators want put forward in lists, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MOST_FACTOR = 10.0
LAST_POSITION = 100


class PlacementKind(StrEnum):
    """How something is put forward."""

    BOOST = "boost"  # its relevance counts several times
    PIN = "pin"  # it stands at one place


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Items that an operator puts forward: named, or those that a condition keeps.

    It never brings back what is not available, excluded, or left out by a filter.
    """

    placement_id: str
    kind: PlacementKind
    condition: str | None = None  # CEL over the item, see modes.filters; this or ``items``
    items: tuple[str, ...] = ()
    factor: float | None = None  # of a boost: above 0, at most 10
    position: int | None = None  # of a pin: from 1; several items stand one after the other
    touchpoints: tuple[str, ...] = ()  # none named: everywhere
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    author: str
    version: int = 1
    updated_at: datetime

    def live(self, now: datetime, touchpoint: str | None) -> bool:
        """Whether it is in force at this instant and place."""
        begun = self.starts_at is None or self.starts_at <= now
        ended = self.ends_at is not None and self.ends_at <= now
        return begun and not ended and (not self.touchpoints or touchpoint in self.touchpoints)
