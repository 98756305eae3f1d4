"""What a customer signs for execution."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from api.wire.base import Currency, Decimal, Id, Span, Text, Time, Wire
from api.wire.customers import ClockTime
from api.wire.money import decimal, money, span, span_text
from engine.domain.customers import Days, Mandate, Window
from engine.errors import InputError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _date(value: str, info: ValidationInfo) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise InputError.of(info.field_name or "", "a date such as 2017-12-24", value) from None


Date = Annotated[
    str,
    Field(json_schema_extra={"format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, examples=["2017-12-24"]),
    AfterValidator(_date),
]
Ids = Annotated[list[Id], Field(max_length=1000)]


class WindowWire(Wire):
    """A part of the week, by the customer's clock, in which orders may be placed."""

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)] = list(WEEKDAYS)
    start: ClockTime
    end: ClockTime = Field(description="not after the start: on the next day")

    def domain(self) -> Window:
        """As the domain holds it."""
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        return Window(days=frozenset(WEEKDAYS.index(day) for day in self.days), start=start, end=end)

    @classmethod
    def of(cls, window: Window) -> WindowWire:
        """As answered."""
        days = [WEEKDAYS[day] for day in sorted(window.days)]
        return cls(days=days, start=window.start.strftime("%H:%M"), end=window.end.strftime("%H:%M"))


class DaysWire(Wire):
    """Days of the customer's calendar on which nothing is placed."""

    first: Date
    last: Date | None = Field(default=None, description="included; default the first")

    def domain(self, field: str) -> Days:
        """As the domain holds it; InputError where it ends before it begins."""
        first, last = date.fromisoformat(self.first), date.fromisoformat(self.last or self.first)
        if last < first:
            raise InputError.of(field, f"{self.first} or later", self.last)
        return Days(first=first, last=last)

    @classmethod
    def of(cls, days: Days) -> DaysWire:
        """As answered."""
        return cls(first=days.first.isoformat(), last=days.last.isoformat())


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
    windows: Annotated[list[WindowWire], Field(max_length=50)] = Field(
        default=[], description="in which orders may be placed; none: at any time"
    )
    quiet_dates: Annotated[list[DaysWire], Field(max_length=100)] = Field(
        default=[], description="on which nothing is placed, by the customer's calendar"
    )
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
            windows=tuple(window.domain() for window in self.windows),
            quiet_dates=tuple(days.domain(f"quiet_dates.{n}.last") for n, days in enumerate(self.quiet_dates)),
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
    windows: list[WindowWire]
    quiet_dates: list[DaysWire]
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
            windows=[WindowWire.of(window) for window in mandate.windows],
            quiet_dates=[DaysWire.of(days) for days in mandate.quiet_dates],
            wording=mandate.wording,
            signed_at=mandate.signed_at,
            expires_at=mandate.expires_at,
            revoked_at=mandate.revoked_at,
            live=mandate.live(now),
        )


class Mandates(Wire):
    """A customer's mandates, ended ones included."""

    mandates: list[MandateOut]
