"""The place itself: models, runs, keys, what was done, and what somebody should look at."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.tables.kinds import Id, Json, UtcDateTime, metadata

model_artifacts = sa.Table(
    "model_artifacts",
    metadata,
    sa.Column("model_id", Id, primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("as_of", UtcDateTime, nullable=False),
    sa.Column("published", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),  # why it was published or refused
    sa.Column("metrics", Json, nullable=False),
)

job_runs = sa.Table(  # a unique (job, slot) makes a slot run once; asked-for runs carry a slot of their own
    "job_runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job", sa.String(50), nullable=False),
    sa.Column("slot", sa.String(200), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # asked, running, done, failed
    sa.Column("at", UtcDateTime),  # the instant the run is to work as if it were
    sa.Column("owner", sa.String(200)),
    sa.Column("lease_until", UtcDateTime),  # database's clock
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("summary", Json),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("job", "slot"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("scope", sa.String(20), nullable=False),  # backend, operator, app
    sa.Column("digest", sa.String(64), nullable=False, unique=True),  # SHA-256 of the key, or of the token's id
    sa.Column("customer_id", Id),  # of an app token
    sa.Column("name", sa.String(200)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256 of method, path and body
    sa.Column("status", sa.Integer),  # None: the first request is still at work
    sa.Column("headers", Json),
    sa.Column("body", sa.Text),
    sa.Column("customer_id", Id, index=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("detail", Json, nullable=False),
)

alerts = sa.Table(  # what somebody should look at: one open row a kind and subject
    "alerts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False, server_default=sa.text("''")),
    sa.Column("detail", Json, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("cleared_at", UtcDateTime),
    sa.Index(
        "uq_alerts_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    ),
)

alert_messages = sa.Table(  # what is to be told of alerts; the id is the webhook's at every attempt
    "alert_messages",
    metadata,
    sa.Column("message_id", Id, primary_key=True),
    sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("document", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("next_at", UtcDateTime, nullable=False, index=True),  # database's clock
    sa.Column("ended_at", UtcDateTime),  # delivered, or given up
    sa.Column("error", sa.Text),  # of the last attempt; null: it was delivered
)
