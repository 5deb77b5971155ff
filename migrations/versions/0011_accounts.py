"""Passwords, sessions, tokens of programs, and the windows of rate limits."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    _credential()
    _session()
    _api_token()
    _rate_window()


def downgrade() -> None:
    """Drops the tables with all they hold."""
    for table in ("rate_window", "api_token", "session", "credential"):
        op.drop_table(table)


def _credential() -> None:
    op.create_table(
        "credential",
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.PrimaryKeyConstraint("person_id", name="pk_credential"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_credential_person_id"),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_session"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"])
    op.create_index("ix_session_expires_at", "session", ["expires_at"])


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_api_token_person_id"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_person_id", "api_token", ["person_id"])


def _rate_window() -> None:
    op.create_table(
        "rate_window",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("key_index", sa.String(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "key_index", name="pk_rate_window"),
    )
    op.create_index("ix_rate_window_began_at", "rate_window", ["began_at"])
