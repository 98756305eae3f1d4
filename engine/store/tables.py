"""Every table, in SQLAlchemy Core. Times are aware UTC, money is whole minor units and a currency, ids are text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import TypeDecorator

from engine.domain.values import require_aware


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant; a naive one is refused on the way in, UTC comes out on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In: UTC, without its zone where the database keeps none."""
        if value is None:
            return None
        utc = require_aware(value)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out: aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
Id = String(200)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _customer(**options: object) -> Column[str]:
    return Column("customer_id", Id, ForeignKey("customers.customer_id"), nullable=False, **options)  # type: ignore[arg-type]


customers = Table(
    "customers",
    metadata,
    Column("customer_id", Id, primary_key=True),
    Column("timezone", String(64)),
    Column("locale", String(35)),
    Column("attributes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

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
    _customer(),
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
    _customer(),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("kind", String(200), nullable=False),
    Column("touchpoint", String(200)),
    Column("channel", String(200)),
    Column("item_id", Id, ForeignKey("items.item_id")),
    Column("value", Float),
    Column("properties", Json, nullable=False),
    Index("ix_events_customer_occurred", "customer_id", "occurred_at"),
)

surveys = Table(
    "surveys",
    metadata,
    Column("answer_id", Id, primary_key=True),
    _customer(index=True),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("score", Float, nullable=False),
    Column("touchpoint", String(200)),
    Column("dimension", String(200)),
    Column("text", Text),
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
    _customer(),
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
    _customer(index=True),
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
    _customer(index=True),
    Column("kind", String(20), nullable=False),
    Column("category", Text),
    Column("family", Id),
    Column("target", Float),
    Column("currency", String(3)),
    Column("period_days", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

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
    _customer(),
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
    _customer(),
    Column("need", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
    Column("why", String(20), nullable=False),
    Column("evidence", Json, nullable=False),
    Index("ix_climbs_customer_at", "customer_id", "at"),
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

nudges = Table(  # the customer's inbox: nudges, notices of executions, and what became of them
    "nudges",
    metadata,
    Column("nudge_id", Id, primary_key=True),
    _customer(),
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

executions = Table(
    "executions",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order they were made
    Column("execution_id", Id, nullable=False, unique=True),
    _customer(index=True),
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

model_artifacts = Table(
    "model_artifacts",
    metadata,
    Column("model_id", Id, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("reason", Text, nullable=False),  # why it was published or refused
    Column("metrics", Json, nullable=False),
)

job_runs = Table(  # a unique (job, slot) makes a slot run once; asked-for runs carry a slot of their own
    "job_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String(50), nullable=False),
    Column("slot", String(200), nullable=False),
    Column("state", String(10), nullable=False),  # asked, running, done, failed
    Column("at", UtcDateTime),  # the instant the run is to work as if it were
    Column("owner", String(200)),
    Column("lease_until", UtcDateTime),  # database's clock
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("summary", Json),
    Column("error", Text),
    UniqueConstraint("job", "slot"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("scope", String(20), nullable=False),  # backend, operator, app
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the key, or of the token's id
    Column("customer_id", Id),  # of an app token
    Column("name", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of method, path and body
    Column("status", Integer),  # None: the first request is still at work
    Column("headers", Json),
    Column("body", Text),
    Column("customer_id", Id, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", String(200), nullable=False),
    Column("action", String(50), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("detail", Json, nullable=False),
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

alerts = Table(  # what somebody should look at: one open row a kind and subject
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("subject", String(200), nullable=False, server_default=text("''")),
    Column("detail", Json, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Index(
        "uq_alerts_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("cleared_at IS NULL"),
        postgresql_where=text("cleared_at IS NULL"),
    ),
)

alert_messages = Table(  # what is to be told of alerts; the id is the webhook's at every attempt
    "alert_messages",
    metadata,
    Column("message_id", Id, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("document", Json, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", UtcDateTime, nullable=False, index=True),  # database's clock
    Column("ended_at", UtcDateTime),  # delivered, or given up
    Column("error", Text),  # of the last attempt; null: it was delivered
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

compared = Table(  # ended executions of which the gateway was asked, once each
    "compared",
    metadata,
    Column("execution_id", Id, ForeignKey("executions.execution_id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

taps = Table(  # one-tap links: a token does one thing to one execution, once
    "taps",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the token, which is kept nowhere
    _customer(index=True),
    Column("execution_id", Id, nullable=False),
    Column("verb", String(10), nullable=False),
    Column("argument", String(200)),  # by how long, which item, how many
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
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
