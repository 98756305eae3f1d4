"""Decisions, what came of them, and what was learned of customers from it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, metadata

decisions = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order they were made
    Column("decision_id", Id, nullable=False, unique=True),
    Column("customer_id", Id, nullable=False),  # no reference: a decision for an unknown customer stores none
    Column("decided_at", UtcDateTime, nullable=False, index=True),
    Column("model_id", Id),
    Column("touchpoint", String(200)),
    Column("mode", String(10), nullable=False),  # of the first experience
    Column("trigger", String(20), nullable=False),  # api, plan, demo
    Column("document", Json, nullable=False),  # as it was answered
    Column("shown", Json, nullable=False, server_default=text("'[]'")),  # items, to a customer who was there
    Index("ix_decisions_customer_decided", "customer_id", "decided_at"),
)

decision_candidates = Table(  # one row a need and rung: what off-policy evaluation reads
    "decision_candidates",
    metadata,
    Column("decision_id", Id, ForeignKey("decisions.decision_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),  # of the experience within the decision
    Column("rung", String(10), primary_key=True),
    Column("family", Id),
    Column("chosen", Boolean, nullable=False),
    Column("value", Float),
    Column("probability", Float),
    Column("propensity", Float, nullable=False),
    Column("removed_stage", String(20)),
    Column("removed_rule", String(200)),
    Column("window_days", Integer),  # of an order that might be made now; null: none might
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", Id, ForeignKey("decisions.decision_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("item_id", String(200), nullable=False, server_default=text("''")),  # '' is the decision as a whole
    Column("kind", String(20), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("decision_id", "item_id", "kind", "at"),
)

signals = Table(  # what was heard of customers: what is believed of them is computed from these rows
    "signals",
    metadata,
    Column("id", Integer, primary_key=True),
    customer(),
    Column("source", String(250), nullable=False),  # execution:ID, decision:ID, nudge:ID, preferences:TIME, history:DAY
    Column("signal", String(20), nullable=False),
    Column("need", String(200), nullable=False, server_default=text("''")),  # '' is the customer as a whole
    Column("rung", String(10)),
    Column("probability", Float),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("customer_id", "source", "signal", "need"),
    Index("ix_signals_customer_at", "customer_id", "at"),
)

ladders = Table(  # where customers stood at the latest review
    "ladders",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.customer_id"), primary_key=True),
    Column("need", Id, primary_key=True),
    Column("rung", String(10), nullable=False),
    Column("evidence", Json, nullable=False),  # hits, misses, sure, shadows by step, and kept
    Column("rest_until", UtcDateTime),
    Column("falls", Integer, nullable=False),
)

reviews = Table(  # when the ladders of a customer were last reviewed
    "reviews",
    metadata,
    Column("customer_id", Id, ForeignKey("customers.customer_id"), primary_key=True),
    Column("reviewed_at", UtcDateTime, nullable=False),
)

climbs = Table(  # every move on a ladder, with its evidence
    "climbs",
    metadata,
    Column("id", Integer, primary_key=True),
    customer(),
    Column("need", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
    Column("why", String(20), nullable=False),
    Column("evidence", Json, nullable=False),
    Index("ix_climbs_customer_at", "customer_id", "at"),
)

nudges = Table(  # the customer's inbox: nudges, notices of executions, and what became of them
    "nudges",
    metadata,
    Column("nudge_id", Id, primary_key=True),
    customer(),
    Column("kind", String(20), nullable=False),  # goal, notice, approval, placed, refused
    Column("goal_id", Id),
    Column("execution_id", Id),
    Column("decision_id", Id),
    Column("text", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("send_at", UtcDateTime, nullable=False),  # visible from then on; never within quiet hours
    Column("response", String(20)),
    Column("responded_at", UtcDateTime),
    Column("sequence", BigInteger, nullable=False),  # order of the stream
    Index("ix_nudges_customer_send", "customer_id", "send_at"),
)

placements = Table(  # what operators put forward in lists
    "placements",
    metadata,
    Column("placement_id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),  # boost, pin
    Column("condition", Text),
    Column("items", Json, nullable=False),
    Column("factor", Float),
    Column("position", Integer),
    Column("touchpoints", Json, nullable=False),
    Column("starts_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("author", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", Id, primary_key=True),
    Column("document", Json, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("experiment_id", Id, ForeignKey("experiments.experiment_id"), primary_key=True),
    Column("unit", Id, primary_key=True),
    Column("cell", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
)
