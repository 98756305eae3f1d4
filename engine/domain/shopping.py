"""What is sold, who buys, and what happened: the objects that are taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.domain.values import Money

IMPRESSION = "impression"  # an item was put before the customer: neither for nor against it
EVENT_KINDS = (
    "view",
    "search",
    "cart",
    "purchase",
    "return",
    "contact",
    "complaint",
    "referral",
    "review",
    IMPRESSION,
)
SURVEY_KINDS = ("nps", "csat", "ces", "expectation", "experience")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Something that can be bought."""

    item_id: str
    name: str | None = None
    category: tuple[str, ...] = ()  # levels, the widest first
    family: str  # things that stand in for one another; the item's own id where nothing else is known
    price: Money | None = None
    available: bool = True
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the catalogue has for a customer's words."""

    items: tuple[str, ...] = ()  # ids, best first
    whole: bool = True  # every word was found in each of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """Somebody who buys."""

    customer_id: str
    timezone: str | None = None  # IANA name; None: the business's zone
    locale: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderLine:
    """One item of one order; (order_id, item_id) identifies it."""

    order_id: str
    customer_id: str
    ordered_at: datetime
    item_id: str
    quantity: int = 1
    unit_price: Decimal | None = None
    amount: Money | None = None  # of the whole line


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something a customer did or that happened to them, other than an order."""

    event_id: str
    customer_id: str
    occurred_at: datetime
    kind: str
    touchpoint: str | None = None
    channel: str | None = None
    item_id: str | None = None
    value: float | None = None
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyAnswer:
    """One answer to one question."""

    answer_id: str
    customer_id: str
    answered_at: datetime
    kind: str
    score: float
    touchpoint: str | None = None
    dimension: str | None = None
    text: str | None = None
