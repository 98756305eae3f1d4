"""What is believed of a customer, where they stand, and from what it follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from api.wire.base import Time, Wire
from api.wire.customers import RungLabel
from engine.domain.signals import Climb, Heard, Standing
from modes.conduct import Conduct
from modes.posterior import Posterior


class BeliefOut(Wire):
    """One belief: a Beta distribution."""

    mean: float
    alpha: float
    beta: float
    stated: bool = Field(description="whether the customer said so; else it is what conduct and settings say")

    @classmethod
    def of(cls, found: Posterior, stated: bool) -> BeliefOut:
        """As answered."""
        values = (round(float(one), 4) for one in (found.mean, found.alpha, found.beta))
        return cls(**dict(zip(("mean", "alpha", "beta"), values, strict=True)), stated=stated)


class SignalOut(Wire):
    """One thing that was heard of the customer."""

    signal: str
    at: Time
    need: str | None
    rung: RungLabel | None
    source: str

    @classmethod
    def of(cls, heard: Heard) -> SignalOut:
        """As answered."""
        rung = None if heard.rung is None else heard.rung.label
        return cls(signal=heard.signal.value, at=heard.at, need=heard.need, rung=rung, source=heard.source)  # type: ignore[arg-type]


class BeliefsOut(Wire):
    """What is believed of a customer, and from what."""

    agency: BeliefOut = Field(description="wish to decide oneself")
    trust: BeliefOut
    at_most: RungLabel = Field(description="the highest rung that this leaves; stated ceilings may be lower")
    stated_at: Time | None = Field(description="what was heard before then counts no more")
    signals: list[SignalOut] = Field(description="newest first")

    @classmethod
    def of(cls, found: Conduct) -> BeliefsOut:
        """As answered."""
        record = found.record
        return cls(
            agency=BeliefOut.of(found.agency, record.stated_agency is not None),
            trust=BeliefOut.of(found.trust, record.stated_trust is not None),
            at_most=found.cap.label,  # type: ignore[arg-type]
            stated_at=record.stated_at,
            signals=[SignalOut.of(one) for one in reversed(record.heard)],
        )


class BeliefsIn(Wire):
    """What the customer says is to be believed of them; null: what settings and later conduct say."""

    agency: float | None = Field(default=None, ge=0, le=1)
    trust: float | None = Field(default=None, ge=0, le=1)


class StandingOut(Wire):
    """Where a customer stands for one need."""

    need: str
    rung: RungLabel
    right: list[float] = Field(description="evidence for approve, veto and silent")
    wrong: list[float]
    rest_until: Time | None = Field(description="before which nothing is gained")
    falls: int

    @classmethod
    def of(cls, need: str, found: Standing, now: datetime) -> StandingOut:
        """As answered."""
        rests = found.rest_until is not None and now < found.rest_until
        return cls(
            need=need,
            rung=found.rung.label,  # type: ignore[arg-type]
            right=list(found.hits),
            wrong=list(found.misses),
            rest_until=found.rest_until if rests else None,
            falls=found.falls,
        )


class ClimbOut(Wire):
    """One move on a ladder, with its evidence."""

    need: str
    at: Time
    before: RungLabel
    after: RungLabel
    why: str
    evidence: dict[str, object]

    @classmethod
    def of(cls, found: Climb) -> ClimbOut:
        """As answered."""
        return cls(
            need=found.need,
            at=found.at,
            before=found.before.label,  # type: ignore[arg-type]
            after=found.after.label,  # type: ignore[arg-type]
            why=found.why,
            evidence=dict(found.evidence),
        )


class LadderOut(Wire):
    """Where a customer stands for each need, and how they came there."""

    reviewed_at: Time | None
    standings: list[StandingOut]
    moves: list[ClimbOut] = Field(description="oldest first")

    @classmethod
    def of(cls, found: Conduct, moves: Sequence[Climb], now: datetime) -> LadderOut:
        """As answered."""
        needs = sorted({*found.record.standings, *(one.need for one in found.record.heard if one.need)})
        return cls(
            reviewed_at=found.record.reviewed_at,
            standings=[StandingOut.of(need, found.standing(need), now) for need in needs],
            moves=[ClimbOut.of(one) for one in moves],
        )
