"""Operators' rules, and what counts against their caps."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from engine.store.tables.kinds import Id, Json, UtcDateTime, metadata

rules = Table(
    "rules",
    metadata,
    Column("rule_id", Id, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Json, nullable=False),  # null: with this version it is retired
    Column("why", Text, nullable=False, server_default=text("''")),
    Column("author", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("approved_by", String(200)),
    Column("approved_at", UtcDateTime),
    Column("starts_at", UtcDateTime),  # of its document, to be asked for
)

rule_uses = Table(  # what counts against a cap: the state of the execution says whether it is promised or spent
    "rule_uses",
    metadata,
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("rule_id", String(100), primary_key=True),
    Column("bucket", String(700), primary_key=True),  # whose orders are added up: "customer=anna/family=wine"
    Column("customer_id", Id),  # of a personal cap
    Column("day", String(10), nullable=False),  # on which it counts, in the business's zone
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Index("ix_rule_uses_rule_day", "rule_id", "day"),
    Index("ix_rule_uses_customer", "customer_id", "rule_id"),
)

rule_failures = Table(  # how often a version of a rule could not be told true or false
    "rule_failures",
    metadata,
    Column("rule_id", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("error", Text, nullable=False),  # the latest
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
)
