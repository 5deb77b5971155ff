"""The life of definitions: what was uploaded together, what was asked and answered, and moves that nobody can skip."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
MOVES = (
    ("", "draft"),
    ("draft", "in_review"),
    ("in_review", "draft"),
    ("in_review", "published"),
    ("published", "retired"),
)
COLUMNS = (
    ("deployment_id", sa.String(36), None),
    ("file_name", sa.String(), None),
    ("normalised", sa.LargeBinary(), None),
    ("report", sa.String(), None),
    ("answers", sa.String(), "{}"),
    ("decisions", sa.String(), "{}"),
    ("tag", sa.String(), None),
    ("return_reason", sa.LargeBinary(), None),
    ("created_at", INSTANT, None),
    ("published_at", INSTANT, None),
    ("revision", sa.Integer(), "1"),
)
"""Name, type, and what rows of the release before hold; a column with such a value is required."""

_CONTENT = " OR ".join(
    f"NEW.{column} <> OLD.{column}" for column in ("digest", "source", "net", "forms", "decisions", "answers", "kind")
)
FROZEN = f"NEW.process_id <> OLD.process_id OR NEW.version <> OLD.version OR (OLD.state <> 'draft' AND ({_CONTENT}))"
FROZEN_BEFORE = (
    "NEW.process_id <> OLD.process_id OR NEW.version <> OLD.version OR NEW.digest <> OLD.digest "
    "OR NEW.source <> OLD.source OR NEW.net <> OLD.net"
)
ONE_PERSON = (
    "NEW.state IN ('published', 'retired') AND NOT NEW.shipped "
    "AND (NEW.author_id IS NULL OR NEW.publisher_id IS NULL OR NEW.author_id = NEW.publisher_id)"
)
BEGINS_LATE = "NEW.state <> 'draft' AND NOT NEW.shipped"
_MOVE = sa.table("lifecycle_move", sa.column("subject"), sa.column("source"), sa.column("target"))


def upgrade() -> None:
    """Creates the table of deployments, widens the definitions, and replaces their guards."""
    op.create_table(
        "deployment",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name="fk_deployment_author_id"),
    )
    for name, kind, before in COLUMNS:
        op.add_column("definition", sa.Column(name, kind, nullable=before is None, server_default=before))
    op.create_index("ix_definition_deployment_id", "definition", ["deployment_id"])
    op.bulk_insert(_MOVE, [{"subject": "definition", "source": a, "target": b} for a, b in MOVES])
    _drop_trigger("definition_frozen")
    _guard("definition_frozen", "UPDATE", FROZEN, "a definition is immutable once it is no draft")
    _guard("definition_begin", "INSERT", BEGINS_LATE, "a definition begins as a draft")
    for action in ("INSERT", "UPDATE"):
        _guard(
            f"definition_people_{action.lower()}", action, ONE_PERSON, "a definition is published by a second person"
        )
    if _is_postgresql():
        op.execute(
            "CREATE TRIGGER definition_move BEFORE UPDATE OF state ON definition "
            "FOR EACH ROW EXECUTE FUNCTION refuse_unknown_move()"
        )
    else:
        known = (
            "SELECT 1 FROM lifecycle_move WHERE subject = 'definition' AND source = OLD.state AND target = NEW.state"
        )
        unknown = f"NEW.state <> OLD.state AND NOT EXISTS ({known})"
        _guard("definition_move", "UPDATE OF state", unknown, "no such move of a definition")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guard(name: str, action: str, condition: str, message: str) -> None:
    """A trigger that refuses a change of a definition."""
    if _is_postgresql():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action} ON definition FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION refuse_change('{message}')"
        )
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {action} ON definition WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _drop_trigger(name: str) -> None:
    op.execute(f"DROP TRIGGER {name}" + (" ON definition" if _is_postgresql() else ""))


def downgrade() -> None:
    """Drops the guards, the columns with what they hold, and the table."""
    for name in ("begin", "people_insert", "people_update", "move", "frozen"):
        _drop_trigger(f"definition_{name}")
    _guard("definition_frozen", "UPDATE", FROZEN_BEFORE, "a definition is immutable")
    op.execute(sa.delete(_MOVE).where(_MOVE.c.subject == "definition"))
    op.drop_index("ix_definition_deployment_id", "definition")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("definition", name)
    op.drop_table("deployment")
