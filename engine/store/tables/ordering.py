"""Executions, where they are placed, and what holds them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, metadata

executions = Table(
    "executions",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order they were made
    Column("execution_id", Id, nullable=False, unique=True),
    customer(index=True),
    Column("state", String(20), nullable=False),
    Column("rung", String(10), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("mandate_id", Id),
    Column("certificate_id", String(200)),
    Column("decision_id", Id),
    Column("probability", Float),
    Column("due_at", UtcDateTime, nullable=False),
    Column("announced_at", UtcDateTime),
    Column("approved_at", UtcDateTime),
    Column("placed_at", UtcDateTime),
    Column("order_id", Id),
    Column("deliver_by", Date),  # the day promised, on the shop's calendar
    Column("slot", String(100)),  # of that day
    Column("reason", Text),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("first_call_at", UtcDateTime),  # database's clock; the gateway's key life counts from here
    Column("retry_at", UtcDateTime),  # database's clock
    Column("owner", String(200)),
    Column("lease_until", UtcDateTime),  # database's clock
    Column("held_at", UtcDateTime),  # database's clock, when the lease or the wait for a retry began
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("wording", String(200)),
    Column("put_off_from", UtcDateTime),
    Column("follows", Id),
    Column("retries", Integer, nullable=False, server_default=text("0")),
    Column("test", Boolean, nullable=False, server_default=text("false")),
    Column("gateway", String(200)),  # by name, where a rule chose one
    Column("threshold", Float),  # of its certificate when it was decided
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_executions_state_due_id", "state", "due_at", "execution_id"),  # claims are read along it
)

execution_lines = Table(
    "execution_lines",
    metadata,
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", Id, primary_key=True),
    Column("customer_id", Id, nullable=False),
    Column("need", Id, nullable=False),
    Column("cycle", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),
    Column("instead_of", Id),
    Column("dropped", Text),
    Column("probability", Float),  # that the need is real, where it is one of several
    UniqueConstraint("customer_id", "need", "cycle"),
    CheckConstraint("quantity > 0", name="quantity"),
)

execution_attempts = Table(  # one row a call of the gateway, written before the call
    "execution_attempts",
    metadata,
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("kind", String(10), nullable=False),  # place, look_up
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("result", String(20)),  # placed, repeat, refused, unknown, not_found
    Column("detail", Text),
    Index("ix_execution_attempts_started", "started_at"),
)

execution_moves = Table(  # the life of an execution, one row a move
    "execution_moves",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text),
    Column("at", UtcDateTime, nullable=False),
)


def unanswered(of: ReadOnlyColumnCollection[str, Column[Any]]) -> ColumnElement[bool]:
    """Of executions, whether a question is open. The words stand in the statement, or no index is taken for it."""
    return and_(
        of.state == literal_column("'waiting'"), of.rung == literal_column("'approve'"), of.approved_at.is_(None)
    )


_open = unanswered(executions.c)
Index(  # the first two are the same in all of it, but SQLite would take another one if they were not named
    "ix_executions_unanswered",
    executions.c.rung,
    executions.c.state,
    executions.c.due_at,
    sqlite_where=_open,
    postgresql_where=_open,
)

taps = Table(  # one-tap links: a token does one thing to one execution, once
    "taps",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the token, which is kept nowhere
    customer(index=True),
    Column("execution_id", Id, nullable=False),
    Column("verb", String(10), nullable=False),
    Column("argument", String(200)),  # by how long, which item, how many
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

gateways = Table(  # where orders may be placed beside the default gateway
    "gateways",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secrets", Json, nullable=False),
    Column("terms", Json, nullable=False),
    Column("author", String(200), nullable=False),
    Column("revision", String(64), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

stops = Table(  # the stop switch: in force until lifted, or until its end
    "stops",
    metadata,
    Column("stop_id", Id, primary_key=True),
    Column("scope", String(10), nullable=False),  # all, family, gateway
    Column("value", Id),  # the family, or the gateway's name
    Column("reason", Text, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("lifted_at", UtcDateTime, index=True),
    Column("lifted_by", String(200)),
)

watches = Table(  # the live watches over orders made unasked; one begins where the one before shut its rung
    "watches",
    metadata,
    Column("rung", String(10), primary_key=True),
    Column("began_at", UtcDateTime, primary_key=True),
    Column("promise", Float, nullable=False),
    Column("judged", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("wealth", Float, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False),
    Column("shut_at", UtcDateTime),
    Column("reopened_at", UtcDateTime),
    Column("reopened_by", String(200)),
)

compared = Table(  # ended executions of which the gateway was asked, once each
    "compared",
    metadata,
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

differences = Table(  # where the ledger and the gateway say different things
    "differences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(20), nullable=False),  # missing, other_order, unexpected, amount
    Column("ledger", String(300), nullable=False),
    Column("gateway", String(300), nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime, index=True),
    Column("cleared_by", String(200)),
    Column("note", Text),
    UniqueConstraint("execution_id", "kind", "gateway"),
)
