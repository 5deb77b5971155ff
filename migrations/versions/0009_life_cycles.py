"""The moves of the life cycles as rows, and triggers that let a state change by nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOVES = {
    "signal": {
        "": "received",
        "received": "triaged",
        "triaged": "linked rejected redirected answered",
    },
    "incident": {
        "": "reported",
        "reported": "accepted rejected",
        "accepted": "filed not_filed voided merged",
        "filed": "merged handling",
        "handling": "merged stabilised feedback suspended",
        "stabilised": "feedback",
        "suspended": "handling",
        "feedback": "verified handling",
        "verified": "closed",
        "closed": "evaluated handling",
        "evaluated": "handling archived",
    },
    "directive": {
        "": "draft",
        "draft": "in_review voided expired",
        "in_review": "approved returned voided expired",
        "returned": "draft voided expired",
        "approved": "in_review issued voided expired",
        "issued": "executing withdrawn superseded voided",
        "executing": "feedback superseded voided",
        "feedback": "accepted not_accepted voided",
        "accepted": "evaluated voided",
        "not_accepted": "executing voided",
        "evaluated": "closed voided",
    },
    "task": {
        "": "pending",
        "pending": "signed returned transferred cancelled",
        "signed": "in_progress transferred suspended cancelled",
        "in_progress": "submitted transferred suspended cancelled",
        "submitted": "verified rework cancelled",
        "rework": "signed returned in_progress transferred cancelled",
        "returned": "pending transferred cancelled",
        "suspended": "in_progress cancelled",
    },
}
"""Subject: source state: target states; the empty source leads to the state that a row begins in."""


def upgrade() -> None:
    """Creates the table, fills it and creates the triggers."""
    table = op.create_table(
        "lifecycle_move",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "source", "target", name="pk_lifecycle_move"),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(
        table,
        [
            {"subject": subject, "source": source, "target": target}
            for subject, sources in MOVES.items()
            for source, targets in sources.items()
            for target in targets.split()
        ],
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _sqlite() -> None:
    for subject in MOVES:
        known = f"SELECT 1 FROM lifecycle_move WHERE subject = '{subject}' AND target = NEW.state"  # noqa: S608 - names of this file
        op.execute(
            f"CREATE TRIGGER {subject}_begin BEFORE INSERT ON {subject} WHEN NOT EXISTS ({known} AND source = '') "
            f"BEGIN SELECT RAISE(ABORT, 'a {subject} does not begin in this state'); END"
        )
        op.execute(
            f"CREATE TRIGGER {subject}_move BEFORE UPDATE OF state ON {subject} "
            f"WHEN NEW.state <> OLD.state AND NOT EXISTS ({known} AND source = OLD.state) "
            f"BEGIN SELECT RAISE(ABORT, 'no such move of a {subject}'); END"
        )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_unknown_move() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE before_it text := ''; BEGIN "
        "IF TG_OP = 'UPDATE' THEN before_it := OLD.state; "
        "IF NEW.state = OLD.state THEN RETURN NEW; END IF; END IF; "
        "IF NOT EXISTS (SELECT 1 FROM lifecycle_move AS m WHERE m.subject = TG_TABLE_NAME "
        "AND m.source = before_it AND m.target = NEW.state) THEN "
        "RAISE EXCEPTION 'no such move of a %: % to %', TG_TABLE_NAME, before_it, NEW.state "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    for subject in MOVES:
        op.execute(
            f"CREATE TRIGGER {subject}_move BEFORE INSERT OR UPDATE OF state ON {subject} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_unknown_move()"
        )


def downgrade() -> None:
    """Drops the triggers and the table."""
    if op.get_bind().dialect.name == "postgresql":
        for subject in MOVES:
            op.execute(f"DROP TRIGGER {subject}_move ON {subject}")
        op.execute("DROP FUNCTION refuse_unknown_move()")
    else:
        for subject in MOVES:
            op.execute(f"DROP TRIGGER {subject}_begin")
            op.execute(f"DROP TRIGGER {subject}_move")
    op.drop_table("lifecycle_move")
