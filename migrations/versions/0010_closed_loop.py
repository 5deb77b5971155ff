"""What closing needs beside the columns of a row: triggers that look at tasks, verifications and evaluations."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CLOSING = {
    "an order with an open task cannot be closed": (
        "EXISTS (SELECT 1 FROM task WHERE directive_id = NEW.id "
        "AND state NOT IN ('verified', 'transferred', 'cancelled'))"
    ),
    "an order without a verified task cannot be closed": (
        "NOT EXISTS (SELECT 1 FROM task WHERE directive_id = NEW.id AND state = 'verified')"
    ),
    "an order is closed by a passed verification of its verifier": (
        "NOT EXISTS (SELECT 1 FROM verification WHERE id = NEW.verification_id AND directive_id = NEW.id "
        "AND passed AND by_id = NEW.verifier_id)"
    ),
    "an order is closed by an evaluation of its evaluator": (
        "NOT EXISTS (SELECT 1 FROM evaluation WHERE id = NEW.evaluation_id AND directive_id = NEW.id "
        "AND by_id = NEW.evaluator_id)"
    ),
    "an evaluator has handled none of the tasks": (
        "EXISTS (SELECT 1 FROM task WHERE directive_id = NEW.id "
        "AND (handler_id = NEW.evaluator_id OR feedback_by = NEW.evaluator_id))"
    ),
}
"""What is said: when closing a directive is refused."""

VERIFYING = {
    "a task is verified by its own feedback": (
        "NOT EXISTS (SELECT 1 FROM feedback WHERE id = NEW.feedback_id AND task_id = NEW.id "
        "AND by_id = NEW.feedback_by)"
    ),
    "a task is verified by a passed verification of its directive": (
        "NOT EXISTS (SELECT 1 FROM verification WHERE id = NEW.verification_id "
        "AND directive_id = NEW.directive_id AND passed AND by_id = NEW.verified_by)"
    ),
}
"""What is said: when verifying a task is refused."""

GUARDS = (("directive", "closed", CLOSING), ("task", "verified", VERIFYING))


def upgrade() -> None:
    """Creates the triggers."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, state, rules in GUARDS:
        if is_postgresql:
            steps = " ".join(
                f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"
                for message, condition in rules.items()
            )
            op.execute(
                f"CREATE FUNCTION refuse_{table}_{state}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {steps} RETURN NEW; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {table}_{state} BEFORE UPDATE OF state ON {table} FOR EACH ROW "
                f"WHEN (NEW.state = '{state}' AND OLD.state <> '{state}') EXECUTE FUNCTION refuse_{table}_{state}()"
            )
        else:
            steps = " ".join(
                f"SELECT RAISE(ABORT, '{message}') WHERE {condition};" for message, condition in rules.items()
            )
            op.execute(
                f"CREATE TRIGGER {table}_{state} BEFORE UPDATE OF state ON {table} "
                f"WHEN NEW.state = '{state}' AND OLD.state <> '{state}' BEGIN {steps} END"
            )


def downgrade() -> None:
    """Drops the triggers."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, state, _ in GUARDS:
        if is_postgresql:
            op.execute(f"DROP TRIGGER {table}_{state} ON {table}")
            op.execute(f"DROP FUNCTION refuse_{table}_{state}()")
        else:
            op.execute(f"DROP TRIGGER {table}_{state}")
