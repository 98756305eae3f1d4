"""What a customer wants of their own behaviour."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from api.wire.base import Currency, Decimal, Id, Time, Wire
from api.wire.money import money
from engine.domain.customers import Goal, GoalKind
from engine.domain.values import Money
from engine.errors import InputError


class GoalIn(Wire):
    """Something the customer wants of their own behaviour."""

    kind: GoalKind
    category: str | None = Field(default=None, min_length=1, max_length=500, description="for spend_less")
    family: Id | None = Field(default=None, description="for buy_more and not_run_out")
    amount: Decimal | None = Field(default=None, description="for spend_less: money per period")
    currency: Currency | None = None
    times: float | None = Field(default=None, gt=0, le=1000, description="for buy_more: purchase days per period")
    period_days: int = Field(default=28, ge=1, le=366)

    @model_validator(mode="after")
    def _whole(self) -> GoalIn:
        needed = {
            GoalKind.SPEND_LESS: ("category", "amount"),
            GoalKind.BUY_MORE: ("family", "times"),
            GoalKind.NOT_RUN_OUT: ("family",),
        }[self.kind]
        for name in needed:
            if getattr(self, name) is None:
                raise InputError.of(name, f"a value with a goal of kind {self.kind}", None)
        return self

    def domain(self, goal_id: str, customer_id: str, now: datetime, default_currency: str) -> Goal:
        """As the domain holds it."""
        currency = self.currency or default_currency
        amount = money(self.amount, currency, "amount")
        return Goal(
            goal_id=goal_id,
            customer_id=customer_id,
            kind=self.kind,
            category=self.category,
            family=self.family,
            target=self.times if amount is None else float(amount.minor),
            currency=None if amount is None else currency,
            period_days=self.period_days,
            created_at=now,
        )


class GoalOut(Wire):
    """A goal."""

    goal_id: str
    kind: GoalKind
    category: str | None
    family: str | None
    amount: str | None
    currency: str | None
    times: float | None
    period_days: int
    created_at: Time
    ended_at: Time | None

    @classmethod
    def of(cls, goal: Goal) -> GoalOut:
        """As answered."""
        return cls(
            goal_id=goal.goal_id,
            kind=goal.kind,
            category=goal.category,
            family=goal.family,
            amount=_amount(goal),
            currency=goal.currency,
            times=goal.target if goal.kind is GoalKind.BUY_MORE else None,
            period_days=goal.period_days,
            created_at=goal.created_at,
            ended_at=goal.ended_at,
        )


def _amount(goal: Goal) -> str | None:
    if goal.kind is not GoalKind.SPEND_LESS or goal.target is None or goal.currency is None:
        return None
    return Money(minor=round(goal.target), currency=goal.currency).decimal()


class Goals(Wire):
    """A customer's goals."""

    goals: list[GoalOut]
