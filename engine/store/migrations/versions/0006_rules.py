"""Rules of the operators: versions that are approved, what counts against caps, and how often a rule failed."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("rules", "active")
    op.add_column("rules", sa.Column("why", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("rules", sa.Column("approved_by", sa.String(length=200), nullable=True))
    op.add_column("rules", sa.Column("approved_at", UtcDateTime(), nullable=True))
    op.add_column("rules", sa.Column("starts_at", UtcDateTime(), nullable=True))
    op.add_column("executions", sa.Column("gateway", sa.String(length=200), nullable=True))
    op.add_column("executions", sa.Column("threshold", sa.Float(), nullable=True))
    op.create_table(
        "rule_uses",
        sa.Column("execution_id", sa.String(length=200), nullable=False),
        sa.Column("rule_id", sa.String(length=100), nullable=False),
        sa.Column("bucket", sa.String(length=700), nullable=False),
        sa.Column("customer_id", sa.String(length=200), nullable=True),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.execution_id"],
            name=op.f("fk_rule_uses_execution_id_executions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("execution_id", "rule_id", "bucket", name=op.f("pk_rule_uses")),
    )
    op.create_index("ix_rule_uses_rule_day", "rule_uses", ["rule_id", "day"])
    op.create_index("ix_rule_uses_customer", "rule_uses", ["customer_id", "rule_id"])
    op.create_table(
        "rule_failures",
        sa.Column("rule_id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_rule_failures")),
    )
