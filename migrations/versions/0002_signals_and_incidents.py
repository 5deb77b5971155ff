"""Signals as received and the incidents they become."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _incident()
    _signal()
    _signal_reference()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (
        "signal_reference",
        "signal",
        "incident",
    ):
        op.drop_table(table)


def _incident() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("event_level", sa.SmallInteger()),
        sa.Column("response_level", sa.SmallInteger()),
        sa.Column("longitude", sa.Double()),
        sa.Column("latitude", sa.Double()),
        sa.Column("grid_cell_id", sa.String(36)),
        sa.Column("lead_centre_id", sa.String(36)),
        sa.Column("lead_department_id", sa.String(36)),
        sa.Column("occurred_at", INSTANT),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("accepted_at", INSTANT),
        sa.Column("filed_at", INSTANT),
        sa.Column("dispatched_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("evaluated_at", INSTANT),
        sa.Column("closed_reason", sa.String()),
        sa.Column("reply", sa.LargeBinary()),
        sa.Column("evaluation", sa.LargeBinary()),
        sa.Column("evaluation_score", sa.Integer()),
        sa.Column("evaluator_id", sa.String(36)),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("reopen_count", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.String(36)),
        sa.Column("created_by", sa.String(36)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_incident_created_by"),
        sa.ForeignKeyConstraint(["evaluator_id"], ["person.id"], name="fk_incident_evaluator_id"),
        sa.ForeignKeyConstraint(["grid_cell_id"], ["grid_cell.id"], name="fk_incident_grid_cell_id"),
        sa.ForeignKeyConstraint(["lead_centre_id"], ["department.id"], name="fk_incident_lead_centre_id"),
        sa.ForeignKeyConstraint(["lead_department_id"], ["department.id"], name="fk_incident_lead_department_id"),
        sa.ForeignKeyConstraint(["merged_into_id"], ["incident.id"], name="fk_incident_merged_into_id"),
        sa.UniqueConstraint("number", name="uq_incident_number"),
        sa.CheckConstraint("event_level BETWEEN 1 AND 4", name="ck_incident_event_level"),
        sa.CheckConstraint("response_level BETWEEN 1 AND 4", name="ck_incident_response_level"),
        sa.CheckConstraint(
            "state IN ('reported', 'rejected', 'accepted', 'not_filed', 'voided', 'merged', "
            "'filed', 'handling', 'stabilised', 'suspended', 'feedback', 'verified', 'closed', "
            "'evaluated', 'archived')",
            name="ck_incident_state",
        ),
    )
    op.create_index("ix_incident_grid_cell_id", "incident", ["grid_cell_id"])
    op.create_index("ix_incident_state_reported_at", "incident", ["state", "reported_at"])


def _signal() -> None:
    op.create_table(
        "signal",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reported_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("reporter_name", sa.LargeBinary()),
        sa.Column("reporter_phone", sa.LargeBinary()),
        sa.Column("phone_index", sa.String()),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("longitude", sa.Double()),
        sa.Column("latitude", sa.Double()),
        sa.Column("grid_cell_id", sa.String(36)),
        sa.Column("suggested_type", sa.String()),
        sa.Column("suggested_level", sa.SmallInteger()),
        sa.Column("incident_id", sa.String(36)),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("payload_digest", sa.String(), nullable=False),
        sa.Column("cap_status", sa.String()),
        sa.Column("cap_msg_type", sa.String()),
        sa.Column("reason_code", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_signal"),
        sa.ForeignKeyConstraint(["grid_cell_id"], ["grid_cell.id"], name="fk_signal_grid_cell_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_signal_incident_id"),
        sa.UniqueConstraint("source", "external_id", name="uq_signal_source_external_id"),
        sa.CheckConstraint("kind IN ('alert', 'report')", name="ck_signal_kind"),
        sa.CheckConstraint(
            "state IN ('received', 'triaged', 'linked', 'rejected', 'redirected', 'answered')", name="ck_signal_state"
        ),
        sa.CheckConstraint("suggested_level BETWEEN 1 AND 4", name="ck_signal_suggested_level"),
    )
    op.create_index("ix_signal_incident_id", "signal", ["incident_id"])
    op.create_index("ix_signal_phone_index", "signal", ["phone_index"])
    op.create_index("ix_signal_state_received_at", "signal", ["state", "received_at"])


def _signal_reference() -> None:
    op.create_table(
        "signal_reference",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("signal_id", sa.String(36), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("msg_type", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signal_reference"),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], name="fk_signal_reference_signal_id"),
        sa.UniqueConstraint(
            "signal_id", "source", "external_id", name="uq_signal_reference_signal_id_source_external_id"
        ),
    )
    op.create_index("ix_signal_reference_source_external_id", "signal_reference", ["source", "external_id"])
