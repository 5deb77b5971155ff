"""Instances that an earlier release stored are loaded, go on and finish: a city is updated in the middle of its work.

A file under `stored/` holds rows as a release wrote them, at that release's schema, and the steps to the end of each
instance. The writer makes the file of this release: run with CITYLOOP_WRITE_STORED=1, never over an earlier one.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.domain.access import SYSTEM_ACTOR
from engine.sealing import load_keys, make_keys
from engine.services import external, messages
from engine.services.failures import retry_failure
from engine.storage.schema import head_revision, migrate
from engine.storage.tables import processes as t
from engine.storage.uow import Database
from engine.testing import START, TinyCity
from tests.services.play import Play
from tests.services.stored_courses import courses

FOLDER = Path(__file__).with_name("stored")
RELEASES = sorted(file.stem for file in FOLDER.glob("*.json"))
THIS = "0.1.0"
TABLES = (
    *("definition", "process_instance", "work_item", "timer", "subscription", "call", "operation", "step_failure"),
    *("external_job", "start_trigger", "awaited_message"),
)


def take(city: Play, step: list[Any]) -> None:
    """Carry out one step of a course."""
    match step:
        case ["complete", node_id, answers]:
            city.complete(city.items(node_id)[0], "centre.drafter", **answers)
        case ["wait", minutes]:
            city.wait(timedelta(minutes=minutes))
        case ["message", name, key]:
            city.engine.command(messages.correlate, SYSTEM_ACTOR, name, key)
        case ["broadcast", process_id]:
            city.begin(process_id)
        case ["retry", variables]:
            (failure,) = city.rows(t.step_failure)
            city.engine.command(retry_failure, SYSTEM_ACTOR, failure.instance_id, failure.wait, variables)
        case ["work", topic, results]:
            asked = [{"topic": topic, "lock_s": 60}]
            (job,) = city.engine.command(external.fetch_and_lock, SYSTEM_ACTOR, "one", asked, 1)
            city.engine.command(external.complete, SYSTEM_ACTOR, job["id"], "one", results)
        case _:
            raise AssertionError(step)


def plain(value: Any) -> Any:
    """A value of a row as JSON holds it."""
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def stored(value: Any) -> Any:
    """The value of a row again."""
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


def write(city: Play) -> None:
    """Store this release's instances, each at its point."""
    told = []
    for process_id, files, variables, before, after in courses():
        for file in files:
            name = file.partition('process id="')[2].partition('"')[0]
            city.install(file, name)
        instance = city.begin(process_id, **variables)
        for step in before:
            take(city, step)
        told.append({"process": process_id, "instance": instance, "steps": after})
    rows: dict[str, Any] = {}
    with city.engine.database.read(city.clock.now()) as uow:
        for table in TABLES:
            where = " WHERE process_id LIKE 'stored_%'" if table == "definition" else ""
            found = uow.execute(text(f"SELECT * FROM {table}{where}")).mappings().all()
            rows[table] = [{name: plain(value) for name, value in row.items()} for row in found]
    content = {"revision": head_revision(), "at": city.clock.now().isoformat(), "courses": told, "rows": rows}
    (FOLDER / f"{THIS}.json").write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", "utf-8")


def updated(folder: Path, release: str) -> tuple[Play, list[dict[str, Any]]]:
    """A city whose database a release wrote, brought up to date; and the courses that run in it."""
    content = json.loads((FOLDER / f"{release}.json").read_text("utf-8"))
    at = datetime.fromisoformat(content["at"])
    make_keys(folder / "keys")
    database = Database(f"sqlite:///{folder / 'city.db'}", load_keys(folder / "keys"))
    migrate(database, START, content["revision"])
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # the departments come when the city is settled
        for table, rows in content["rows"].items():
            for row in rows:
                names = ", ".join(row)
                places = ", ".join("?" for _ in row)
                values = tuple(stored(value) for value in row.values())
                connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", values)
    database.close()
    return Play(TinyCity(folder, start=at)), content["courses"]


def test_instances_of_this_release_are_stored(sqlite_city: Play) -> None:
    """The next release finds what this one wrote; a step that was renamed or a column that is gone shows there."""
    if os.environ.get("CITYLOOP_WRITE_STORED"):
        write(sqlite_city)
    assert THIS in RELEASES or (FOLDER / f"{THIS}.json").is_file()


@pytest.mark.parametrize("release", RELEASES)
def test_instances_of_a_release_go_on_and_finish(tmp_path: Path, release: str) -> None:
    """Whatever waited when the city was updated waits after it, and comes to the end it would have come to."""
    city, stored_courses = updated(tmp_path, release)
    assert len(stored_courses) >= 10
    for course in stored_courses:
        assert city.is_running(course["instance"]), course["process"]
        for step in course["steps"]:
            take(city, step)
        assert city.outcome(course["instance"]) == "completed", course["process"]
    table = t.process_instance
    assert [row.id for row in city.rows(table)] == []
    city.city.close()
