"""What was heard of customers, where they stand on their ladders, and what they said is to be believed of them."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _customer() -> sa.Column[str]:
    return sa.Column("customer_id", sa.String(length=200), nullable=False)


def _of_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"], ["customers.customer_id"], name=op.f(f"fk_{table}_customer_id_customers")
    )


def upgrade() -> None:
    op.create_table(
        "signals",
        sa.Column("id", sa.Integer(), nullable=False),
        _customer(),
        sa.Column("source", sa.String(length=250), nullable=False),
        sa.Column("signal", sa.String(length=20), nullable=False),
        sa.Column("need", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("rung", sa.String(length=10), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        _of_customer("signals"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint("customer_id", "source", "signal", "need", name=op.f("uq_signals_customer_id")),
    )
    op.create_index("ix_signals_customer_at", "signals", ["customer_id", "at"])
    op.create_table(
        "ladders",
        _customer(),
        sa.Column("need", sa.String(length=200), nullable=False),
        sa.Column("rung", sa.String(length=10), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("rest_until", UtcDateTime(), nullable=True),
        sa.Column("falls", sa.Integer(), nullable=False),
        _of_customer("ladders"),
        sa.PrimaryKeyConstraint("customer_id", "need", name=op.f("pk_ladders")),
    )
    op.create_table(
        "reviews",
        _customer(),
        sa.Column("reviewed_at", UtcDateTime(), nullable=False),
        _of_customer("reviews"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_reviews")),
    )
    op.create_table(
        "climbs",
        sa.Column("id", sa.Integer(), nullable=False),
        _customer(),
        sa.Column("need", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("after", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        _of_customer("climbs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_climbs")),
    )
    op.create_index("ix_climbs_customer_at", "climbs", ["customer_id", "at"])
    op.create_table(
        "beliefs",
        _customer(),
        sa.Column("agency", sa.Float(), nullable=True),
        sa.Column("trust", sa.Float(), nullable=True),
        sa.Column("stated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("agency IS NULL OR (agency >= 0 AND agency <= 1)", name=op.f("ck_beliefs_agency")),
        sa.CheckConstraint("trust IS NULL OR (trust >= 0 AND trust <= 1)", name=op.f("ck_beliefs_trust")),
        _of_customer("beliefs"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_beliefs")),
    )
    op.add_column("decision_candidates", sa.Column("window_days", sa.Integer(), nullable=True))
