"""What there is to buy, what was bought, and what was looked at."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, metadata

items = sa.Table(
    "items",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),  # the full-text index points here
    sa.Column("item_id", Id, nullable=False, unique=True),
    sa.Column("name", sa.Text),
    sa.Column("category", sa.Text, nullable=False),  # levels parted by " > "
    sa.Column("family", Id, nullable=False, index=True),
    sa.Column("price_minor", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    sa.Column("available", sa.Boolean, nullable=False),
    sa.Column("attributes", Json, nullable=False),
    sa.CheckConstraint("price_minor IS NULL OR (price_minor >= 0 AND currency IS NOT NULL)", name="price"),
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("order_id", Id, primary_key=True),
    customer(),
    sa.Column("ordered_at", UtcDateTime, nullable=False, index=True),
    sa.Column("source", sa.String(20), nullable=False, server_default=sa.text("'shop'")),  # shop, execution
    sa.Index("ix_orders_customer_ordered", "customer_id", "ordered_at"),
)

order_lines = sa.Table(
    "order_lines",
    metadata,
    sa.Column("order_id", Id, sa.ForeignKey("orders.order_id"), primary_key=True),
    sa.Column("item_id", Id, sa.ForeignKey("items.item_id"), primary_key=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("amount_minor", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    sa.Column("import_id", sa.BigInteger, nullable=False),  # lines of one import add up, those of another replace
    sa.CheckConstraint("quantity > 0", name="quantity"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("event_id", Id, primary_key=True),
    customer(),
    sa.Column("occurred_at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(200), nullable=False),
    sa.Column("touchpoint", sa.String(200)),
    sa.Column("channel", sa.String(200)),
    sa.Column("item_id", Id, sa.ForeignKey("items.item_id")),
    sa.Column("value", sa.Float),
    sa.Column("properties", Json, nullable=False),
    sa.Index("ix_events_customer_occurred", "customer_id", "occurred_at"),
)

calendars = sa.Table(  # the shop's calendar of deliveries; the latest version is in force
    "calendars",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("document", Json),  # null: none is in force
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

slot_bookings = sa.Table(  # how many orders a slot of a day is promised to
    "slot_bookings",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("slot", sa.String(100), primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.CheckConstraint("taken >= 0", name="taken"),
)
