"""Automatic orders on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.wire.base import Id, Page, Span, Text, Time, Wire
from api.wire.customers import RungLabel
from engine.domain.executions import Execution, ExecutionLine, State
from engine.errors import InputError
from modes import explain
from modes.rules import Objection


class Outcome(StrEnum):
    """What became of an execution, as a person found out."""

    PLACED = "placed"
    FAILED = "failed"


class ExecutionLineOut(Wire):
    """One item of it."""

    item_id: str
    need: str
    cycle: str
    quantity: int
    unit_price: str
    instead_of: str | None = Field(description="the item that was announced, where this one stands in for it")

    @classmethod
    def of(cls, line: ExecutionLine) -> ExecutionLineOut:
        """As answered."""
        return cls(**_line(line))


class DroppedLineOut(ExecutionLineOut):
    """A line that the order went on without."""

    reason: str

    @classmethod
    def of(cls, line: ExecutionLine) -> DroppedLineOut:
        """As answered."""
        return cls(**_line(line), reason=str(line.dropped))


def _line(line: ExecutionLine) -> dict[str, Any]:
    return {
        "item_id": line.item_id,
        "need": line.need,
        "cycle": line.cycle,
        "quantity": line.quantity,
        "unit_price": line.unit_price.decimal(),
        "instead_of": line.instead_of,
    }


class RiskOut(Wire):
    """One thing that would keep an order from being placed when it is due, as things stand now."""

    stage: str
    rule: str
    reason: str = Field(description="as the customer would be told")
    detail: dict[str, object]

    @classmethod
    def of(cls, objection: Objection) -> RiskOut:
        """As answered."""
        removal = objection.removal()
        return cls(
            stage=objection.stage, rule=objection.rule, reason=explain.removal(removal), detail=dict(removal.detail)
        )


class ExecutionOut(Wire):
    """One automatic order and where it stands."""

    execution_id: str
    customer_id: str
    state: State
    rung: RungLabel
    lines: list[ExecutionLineOut]
    dropped: list[DroppedLineOut] = Field(description="lines that it went on without, each with its reason")
    total: str
    currency: str
    mandate_id: str | None
    certificate_id: str | None
    decision_id: str | None
    probability: float | None
    due_at: Time
    deliver_by: date | None = Field(default=None, description="the day promised, on the shop's calendar")
    slot: str | None = Field(default=None, description="the slot of that day, by its name in the shop's calendar")
    announced_at: Time | None
    approved_at: Time | None
    placed_at: Time | None
    order_id: str | None
    gateway: str | None = Field(description="where it is placed, by name; null: at the default one")
    reason: str | None
    wording: str | None = Field(description="version of what was signed, when it was announced")
    follows: str | None = Field(description="the execution that this one carries on, or was parted from")
    test: bool = Field(description="goes all the way and charges nobody")
    created_at: Time
    risks: list[RiskOut] | None = Field(default=None, description="in the view at_risk; null elsewhere")

    @classmethod
    def of(cls, execution: Execution, risks: Sequence[Objection] | None = None) -> ExecutionOut:
        """As answered."""
        return cls(
            execution_id=execution.execution_id,
            customer_id=execution.customer_id,
            state=execution.state,
            rung=execution.rung.label,
            lines=[ExecutionLineOut.of(line) for line in execution.lines],
            dropped=[DroppedLineOut.of(line) for line in execution.dropped],
            total=execution.total.decimal(),
            currency=execution.total.currency,
            mandate_id=execution.mandate_id,
            certificate_id=execution.certificate_id,
            decision_id=execution.decision_id,
            probability=execution.probability,
            due_at=execution.due_at,
            deliver_by=execution.deliver_by,
            slot=execution.slot,
            announced_at=execution.announced_at,
            approved_at=execution.approved_at,
            placed_at=execution.placed_at,
            order_id=execution.order_id,
            gateway=execution.gateway,
            reason=execution.reason,
            wording=execution.wording,
            follows=execution.follows,
            test=execution.test,
            created_at=execution.created_at,
            risks=None if risks is None else [RiskOut.of(one) for one in risks],
        )


class Executions(Wire):
    """Automatic orders, the latest due first."""

    executions: list[ExecutionOut]
    next_cursor: str | None


class View(StrEnum):
    """What an operator wants to see of executions."""

    UPCOMING = "upcoming"  # not placed yet, the next due first
    AT_RISK = "at_risk"  # due soon, with what speaks against them as things stand now, the next due first
    FAILED = "failed"  # failed, refused, or nobody knows


class StatePage(Page):
    """Executions of one state, or of all."""

    state: State | None = None
    view: View | None = Field(
        default=None, description="in place of state; a page of at_risk may be short though more follows"
    )
    within: Span = Field(default="2d", description="of at_risk: how soon it is due")

    @model_validator(mode="after")
    def _one(self) -> StatePage:
        if self.state is not None and self.view is not None:
            raise InputError.of("view", "a view or a state, and not both", self.view.value)
        return self


class SettleIn(Wire):
    """What a person found out: the shop's order, or that there is none. Nothing is sent to the shop."""

    outcome: Outcome = Field(description="placed needs order_id")
    order_id: Id | None = Field(default=None, description="the shop's")
    reason: Text = Field(default="settled by hand")

    @model_validator(mode="after")
    def _whole(self) -> SettleIn:
        if (self.outcome is Outcome.PLACED) == (self.order_id is None):
            raise InputError.of("order_id", "the shop's order id with placed, and none with failed", self.order_id)
        return self


class TrialLineIn(Wire):
    """An item and how many of it."""

    item_id: Id
    quantity: int = Field(default=1, ge=1, le=10_000)


class TrialIn(Wire):
    """A test order."""

    customer_id: Id
    items: Annotated[list[TrialLineIn], Field(min_length=1, max_length=50)]
    test: Literal[True] = Field(description="only tests are made by hand")


class MoveIn(Wire):
    """Why the customer moves it; may be left out."""

    reason: Text | None = None


class SnoozeIn(Wire):
    """How much later it is to be due, or when."""

    by: Span | None = Field(default=None, description="how much later it is to be due, at most 60d; default 7d")
    until: Time | None = Field(default=None, description="when it is to be due, at most 60d from now")

    @model_validator(mode="after")
    def _one(self) -> SnoozeIn:
        if self.by is not None and self.until is not None:
            raise InputError.of("until", "one of by and until", self.until.isoformat())
        return self


class SwapIn(Wire):
    """What is wanted instead."""

    item_id: Id = Field(description="one of the signed substitutes")
    instead_of: Id | None = Field(default=None, description="of an order of several lines: which item it replaces")


class ChangeIn(Wire):
    """How many are wanted."""

    quantity: int = Field(ge=1, le=10_000)
    item_id: Id | None = Field(default=None, description="of an order of several lines: of which item")
