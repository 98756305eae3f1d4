"""The live watch over the orders of one rung, as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.decisions import Rung


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of one order made unasked."""

    decided_at: datetime
    certificate_id: str | None
    state: str
    wrong: bool  # vetoed, returned or complained of by the customer


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """One watch: it begins when the one before shut the rung, and ends when it shuts it itself.

    Attributes
    ----------
    began_at : orders decided on later are watched
    promise : the share of them that must be right
    wealth : the most that its e-process came to, see ``modes.watch``
    evidence : counts that lead there: by state, by certificate, and between which instants
    """

    rung: Rung
    began_at: datetime
    promise: float
    judged: int = 0
    wrong: int = 0
    wealth: float = 1.0
    evidence: Mapping[str, object] = field(default_factory=dict)
    looked_at: datetime
    shut_at: datetime | None = None
    reopened_at: datetime | None = None
    reopened_by: str | None = None
