"""Executions, where they are placed, and what holds them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from engine.store.tables.kinds import Id, Json, UtcDateTime, customer, execution, metadata

executions = sa.Table(
    "executions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),  # in the order they were made
    sa.Column("execution_id", Id, nullable=False, unique=True),
    customer(index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("rung", sa.String(10), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("mandate_id", Id),
    sa.Column("certificate_id", sa.String(200)),
    sa.Column("decision_id", Id),
    sa.Column("probability", sa.Float),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("announced_at", UtcDateTime),
    sa.Column("approved_at", UtcDateTime),
    sa.Column("placed_at", UtcDateTime),
    sa.Column("order_id", Id),
    sa.Column("deliver_by", sa.Date),  # the day promised, on the shop's calendar
    sa.Column("slot", sa.String(100)),  # of that day
    sa.Column("reason", sa.Text),
    sa.Column("attempt", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("first_call_at", UtcDateTime),  # database's clock; the gateway's key life counts from here
    sa.Column("retry_at", UtcDateTime),  # database's clock
    sa.Column("owner", sa.String(200)),
    sa.Column("lease_until", UtcDateTime),  # database's clock
    sa.Column("held_at", UtcDateTime),  # database's clock, when the lease or the wait for a retry began
    sa.Column("fence", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("wording", sa.String(200)),
    sa.Column("put_off_from", UtcDateTime),
    sa.Column("follows", Id),
    sa.Column("retries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("gateway", sa.String(200)),  # by name, where a rule chose one
    sa.Column("threshold", sa.Float),  # of its certificate when it was decided
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("ix_executions_state_due_id", "state", "due_at", "execution_id"),  # claims are read along it
)

execution_lines = sa.Table(
    "execution_lines",
    metadata,
    execution(primary_key=True),
    sa.Column("item_id", Id, primary_key=True),
    sa.Column("customer_id", Id, nullable=False),
    sa.Column("need", Id, nullable=False),
    sa.Column("cycle", sa.String(200), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("unit_price_minor", sa.BigInteger, nullable=False),
    sa.Column("instead_of", Id),
    sa.Column("dropped", sa.Text),
    sa.Column("probability", sa.Float),  # that the need is real, where it is one of several
    sa.UniqueConstraint("customer_id", "need", "cycle"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
)

execution_attempts = sa.Table(  # one row a call of the gateway, written before the call
    "execution_attempts",
    metadata,
    execution(primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),  # place, look_up
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("result", sa.String(20)),  # placed, repeat, refused, unknown, not_found
    sa.Column("detail", sa.Text),
    sa.Index("ix_execution_attempts_started", "started_at"),
)

execution_moves = sa.Table(  # the life of an execution, one row a move
    "execution_moves",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    execution(nullable=False, index=True),
    sa.Column("before", sa.String(20)),
    sa.Column("after", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("at", UtcDateTime, nullable=False),
)


def unanswered(of: ReadOnlyColumnCollection[str, sa.Column[Any]]) -> sa.ColumnElement[bool]:
    """Of executions, whether a question is open. The words stand in the statement, or no index is taken for it."""
    return sa.and_(
        of.state == sa.literal_column("'waiting'"), of.rung == sa.literal_column("'approve'"), of.approved_at.is_(None)
    )


_open = unanswered(executions.c)
sa.Index(  # the first two are the same in all of it, but SQLite would take another one if they were not named
    "ix_executions_unanswered",
    executions.c.rung,
    executions.c.state,
    executions.c.due_at,
    sqlite_where=_open,
    postgresql_where=_open,
)

taps = sa.Table(  # one-tap links: a token does one thing to one execution, once
    "taps",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # SHA-256 of the token, which is kept nowhere
    customer(index=True),
    sa.Column("execution_id", Id, nullable=False),
    sa.Column("verb", sa.String(10), nullable=False),
    sa.Column("argument", sa.String(200)),  # by how long, which item, how many
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    sa.Column("used_at", UtcDateTime),
)

gateways = sa.Table(  # where orders may be placed beside the default gateway
    "gateways",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secrets", Json, nullable=False),
    sa.Column("terms", Json, nullable=False),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("revision", sa.String(64), nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

stops = sa.Table(  # the stop switch: in force until lifted, or until its end
    "stops",
    metadata,
    sa.Column("stop_id", Id, primary_key=True),
    sa.Column("scope", sa.String(10), nullable=False),  # all, family, gateway
    sa.Column("value", Id),  # the family, or the gateway's name
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime),
    sa.Column("lifted_at", UtcDateTime, index=True),
    sa.Column("lifted_by", sa.String(200)),
)

watches = sa.Table(  # the live watches over orders made unasked; one begins where the one before shut its rung
    "watches",
    metadata,
    sa.Column("rung", sa.String(10), primary_key=True),
    sa.Column("began_at", UtcDateTime, primary_key=True),
    sa.Column("promise", sa.Float, nullable=False),
    sa.Column("judged", sa.Integer, nullable=False),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("wealth", sa.Float, nullable=False),
    sa.Column("evidence", Json, nullable=False),
    sa.Column("looked_at", UtcDateTime, nullable=False),
    sa.Column("shut_at", UtcDateTime),
    sa.Column("reopened_at", UtcDateTime),
    sa.Column("reopened_by", sa.String(200)),
)

compared = sa.Table(  # ended executions of which the gateway was asked, once each
    "compared",
    metadata,
    execution(primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)

differences = sa.Table(  # where the ledger and the gateway say different things
    "differences",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    execution(nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),  # missing, other_order, unexpected, amount
    sa.Column("ledger", sa.String(300), nullable=False),
    sa.Column("gateway", sa.String(300), nullable=False),
    sa.Column("found_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("cleared_at", UtcDateTime, index=True),
    sa.Column("cleared_by", sa.String(200)),
    sa.Column("note", sa.Text),
    sa.UniqueConstraint("execution_id", "kind", "gateway"),
)
