"""The story of a need, as answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from api.wire.base import Id, Time, Wire
from api.wire.customers import RungLabel
from engine.domain.stories import Episode


class StoryQuery(Wire):
    """Whose story is to be told."""

    need: Id | None = Field(default=None, description="the family; without it only the needs there are stories of")


class EpisodeOut(Wire):
    """One event in the story of a need."""

    at: Time
    kind: Literal["decision", "order", "signal", "ladder"]
    rung: RungLabel | None = Field(description="the experience it is about, or led to")
    what: str = Field(description="the mode given, the state an order moved to, the signal, or why a rung changed")
    said: str | None
    source: str | None = Field(description="the decision or execution, or where a signal was learned from")
    times: int = Field(description="how many equal decisions in a row it stands for")

    @classmethod
    def of(cls, found: Episode) -> EpisodeOut:
        """As answered."""
        rung = None if found.rung is None else found.rung.label
        return cls(
            at=found.at,
            kind=found.kind.value,
            rung=rung,  # type: ignore[arg-type]
            what=found.what,
            said=found.said,
            source=found.source,
            times=found.times,
        )


class Story(Wire):
    """Everything that was done about a need and came of it."""

    customer_id: str
    need: str | None
    needs: list[str] = Field(description="the needs there are stories of")
    episodes: list[EpisodeOut] = Field(description="oldest first")

    @classmethod
    def of(cls, customer_id: str, need: str | None, needs: Sequence[str], episodes: Sequence[Episode]) -> Story:
        """As answered."""
        told = [EpisodeOut.of(one) for one in episodes]
        return cls(customer_id=customer_id, need=need, needs=list(needs), episodes=told)
