"""A pause that was kept with an end that is over lasted until it was taken back, and goes on to: it has no end.

From here on a pause with an end is over then.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE preferences SET paused_until = NULL WHERE paused AND paused_until <= CURRENT_TIMESTAMP")
