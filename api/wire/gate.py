"""The gate of orders made unasked, on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire.base import Time, Wire
from engine.domain.decisions import Rung
from engine.domain.history import at_day
from engine.domain.watches import Watch
from engine.learn.base import Certificate

UnaskedLabel = Literal["veto", "silent"]


class CertificateOut(Wire):
    """The proof that orders made unasked from a probability on are right often enough, from windows that are over."""

    certificate_id: str
    promise: float
    window_days: int
    open: bool
    threshold: float | None = Field(description="orders are made from this probability on; null where it is shut")
    executions: int = Field(description="pairs of customer and family at or above the threshold")
    right: int
    lower: float | None = Field(description="one-sided lower bound of the share that is right, at confidence .90")
    windows: list[Time] = Field(description="when the windows began that it rests on")
    reason: str | None = Field(description="why it is shut")

    @classmethod
    def of(cls, one: Certificate) -> CertificateOut:
        """As answered."""
        return cls(
            certificate_id=one.certificate_id,
            promise=one.promise,
            window_days=one.window_days,
            open=one.is_open,
            threshold=one.threshold,
            executions=one.n,
            right=one.hits,
            lower=one.lower,
            windows=[at_day(day) for day in one.windows],
            reason=one.reason or None,
        )


class WatchOut(Wire):
    """One live watch over what came of orders."""

    rung: UnaskedLabel
    began_at: Time = Field(description="orders decided on later are watched; 1970 where it watches from the first on")
    promise: float
    judged: int
    wrong: int
    wealth: float = Field(description="the most that its e-process came to; 20 shuts the rung")
    evidence: dict[str, object]
    looked_at: Time
    shut_at: Time | None
    reopened_at: Time | None
    reopened_by: str | None

    @classmethod
    def of(cls, one: Watch) -> WatchOut:
        """As answered."""
        return cls(
            rung="veto" if one.rung is Rung.VETO else "silent",
            began_at=one.began_at,
            promise=one.promise,
            judged=one.judged,
            wrong=one.wrong,
            wealth=one.wealth,
            evidence=dict(one.evidence),
            looked_at=one.looked_at,
            shut_at=one.shut_at,
            reopened_at=one.reopened_at,
            reopened_by=one.reopened_by,
        )


class RungOut(Wire):
    """A rung that orders unasked, as it stands."""

    rung: UnaskedLabel
    promise: float
    open: bool = Field(description="whether any order may be made by it now")
    shut_at: Time | None = Field(description="when the live watch shut it, where nobody opened it again")
    certificates: list[CertificateOut]


class GateOut(Wire):
    """The gate as it stands, and every watch there was, the latest first."""

    rungs: list[RungOut]
    watches: list[WatchOut]
