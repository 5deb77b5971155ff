"""The schema: runs the migrations of `migrations/` from code and says where a database stands.

All steps of one call stand or fall together, on both databases: they run in one unit of work.
"""

from __future__ import annotations

from datetime import datetime

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine import shipped
from engine.errors import Unavailable
from engine.storage.uow import Database, UnitOfWork

_ONE_MIGRATES = 7_240_001
"""The number of the PostgreSQL lock that a migrating process holds."""


def migrate(database: Database, now: datetime, target: str = "head") -> tuple[str, ...]:
    """Brings the schema up to `target`; returns the revisions that were applied, oldest first."""
    with database.write(now) as uow:
        before = _begin(uow)
        command.upgrade(_config(uow), target)
        after = _current(uow)
    return _between(before, after)


def downgrade(database: Database, now: datetime, target: str) -> tuple[str, ...]:
    """Takes the schema back to `target` (`base` for none); returns the revisions that were undone, oldest first."""
    with database.write(now) as uow:
        before = _begin(uow)
        command.downgrade(_config(uow), target)
        after = _current(uow)
    return _between(after, before)


def current_revision(database: Database) -> str | None:
    """The revision a database is at, None for an empty one."""
    with database.read() as uow:
        return _current(uow)


def head_revision() -> str:
    """The newest revision that travels with the engine."""
    head = ScriptDirectory(str(shipped.path("migrations"))).get_current_head()
    assert head is not None
    return head


def require_head(database: Database) -> None:
    """Refuses a database whose schema is not the one this engine was written for.

    Raises: Unavailable `schema.differs`.
    """
    current, head = current_revision(database), head_revision()
    if current != head:
        raise Unavailable(
            "schema.differs",
            f"Expected a database at revision {head}, but it is at {current or 'none'}; run `cityloop migrate`.",
            current=current,
            head=head,
        )


def _begin(uow: UnitOfWork) -> str | None:
    """Lets one process migrate at a time; the open transaction tells Alembic to leave the commit to the unit."""
    if uow.dialect_name == "postgresql":
        uow.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_MIGRATES})")
    return _current(uow)


def _current(uow: UnitOfWork) -> str | None:
    uow.connection.exec_driver_sql("SELECT 1").close()
    return MigrationContext.configure(uow.connection).get_current_revision()


def _config(uow: UnitOfWork) -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped.path("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = uow.connection
    return config


def _between(older: str | None, newer: str | None) -> tuple[str, ...]:
    """The revisions after `older` up to `newer`, oldest first."""
    if older == newer or newer is None:
        return ()
    scripts = ScriptDirectory(str(shipped.path("migrations")))
    steps = [script.revision for script in scripts.iterate_revisions(newer, older or "base")]
    return tuple(reversed(steps))
