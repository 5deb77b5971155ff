"""The migrations: up, down and up again with rows in place, on both databases, and equal to the models."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from engine import shipped
from engine.domain.lifecycle import DEFINITION, DIRECTIVE, INCIDENT, SIGNAL, TASK
from engine.errors import Unavailable
from engine.storage.schema import current_revision, downgrade, head_revision, migrate, require_head
from engine.storage.tables import metadata
from engine.storage.tables.guards import lifecycle_move
from engine.storage.uow import Database
from engine.testing import ManualClock
from tests.storage.city import fill


def _schema(database: Database) -> dict[str, object]:
    """Columns, keys, indexes and checks of every table, as the database tells them."""
    inspector = inspect(database.engine)
    described: dict[str, object] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        described[table] = {
            "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
            "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
            "foreign keys": sorted(
                (key["constrained_columns"], key["referred_table"]) for key in inspector.get_foreign_keys(table)
            ),
            "unique": sorted((key["name"], key["column_names"]) for key in inspector.get_unique_constraints(table)),
            "checks": sorted((key["name"], key["sqltext"]) for key in inspector.get_check_constraints(table)),
            "indexes": sorted(
                (
                    index["name"],
                    index["column_names"],
                    bool(index["unique"]),
                    str([str(v) for k, v in index.get("dialect_options", {}).items() if k.endswith("_where")]),
                )
                for index in inspector.get_indexes(table)
            ),
        }
    return described


def test_migrations_from_nothing_to_head_make_the_schema_of_the_models(
    empty_database: Database, clock: ManualClock
) -> None:
    """What the migrations build is what the code reads and writes, down to every index and CHECK."""
    metadata.create_all(empty_database.engine)
    wanted = _schema(empty_database)
    metadata.drop_all(empty_database.engine)

    migrate(empty_database, clock.now())

    assert _schema(empty_database) == wanted
    with empty_database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_with_rows_in_place_go_down_and_up_again(database: Database, clock: ManualClock) -> None:
    """A schema in use can be taken back step by step to nothing and built again."""
    fill(database, clock.now())
    steps = []
    while (here := current_revision(database)) is not None:
        steps += downgrade(database, clock.now(), "-1")
        assert current_revision(database) != here

    assert migrate(database, clock.now()) == tuple(reversed(steps))
    assert fill(database, clock.now())


def test_migrations_with_rows_in_place_leave_them_when_the_guards_are_rebuilt(
    database: Database, clock: ManualClock
) -> None:
    """Taking back the triggers and making them again loses no row."""
    city = fill(database, clock.now())
    downgrade(database, clock.now(), "0007")
    migrate(database, clock.now())
    with database.read() as uow:
        assert uow.execute(text("SELECT id FROM directive")).scalars().all() == [city.directive_id]


def test_head_file_names_the_newest_revision() -> None:
    """Two branches that each add a migration clash in this file and not in a city."""
    assert (shipped.path("migrations") / "head.txt").read_text().strip() == head_revision()


def test_migrations_are_numbered_and_named_without_gaps() -> None:
    """A file's number is its revision, so the folder reads in order."""
    files = sorted(path.stem for path in (shipped.path("migrations") / "versions").glob("*.py"))
    assert [name[:4] for name in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    assert all(len(name) > 5 and name[4] == "_" for name in files)


def test_migrations_import_no_code_that_changes_later() -> None:
    """An old migration must do tomorrow what it did when it was written."""
    for path in (shipped.path("migrations") / "versions").glob("*.py"):
        assert "engine" not in path.read_text(), path.name


def test_lifecycle_moves_in_the_database_are_those_of_the_tables(database: Database) -> None:
    """The trigger admits exactly the moves that the domain decides by."""
    wanted = {
        (table.subject, source, target)
        for table in (SIGNAL, INCIDENT, DIRECTIVE, TASK, DEFINITION)
        for source, target in (("", table.start), *table.transitions())
    }
    with database.read() as uow:
        rows = uow.execute(lifecycle_move.select()).all()
    assert {tuple(row) for row in rows} == wanted


def test_require_head_refuses_an_empty_database(empty_sqlite_database: Database, clock: ManualClock) -> None:
    """A server does not start on a schema it was not written for."""
    with pytest.raises(Unavailable, match=r"schema\.differs"):
        require_head(empty_sqlite_database)
    migrate(empty_sqlite_database, clock.now())
    require_head(empty_sqlite_database)


def test_migrate_at_head_changes_nothing(sqlite_database: Database, clock: ManualClock) -> None:
    """Running it again is safe and says that nothing was done."""
    assert migrate(sqlite_database, clock.now()) == ()
