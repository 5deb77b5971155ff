"""Departments, posts, people, duty and grid cells."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _department()
    _person()
    _centre()
    _duty_shift()
    _grid_cell()
    _post()
    _post_holding()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in (
        "post_holding",
        "post",
        "grid_cell",
        "duty_shift",
        "centre",
        "person",
        "department",
    ):
        op.drop_table(table)


def _department() -> None:
    op.create_table(
        "department",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(36)),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("fallback_department_id", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_department"),
        sa.ForeignKeyConstraint(
            ["fallback_department_id"], ["department.id"], name="fk_department_fallback_department_id"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["department.id"], name="fk_department_parent_id"),
        sa.UniqueConstraint("code", name="uq_department_code"),
    )
    op.create_index("ix_department_parent_id", "department", ["parent_id"])


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("account", name="uq_person_account"),
        sa.CheckConstraint("status IN ('active', 'disabled')", name="ck_person_status"),
    )


def _centre() -> None:
    op.create_table(
        "centre",
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("department_id", name="pk_centre"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_centre_department_id"),
        sa.CheckConstraint("status IN ('online', 'degraded', 'offline')", name="ck_centre_status"),
    )


def _duty_shift() -> None:
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("post_kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("on_from", INSTANT, nullable=False),
        sa.Column("on_to", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shift"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_duty_shift_department_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_duty_shift_person_id"),
    )
    op.create_index("ix_duty_shift_department_id_on_from", "duty_shift", ["department_id", "on_from"])


def _grid_cell() -> None:
    op.create_table(
        "grid_cell",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.String(36)),
        sa.Column("polygon_wkt", sa.String(), nullable=False),
        sa.Column("owner_department_id", sa.String(36), nullable=False),
        sa.Column("officer_person_id", sa.String(36)),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_grid_cell"),
        sa.ForeignKeyConstraint(["officer_person_id"], ["person.id"], name="fk_grid_cell_officer_person_id"),
        sa.ForeignKeyConstraint(["owner_department_id"], ["department.id"], name="fk_grid_cell_owner_department_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["grid_cell.id"], name="fk_grid_cell_parent_id"),
        sa.UniqueConstraint("code", name="uq_grid_cell_code"),
    )


def _post() -> None:
    op.create_table(
        "post",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("department_id", sa.String(36), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_post"),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_post_department_id"),
        sa.UniqueConstraint("department_id", "code", name="uq_post_department_id_code"),
    )


def _post_holding() -> None:
    op.create_table(
        "post_holding",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("post_id", sa.String(36), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.Column("deputy_of", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_post_holding"),
        sa.ForeignKeyConstraint(["deputy_of"], ["post_holding.id"], name="fk_post_holding_deputy_of"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_post_holding_person_id"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_post_holding_post_id"),
    )
    op.create_index("ix_post_holding_person_id", "post_holding", ["person_id"])
    op.create_index("ix_post_holding_post_id", "post_holding", ["post_id"])
