"""Automatic orders on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field, model_validator

from api.wire.base import Id, Page, Span, Text, Time, Wire
from api.wire.customers import RungLabel
from engine.domain.executions import Execution, State
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
    total: str
    currency: str
    mandate_id: str | None
    certificate_id: str | None
    decision_id: str | None
    probability: float | None
    due_at: Time
    announced_at: Time | None
    approved_at: Time | None
    placed_at: Time | None
    order_id: str | None
    reason: str | None
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
            lines=[
                ExecutionLineOut(
                    item_id=line.item_id,
                    need=line.need,
                    cycle=line.cycle,
                    quantity=line.quantity,
                    unit_price=line.unit_price.decimal(),
                )
                for line in execution.lines
            ],
            total=execution.total.decimal(),
            currency=execution.total.currency,
            mandate_id=execution.mandate_id,
            certificate_id=execution.certificate_id,
            decision_id=execution.decision_id,
            probability=execution.probability,
            due_at=execution.due_at,
            announced_at=execution.announced_at,
            approved_at=execution.approved_at,
            placed_at=execution.placed_at,
            order_id=execution.order_id,
            reason=execution.reason,
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


class MoveIn(Wire):
    """Why the customer moves it; may be left out."""

    reason: Text | None = None


class SnoozeIn(Wire):
    """How much later it is to be due."""

    by: Span = Field(default="7d", description="how much later it is to be due, at most 60d")
