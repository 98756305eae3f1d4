"""Customers, and what they stated: preferences, consents, mandates, goals, answers, beliefs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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

customers = Table(
    "customers",
    metadata,
    Column("customer_id", Id, primary_key=True),
    Column("timezone", String(64)),
    Column("locale", String(35)),
    Column("attributes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.customer_id"), primary_key=True),
    Column("ceiling", String(10)),
    Column("category_ceilings", Json, nullable=False),  # category -> rung
    Column("family_ceilings", Json, nullable=False),
    Column("quiet_start", String(5)),  # HH:MM, the customer's time
    Column("quiet_end", String(5)),
    Column("channels", Json, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("paused_until", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
)

consents = Table(  # one row a change: the newest row of a purpose is in force
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    customer(),
    Column("purpose", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("wording", String(200)),
    Column("source", String(200)),
    Index("ix_consents_customer_purpose", "customer_id", "purpose", "id"),
)

mandates = Table(
    "mandates",
    metadata,
    Column("mandate_id", Id, primary_key=True),
    customer(index=True),
    Column("families", Json, nullable=False),
    Column("items", Json, nullable=False),
    Column("substitutes", Json, nullable=False),
    Column("currency", String(3)),
    Column("price_low_minor", BigInteger),
    Column("price_high_minor", BigInteger),
    Column("order_limit_minor", BigInteger),
    Column("max_quantity", Integer, nullable=False),
    Column("budget_minor", BigInteger),
    Column("budget_period_s", BigInteger),
    Column("earliest_interval_s", BigInteger),
    Column("windows", Json, nullable=False, server_default=text("'[]'")),  # [{"days": [0..6], "start", "end"}]
    Column("quiet_dates", Json, nullable=False, server_default=text("'[]'")),  # [{"first", "last"}]
    Column("wording", String(200)),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

goals = Table(
    "goals",
    metadata,
    Column("goal_id", Id, primary_key=True),
    customer(index=True),
    Column("kind", String(20), nullable=False),
    Column("category", Text),
    Column("family", Id),
    Column("target", Float),
    Column("currency", String(3)),
    Column("period_days", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

surveys = Table(
    "surveys",
    metadata,
    Column("answer_id", Id, primary_key=True),
    customer(index=True),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("score", Float, nullable=False),
    Column("touchpoint", String(200)),
    Column("dimension", String(200)),
    Column("text", Text),
)

beliefs = Table(  # what customers said is to be believed of them
    "beliefs",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.customer_id"), primary_key=True),
    Column("agency", Float),
    Column("trust", Float),
    Column("stated_at", UtcDateTime, nullable=False),
    CheckConstraint("agency IS NULL OR (agency >= 0 AND agency <= 1)", name="agency"),
    CheckConstraint("trust IS NULL OR (trust >= 0 AND trust <= 1)", name="trust"),
)
