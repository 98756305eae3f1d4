"""The shop's calendar of deliveries, the slots it promised, and the day and slot of each execution."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import Json, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", Json, nullable=True),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_calendars")),
    )
    op.create_table(
        "slot_bookings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_slot_bookings_taken")),
        sa.PrimaryKeyConstraint("day", "slot", name=op.f("pk_slot_bookings")),
    )
    op.add_column("executions", sa.Column("deliver_by", sa.Date(), nullable=True))
    op.add_column("executions", sa.Column("slot", sa.String(length=100), nullable=True))
    op.add_column("execution_lines", sa.Column("probability", sa.Float(), nullable=True))
