"""How many bytes tables take in an SQLite file, their indexes included."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Table, text

from engine.storage.uow import Database

_PAGES = text("SELECT SUM(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = :table)")


def bytes_of(database: Database, tables: Iterable[Table]) -> int:
    """The bytes of whole pages that `tables` and their indexes take. Raises: sqlite3.OperationalError elsewhere."""
    with database.read() as uow:
        return sum(uow.execute(_PAGES, {"table": table.name}).scalar() or 0 for table in tables)
