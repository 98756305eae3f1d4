"""The place itself: models, runs, keys, what was done, and what somebody should look at."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.store.tables.kinds import Id, Json, UtcDateTime, metadata

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
