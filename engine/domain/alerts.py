"""What somebody should look at, and where the ledger and the gateway say different things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about."""

    STOP = "stop"  # orders are stopped
    GATEWAY = "gateway.failing"  # too many calls end without an answer
    REVIEW = "executions.needs_review"  # nobody knows whether these were placed
    BACKLOG = "executions.overdue"  # due, not stopped, and not placed
    DIFFERS = "ledger.differs"  # the gateway says something else than the ledger
    BUDGET = "mandates.budget"  # of mandates with an order coming up, the budget is nearly used
    GATE = "gate.shut"  # the live watch shut a rung: too many orders made unasked went wrong
    CAP = "caps.used"  # a cap of the whole shop is nearly used
    RULE = "rule.failed"  # an operator's rule could not be evaluated


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One thing that is so now, and that somebody should look at. ``detail`` names no customer."""

    kind: AlertKind
    subject: str = ""  # of several of a kind, which: a gateway, a rule, a stop
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alarm, however its details change."""
        return self.kind.value, self.subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """An alarm from when it was raised until it was cleared."""

    id: int
    kind: str
    subject: str
    detail: Mapping[str, object]
    opened_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is to be told of an alert: its id is the webhook's, the same at every attempt."""

    message_id: str
    document: Mapping[str, object]
    attempts: int  # made so far


class DifferenceKind(StrEnum):
    """How the gateway differs from the ledger."""

    MISSING = "missing"  # placed here, and the gateway has no order
    OTHER_ORDER = "other_order"  # placed here, under another order id there
    UNEXPECTED = "unexpected"  # failed, refused, vetoed or skipped here, and the gateway has an order
    AMOUNT = "amount"  # the same order, of another amount


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that the ledger and the gateway say differently about an execution."""

    id: int
    execution_id: str
    kind: DifferenceKind
    ledger: str
    gateway: str
    found_at: datetime
    seen_at: datetime  # when it was last so
    cleared_at: datetime | None = None  # when it was no longer so, or a person had dealt with it
    cleared_by: str | None = None
    note: str | None = None
