"""History that nobody changes: triggers that refuse it, and case rows that nobody deletes."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "fact",
    "seal",
    "item_history",
    "instance_history",
    "clock_event",
    "sla_policy",
    "feedback",
    "verification",
    "evaluation",
)
NEVER_DELETED = ("ledger", "signal", "incident", "directive", "task", "clock", "escalation", "definition", "evidence")
FROZEN = {
    "ledger": (
        "OLD.seal_n IS NOT NULL OR NEW.seal_n IS NULL OR NEW.id <> OLD.id OR NEW.subject <> OLD.subject "
        "OR NEW.n <> OLD.n OR NEW.at <> OLD.at OR NEW.key_id <> OLD.key_id OR NEW.prev <> OLD.prev "
        "OR NEW.content <> OLD.content OR NEW.mac <> OLD.mac",
        "a ledger row is append-only",
    ),
    "directive": (
        "OLD.digest IS NOT NULL AND (NEW.digest IS NULL OR NEW.digest <> OLD.digest "
        "OR NEW.number <> OLD.number OR NEW.objective <> OLD.objective OR NEW.content <> OLD.content)",
        "an issued wording is frozen",
    ),
    "definition": (
        "NEW.process_id <> OLD.process_id OR NEW.version <> OLD.version OR NEW.digest <> OLD.digest "
        "OR NEW.source <> OLD.source OR NEW.net <> OLD.net",
        "a definition is immutable",
    ),
}
"""Table: when a change of a row is refused, and what is said."""


def upgrade() -> None:
    """Creates the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for table in NEVER_DELETED:
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END"
        )
    for table, (condition, message) in FROZEN.items():
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{table} is append-only')"
        )
    for table in NEVER_DELETED:
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{table} rows are never deleted')"
        )
    for table, (condition, message) in FROZEN.items():
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION refuse_change('{message}')"
        )


def downgrade() -> None:
    """Drops the triggers."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    suffixes = ("no_change",) if is_postgresql else ("no_update", "no_delete")
    names = [(table, f"{table}_{suffix}") for table in APPEND_ONLY for suffix in suffixes]
    names += [(table, f"{table}_no_delete") for table in NEVER_DELETED]
    names += [(table, f"{table}_frozen") for table in FROZEN]
    for table, name in names:
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
    if is_postgresql:
        op.execute("DROP FUNCTION refuse_change()")
