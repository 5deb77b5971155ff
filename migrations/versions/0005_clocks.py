"""Policies, clocks, their events and escalations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _sla_policy()
    _clock()
    _clock_event()
    _escalation()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (
        "escalation",
        "clock_event",
        "clock",
        "sla_policy",
    ):
        op.drop_table(table)


def _sla_policy() -> None:
    op.create_table(
        "sla_policy",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("levels", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("ladder", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("effective_from", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sla_policy"),
        sa.UniqueConstraint("code", "version", name="uq_sla_policy_code_version"),
    )


def _clock() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(36), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("holder_id", sa.String(36)),
        sa.Column("instance_id", sa.String(36)),
        sa.Column("node_id", sa.String()),
        sa.Column("scope", sa.Integer()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("next_rung", sa.Integer()),
        sa.Column("next_rung_at", INSTANT),
        sa.Column("stopped_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_clock_department_id"),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name="fk_clock_holder_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policy.id"], name="fk_clock_policy_id"),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "stage", "cycle", name="uq_clock_subject_kind_subject_id_stage_cycle"
        ),
        sa.CheckConstraint("state IN ('running', 'met', 'missed', 'cancelled')", name="ck_clock_state"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_clock_running_due_at",
        "clock",
        ["due_at"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_clock_running_next_rung_at",
        "clock",
        ["next_rung_at"],
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _clock_event() -> None:
    op.create_table(
        "clock_event",
        sa.Column("clock_id", sa.String(36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", sa.String(36)),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("detail", sa.String()),
        sa.PrimaryKeyConstraint("clock_id", "seq", name="pk_clock_event"),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name="fk_clock_event_clock_id"),
        sqlite_with_rowid=False,
    )


def _escalation() -> None:
    op.create_table(
        "escalation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("clock_id", sa.String(36), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("recipient_person_id", sa.String(36)),
        sa.Column("recipient_department_id", sa.String(36)),
        sa.Column("recipient_role", sa.String(), nullable=False),
        sa.Column("fired_at", INSTANT, nullable=False),
        sa.Column("late_by_s", sa.Double(), nullable=False),
        sa.Column("acknowledged_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_escalation"),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name="fk_escalation_clock_id"),
        sa.ForeignKeyConstraint(
            ["recipient_department_id"], ["department.id"], name="fk_escalation_recipient_department_id"
        ),
        sa.ForeignKeyConstraint(["recipient_person_id"], ["person.id"], name="fk_escalation_recipient_person_id"),
        sa.UniqueConstraint("clock_id", "rung", "cycle", name="uq_escalation_clock_id_rung_cycle"),
    )
    op.create_index(
        "ix_escalation_recipient_person_id_acknowledged_at", "escalation", ["recipient_person_id", "acknowledged_at"]
    )
