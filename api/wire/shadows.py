"""Orders that were not made, on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pydantic import Field

from api.wire.base import Time, Wire
from modes.shadows import Score, Shadow


class ShadowsPage(Wire):
    """How many, and how far back."""

    limit: int = Field(default=20, ge=1, le=100)
    days: int = Field(default=180, ge=1, le=400, description="how far back decisions are looked at")

    @property
    def back(self) -> timedelta:
        """How far back."""
        return timedelta(days=self.days)


class ShadowOut(Wire):
    """One order that was not made."""

    decision_id: str
    need: str
    item_id: str = Field(description="the usual one, when it was decided")
    quantity: int
    probability: float
    order_at: Time = Field(description="when it would have been placed")
    until: Time = Field(description="the end of the window in which the need was foreseen")
    score: Score
    bought_at: Time | None
    bought_item: str | None

    @classmethod
    def of(cls, shadow: Shadow) -> ShadowOut:
        """As answered."""
        return cls(**{name: getattr(shadow, name) for name in cls.model_fields})


class Shadows(Wire):
    """The newest of them, and how many there are of each score in all."""

    shadows: list[ShadowOut]
    counts: dict[Score, int]

    @classmethod
    def of(cls, found: Sequence[Shadow], counts: Mapping[Score, int]) -> Shadows:
        """As answered."""
        return cls(shadows=[ShadowOut.of(one) for one in found], counts=dict(counts))
