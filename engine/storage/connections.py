"""Opening a database: its URL, and what every new connection is told."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

from engine.settings import Synchronous

BUSY_TIMEOUT_S = 30
PAGE_BYTES = 2_048
"""A step dirties about ten pages of SQLite, and a commit writes each whole: half of the default size is 25 % faster."""
CHECKPOINT_PAGES = 16_000
"""The log grows to 32 MB before it is written back: a page that many commits touch is then written back once."""
CACHE_KIB = 16_384
"""Pages an SQLite connection keeps: the upper levels of every index of a city with a million finished instances."""
_WAYS: dict[str, Any] = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT", "hide_parameters": True}
"""A statement's parameters are what people wrote: an error must not carry them into a log."""


class Cursor(Protocol):
    """What the cursors of both drivers offer."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    @property
    def description(self) -> Any:
        """Name and driver's type of each column of the last result."""
        ...

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """Runs one statement."""
        ...

    def executemany(self, query: Any, params: Any, /) -> Any:
        """Runs one statement for each set of parameters."""
        ...

    def fetchall(self) -> Any:
        """All rows that are left."""
        ...


class Line:
    """An open connection of SQLAlchemy with the driver's connection under it and one cursor of that."""

    __slots__ = ("connection", "cursor", "driver")

    def __init__(self, engine: Engine) -> None:
        self.connection = engine.connect()
        driver: Any = self.connection.connection.driver_connection
        self.driver = driver
        self.cursor: Cursor = driver.cursor()

    def close(self) -> None:
        """Closes the connection; a transaction that is still open goes with it."""
        self.connection.invalidate()
        self.connection.close()


def database_url(text: str) -> URL:
    """The URL with our driver for its kind of database.

    Raises: ValueError for other databases and for an SQLite database in memory, which no second connection can see.
    """
    url = make_url(text)
    kind = url.get_backend_name()
    if kind == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise ValueError(f"Expected a database URL of SQLite or PostgreSQL, but it is one of {kind}.")
    if url.database in (None, "", ":memory:"):
        raise ValueError("Expected an SQLite database in a file, but the URL names none.")
    return url.set(drivername="sqlite+pysqlite")


def open_engine(text: str, *, synchronous: Synchronous) -> Engine:
    """An engine without a pool of its own (`Database` keeps idle connections) and without SQLAlchemy's transactions.

    `synchronous` is SQLite's: NORMAL may lose the last commits when the machine loses power.
    """
    url = database_url(text)
    if url.get_backend_name() == "postgresql":
        options = f"-c timezone=UTC -c lock_timeout={BUSY_TIMEOUT_S}s"
        return create_engine(url, **_WAYS, connect_args={"options": options})
    engine = create_engine(
        url,
        **_WAYS,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def set_up(driver_connection: Any, record: Any) -> None:
        driver_connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        driver_connection.execute("PRAGMA journal_mode=WAL")
        driver_connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        driver_connection.execute(f"PRAGMA synchronous={synchronous}")
        driver_connection.execute("PRAGMA foreign_keys=ON")
        driver_connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")

    return engine
