"""Transactions: the database with its keys, and the unit of work, the only place that commits.

A write unit on SQLite begins IMMEDIATE, so that writers queue at the beginning and never fail in the middle (D5).
SQLAlchemy's own transactions are switched off (its AUTOCOMMIT level): the unit says BEGIN and COMMIT itself, and its
hot statements run on the driver's cursor inside that transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Executable

from engine.errors import Conflict
from engine.sealing import Keys
from engine.settings import Synchronous
from engine.storage import failpoints
from engine.storage.connections import BUSY_TIMEOUT_S, Cursor, Line, open_engine
from engine.storage.faults import as_engine_error, is_lost_connection
from engine.storage.prepared import Prepared, Row, Values
from engine.storage.types import new_id

MOST_IDLE = 16
"""Connections kept open between units; a process with more threads than this opens and closes the rest."""

_NOTHING: Values = {}


class Database:
    """An engine, its kind of database and the keys; opens units of work. Threads may share it."""

    def __init__(self, url: str, keys: Keys, *, synchronous: Synchronous = "FULL") -> None:
        self.engine = open_engine(url, synchronous=synchronous)
        self.keys = keys
        self.dialect = self.engine.dialect
        self.is_sqlite = self.dialect.name == "sqlite"
        # Writers of SQLite keep a connection of their own: its page cache stays whole, as nobody else writes.
        self._idle: dict[bool, list[Line]] = {False: [], True: []}
        # SQLite lets writers wait by looking again after ever longer sleeps: with 16 threads that was 100 completions
        # a second and one of three seconds. Threads of one process queue here instead and are woken at once.
        self._writers = threading.RLock() if self.is_sqlite else None
        self._begin_write = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
        self._begin_read = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def write(self, now: datetime) -> UnitOfWork:
        """A unit of work that may change rows, as of the instant `now`."""
        return UnitOfWork(self, now, self._begin_write, is_write=True)

    def read(self, now: datetime | None = None) -> UnitOfWork:
        """A unit of work that sees one state of the database and changes nothing."""
        return UnitOfWork(self, now, self._begin_read, is_write=False)

    def close(self) -> None:
        """Closes every connection that is not in use."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        self.engine.dispose()

    def queue(self) -> None:
        """Wait until no other thread writes, where the database has one writer. Raises: Conflict (`storage.busy`)."""
        if self._writers is not None and not self._writers.acquire(timeout=BUSY_TIMEOUT_S):
            raise Conflict("storage.busy", "Expected to be the only writer, but another thread kept on writing.")

    def leave(self) -> None:
        """Let the next thread write."""
        if self._writers is not None:
            self._writers.release()

    def begin(self, sql: str, *, is_write: bool = False) -> Line:
        """A connection with the transaction that `sql` begins; kept ones that the server has dropped are replaced."""
        idle = self._idle[is_write and self.is_sqlite]
        while True:
            kept = bool(idle)
            try:
                line = idle.pop()
            except IndexError:
                line = Line(self.engine)
            try:
                line.cursor.execute(sql)
            except Exception as problem:
                line.close()
                if not (kept and is_lost_connection(problem)):
                    raise
            else:
                return line

    def keep(self, line: Line, *, is_write: bool = False) -> None:
        """Keeps a connection for the next unit, or closes it when there are enough."""
        idle = self._idle[is_write and self.is_sqlite]
        if len(idle) < MOST_IDLE:
            idle.append(line)
        else:
            line.close()


class UnitOfWork:
    """One transaction: committed when its block ends, rolled back when the block raises.

    Transient faults (a lock, a serialization failure, another writer on the same ledger subject) surface as Conflict
    `storage.busy`: run the whole command again.
    """

    __slots__ = ("_begin", "_cursor", "_database", "_line", "_now", "_savepoints", "is_write", "keys")

    def __init__(self, database: Database, now: datetime | None, begin: str, *, is_write: bool) -> None:
        self._database = database
        self._now = now
        self._begin = begin
        self._savepoints = 0
        self._line: Line | None = None
        self._cursor: Cursor
        self.is_write = is_write
        self.keys: Keys = database.keys

    def __enter__(self) -> Self:
        if self.is_write:
            self._database.queue()
        try:
            self._line = self._database.begin(self._begin, is_write=self.is_write)
        except BaseException as problem:
            if self.is_write:
                self._database.leave()
            refusal = as_engine_error(problem)
            if refusal is None:
                raise
            raise refusal from problem
        self._cursor = self._line.cursor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(problem)
        finally:
            if self.is_write:
                self._database.leave()

    def _end(self, problem: BaseException | None) -> None:
        """Commit or roll back, and give the connection back."""
        line, self._line = self._open_line, None
        del self._cursor
        try:
            if problem is None and self.is_write:
                failpoints.reach("before_commit")
                line.driver.commit()
            else:
                line.driver.rollback()
            if line.connection.in_transaction():
                line.connection.rollback()
        except Exception as fault:
            line.close()
            problem = problem or fault
            if problem is fault and as_engine_error(fault) is None:
                raise
        else:
            self._database.keep(line, is_write=self.is_write)
        refusal = None if problem is None else as_engine_error(problem)
        if refusal is not None:
            raise refusal from problem

    @property
    def now(self) -> datetime:
        """The one instant of everything written in this unit."""
        if self._now is None:
            raise RuntimeError("Expected a unit of work with an instant, but it was opened without one.")
        return self._now

    @property
    def dialect_name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._database.dialect.name

    def new_id(self) -> str:
        """A fresh id that sorts by this unit's instant."""
        return new_id(self.now)

    def rows(self, prepared: Prepared, values: Values = _NOTHING) -> list[Row]:
        """Every row a statement gives."""
        form = prepared.forms.get(self._database.dialect.name) or prepared.form(self._database.dialect)
        cursor = self._cursor
        cursor.execute(form.sql, form.arrange(values))
        return form.fetch(cursor)

    def one(self, prepared: Prepared, values: Values = _NOTHING) -> Row | None:
        """The first row a statement gives, or None."""
        form = prepared.forms.get(self._database.dialect.name) or prepared.form(self._database.dialect)
        cursor = self._cursor
        cursor.execute(form.sql, form.arrange(values))
        found = form.fetch(cursor)
        return found[0] if found else None

    def run(self, prepared: Prepared, values: Values = _NOTHING) -> int:
        """Executes a statement; returns how many rows it changed."""
        self._require_write()
        form = prepared.forms.get(self._database.dialect.name) or prepared.form(self._database.dialect)
        cursor = self._cursor
        cursor.execute(form.sql, form.arrange(values))
        return cursor.rowcount

    def run_many(self, prepared: Prepared, many: Iterable[Values]) -> int:
        """Executes a statement once for each set of parameters; returns how many rows were changed."""
        self._require_write()
        form = prepared.form(self._database.dialect)
        arranged = [form.arrange(values) for values in many]
        if not arranged:
            return 0
        self._cursor.executemany(form.sql, arranged)
        return self._cursor.rowcount

    def execute(self, statement: Executable, values: Any = None) -> CursorResult[Any]:
        """Executes any Core statement in this transaction: for what is not hot, and for lists in `IN (…)`."""
        if getattr(statement, "is_dml", False):
            self._require_write()
        result: CursorResult[Any] = self._open_line.connection.execute(statement, values)
        return result

    def found(self, statement: Executable) -> list[tuple[Any, ...]]:
        """The rows of a question put together on the fly; what asks often and always the same is `Prepared`."""
        return [tuple(row) for row in self.execute(statement)]

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the unit that is undone alone when its block raises."""
        self._savepoints += 1
        name = f"part_{self._savepoints}"
        self._cursor.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException as problem:
            self._cursor.execute(f"ROLLBACK TO SAVEPOINT {name}")
            self._cursor.execute(f"RELEASE SAVEPOINT {name}")
            refusal = as_engine_error(problem)
            if refusal is not None:
                raise refusal from problem
            raise
        self._cursor.execute(f"RELEASE SAVEPOINT {name}")

    def failpoint(self, name: str) -> None:
        """A named point at which a test may kill the process."""
        failpoints.reach(name)

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection inside this transaction: for migrations. Its `commit` must not be called."""
        return self._open_line.connection

    @property
    def _open_line(self) -> Line:
        if self._line is None:
            raise RuntimeError("Expected an open unit of work, but it has ended or not begun.")
        return self._line

    def _require_write(self) -> None:
        if not self.is_write:
            raise RuntimeError("Expected a write unit of work, but this one reads.")
