"""The live watches over orders made unasked."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watches",
        sa.Column("rung", sa.String(length=10), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("promise", sa.Float(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("wealth", sa.Float(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=False),
        sa.Column("shut_at", UtcDateTime(), nullable=True),
        sa.Column("reopened_at", UtcDateTime(), nullable=True),
        sa.Column("reopened_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("rung", "began_at", name=op.f("pk_watches")),
    )
