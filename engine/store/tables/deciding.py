"""Decisions, what came of them, and what was learned of customers from it."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, decision, metadata

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),  # in the order they were made
    sa.Column("decision_id", Id, nullable=False, unique=True),
    sa.Column("customer_id", Id, nullable=False),  # no reference: a decision for an unknown customer stores none
    sa.Column("decided_at", UtcDateTime, nullable=False, index=True),
    sa.Column("model_id", Id),
    sa.Column("touchpoint", sa.String(200)),
    sa.Column("mode", sa.String(10), nullable=False),  # of the first experience
    sa.Column("trigger", sa.String(20), nullable=False),  # api, plan, demo
    sa.Column("document", Json, nullable=False),  # as it was answered
    sa.Column("shown", Json, nullable=False, server_default=sa.text("'[]'")),  # items, to a customer who was there
    sa.Index("ix_decisions_customer_decided", "customer_id", "decided_at"),
)

decision_candidates = sa.Table(  # one row a need and rung: what off-policy evaluation reads
    "decision_candidates",
    metadata,
    decision(primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),  # of the experience within the decision
    sa.Column("rung", sa.String(10), primary_key=True),
    sa.Column("family", Id),
    sa.Column("chosen", sa.Boolean, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("probability", sa.Float),
    sa.Column("propensity", sa.Float, nullable=False),
    sa.Column("removed_stage", sa.String(20)),
    sa.Column("removed_rule", sa.String(200)),
    sa.Column("window_days", sa.Integer),  # of an order that might be made now; null: none might
)

outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    decision(nullable=False, index=True),
    sa.Column("item_id", sa.String(200), nullable=False, server_default=sa.text("''")),  # '' is the decision as a whole
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("decision_id", "item_id", "kind", "at"),
)

signals = sa.Table(  # what was heard of customers: what is believed of them is computed from these rows
    "signals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer(),
    sa.Column(
        "source", sa.String(250), nullable=False
    ),  # execution:, decision:, nudge:ID, preferences:TIME, history:DAY
    sa.Column("signal", sa.String(20), nullable=False),
    sa.Column("need", sa.String(200), nullable=False, server_default=sa.text("''")),  # '' is the customer as a whole
    sa.Column("rung", sa.String(10)),
    sa.Column("probability", sa.Float),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("customer_id", "source", "signal", "need"),
    sa.Index("ix_signals_customer_at", "customer_id", "at"),
)

ladders = sa.Table(  # where customers stood at the latest review
    "ladders",
    metadata,
    sa.Column("customer_id", Id, sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("need", Id, primary_key=True),
    sa.Column("rung", sa.String(10), nullable=False),
    sa.Column("evidence", Json, nullable=False),  # hits, misses, sure, shadows by step, and kept
    sa.Column("rest_until", UtcDateTime),
    sa.Column("falls", sa.Integer, nullable=False),
)

reviews = sa.Table(  # when the ladders of a customer were last reviewed
    "reviews",
    metadata,
    sa.Column("customer_id", Id, sa.ForeignKey("customers.customer_id"), primary_key=True),
    sa.Column("reviewed_at", UtcDateTime, nullable=False),
)

climbs = sa.Table(  # every move on a ladder, with its evidence
    "climbs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    customer(),
    sa.Column("need", Id, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("before", sa.String(10), nullable=False),
    sa.Column("after", sa.String(10), nullable=False),
    sa.Column("why", sa.String(20), nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Index("ix_climbs_customer_at", "customer_id", "at"),
)

nudges = sa.Table(  # the customer's inbox: nudges, notices of executions, and what became of them
    "nudges",
    metadata,
    sa.Column("nudge_id", Id, primary_key=True),
    customer(),
    sa.Column("kind", sa.String(20), nullable=False),  # goal, notice, approval, placed, refused
    sa.Column("goal_id", Id),
    sa.Column("execution_id", Id),
    sa.Column("decision_id", Id),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("facts", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("send_at", UtcDateTime, nullable=False),  # visible from then on; never within quiet hours
    sa.Column("response", sa.String(20)),
    sa.Column("responded_at", UtcDateTime),
    sa.Column("sequence", sa.BigInteger, nullable=False),  # order of the stream
    sa.Index("ix_nudges_customer_send", "customer_id", "send_at"),
)

placements = sa.Table(  # what operators put forward in lists
    "placements",
    metadata,
    sa.Column("placement_id", Id, primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),  # boost, pin
    sa.Column("condition", sa.Text),
    sa.Column("items", Json, nullable=False),
    sa.Column("factor", sa.Float),
    sa.Column("position", sa.Integer),
    sa.Column("touchpoints", Json, nullable=False),
    sa.Column("starts_at", UtcDateTime),
    sa.Column("ends_at", UtcDateTime),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("experiment_id", Id, primary_key=True),
    sa.Column("document", Json, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

exposures = sa.Table(
    "exposures",
    metadata,
    sa.Column("experiment_id", Id, sa.ForeignKey("experiments.experiment_id"), primary_key=True),
    sa.Column("unit", Id, primary_key=True),
    sa.Column("cell", sa.Integer, nullable=False),
    sa.Column("first_at", UtcDateTime, nullable=False),
)
