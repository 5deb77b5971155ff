"""The unit of work: what is committed, what is rolled back, and what a fault looks like to the caller."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import bindparam, event, select, text

import engine
from engine.errors import Conflict
from engine.sealing import Keys
from engine.storage.connections import database_url
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.directives import directive
from engine.storage.tables.incidents import incident
from engine.storage.tables.ledger import ledger
from engine.storage.tables.outbox import worker_heartbeat
from engine.storage.uow import Database, UnitOfWork
from engine.testing import ManualClock
from tests.storage.city import fill

WORKERS = Prepared(select(worker_heartbeat.c.worker).order_by(worker_heartbeat.c.worker))
BEAT = insert_into(worker_heartbeat)


def _beat(uow: UnitOfWork, worker: str) -> None:
    uow.run(BEAT, {"worker": worker, "at": uow.now})


def _workers(database: Database) -> list[str]:
    with database.read() as uow:
        return [row[0] for row in uow.rows(WORKERS)]


def test_unit_that_ends_is_committed(database: Database, clock: ManualClock) -> None:
    """What a command wrote is there for the next one, both kinds of statement alike."""
    with database.write(clock.now()) as uow:
        _beat(uow, "a")
        uow.execute(worker_heartbeat.insert(), {"worker": "b", "at": uow.now})
    assert _workers(database) == ["a", "b"]


def test_unit_that_raises_is_rolled_back(database: Database, clock: ManualClock) -> None:
    """A refused command leaves nothing behind, and the connection serves the next one."""

    def command() -> None:
        with database.write(clock.now()) as uow:
            _beat(uow, "a")
            uow.execute(worker_heartbeat.insert(), {"worker": "b", "at": uow.now})
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        command()
    assert _workers(database) == []


def test_savepoint_that_raises_is_undone_alone(database: Database, clock: ManualClock) -> None:
    """One failing rung of a batch does not take the others with it."""

    def rung(uow: UnitOfWork) -> None:
        with uow.savepoint():
            _beat(uow, "b")
            raise RuntimeError

    with database.write(clock.now()) as uow:
        _beat(uow, "a")
        with pytest.raises(RuntimeError):
            rung(uow)
        with uow.savepoint():
            _beat(uow, "c")
    assert _workers(database) == ["a", "c"]


def test_savepoint_after_a_database_refusal_lets_the_unit_go_on(database: Database, clock: ManualClock) -> None:
    """A duplicate inside a savepoint does not poison the transaction on PostgreSQL."""
    with database.write(clock.now()) as uow:
        _beat(uow, "a")
        with pytest.raises(Exception, match=r"(?i)unique"), uow.savepoint():
            _beat(uow, "a")
        _beat(uow, "b")
    assert _workers(database) == ["a", "b"]


def test_read_unit_refuses_to_write(database: Database, clock: ManualClock) -> None:
    """A list cannot change what it shows."""
    with database.read(clock.now()) as uow:
        with pytest.raises(RuntimeError, match="reads"):
            _beat(uow, "a")
        with pytest.raises(RuntimeError, match="reads"):
            uow.execute(worker_heartbeat.delete())


def test_read_unit_sees_one_state(database: Database, clock: ManualClock) -> None:
    """Two lists of one page never contradict each other."""
    with database.read() as reader:
        assert reader.rows(WORKERS) == []
        with database.write(clock.now()) as writer:
            _beat(writer, "a")
        assert reader.rows(WORKERS) == []
    assert _workers(database) == ["a"]


def test_unit_used_after_its_end_is_a_bug(sqlite_database: Database, clock: ManualClock) -> None:
    """A statement outside a transaction must not slip through."""
    with sqlite_database.write(clock.now()) as uow:
        pass
    with pytest.raises((RuntimeError, AttributeError)):
        uow.rows(WORKERS)
    with pytest.raises(RuntimeError):
        uow.execute(select(worker_heartbeat))


def test_update_row_claims_the_revision_it_saw(database: Database, clock: ManualClock) -> None:
    """Of two clerks with the same revision one wins and the other is told."""
    city = fill(database, clock.now())
    claim = update_row(directive, "content", where=("id", "revision"))
    values = {"content": "Send three pumps", "id": city.directive_id, "seen_revision": 1}
    with database.write(clock.now()) as uow:
        assert uow.run(claim, values) == 1
        assert uow.run(claim, values) == 0
        assert uow.execute(select(directive.c.revision)).scalar() == 2


def test_prepared_rows_equal_those_of_sqlalchemy(database: Database, clock: ManualClock) -> None:
    """The fast path applies the same types as the library's own."""
    city = fill(database, clock.now())
    statement = select(incident).where(incident.c.id == bindparam("id"))
    with database.read() as uow:
        fast = uow.one(Prepared(statement), {"id": city.incident_id})
        slow = uow.execute(statement, {"id": city.incident_id}).one()
    assert fast == tuple(slow)


def test_prepared_with_a_list_is_refused_at_its_first_run(sqlite_database: Database) -> None:
    """A list in IN needs a text of its own each time; a prepared one would silently match nothing."""
    statement = Prepared(select(ledger.c.id).where(ledger.c.n.in_([1, 2])))
    with pytest.raises(TypeError, match="list"), sqlite_database.read() as uow:
        uow.rows(statement)


def test_prepared_with_fixed_values_runs_with_them(database: Database, clock: ManualClock) -> None:
    """A value written into the statement needs no parameter."""
    fixed = Prepared(select(worker_heartbeat.c.worker).where(worker_heartbeat.c.worker == "a").limit(1))
    with database.write(clock.now()) as uow:
        uow.run_many(BEAT, [{"worker": name, "at": uow.now} for name in "abc"])
        assert uow.rows(fixed) == [("a",)]
        assert uow.run_many(BEAT, []) == 0


def test_sqlite_locked_surfaces_as_busy(sqlite_database: Database, clock: ManualClock) -> None:
    """A caller can tell that another try helps."""
    with sqlite_database.write(clock.now()):
        sqlite_database.keep(sqlite_database.begin("PRAGMA busy_timeout=0", is_write=True), is_write=True)
        with pytest.raises(Conflict) as refusal:
            sqlite_database.write(clock.now()).__enter__()
    assert refusal.value.code == "storage.busy"


def test_another_writer_of_a_ledger_subject_surfaces_as_busy(database: Database, clock: ManualClock) -> None:
    """Two commands on one subject: the second runs again instead of failing."""
    row = insert_into(ledger, "subject", "n", "at", "key_id", "prev", "content", "mac")
    values = {"subject": "task:1", "n": 1, "at": clock.now(), "key_id": "l1", "prev": b"", "content": b"", "mac": b""}
    with pytest.raises(Conflict) as refusal, database.write(clock.now()) as uow:
        uow.run_many(row, [values, values])
    assert refusal.value.code == "storage.busy"


@pytest.mark.postgres
def test_postgres_deadlock_surfaces_as_busy(postgres_database: Database, clock: ManualClock) -> None:
    """PostgreSQL ends one of two transactions that wait for each other; its command runs again."""
    both = threading.Barrier(2)
    outcomes: list[str] = []
    touch = update_row(worker_heartbeat, "at", where=("worker",))
    with postgres_database.write(clock.now()) as uow:
        _beat(uow, "a")
        _beat(uow, "b")

    def run(first: str, second: str) -> None:
        try:
            with postgres_database.write(clock.now()) as uow:
                uow.run(touch, {"worker": first, "at": clock.now()})
                both.wait()
                uow.run(touch, {"worker": second, "at": clock.now()})
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "storage.busy"]


@pytest.mark.postgres
def test_postgres_connection_lost_between_units_is_replaced(postgres_database: Database, clock: ManualClock) -> None:
    """A restart of the server costs no request that comes after it."""
    pid = select(text("pg_backend_pid()"))
    with postgres_database.read() as uow:
        kept = uow.execute(pid).scalar()
    with psycopg.connect(
        postgres_database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
    ) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (kept,))
    with postgres_database.write(clock.now()) as uow:
        _beat(uow, "a")
    assert _workers(postgres_database) == ["a"]


@pytest.mark.parametrize("busy_timeout_ms", [30_000, 0])
def test_concurrent_writers_on_sqlite_never_fail(
    sqlite_database: Database, clock: ManualClock, busy_timeout_ms: int
) -> None:
    """BEGIN IMMEDIATE makes writers queue: with a deferred one 606 of 640 were refused.

    Threads queue before SQLite, which lets writers sleep ever longer: they never need its patience at all.
    """

    @event.listens_for(sqlite_database.engine, "connect")
    def set_patience(driver_connection: Any, record: Any) -> None:
        driver_connection.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")

    failures: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for number in range(25):
                with sqlite_database.write(clock.now()) as uow:
                    uow.rows(WORKERS)
                    _beat(uow, f"{worker}-{number}")
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(_workers(sqlite_database)) == 200


def test_sqlite_connection_has_the_settings_that_durability_needs(tmp_path: Path, keys: Keys) -> None:
    """WAL, FULL, foreign keys and the busy timeout hold on every connection."""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", keys)
    with database.read() as uow:
        found = [
            uow.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "page_size")
        ]
    database.close()
    assert found == ["wal", 2, 1, 30_000, 2_048]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/city"])
def test_database_url_of_another_kind_is_refused(url: str) -> None:
    """A database in memory cannot be seen by a second connection, and no other product is tested."""
    with pytest.raises(ValueError, match="Expected"):
        database_url(url)


@pytest.mark.parametrize(("nth", "rows"), [("before_commit", 0), ("before_commit@3", 2)])
def test_failpoint_kills_before_the_commit(tmp_path: Path, keys: Keys, nth: str, rows: int) -> None:
    """A process killed at a named point leaves whole transactions only."""
    path = tmp_path / "a.db"
    script = (
        "import sys\n"
        "from datetime import UTC, datetime\n"
        "from engine.sealing import new_keys\n"
        "from engine.storage.uow import Database\n"
        "from sqlalchemy import text\n"
        "database = Database('sqlite:///' + sys.argv[1], new_keys())\n"
        "database.engine.connect().exec_driver_sql('CREATE TABLE t (n INTEGER)')\n"
        "for n in range(9):\n"
        "    with database.write(datetime(2026, 3, 2, tzinfo=UTC)) as uow:\n"
        "        uow.execute(text('INSERT INTO t VALUES (1)'))\n"
    )
    environment = {**os.environ, "CITYLOOP_FAILPOINT": nth}
    ended = subprocess.run([sys.executable, "-c", script, str(path)], env=environment, check=False)
    assert ended.returncode == -9
    database = Database(f"sqlite:///{path}", keys)
    with database.read() as uow:
        assert uow.execute(text("SELECT count(*) FROM t")).scalar() == rows
    database.close()


def test_commit_is_called_in_one_place() -> None:
    """State, items, facts, ledger and messages stand or fall together only if nobody else commits."""
    root = Path(engine.__file__).parent
    calls = [
        path.name
        for path in [*root.rglob("*.py"), *(root.parent / "webapp").rglob("*.py")]
        for _ in re.finditer(r"\bcommit\(\)", path.read_text())
    ]
    assert calls == ["uow.py"]
