"""What tests of the engine, ours and others', stand on: a clock that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.services import incidents, work
from engine.services.desk import Desk
from engine.services.installation import open_engine, prepare
from engine.settings import Settings
from engine.storage.tables import clocks as clock_tables
from engine.storage.tables import directives as directive_tables
from engine.storage.tables import org, processes

_ORGANISATION = (org.department, org.centre, org.person, org.post, org.post_holding, org.duty_shift)


class ManualClock:
    """A clock that stands still until it is moved.

    Raises: ValueError for an instant without an offset.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Moves on by a duration; returns the new instant."""
        self._now += by
        return self._now

    def set(self, instant: datetime) -> None:
        """Moves to an instant, also back."""
        self._now = _aware(instant)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"Expected an instant with an offset, but {instant!r} has none.")
    return instant.astimezone(UTC)


_ROLES = (
    "intake_clerk", "shift_leader", "dispatcher", "drafter", "reviewer", "commander", "verifier", "evaluator",
    "supervisor",
)  # fmt: skip
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday 2 March 2026, 09:00 in Shanghai: working time begins."""


class TinyCity:
    """A city of one centre and a few departments over a real database: for tests of the engine, ours and others'.

    Every role of the centre is one person named after it (`centre.dispatcher`), every department has a clerk and a
    head (`water.clerk`, `water.head`). The head is on duty. Time moves only by `clock`.
    """

    def __init__(
        self, folder: Path, *departments: str, database_url: str | None = None, start: datetime = START
    ) -> None:
        self.clock = ManualClock(start)
        self.departments = departments or ("water", "traffic", "fire")
        settings = Settings(
            database_url=database_url or f"sqlite:///{folder / 'city.db'}",
            keys_file=folder / "keys",
            seal_file=folder / "seals",
        )
        prepare(settings, self.clock)
        self.engine = open_engine(settings, self.clock)
        self.engine.command(self._settle, SYSTEM_ACTOR)

    def _settle(self, desk: Desk) -> None:
        """The rows of the organisation."""
        rows: dict[Table, list[dict[str, Any]]] = {table: [] for table in _ORGANISATION}
        self._department(rows, "city", None, "government")
        self._department(rows, "centre", "city", "centre")
        rows[org.centre].append({"department_id": "centre", "kind": "command", "status": "online"})
        for role in _ROLES:
            self._post(rows, "centre", role, role)
        for code in self.departments:
            self._department(rows, code, "city", "bureau")
            self._post(rows, code, "department_clerk", "clerk")
            self._post(rows, code, "department_head", "head")
            shift = {"department_id": code, "post_kind": "duty_officer", "person_id": f"{code}.head"}
            on = {"on_from": START - timedelta(days=1), "on_to": START + timedelta(days=30)}
            rows[org.duty_shift].append({"id": f"{code}.shift", **shift, **on})
        for table, values in rows.items():
            desk.uow.execute(insert(table), values)
        desk.city.forget()

    @staticmethod
    def _department(rows: dict[Table, list[dict[str, Any]]], code: str, parent: str | None, kind: str) -> None:
        names = {"name_zh": code, "name_en": code, "kind": kind, "level": "city", "calendar": "7x24"}
        row = {"id": code, "code": code, "parent_id": parent, "fallback_department_id": None, **names}
        rows[org.department].append(row)

    @staticmethod
    def _post(rows: dict[Table, list[dict[str, Any]]], department: str, role: str, name: str) -> None:
        id_ = f"{department}.{name}"
        names = {"name_zh": name, "name_en": name}
        rows[org.person].append({"id": id_, "account": id_, "name": id_, "status": "active"})
        rows[org.post].append({"id": id_, "department_id": department, "code": name, "role": role, **names})
        since = {"valid_from": START - timedelta(days=365), "valid_to": None, "deputy_of": None}
        rows[org.post_holding].append({"id": id_, "post_id": id_, "person_id": id_, **since})

    def person(self, id: str) -> Actor:
        """The person with this id as an actor."""
        return self.engine.actor(id)

    def order(self, *departments: str, level: int | None = 3, event_type: str = "10101", **more: Any) -> str:
        """Take an incident as far as dispatched, with a directive drafted to these departments; the directive's id."""
        incident_id = self.incident(level=level, event_type=event_type)
        self.do("accept", of=incident_id, decision="accept")
        self.do("file", of=incident_id, decision="file")
        lead, *co = departments or self.departments
        wording = {"objective": "Stop the flood", "content": "Close the road and pump"}
        self.do("dispatch", of=incident_id, lead=[lead], co=co, **wording, **more)
        return self.newest_order(incident_id)

    def incident(self, *, level: int | None = 3, event_type: str = "10101") -> str:
        """A reported incident, whose process waits for its acceptance; its id."""
        opening = incidents.Opening("signal", event_type, level, None, None, None, self.clock.now())
        return self.engine.command(incidents.open_incident, SYSTEM_ACTOR, opening)

    def newest_order(self, incident_id: str) -> str:
        """The directive of the incident that was drafted last."""
        table = directive_tables.directive
        statement = select(table.c.id).where(table.c.incident_id == incident_id).order_by(table.c.number.desc())
        with self.engine.database.read(self.clock.now()) as uow:
            return str(uow.execute(statement.limit(1)).scalar_one())

    def items(self, node_id: str | None = None, department: str | None = None) -> list[Any]:
        """The open work items, oldest first, of a node and a department where given."""
        item = processes.work_item
        statement = select(item).order_by(item.c.opened_at, item.c.instance_id, item.c.wait)
        if node_id is not None:
            statement = statement.where(item.c.node_id == node_id)
        if department is not None:
            statement = statement.where(item.c.department_id == department)
        with self.engine.database.read(self.clock.now()) as uow:
            return list(uow.execute(statement).all())

    def do(
        self,
        node_id: str,
        department: str | None = None,
        *,
        by: str | None = None,
        of: str | None = None,
        **answers: Any,
    ) -> Any:
        """Complete the oldest open item of a node as the person whose role it is; what the service answers.

        Shape: `of` is the id of the subject (directive or incident) where several are at the node.
        """
        found = [item for item in self.items(node_id, department) if of in (None, item.subject_id)]
        if not found:
            raise AssertionError(f"no open item {node_id}: {[(i.node_id, i.department_id) for i in self.items()]}")
        item = found[0]
        with self.engine.database.read(self.clock.now()) as uow:
            holder = self.engine.city.roster(uow).holder(item.department_id, item.role, self.clock.now())
        person = self.person(by or (holder.person_id if holder else item.role))
        return self.engine.command(work.complete, person, item.instance_id, item.wait, item.revision, answers)

    def state(self, directive_id: str) -> str:
        """The state of a directive."""
        table = directive_tables.directive
        with self.engine.database.read(self.clock.now()) as uow:
            return str(uow.execute(select(table.c.state).where(table.c.id == directive_id)).scalar_one())

    def escalations(self) -> list[tuple[int, str]]:
        """The rungs that fired, in order, and the role each one called."""
        table = clock_tables.escalation
        statement = select(table.c.rung, table.c.recipient_role).order_by(table.c.fired_at, table.c.rung)
        with self.engine.database.read(self.clock.now()) as uow:
            return [(row.rung, row.recipient_role) for row in uow.execute(statement).all()]

    def close(self) -> None:
        """Close the database."""
        self.engine.database.close()
