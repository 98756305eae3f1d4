"""What a customer signs for execution."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from api.wire.base import Currency, Decimal, Id, Span, Text, Time, Wire
from api.wire.money import decimal, money, span, span_text
from engine.domain.customers import Mandate
from engine.errors import InputError

Ids = Annotated[list[Id], Field(max_length=1000)]


class MandateIn(Wire):
    """What the customer signs for execution."""

    families: Ids = []
    items: Ids = []
    substitutes: Ids = Field(default=[], description="items, in order of preference")
    currency: Currency | None = Field(default=None, description="of all amounts; default the shop's")
    price_low: Decimal | None = Field(default=None, description="band of one unit")
    price_high: Decimal | None = None
    order_limit: Decimal | None = Field(default=None, description="of one order in all")
    max_quantity: int = Field(default=1, ge=1, le=10_000, description="of one line")
    budget: Decimal | None = None
    budget_period: Span | None = Field(default=None, description="rolling; needed with a budget")
    earliest_interval: Span | None = Field(default=None, description="between two executions of one family")
    wording: Text | None = None
    signed_at: Time | None = Field(default=None, description="default now")
    expires_at: Time | None = None

    @model_validator(mode="after")
    def _whole(self) -> MandateIn:
        if not self.families and not self.items:
            raise InputError.of("families", "at least one family or item", [])
        if (self.budget is None) != (self.budget_period is None):
            raise InputError.of("budget_period", "a budget and its period, or neither", self.budget_period)
        return self

    def domain(self, mandate_id: str, customer_id: str, now: datetime, default_currency: str) -> Mandate:
        """As the domain holds it.

        Raises
        ------
        InputError
            where an amount cannot be read, or the band is upside down
        """
        currency = self.currency or default_currency
        low, high = money(self.price_low, currency, "price_low"), money(self.price_high, currency, "price_high")
        if low is not None and high is not None and low > high:
            raise InputError.of("price_high", f"{low} or more", self.price_high)
        return Mandate(
            mandate_id=mandate_id,
            customer_id=customer_id,
            families=frozenset(self.families),
            items=frozenset(self.items),
            substitutes=tuple(self.substitutes),
            price_low=low,
            price_high=high,
            order_limit=money(self.order_limit, currency, "order_limit"),
            max_quantity=self.max_quantity,
            budget=money(self.budget, currency, "budget"),
            budget_period=span(self.budget_period, "budget_period"),
            earliest_interval=span(self.earliest_interval, "earliest_interval"),
            wording=self.wording,
            signed_at=self.signed_at or now,
            expires_at=self.expires_at,
        )


class MandateOut(Wire):
    """A mandate and whether it is in force."""

    mandate_id: str
    families: list[str]
    items: list[str]
    substitutes: list[str]
    currency: str | None
    price_low: str | None
    price_high: str | None
    order_limit: str | None
    max_quantity: int
    budget: str | None
    budget_period: str | None
    earliest_interval: str | None
    wording: str | None
    signed_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    live: bool

    @classmethod
    def of(cls, mandate: Mandate, now: datetime) -> MandateOut:
        """As answered at ``now``."""
        amounts = (mandate.price_low, mandate.price_high, mandate.order_limit, mandate.budget)
        return cls(
            mandate_id=mandate.mandate_id,
            families=sorted(mandate.families),
            items=sorted(mandate.items),
            substitutes=list(mandate.substitutes),
            currency=next((a.currency for a in amounts if a is not None), None),
            price_low=decimal(mandate.price_low),
            price_high=decimal(mandate.price_high),
            order_limit=decimal(mandate.order_limit),
            max_quantity=mandate.max_quantity,
            budget=decimal(mandate.budget),
            budget_period=span_text(mandate.budget_period),
            earliest_interval=span_text(mandate.earliest_interval),
            wording=mandate.wording,
            signed_at=mandate.signed_at,
            expires_at=mandate.expires_at,
            revoked_at=mandate.revoked_at,
            live=mandate.live(now),
        )


class Mandates(Wire):
    """A customer's mandates, ended ones included."""

    mandates: list[MandateOut]
