"""Who took an open work item into hand or gave it back last, and when: what a colleague who was slower is told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("work_item", sa.Column("changed_by", sa.String(36)))
    op.add_column("work_item", sa.Column("changed_at", INSTANT))


def downgrade() -> None:
    """Drops the columns with what they hold."""
    op.drop_column("work_item", "changed_at")
    op.drop_column("work_item", "changed_by")
