"""Claims are read along one index, however many wait; a lease knows when it began."""

import sqlalchemy as sa
from alembic import op

from engine.store.tables import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


OPEN = sa.text("state = 'waiting' AND rung = 'approve' AND approved_at IS NULL")


def upgrade() -> None:
    op.add_column("executions", sa.Column("held_at", UtcDateTime(), nullable=True))
    op.create_index("ix_executions_state_due_id", "executions", ["state", "due_at", "execution_id"])
    op.drop_index("ix_executions_state_due", "executions")
    asked = ["rung", "state", "due_at"]
    op.create_index("ix_executions_unanswered", "executions", asked, sqlite_where=OPEN, postgresql_where=OPEN)
