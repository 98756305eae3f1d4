"""What operators put forward in lists, on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from api.wire.base import Id, Text, Time, Wire
from engine.domain.placements import LAST_POSITION, MOST_FACTOR, Placement, PlacementKind
from engine.errors import InputError
from modes.filters import Filter


class PlacementIn(Wire):
    """Items to put forward: named, or those that a condition keeps."""

    kind: PlacementKind = Field(description="boost: relevance counts several times; pin: it stands at one place")
    condition: str | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        examples=["item.family == 'tea'"],
        description="in CEL over the item; this or `item_ids`. A pin puts the customer's best of them forward",
    )
    item_ids: list[Id] = Field(default=[], max_length=100, description="a pin puts them one after the other")
    factor: float | None = Field(default=None, gt=0, le=MOST_FACTOR, description="of a boost")
    position: int | None = Field(default=None, ge=1, le=LAST_POSITION, description="of a pin, from 1")
    touchpoints: list[Text] = Field(default=[], max_length=100, description="none named: everywhere")
    from_: Time | None = Field(default=None, alias="from")
    until: Time | None = None

    @model_validator(mode="after")
    def _whole(self) -> PlacementIn:
        boosts = self.kind is PlacementKind.BOOST
        if (self.condition is None) == (not self.item_ids):
            raise InputError.of("condition", "a condition or item_ids, and not both", self.condition)
        if (self.factor is not None) != boosts:
            raise InputError.of("factor", "a factor for a boost, and none for a pin", self.factor)
        if (self.position is not None) == boosts:
            raise InputError.of("position", "a position for a pin, and none for a boost", self.position)
        if self.from_ is not None and self.until is not None and self.until <= self.from_:
            raise InputError.of("until", "an instant after from", self.until.isoformat())
        return self

    def domain(self, placement_id: str, author: str, now: datetime) -> Placement:
        """As the domain holds it.

        Raises
        ------
        InputError
            of ``condition``, with line and column where the text is wrong
        """
        if self.condition is not None:
            Filter.parse(self.condition, "condition")
        return Placement(
            placement_id=placement_id,
            kind=self.kind,
            condition=self.condition,
            items=tuple(dict.fromkeys(self.item_ids)),
            factor=self.factor,
            position=self.position,
            touchpoints=tuple(dict.fromkeys(self.touchpoints)),
            starts_at=self.from_,
            ends_at=self.until,
            author=author,
            updated_at=now,
        )


class PlacementOut(Wire):
    """A placement, who wrote it, and whether its time is now."""

    placement_id: str
    kind: PlacementKind
    condition: str | None
    item_ids: list[str]
    factor: float | None
    position: int | None
    touchpoints: list[str]
    from_: Time | None = Field(alias="from")
    until: Time | None
    author: str
    version: int
    updated_at: Time
    live: bool

    @classmethod
    def of(cls, placement: Placement, now: datetime) -> PlacementOut:
        """As answered at ``now``."""
        begun = placement.starts_at is None or placement.starts_at <= now
        ended = placement.ends_at is not None and placement.ends_at <= now
        return cls(
            placement_id=placement.placement_id,
            kind=placement.kind,
            condition=placement.condition,
            item_ids=list(placement.items),
            factor=placement.factor,
            position=placement.position,
            touchpoints=list(placement.touchpoints),
            **{"from": placement.starts_at},
            until=placement.ends_at,
            author=placement.author,
            version=placement.version,
            updated_at=placement.updated_at,
            live=begun and not ended,
        )


class Placements(Wire):
    """Every placement, by id."""

    placements: list[PlacementOut]
