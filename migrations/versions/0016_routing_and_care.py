"""Messages by name and key, starts by themselves, work for outsiders, what operators do to instances, and batches."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
TABLES = (
    "batch_item",
    "batch",
    "intervention",
    "external_job",
    "message_seen",
    "held_message",
    "awaited_message",
    "start_trigger",
)
ACTS = "act IN ('suspend', 'resume', 'cancel', 'move', 'restart', 'retry', 'migrate')"


def upgrade() -> None:
    """Adds the columns and the tables."""
    op.add_column("process_instance", sa.Column("suspended_at", INSTANT))
    op.add_column("process_instance", sa.Column("restarted_from", sa.String(36)))
    op.add_column("instance_history", sa.Column("department_id", sa.String(36)))
    op.add_column("instance_history", sa.Column("restarted_from", sa.String(36)))
    op.create_index("ix_instance_history_definition_id", "instance_history", ["definition_id"])
    op.add_column("subscription", sa.Column("key", sa.String()))
    op.add_column("subscription", sa.Column("broadcast", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("subscription", sa.Column("opened_at", INSTANT))
    op.create_index("ix_subscription_message_key", "subscription", ["message", "key"])
    _start_trigger()
    _awaited_message()
    _held_message()
    _message_seen()
    _external_job()
    _intervention()
    _batch()


def downgrade() -> None:
    """Drops them with what they hold."""
    _drop_guards()
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_subscription_message_key", "subscription")
    for column in ("opened_at", "broadcast", "key"):
        op.drop_column("subscription", column)
    op.drop_index("ix_instance_history_definition_id", "instance_history")
    for table, column in (
        ("instance_history", "restarted_from"),
        ("instance_history", "department_id"),
        ("process_instance", "restarted_from"),
        ("process_instance", "suspended_at"),
    ):
        op.drop_column(table, column)


def _start_trigger() -> None:
    op.create_table(
        "start_trigger",
        sa.Column("definition_id", sa.String(36), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String()),
        sa.Column("due_at", INSTANT),
        sa.Column("fired", sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("definition_id", "node_id", "part", name="pk_start_trigger"),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name="fk_start_trigger_definition_id"),
        sa.CheckConstraint("kind IN ('message', 'broadcast', 'timer')", name="ck_start_trigger_kind"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_start_trigger_kind_name", "start_trigger", ["kind", "name"])
    op.create_index("ix_start_trigger_due_at", "start_trigger", ["due_at"])


def _awaited_message() -> None:
    op.create_table(
        "awaited_message",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_awaited_message"),
        sqlite_with_rowid=False,
    )


def _held_message() -> None:
    op.create_table(
        "held_message",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String()),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("wait", sa.Integer(), autoincrement=False),
        sa.Column("definition_id", sa.String(36)),
        sa.Column("node_id", sa.String()),
        sa.Column("subject_kind", sa.String()),
        sa.Column("subject_id", sa.String(36)),
        sa.Column("department_id", sa.String(36)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("attempts", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("error", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_message"),
        sa.CheckConstraint("kind IN ('message', 'broadcast')", name="ck_held_message_kind"),
        sa.CheckConstraint("state IN ('waiting', 'dead')", name="ck_held_message_state"),
    )
    op.create_index("ix_held_message_state_due_at", "held_message", ["state", "due_at"])
    op.create_index("ix_held_message_name_key", "held_message", ["name", "key"])


def _message_seen() -> None:
    op.create_table(
        "message_seen",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_message_seen"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_seen_at", "message_seen", ["at"])


def _external_job() -> None:
    op.create_table(
        "external_job",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("variables", sa.String(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("worker", sa.String()),
        sa.Column("locked_until", INSTANT),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("error", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_external_job"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_external_job_instance_id"),
    )
    op.create_index("uq_external_job_wait", "external_job", ["instance_id", "wait"], unique=True)
    op.create_index("ix_external_job_topic_due_at", "external_job", ["topic", "due_at"])


def _intervention() -> None:
    op.create_table(
        "intervention",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("by_id", sa.String(36)),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_intervention"),
        sa.CheckConstraint(ACTS, name="ck_intervention_act"),
    )
    op.create_index("ix_intervention_instance_id", "intervention", ["instance_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER intervention_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON intervention "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('intervention is append-only')"
        )
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER intervention_no_{action.lower()} BEFORE {action} ON intervention "
            "BEGIN SELECT RAISE(ABORT, 'intervention is append-only'); END"
        )


def _drop_guards() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER intervention_no_change ON intervention")
        return
    for action in ("update", "delete"):
        op.execute(f"DROP TRIGGER intervention_no_{action}")


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("by_id", sa.String(36)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_batch_by_id"),
        sa.CheckConstraint(ACTS, name="ck_batch_act"),
        sa.CheckConstraint("state IN ('running', 'paused', 'done')", name="ck_batch_state"),
    )
    op.create_index("ix_batch_state", "batch", ["state"])
    op.create_table(
        "batch_item",
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", INSTANT),
        sa.PrimaryKeyConstraint("batch_id", "instance_id", name="pk_batch_item"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_item_batch_id"),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="ck_batch_item_state"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batch_item_batch_id_state", "batch_item", ["batch_id", "state"])
