"""Definitions, running instances with their waits, and their history."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _item_history()
    _personal_answer()
    _definition()
    _instance_history()
    _process_instance()
    _call()
    _operation()
    _step_failure()
    _subscription()
    _timer()
    _work_item()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (
        "work_item",
        "timer",
        "subscription",
        "step_failure",
        "operation",
        "call",
        "process_instance",
        "instance_history",
        "definition",
        "personal_answer",
        "item_history",
    ):
        op.drop_table(table)


def _item_history() -> None:
    op.create_table(
        "item_history",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(36)),
        sa.Column("answers_bytes", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_item_history"),
        sa.CheckConstraint("how IN ('completed', 'withdrawn')", name="ck_item_history_how"),
        sqlite_with_rowid=False,
    )


def _personal_answer() -> None:
    op.create_table(
        "personal_answer",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary()),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_personal_answer"),
    )


def _definition() -> None:
    op.create_table(
        "definition",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("process_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("net", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("forms", sa.String(), nullable=False),
        sa.Column("shipped", sa.Boolean(), nullable=False),
        sa.Column("effective_from", INSTANT),
        sa.Column("author_id", sa.String(36)),
        sa.Column("publisher_id", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_definition"),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name="fk_definition_author_id"),
        sa.ForeignKeyConstraint(["publisher_id"], ["person.id"], name="fk_definition_publisher_id"),
        sa.UniqueConstraint("process_id", "version", name="uq_definition_process_id_version"),
        sa.CheckConstraint("kind IN ('loop', 'plain')", name="ck_definition_kind"),
        sa.CheckConstraint("state IN ('draft', 'in_review', 'published', 'retired')", name="ck_definition_state"),
        sa.CheckConstraint(
            "author_id IS NULL OR publisher_id IS NULL OR author_id <> publisher_id", name="ck_definition_two_people"
        ),
    )


def _instance_history() -> None:
    op.create_table(
        "instance_history",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("definition_id", sa.String(36), nullable=False),
        sa.Column("parent_instance_id", sa.String(36)),
        sa.Column("subject_kind", sa.String()),
        sa.Column("subject_id", sa.String(36)),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("state_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance_history"),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name="fk_instance_history_definition_id"),
    )
    op.create_index("ix_instance_history_subject_id", "instance_history", ["subject_id"])


def _process_instance() -> None:
    op.create_table(
        "process_instance",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("definition_id", sa.String(36), nullable=False),
        sa.Column("parent_instance_id", sa.String(36)),
        sa.Column("parent_wait", sa.Integer()),
        sa.Column("subject_kind", sa.String()),
        sa.Column("subject_id", sa.String(36)),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("state_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_process_instance"),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name="fk_process_instance_definition_id"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_process_instance_department_id"),
    )
    op.create_index("ix_process_instance_definition_id", "process_instance", ["definition_id"])
    op.create_index(
        "uq_process_instance_subject",
        "process_instance",
        ["subject_kind", "subject_id"],
        unique=True,
        sqlite_where=sa.text("parent_instance_id IS NULL AND subject_id IS NOT NULL"),
        postgresql_where=sa.text("parent_instance_id IS NULL AND subject_id IS NOT NULL"),
    )


def _call() -> None:
    op.create_table(
        "call",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("child_instance_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_call"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_call_instance_id"),
        sqlite_with_rowid=False,
    )


def _operation() -> None:
    op.create_table(
        "operation",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("variables", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_operation"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_operation_instance_id"),
        sa.CheckConstraint("state IN ('requested', 'failed')", name="ck_operation_state"),
    )
    op.create_index("ix_operation_state_due_at", "operation", ["state", "due_at"])


def _step_failure() -> None:
    op.create_table(
        "step_failure",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_step_failure"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_step_failure_instance_id"),
        sqlite_with_rowid=False,
    )


def _subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_subscription"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_subscription_instance_id"),
        sqlite_with_rowid=False,
    )


def _timer() -> None:
    op.create_table(
        "timer",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_timer"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_timer_instance_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_timer_due_at", "timer", ["due_at"])


def _work_item() -> None:
    op.create_table(
        "work_item",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("scope", sa.Integer(), nullable=False),
        sa.Column("subject_kind", sa.String()),
        sa.Column("subject_id", sa.String(36)),
        sa.Column("task_id", sa.String(36)),
        sa.Column("form", sa.String()),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("sort_at", INSTANT, nullable=False),
        sa.Column("claimed_by", sa.String(36)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "wait", name="pk_work_item"),
        sa.ForeignKeyConstraint(["claimed_by"], ["person.id"], name="fk_work_item_claimed_by"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_work_item_department_id"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_work_item_instance_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_work_item_department_id_role_sort_at", "work_item", ["department_id", "role", "sort_at"])
