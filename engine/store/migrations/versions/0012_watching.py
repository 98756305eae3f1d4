"""The stop switch, alerts and what is told of them, and where ledger and gateway differ."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import Json, UtcDateTime

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("cleared_at IS NULL")


def _of_execution(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_execution_id_executions")
    return sa.ForeignKeyConstraint(["execution_id"], ["executions.execution_id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "stops",
        sa.Column("stop_id", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_stops")),
    )
    op.create_index(op.f("ix_stops_lifted_at"), "stops", ["lifted_at"])
    op.create_index("ix_execution_attempts_started", "execution_attempts", ["started_at"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("subject", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "uq_alerts_open", "alerts", ["kind", "subject"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "alert_messages",
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_messages_alert_id_alerts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_alert_messages")),
    )
    op.create_index(op.f("ix_alert_messages_alert_id"), "alert_messages", ["alert_id"])
    op.create_index(op.f("ix_alert_messages_next_at"), "alert_messages", ["next_at"])
    op.create_table(
        "differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("execution_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("ledger", sa.String(length=300), nullable=False),
        sa.Column("gateway", sa.String(length=300), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.Column("cleared_by", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _of_execution("differences"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
        sa.UniqueConstraint("execution_id", "kind", "gateway", name=op.f("uq_differences_execution_id")),
    )
    op.create_index(op.f("ix_differences_cleared_at"), "differences", ["cleared_at"])
    op.create_table(
        "compared",
        sa.Column("execution_id", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        _of_execution("compared"),
        sa.PrimaryKeyConstraint("execution_id", name=op.f("pk_compared")),
    )
