"""What a customer was heard to say or seen to do, and where they stand on the ladder by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.domain.decisions import Rung

STEPS = (Rung.APPROVE, Rung.VETO, Rung.SILENT)  # of autonomy, that are earned
BOTTOM = Rung.COACH  # what nobody has to earn


class Signal(StrEnum):
    """Something a customer did with what was put before them, or of their own accord."""

    ACCEPTED = "accepted"  # as it was proposed
    EDITED = "edited"  # another item or quantity, then accepted
    KEPT = "kept"  # an order made unasked, without a word
    KEPT_UNNOTICED = "kept_unnoticed"  # the notice was never opened
    SKIPPED = "skipped"  # not this time
    SNOOZED = "snoozed"  # later
    IGNORED = "ignored"
    VETOED = "vetoed"
    RETURNED = "returned"
    COMPLAINED = "complained"
    OWN_ORDER = "own_order"  # shortly before we would have spoken
    WHY = "why"  # asked for the reason, or used a lever
    RAISED = "raised"  # a ceiling or what may be looked at
    LOWERED = "lowered"
    SHADOW_RIGHT = "shadow_right"  # an order that was not made, and would have been right
    SHADOW_WRONG = "shadow_wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One signal of one customer.

    Attributes
    ----------
    need : the family it is about; None: the customer as a whole
    rung : that it answers; None: none
    probability : that an order for the need was right, when it was made or might have been; None: no order
    source : what it was learned from, such as ``execution:ID``; the same said twice by one source is one signal
    """

    signal: Signal
    at: datetime
    need: str | None = None
    rung: Rung | None = None
    probability: float | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a customer stands on the ladder of one need, as of the latest review.

    Attributes
    ----------
    hits, misses, sure, shadows : for each of ``STEPS``, see ``modes.ladder``
    kept : announced orders that were kept
    rest_until : before which nothing is gained
    """

    rung: Rung = BOTTOM
    hits: tuple[float, ...] = (0.0, 0.0, 0.0)
    misses: tuple[float, ...] = (0.0, 0.0, 0.0)
    sure: tuple[float, ...] = (0.0, 0.0, 0.0)
    shadows: tuple[float, ...] = (0.0, 0.0, 0.0)
    kept: float = 0.0
    rest_until: datetime | None = None
    falls: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Climb:
    """One move on the ladder of a customer's need, and the evidence it rests on."""

    need: str
    at: datetime
    before: Rung
    after: Rung
    why: str  # review, doubt, or the signal that brought it down
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a decision knows of a customer's conduct: where they stood at the latest review, and what was heard.

    Attributes
    ----------
    reviewed_at : None: nothing was reviewed yet
    heard : everything that teaches about the customer, the oldest first; shadows only those since the review
    """

    standings: Mapping[str, Standing] = field(default_factory=dict)
    reviewed_at: datetime | None = None
    heard: tuple[Heard, ...] = ()
    stated_agency: float | None = None  # what the customer said is to be believed of them, 0 to 1
    stated_trust: float | None = None
    stated_at: datetime | None = None  # what was heard before then counts no more
