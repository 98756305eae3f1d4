"""Automatic orders on the wire."""

from __future__ import annotations

from pydantic import Field

from api.wire.base import Page, Span, Text, Time, Wire
from api.wire.customers import RungLabel
from engine.domain.executions import Execution, State


class ExecutionLineOut(Wire):
    """One item of it."""

    item_id: str
    need: str
    cycle: str
    quantity: int
    unit_price: str


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
    gateway: str | None = Field(description="where it is placed, by name; null: at the default one")
    reason: str | None
    created_at: Time

    @classmethod
    def of(cls, execution: Execution) -> ExecutionOut:
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
            gateway=execution.gateway,
            reason=execution.reason,
            created_at=execution.created_at,
        )


class Executions(Wire):
    """Automatic orders, the latest due first."""

    executions: list[ExecutionOut]
    next_cursor: str | None


class StatePage(Page):
    """Executions of one state, or of all."""

    state: State | None = None


class MoveIn(Wire):
    """Why the customer moves it; may be left out."""

    reason: Text | None = None


class SnoozeIn(Wire):
    """How much later it is to be due."""

    by: Span = Field(default="7d", description="how much later it is to be due, at most 60d")
