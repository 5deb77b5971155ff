"""What tests of the services play with: a tiny city, shortcuts through the shipped loop, looks at every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, insert, select, text

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.errors import EngineError
from engine.services import definitions, directives, messages, work
from engine.services.desk import Desk
from engine.services.instances import published
from engine.services.steps import start
from engine.storage.tables import directives as orders
from engine.storage.tables import ledger, metadata, org, processes
from engine.testing import START, ManualClock, TinyCity

LOOP = "closed_loop_command"
FORMS = {source.process_id: source.forms for source in definitions.shipped_sources()}[LOOP]

_FRAME = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cl="urn:cityloop:bpmn:1"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="file" targetNamespace="urn:test">
{head}
<bpmn:process id="{id}" isExecutable="true">
{body}
</bpmn:process>
</bpmn:definitions>"""


def drawing(id: str, body: str, head: str = "") -> str:
    """A BPMN file of one process; `head` holds messages and errors."""
    return _FRAME.format(id=id, body=body, head=head)


def node(kind: str, id: str, marks: str = "", inner: str = "") -> str:
    """An element of a process."""
    return f'<bpmn:{kind} id="{id}" {marks}>{inner}</bpmn:{kind}>'


def path(*ids: str) -> str:
    """Sequence flows that connect these nodes in a row."""
    return "".join(f'<bpmn:sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids))


class Play:
    """A tiny city with the shortcuts tests need; `city` is the city itself."""

    def __init__(self, city: TinyCity) -> None:
        self.city = city
        self.engine = city.engine
        self.person = city.person
        self.order = city.order
        self.items = city.items
        self.do = city.do
        self.state = city.state

    @property
    def clock(self) -> ManualClock:
        """The clock of the city."""
        return self.city.clock

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self, table: Table, *where: ColumnElement[bool]) -> list[Any]:
        """Rows of a table, in the order of its key."""
        statement = select(table).where(*where).order_by(*table.primary_key.columns)
        with self.engine.database.read(self.clock.now()) as uow:
            return list(uow.execute(statement).all())

    def row(self, table: Table, id: str) -> Any:
        """The one row with this id."""
        (found,) = self.rows(table, table.c.id == id)
        return found

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table, as stored."""
        with self.engine.database.read(self.clock.now()) as uow:
            return {
                table.name: sorted(map(repr, uow.execute(text(f"SELECT * FROM {table.name}")).all()))
                for table in metadata.sorted_tables
            }

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {name: len(rows) for name, rows in self.everything().items()}

    def moves(self, subject_id: str) -> list[tuple[str, str, str, str | None]]:
        """The recorded moves of a subject: action, from, to, actor."""
        rows = self.rows(ledger.fact, ledger.fact.c.subject_id == subject_id, ledger.fact.c.code.like("%.moved"))
        return [(r.payload["action"], r.payload["source"], r.payload["target"], r.actor_id) for r in rows]

    def actions(self, subject_id: str) -> list[str]:
        """The recorded actions on a subject, in order."""
        return [move[0] for move in self.moves(subject_id)]

    def facts(self, code: str) -> list[Any]:
        """The facts with this code."""
        return self.rows(ledger.fact, ledger.fact.c.code == code)

    @contextmanager
    def refused(self, code: str, kind: type[EngineError] = EngineError) -> Iterator[pytest.ExceptionInfo[EngineError]]:
        """What is done inside is refused with this code, and leaves every row of the database as it was."""
        before = self.everything()
        with pytest.raises(kind) as caught:
            yield caught
        assert caught.value.code == code
        assert self.everything() == before

    # -- people ----------------------------------------------------------------------------------------------------

    def appoint(self, person_id: str, department: str, role: str) -> None:
        """Give a person one more post."""
        id_ = f"{department}.{role}.{person_id}"
        post = {"id": id_, "department_id": department, "code": id_, "role": role, "name_zh": role, "name_en": role}
        holding = {
            "id": id_,
            "post_id": id_,
            "person_id": person_id,
            "valid_from": START - timedelta(days=1),
            "valid_to": None,
            "deputy_of": None,
        }

        def settle(desk: Desk) -> None:
            desk.uow.execute(insert(org.post), [post])
            desk.uow.execute(insert(org.post_holding), [holding])
            desk.city.forget()

        self.engine.command(settle, SYSTEM_ACTOR)

    def newcomer(self, id: str) -> str:
        """A person without any post."""

        def settle(desk: Desk) -> None:
            desk.uow.execute(insert(org.person), [{"id": id, "account": id, "name": id, "status": "active"}])

        self.engine.command(settle, SYSTEM_ACTOR)
        return id

    # -- processes -------------------------------------------------------------------------------------------------

    def install(self, file: str, process_id: str = LOOP, forms: Mapping[str, Any] | None = None) -> str | None:
        """Install a drawing as the next version of its process."""
        chosen = forms if forms is not None else FORMS if process_id == LOOP else {}
        source = definitions.Source(process_id, file.encode(), chosen)
        return self.engine.command(definitions.install_version, SYSTEM_ACTOR, source)

    def begin(self, process_id: str, _actor: Actor = SYSTEM_ACTOR, **variables: Any) -> str:
        """Start an instance that is bound to nothing; its id."""

        def command(desk: Desk) -> str:
            return start(desk, published(desk, process_id), variables, department_id="centre").id

        return self.engine.command(command, _actor)

    def play(self, file: str, process_id: str, forms: Mapping[str, Any] | None = None, **variables: Any) -> str:
        """Install a drawing and start an instance of it; its id."""
        self.install(file, process_id, forms)
        return self.begin(process_id, **variables)

    def deliver(self, instance_id: str, message: str, payload: Mapping[str, Any] | None = None, scope: int = 0) -> None:
        """Deliver a message to an instance or one of its legs."""
        self.engine.command(messages.deliver, SYSTEM_ACTOR, instance_id, message, payload, scope=scope)

    def outcome(self, instance_id: str) -> str:
        """How an ended instance ended."""
        return str(self.row(processes.instance_history, instance_id).outcome)

    def is_running(self, instance_id: str) -> bool:
        """Whether the instance still runs."""
        table = processes.process_instance
        return bool(self.rows(table, table.c.id == instance_id))

    # -- through the shipped loop ----------------------------------------------------------------------------------

    def issued(self, *departments: str, level: int | None = 3, **more: Any) -> str:
        """An order that is issued to these departments; its id."""
        id_ = self.order(*departments, level=level, **more)
        self.do("draft")
        self.do("review", decision="approve")
        if self.open("cosign"):
            self.do("cosign", decision="approve")
        self.do("issue")
        return id_

    def report_back(self, *departments: str, said: str = "done") -> None:
        """These departments sign, act and report."""
        for department in departments:
            self.do("sign", department, decision="sign")
            self.do("handle", department)
            self.do("feedback", department, text=said)

    def closed(self, *departments: str, **more: Any) -> str:
        """An order that went straight to closed; its id."""
        id_ = self.issued(*departments, **more)
        self.report_back(*(departments or self.city.departments))
        self.do("verify", decision="pass")
        self.do("evaluate", score=90)
        return id_

    def open(self, node_id: str, department: str | None = None) -> list[Any]:
        """The open items of a node."""
        return self.items(node_id, department)

    def tasks(self, directive_id: str) -> dict[str, Any]:
        """The tasks of an order by department."""
        rows = self.rows(orders.task, orders.task.c.directive_id == directive_id)
        return {row.department_id: row for row in rows}

    def order_row(self, directive_id: str) -> Any:
        """The row of an order."""
        return self.row(orders.directive, directive_id)

    def open_nodes(self) -> list[str]:
        """The open items as `node` or, inside a leg, `node@department`, sorted."""
        return sorted(i.node_id if i.task_id is None else f"{i.node_id}@{self._leg(i)}" for i in self.items())

    def _leg(self, item: Any) -> str:
        return str(self.row(orders.task, item.task_id).department_id)

    def complete(self, item: Any, person_id: str, **answers: Any) -> Any:
        """Complete this very item."""
        return self.engine.command(
            work.complete, self.person(person_id), item.instance_id, item.wait, item.revision, answers
        )

    def withdraw(self, directive_id: str, person_id: str = "centre.commander") -> None:
        """Withdraw an order."""
        self.engine.command(directives.withdraw_directive, self.person(person_id), directive_id, "not_needed")

    # -- time ------------------------------------------------------------------------------------------------------

    def wait(self, by: timedelta) -> int:
        """Let time pass and fire what came due; how much fired."""
        self.clock.advance(by)
        return self.engine.fire_all_due()

    def wait_until(self, instant: datetime) -> int:
        """Let time pass until an instant and fire what came due; how much fired."""
        self.clock.set(instant)
        return self.engine.fire_all_due()
