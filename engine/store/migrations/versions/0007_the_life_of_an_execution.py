"""Windows and quiet dates of mandates, what becomes of executions and their lines, one-tap links."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import Json, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("windows", "quiet_dates"):
        op.add_column("mandates", sa.Column(name, Json, server_default=sa.text("'[]'"), nullable=False))
    for column in (
        sa.Column("wording", sa.String(length=200), nullable=True),
        sa.Column("put_off_from", UtcDateTime(), nullable=True),
        sa.Column("follows", sa.String(length=200), nullable=True),
        sa.Column("retries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("test", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    ):
        op.add_column("executions", column)
    op.add_column("execution_lines", sa.Column("instead_of", sa.String(length=200), nullable=True))
    op.add_column("execution_lines", sa.Column("dropped", sa.Text(), nullable=True))
    op.create_table(
        "taps",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=200), nullable=False),
        sa.Column("execution_id", sa.String(length=200), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("argument", sa.String(length=200), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_taps_customer_id_customers")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_taps")),
    )
    op.create_index(op.f("ix_taps_customer_id"), "taps", ["customer_id"])
    op.create_index(op.f("ix_taps_expires_at"), "taps", ["expires_at"])
