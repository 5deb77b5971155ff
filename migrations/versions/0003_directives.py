"""Directives, tasks, and what closes them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _directive()
    _duty_done()
    _evaluation()
    _receipt()
    _task()
    _verification()
    _feedback()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (
        "feedback",
        "verification",
        "task",
        "receipt",
        "evaluation",
        "duty_done",
        "directive",
    ):
        op.drop_table(table)


def _directive() -> None:
    op.create_table(
        "directive",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("from_department_id", sa.String(36), nullable=False),
        sa.Column("drafter_id", sa.String(36), nullable=False),
        sa.Column("reviewer_id", sa.String(36)),
        sa.Column("signer_id", sa.String(36)),
        sa.Column("objective", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("completion_rule", sa.String(), nullable=False),
        sa.Column("issue_mode", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("issued_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("digest", sa.String()),
        sa.Column("verification_id", sa.String(36)),
        sa.Column("verifier_id", sa.String(36)),
        sa.Column("evaluation_id", sa.String(36)),
        sa.Column("evaluator_id", sa.String(36)),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("return_count", sa.Integer(), nullable=False),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_directive"),
        sa.ForeignKeyConstraint(["drafter_id"], ["person.id"], name="fk_directive_drafter_id"),
        sa.ForeignKeyConstraint(["evaluator_id"], ["person.id"], name="fk_directive_evaluator_id"),
        sa.ForeignKeyConstraint(["from_department_id"], ["department.id"], name="fk_directive_from_department_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_directive_incident_id"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["person.id"], name="fk_directive_reviewer_id"),
        sa.ForeignKeyConstraint(["signer_id"], ["person.id"], name="fk_directive_signer_id"),
        sa.ForeignKeyConstraint(["verifier_id"], ["person.id"], name="fk_directive_verifier_id"),
        sa.UniqueConstraint("number", name="uq_directive_number"),
        sa.CheckConstraint(
            "state <> 'closed' OR (verification_id IS NOT NULL AND evaluation_id IS NOT NULL AND "
            "verifier_id IS NOT NULL AND evaluator_id IS NOT NULL AND verifier_id <> evaluator_id)",
            name="ck_directive_closed_loop",
        ),
        sa.CheckConstraint("completion_rule IN ('all', 'lead', 'quorum')", name="ck_directive_completion_rule"),
        sa.CheckConstraint("issue_mode IN ('normal', 'oral_first')", name="ck_directive_issue_mode"),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name="ck_directive_level"),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'returned', 'approved', 'issued', 'executing', "
            "'feedback', 'accepted', 'not_accepted', 'evaluated', 'closed', 'withdrawn', "
            "'superseded', 'voided', 'expired')",
            name="ck_directive_state",
        ),
    )
    op.create_index("ix_directive_incident_id", "directive", ["incident_id"])
    op.create_index("ix_directive_state", "directive", ["state"])


def _duty_done() -> None:
    op.create_table(
        "duty_done",
        sa.Column("directive_id", sa.String(36), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("directive_id", "duty", "person_id", name="pk_duty_done"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_duty_done_directive_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_duty_done_person_id"),
        sqlite_with_rowid=False,
    )


def _evaluation() -> None:
    op.create_table(
        "evaluation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("directive_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_evaluation_by_id"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_evaluation_directive_id"),
    )
    op.create_index("ix_evaluation_directive_id", "evaluation", ["directive_id"])


def _receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("directive_id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("delivered_at", INSTANT),
        sa.Column("read_at", INSTANT),
        sa.Column("signed_at", INSTANT),
        sa.PrimaryKeyConstraint("directive_id", "department_id", name="pk_receipt"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_receipt_department_id"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_receipt_directive_id"),
        sa.CheckConstraint("role IN ('lead', 'co', 'copy')", name="ck_receipt_role"),
    )


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("directive_id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("handler_id", sa.String(36)),
        sa.Column("due_at", INSTANT),
        sa.Column("signed_at", INSTANT),
        sa.Column("feedback_id", sa.String(36)),
        sa.Column("feedback_by", sa.String(36)),
        sa.Column("verification_id", sa.String(36)),
        sa.Column("verified_by", sa.String(36)),
        sa.Column("return_count", sa.Integer(), nullable=False),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_task_department_id"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_task_directive_id"),
        sa.ForeignKeyConstraint(["feedback_by"], ["person.id"], name="fk_task_feedback_by"),
        sa.ForeignKeyConstraint(["handler_id"], ["person.id"], name="fk_task_handler_id"),
        sa.ForeignKeyConstraint(["verified_by"], ["person.id"], name="fk_task_verified_by"),
        sa.CheckConstraint("role IN ('lead', 'co')", name="ck_task_role"),
        sa.CheckConstraint(
            "state IN ('pending', 'signed', 'in_progress', 'submitted', 'verified', 'rework', "
            "'returned', 'transferred', 'suspended', 'cancelled')",
            name="ck_task_state",
        ),
        sa.CheckConstraint(
            "state <> 'verified' OR (feedback_id IS NOT NULL AND verification_id IS NOT NULL AND "
            "feedback_by IS NOT NULL AND verified_by IS NOT NULL AND feedback_by <> verified_by)",
            name="ck_task_verified_by_other",
        ),
    )
    op.create_index("ix_task_department_id_state", "task", ["department_id", "state"])
    op.create_index("ix_task_directive_id", "task", ["directive_id"])


def _verification() -> None:
    op.create_table(
        "verification",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("directive_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("legs", sa.String(), nullable=False),
        sa.Column("reason", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_verification"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_verification_by_id"),
        sa.ForeignKeyConstraint(["directive_id"], ["directive.id"], name="fk_verification_directive_id"),
    )
    op.create_index("ix_verification_directive_id", "verification", ["directive_id"])


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("by_id", sa.String(36), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_feedback_by_id"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_feedback_task_id"),
    )
    op.create_index("ix_feedback_task_id", "feedback", ["task_id"])
