"""What shops send in, as documented; engine.domain.intake reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire.base import Currency, Decimal, Id, Text, Time, Wire
from engine.domain.shopping import EVENT_KINDS, SURVEY_KINDS

Number = Decimal | float
MOST_ROWS = 1000  # objects in a list


class ItemIn(Wire):
    """Something that can be bought."""

    item_id: Id
    name: str | None = None
    category: str | None = Field(default=None, description="levels parted by ' > '")
    family: Id | None = Field(default=None, description="things that stand in for one another; default the item itself")
    price: Number | None = None
    currency: Currency | None = None
    available: bool | None = None
    attributes: dict[str, object] | None = None


class CustomerIn(Wire):
    """Somebody who buys."""

    customer_id: Id
    timezone: str | None = Field(default=None, examples=["Europe/Berlin"])
    locale: str | None = None
    attributes: dict[str, object] | None = None


class OrderIn(Wire):
    """One item of one order; an order and an item identify the line."""

    order_id: Id
    customer_id: Id
    ordered_at: Time
    item_id: Id
    quantity: int | None = Field(default=None, ge=1)
    unit_price: Number | None = None
    amount: Number | None = Field(default=None, description="of the whole line; it wins over the unit's price")
    currency: Currency | None = None


class EventIn(Wire):
    """Something a customer did, or that happened to them."""

    event_id: Id
    customer_id: Id
    occurred_at: Time
    kind: Text = Field(description=f"one of {', '.join(EVENT_KINDS)}, or the shop's own")
    touchpoint: Text | None = None
    channel: Text | None = None
    item_id: Id | None = None
    value: float | None = None
    properties: dict[str, object] | None = None


class SurveyIn(Wire):
    """One answer to one question."""

    answer_id: Id
    customer_id: Id
    answered_at: Time
    kind: Literal[SURVEY_KINDS]  # type: ignore[valid-type]
    score: float
    touchpoint: Text | None = None
    dimension: Text | None = None
    text: str | None = None


class RowRejected(Wire):
    """One object of a list that was not stored."""

    index: int = Field(description="place in the list, from 0")
    detail: str


class Taken(Wire):
    """What became of the objects sent."""

    accepted: int
    duplicate: int
    rejected: list[RowRejected]
