"""The smallest set of rows in which a directive can live: for tests that speak to the tables themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Table

from engine.storage.prepared import insert_into
from engine.storage.tables import directives, incidents, org
from engine.storage.types import new_id
from engine.storage.uow import Database, UnitOfWork


@dataclass(frozen=True)
class SmallCity:
    """Ids of the rows that `fill` made."""

    department_id: str
    drafter_id: str
    handler_id: str
    verifier_id: str
    evaluator_id: str
    incident_id: str
    directive_id: str
    task_id: str


def put(uow: UnitOfWork, table: Table, **values: Any) -> str:
    """Inserts one row, with an id unless it brings one; the columns not given are absent."""
    if "id" not in values and isinstance(getattr(table.c.get("id"), "type", None), String):
        values["id"] = uow.new_id()
    uow.run(insert_into(table, *values), values)
    return str(values.get("id", ""))


def fill(database: Database, now: datetime) -> SmallCity:
    """A department, four people, a reported incident, a draft with one pending task."""
    with database.write(now) as uow:
        department = put(
            uow,
            org.department,
            code=f"D-{new_id(now)}",
            name_zh="水务局",
            name_en="Water authority",
            kind="bureau",
            level="city",
            calendar="always",
        )
        people = list(_people(uow, ("drafter", "handler", "verifier", "evaluator")))
        incident = put(
            uow,
            incidents.incident,
            number=f"I-{new_id(now)}",
            state="reported",
            revision=1,
            category="natural",
            event_type="11-01-01",
            reported_at=now,
            rework_count=0,
            reopen_count=0,
            created_at=now,
        )
        directive = put(uow, directives.directive, **draft(now, incident, department, people[0]))
        task = put(
            uow,
            directives.task,
            directive_id=directive,
            department_id=department,
            role="lead",
            state="pending",
            revision=1,
            return_count=0,
            rework_count=0,
        )
    return SmallCity(department, *people, incident, directive, task)


def draft(now: datetime, incident: str, department: str, drafter: str) -> dict[str, Any]:
    """The columns of a directive in its first state."""
    return {
        "number": f"O-{new_id(now)}",
        "incident_id": incident,
        "kind": "dispatch",
        "state": "draft",
        "revision": 1,
        "from_department_id": department,
        "drafter_id": drafter,
        "objective": "Drain the underpass",
        "content": "Send two pumps",
        "completion_rule": "all",
        "issue_mode": "normal",
        "created_at": now,
        "return_count": 0,
        "rework_count": 0,
    }


def _people(uow: UnitOfWork, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield put(uow, org.person, account=f"{name}-{uow.new_id()}", name=name, status="active")
