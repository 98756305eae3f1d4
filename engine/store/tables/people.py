"""Customers, and what they stated: preferences, consents, mandates, goals, answers, beliefs."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, metadata

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", Id, primary_key=True),
    sa.Column("timezone", sa.String(64)),
    sa.Column("locale", sa.String(35)),
    sa.Column("attributes", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("customer_id", Id, sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("ceiling", sa.String(10)),
    sa.Column("category_ceilings", Json, nullable=False),  # category -> rung
    sa.Column("family_ceilings", Json, nullable=False),
    sa.Column("quiet_start", sa.String(5)),  # HH:MM, the customer's time
    sa.Column("quiet_end", sa.String(5)),
    sa.Column("channels", Json, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("paused_until", UtcDateTime),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

consents = sa.Table(  # one row a change: the newest row of a purpose is in force
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer(),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("wording", sa.String(200)),
    sa.Column("source", sa.String(200)),
    sa.Index("ix_consents_customer_purpose", "customer_id", "purpose", "id"),
)

mandates = sa.Table(
    "mandates",
    metadata,
    sa.Column("mandate_id", Id, primary_key=True),
    customer(index=True),
    sa.Column("families", Json, nullable=False),
    sa.Column("items", Json, nullable=False),
    sa.Column("substitutes", Json, nullable=False),
    sa.Column("currency", sa.String(3)),
    sa.Column("price_low_minor", sa.BigInteger),
    sa.Column("price_high_minor", sa.BigInteger),
    sa.Column("order_limit_minor", sa.BigInteger),
    sa.Column("max_quantity", sa.Integer, nullable=False),
    sa.Column("budget_minor", sa.BigInteger),
    sa.Column("budget_period_s", sa.BigInteger),
    sa.Column("earliest_interval_s", sa.BigInteger),
    sa.Column("windows", Json, nullable=False, server_default=sa.text("'[]'")),  # [{"days": [0..6], "start", "end"}]
    sa.Column("quiet_dates", Json, nullable=False, server_default=sa.text("'[]'")),  # [{"first", "last"}]
    sa.Column("wording", sa.String(200)),
    sa.Column("signed_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
)

goals = sa.Table(
    "goals",
    metadata,
    sa.Column("goal_id", Id, primary_key=True),
    customer(index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("family", Id),
    sa.Column("target", sa.Float),
    sa.Column("currency", sa.String(3)),
    sa.Column("period_days", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("answer_id", Id, primary_key=True),
    customer(index=True),
    sa.Column("answered_at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("touchpoint", sa.String(200)),
    sa.Column("dimension", sa.String(200)),
    sa.Column("text", sa.Text),
)

beliefs = sa.Table(  # what customers said is to be believed of them
    "beliefs",
    metadata,
    sa.Column("customer_id", Id, sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("agency", sa.Float),
    sa.Column("trust", sa.Float),
    sa.Column("stated_at", UtcDateTime, nullable=False),
    sa.CheckConstraint("agency IS NULL OR (agency >= 0 AND agency <= 1)", name="agency"),
    sa.CheckConstraint("trust IS NULL OR (trust >= 0 AND trust <= 1)", name="trust"),
)
