"""A pause on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from api.wire.base import Time, Wire
from api.wire.customers import RungLabel
from api.wire.executions import ExecutionOut
from api.wire.money import decimal
from engine.domain.customers import Preferences
from engine.domain.decisions import ExecutionDraft, Rung
from engine.domain.executions import Execution
from modes import agency


class WouldLineOut(Wire):
    """One item of an order that would be made."""

    item_id: str
    need: str
    quantity: int
    unit_price: str | None


class WouldOut(Wire):
    """An order that would be made."""

    rung: RungLabel
    lines: list[WouldLineOut]
    total: str
    currency: str
    due_at: Time = Field(description="when it would be placed; of one that asks first: until when it asks")

    @classmethod
    def of(cls, draft: ExecutionDraft) -> WouldOut:
        """As answered."""
        return cls(
            rung=draft.rung.label,
            lines=[
                WouldLineOut(
                    item_id=line.item_id, need=line.family, quantity=line.quantity, unit_price=decimal(line.unit_price)
                )
                for line in draft.lines
            ],
            total=draft.total.decimal(),
            currency=draft.total.currency,
            due_at=draft.due_at,
        )


class PauseOut(Wire):
    """Whether there is a pause, and what would follow if there were none from now on."""

    paused: bool
    paused_until: Time | None = Field(description="null: until it is taken back, or there is none")
    at_once: list[WouldOut] = Field(description="would be ordered without another word")
    announced: list[WouldOut] = Field(description="would be announced, and ordered unless stopped")
    asked: list[WouldOut] = Field(description="would be asked about")
    waiting: list[ExecutionOut] = Field(description="announced before, and due later")
    left_out: list[ExecutionOut] = Field(description="fell due in the pause; not ordered when it ends")

    @classmethod
    def of(
        cls, stated: Preferences, drafts: Sequence[ExecutionDraft], waiting: Sequence[Execution], now: datetime
    ) -> PauseOut:
        """As answered at ``now``."""
        paused = agency.paused(stated, now)
        made = {rung: [WouldOut.of(one) for one in drafts if one.rung is rung] for rung in Rung}
        return cls(
            paused=paused,
            paused_until=stated.paused_until if paused else None,
            at_once=made[Rung.SILENT],
            announced=made[Rung.VETO],
            asked=made[Rung.APPROVE],
            waiting=[ExecutionOut.of(one) for one in waiting if one.due_at > now or not paused],
            left_out=[ExecutionOut.of(one) for one in waiting if one.due_at <= now and paused],
        )
