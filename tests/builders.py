"""Small true things to test with; name what matters, the rest is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from engine.domain.customers import Mandate
from engine.domain.shopping import Customer, Event, Item, OrderLine
from engine.domain.values import Money

NOON = datetime(2017, 12, 1, 12, tzinfo=UTC)


def usd(minor: int) -> Money:
    """So many cents."""
    return Money(minor=minor, currency="USD")


def an_item(item_id: str = "i1", **given: Any) -> Item:
    """An item that can be bought."""
    return Item(**{"item_id": item_id, "family": "coffee", "price": usd(499), **given})


def a_customer(customer_id: str = "c1", **given: Any) -> Customer:
    """A customer of whom nothing is known."""
    return Customer(**{"customer_id": customer_id, **given})


def a_line(order_id: str = "o1", item_id: str = "i1", **given: Any) -> OrderLine:
    """One line of an order."""
    known = {"order_id": order_id, "customer_id": "c1", "ordered_at": NOON, "item_id": item_id, "amount": usd(499)}
    return OrderLine(**{**known, **given})


def an_event(event_id: str = "e1", **given: Any) -> Event:
    """Somebody looked at something."""
    return Event(**{"event_id": event_id, "customer_id": "c1", "occurred_at": NOON, "kind": "view", **given})


def a_mandate(mandate_id: str = "m1", **given: Any) -> Mandate:
    """A mandate for coffee at up to 6.00."""
    known = {"customer_id": "c1", "families": frozenset({"coffee"}), "price_high": usd(600), "signed_at": NOON}
    return Mandate(**{"mandate_id": mandate_id, **known, **given})
