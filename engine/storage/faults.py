"""What a driver's error means to a caller: try the whole command again, come back later, or a bug."""

from __future__ import annotations

import sqlite3

import psycopg
from psycopg import errors as postgres
from sqlalchemy.exc import DBAPIError

from engine.errors import Conflict, EngineError, Unavailable

RACED_TABLES = ("ledger", "idempotency", "signal", "message_seen")
"""Where a duplicate only means that another writer was faster: run again, and the command sees that writer's row."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY = 0xFF
"""The low byte of an SQLite error code is the kind, the rest says more about it."""


def as_engine_error(problem: BaseException) -> EngineError | None:
    """The refusal that tells a caller what to do about a driver's error, or None where the error is a bug.

    Shape: Conflict `storage.busy` for what another try can cure; Unavailable `storage.full` or `storage.unreachable`.
    """
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause)
    if isinstance(cause, psycopg.Error):
        return _from_postgres(cause)
    return None


def is_lost_connection(problem: BaseException) -> bool:
    """Whether the server was no longer there, as after its restart."""
    cause = problem.orig if isinstance(problem, DBAPIError) else problem
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


def _from_sqlite(problem: sqlite3.Error) -> EngineError | None:
    code = getattr(problem, "sqlite_errorcode", 0)
    if code & _PRIMARY in _BUSY:
        return _busy("the database is locked")
    if code & _PRIMARY == sqlite3.SQLITE_FULL:
        return _full()
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        table = str(problem).partition("constraint failed: ")[2].partition(".")[0]
        return _busy(f"another writer of {table} was faster") if table in RACED_TABLES else None
    return None


def _from_postgres(problem: psycopg.Error) -> EngineError | None:
    if isinstance(problem, postgres.SerializationFailure | postgres.DeadlockDetected | postgres.LockNotAvailable):
        return _busy("another transaction holds what this one needs")
    if isinstance(problem, postgres.UniqueViolation):
        table = problem.diag.table_name
        return _busy(f"another writer of {table} was faster") if table in RACED_TABLES else None
    if isinstance(problem, postgres.DiskFull):
        return _full()
    if is_lost_connection(problem):
        return Unavailable("storage.unreachable", "Expected a database that answers, but the connection is gone.")
    return None


def _busy(why: str) -> Conflict:
    return Conflict("storage.busy", f"Expected to be the only writer, but {why}.", why=why)


def _full() -> Unavailable:
    return Unavailable("storage.full", "Expected room on the database's disk, but there is none.")
