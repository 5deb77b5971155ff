"""Moves of an incident that the desks need (merge at intake, unmerge, handle again), and who must not read it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOVES = (("reported", "merged"), ("merged", "reported"), ("verified", "handling"))
_TABLE = sa.table("lifecycle_move", sa.column("subject"), sa.column("source"), sa.column("target"))


def upgrade() -> None:
    """Adds the moves and the mark."""
    op.bulk_insert(_TABLE, [{"subject": "incident", "source": a, "target": b} for a, b in MOVES])
    op.add_column("incident", sa.Column("sensitive", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Drops them."""
    op.drop_column("incident", "sensitive")
    for source, target in MOVES:
        op.execute(
            sa.delete(_TABLE).where(
                _TABLE.c.subject == "incident", _TABLE.c.source == source, _TABLE.c.target == target
            )
        )
