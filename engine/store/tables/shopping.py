"""What there is to buy, what was bought, and what was looked at."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, metadata

items = Table(
    "items",
    metadata,
    Column("number", Integer, primary_key=True),  # the full-text index points here
    Column("item_id", Id, nullable=False, unique=True),
    Column("name", Text),
    Column("category", Text, nullable=False),  # levels parted by " > "
    Column("family", Id, nullable=False, index=True),
    Column("price_minor", BigInteger),
    Column("currency", String(3)),
    Column("available", Boolean, nullable=False),
    Column("attributes", Json, nullable=False),
    CheckConstraint("price_minor IS NULL OR (price_minor >= 0 AND currency IS NOT NULL)", name="price"),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Id, primary_key=True),
    customer(),
    Column("ordered_at", UtcDateTime, nullable=False, index=True),
    Column("source", String(20), nullable=False, server_default=text("'shop'")),  # shop, execution
    Index("ix_orders_customer_ordered", "customer_id", "ordered_at"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Id, ForeignKey("orders.order_id"), primary_key=True),
    Column("item_id", Id, ForeignKey("items.item_id"), primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("amount_minor", BigInteger),
    Column("currency", String(3)),
    Column("import_id", BigInteger, nullable=False),  # lines of one import add up, those of another replace
    CheckConstraint("quantity > 0", name="quantity"),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Id, primary_key=True),
    customer(),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("kind", String(200), nullable=False),
    Column("touchpoint", String(200)),
    Column("channel", String(200)),
    Column("item_id", Id, ForeignKey("items.item_id")),
    Column("value", Float),
    Column("properties", Json, nullable=False),
    Index("ix_events_customer_occurred", "customer_id", "occurred_at"),
)

calendars = Table(  # the shop's calendar of deliveries; the latest version is in force
    "calendars",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("document", Json),  # null: none is in force
    Column("author", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

slot_bookings = Table(  # how many orders a slot of a day is promised to
    "slot_bookings",
    metadata,
    Column("day", Date, primary_key=True),
    Column("slot", String(100), primary_key=True),
    Column("taken", Integer, nullable=False),
    CheckConstraint("taken >= 0", name="taken"),
)
