"""Operators' rules, and what counts against their caps."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.kinds import Id, Json, UtcDateTime, execution, metadata

rules = sa.Table(
    "rules",
    metadata,
    sa.Column("rule_id", Id, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("document", Json, nullable=False),  # null: with this version it is retired
    sa.Column("why", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("approved_by", sa.String(200)),
    sa.Column("approved_at", UtcDateTime),
    sa.Column("starts_at", UtcDateTime),  # of its document, to be asked for
)

rule_uses = sa.Table(  # what counts against a cap: the state of the execution says whether it is promised or spent
    "rule_uses",
    metadata,
    execution(primary_key=True),
    sa.Column("rule_id", sa.String(100), primary_key=True),
    sa.Column("bucket", sa.String(700), primary_key=True),  # whose orders are added up: "customer=anna/family=wine"
    sa.Column("customer_id", Id),  # of a personal cap
    sa.Column("day", sa.String(10), nullable=False),  # on which it counts, in the business's zone
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Index("ix_rule_uses_rule_day", "rule_id", "day"),
    sa.Index("ix_rule_uses_customer", "customer_id", "rule_id"),
)

rule_failures = sa.Table(  # how often a version of a rule could not be told true or false
    "rule_failures",
    metadata,
    sa.Column("rule_id", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),  # the latest
    sa.Column("first_at", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
)
