"""A decision and everything it says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

from engine.domain.rules import Counted
from engine.domain.values import Money


class Mode(StrEnum):
    """The four experiences."""

    RESPOND = "respond"
    CURATE = "curate"
    COACH = "coach"
    EXECUTE = "execute"


class Rung(IntEnum):
    """How much is done without the customer, from nothing to everything."""

    RESPOND = 0
    CURATE = 1
    COACH = 2
    APPROVE = 3  # pre-filled, asks first
    VETO = 4  # announces and waits
    SILENT = 5

    @property
    def label(self) -> str:
        """As the wire carries it."""
        return _LABELS[self]

    @property
    def mode(self) -> Mode:
        """The experience the rung belongs to."""
        return _MODES[self]

    @classmethod
    def of(cls, label: str) -> Rung:
        """The rung of this label; KeyError where there is none."""
        return cls[label.upper()]


# an enum takes its time to tell its members and their names, and a decision asks for hundreds
RUNGS = tuple(Rung)
_LABELS = tuple(rung.name.lower() for rung in RUNGS)  # by rung, as the next
_MODES = (Mode.RESPOND, Mode.CURATE, Mode.COACH, Mode.EXECUTE, Mode.EXECUTE, Mode.EXECUTE)


class Phase(StrEnum):
    """How far a need has come."""

    RECOGNIZE = "recognize"  # predicted, not voiced
    REQUEST = "request"  # the customer asked or is searching
    RESPOND = "respond"  # an order is being made


class Source(StrEnum):
    """How a need became known."""

    REQUEST = "request"
    BROWSE = "browse"
    GOAL = "goal"
    FORECAST = "forecast"


class Stage(StrEnum):
    """Where in a decision something was removed, in the order the stages run."""

    CAPABILITY = "capability"
    CEILING = "ceiling"
    PHASE = "phase"
    ELIGIBILITY = "eligibility"
    AVAILABILITY = "availability"
    MANDATE = "mandate"
    RULE = "rule"
    GATE = "gate"
    LADDER = "ladder"
    ATTENTION = "attention"
    VALUE = "value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One thing a customer may need now. ``family`` None: no particular need is known."""

    family: str | None
    phase: Phase
    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """What kept a rung or mode from being chosen."""

    stage: Stage
    rule: str  # name of the check, such as "consents.automation"
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One piece of evidence for an offer, with the facts that fill its sentence."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    sentence: str = ""  # for the customer, where it was put into words


@dataclass(frozen=True, kw_only=True, slots=True)
class Showing:
    """One item that was put before a customer."""

    item_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RungChoice:
    """One rung as it stood in the decision."""

    rung: Rung
    value: float | None  # expected benefit to the customer; None where nothing could be valued
    propensity: float
    removed_by: Removal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Considered:
    """One mode as it stood in the decision; every decision lists all four."""

    mode: Mode
    allowed: bool
    value: float | None
    probability: float | None  # that the need is real, where a forecast says
    propensity: float
    rungs: tuple[RungChoice, ...]
    removed_by: Removal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One setting the customer holds, from what to what."""

    setting: str
    before: object
    after: object


@dataclass(frozen=True, kw_only=True, slots=True)
class Lever:
    """The fewest settings the customer could change to be given another experience."""

    changes: tuple[Change, ...]
    rung: Rung  # that it leads to; of the same mode there may be a lower one, with fewer changes or none

    @property
    def would_give(self) -> Mode:
        """The experience of its rung."""
        return self.rung.mode


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One item put before the customer."""

    item_id: str
    score: float
    probability: float | None = None
    price: Money | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftLine:
    """One line of an order that is not yet placed."""

    item_id: str
    family: str
    quantity: int
    unit_price: Money | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """Part of a request that cannot be filled as it was asked, and what is proposed for it."""

    item_id: str | None
    reason: str  # "unavailable", "no_match"
    substitutes: tuple[Offer, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """When an order that is ready to confirm would arrive."""

    needed_by: datetime | None  # as it was asked for
    met: bool | None  # whether it can be there by then; None: no such wish
    deliver_by: date | None  # the day promised to whoever confirms in time; None: nothing can be promised
    slot: str | None
    place_by: datetime | None  # until when it must be confirmed for that
    earliest: date | None  # confirmed now, it may come as early as this
    earliest_slot: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDraft:
    """An order ready for the customer to confirm."""

    lines: tuple[DraftLine, ...]
    total: Money | None
    unmet: tuple[Unmet, ...] = ()
    delivery: Delivery | None = None  # None: the shop has no calendar


@dataclass(frozen=True, kw_only=True, slots=True)
class NudgeDraft:
    """Words at the right moment, tied to a goal the customer owns."""

    goal_id: str
    kind: str
    text: str
    facts: Mapping[str, object]
    send_at: datetime  # never within quiet hours


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """Which time of a need a line is for, and how sure the need was."""

    cycle: str
    probability: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionDraft:
    """An order Rapport would make for the customer, before it is stored."""

    rung: Rung
    lines: tuple[DraftLine, ...]
    total: Money
    mandate_id: str | None
    certificate_id: str | None
    cycle: str  # which occurrence of the need this is; (customer, family, cycle) is executed once
    due_at: datetime  # when it would be placed; for approve: until when the answer is awaited
    probability: float
    window_days: int  # within which the need was forecast with that probability
    wording: str | None = None  # version of what was signed
    send_at: datetime | None = None  # when it is announced or asked about, never within quiet hours; None: it is not
    gateway: str | None = None  # by name, where a rule chose one
    threshold: float | None = None  # of its certificate
    counted: tuple[Counted, ...] = ()  # what it adds to the caps of rules
    veto_window: timedelta | None = None  # that rules want where it is announced; None: the usual one
    deliver_by: date | None = None  # the day promised; None: none is
    slot: str | None = None  # of that day
    place_by: datetime | None = None  # placed later than this, it does not arrive then
    occurrences: Mapping[str, Occurrence] = field(default_factory=dict)  # by family, where it is for several needs
    together: tuple[int, ...] = ()  # places of the experiences it is for, where they are several; the first one leads
    joins: str | None = None  # the execution under way that this is joined to


@dataclass(frozen=True, kw_only=True, slots=True)
class Experience:
    """What one need is given."""

    need: Need
    rung: Rung
    reason: str  # one sentence a customer can read
    considered: tuple[Considered, ...]
    lever: Lever | None = None
    offers: tuple[Offer, ...] = ()
    nudge: NudgeDraft | None = None
    execution: ExecutionDraft | None = None
    order: OrderDraft | None = None
    order_window: int | None = None  # days, in which an order made unasked now would be right; None: none might be made

    @property
    def mode(self) -> Mode:
        """The experience of its rung."""
        return self.rung.mode


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Which experience each need of one customer is given, and why. The first experience leads."""

    decision_id: str
    customer_id: str
    decided_at: datetime
    model_id: str | None
    touchpoint: str | None
    locale: str | None = None  # that it is told in
    experiences: tuple[Experience, ...]

    @property
    def mode(self) -> Mode:
        """The mode of the first experience."""
        return self.experiences[0].mode


class OutcomeKind(StrEnum):
    """What became of an offer, nudge or execution."""

    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    IGNORED = "ignored"
    KEPT = "kept"
    RETURNED = "returned"
    SKIPPED = "skipped"
    SNOOZED = "snoozed"
    VETOED = "vetoed"
    COMPLAINED = "complained"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the customer did with a decision, per item or as a whole."""

    item_id: str | None
    kind: OutcomeKind
    at: datetime
