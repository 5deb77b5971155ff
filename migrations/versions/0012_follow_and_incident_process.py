"""A reporter's follow code, as a blind index, and the process an incident runs on."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("signal", sa.Column("follow_index", sa.String()))
    op.create_index("ix_signal_follow_index", "signal", ["follow_index"])
    op.add_column("incident", sa.Column("instance_id", sa.String(36)))


def downgrade() -> None:
    """Drops the columns with what they hold."""
    op.drop_column("incident", "instance_id")
    op.drop_index("ix_signal_follow_index", "signal")
    op.drop_column("signal", "follow_index")
