"""Work for many clients at once: a process with every kind of row, many instances of it, and what must hold after."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter

from sqlalchemy import func, select, text

from engine.bpmn.state import state_from_bytes
from engine.domain.access import SYSTEM_ACTOR
from engine.services.desk import Desk
from engine.services.instances import published
from engine.services.steps import start
from engine.storage.tables import clocks, ledger, processes
from engine.storage.tables.outbox import outbox
from tests.services.fleet import Item, Place
from tests.services.play import Play, drawing, node, path

_LANE = '<bpmn:laneSet id="lanes"><bpmn:lane id="clerks" cl:role="department_clerk">{refs}</bpmn:lane></bpmn:laneSet>'
ORDER_OF_WORK = ("a", "b", "c", "d")


def _lane(*ids: str) -> str:
    return _LANE.format(refs="".join(f"<bpmn:flowNodeRef>{id_}</bpmn:flowNodeRef>" for id_ in ids))


FOUR_STEPS = drawing(
    "four_steps",
    _lane(*ORDER_OF_WORK)
    + node("startEvent", "start")
    + node("userTask", "a", 'cl:stage="sign_in"')
    + node("parallelGateway", "fork")
    + node("userTask", "b", 'cl:stage="handling"')
    + node("userTask", "c")
    + node("parallelGateway", "join")
    + node("userTask", "d", 'cl:stage="feedback"')
    + node("endEvent", "end", inner='<bpmn:messageEventDefinition id="end_message" messageRef="filed"/>')
    + path("start", "a", "fork", "b", "join", "d", "end")
    + path("fork", "c", "join"),
    head='<bpmn:message id="filed" name="filed"/>',
)
"""Clocks, two items open at once in one instance, a message at the end: four completions each."""

RACE = drawing(
    "race",
    _lane("handle")
    + node("startEvent", "start")
    + node("userTask", "handle", 'cl:stage="sign_in"')
    + node("sendTask", "done", 'messageRef="of_done"')
    + node("endEvent", "done_end")
    + node(
        "boundaryEvent",
        "limit",
        'attachedToRef="handle"',
        '<bpmn:timerEventDefinition id="limit_timer"><bpmn:timeDuration>PT2H</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition>",
    )
    + node("sendTask", "late", 'messageRef="of_late"')
    + node("endEvent", "late_end")
    + node(
        "boundaryEvent",
        "breach",
        'attachedToRef="handle" cancelActivity="false"',
        '<bpmn:messageEventDefinition id="breach_message" messageRef="breach_sla"/>',
    )
    + node("sendTask", "warn", 'messageRef="of_warned"')
    + node("endEvent", "warn_end")
    + path("start", "handle", "done", "done_end")
    + path("limit", "late", "late_end")
    + path("breach", "warn", "warn_end"),
    head='<bpmn:message id="breach_sla" name="sla.breach"/>'
    + "".join(f'<bpmn:message id="of_{name}" name="{name}"/>' for name in ("done", "late", "warned")),
)
"""A node whose limit falls due together with three rungs of its clock (two working hours from 09:00)."""


def place_of(city: Play) -> Place:
    """Where another process finds the city."""
    database = city.engine.database
    folder = city.engine.seal_file.parent
    url = database.engine.url.render_as_string(hide_password=False)
    return Place(url, folder / "keys", city.engine.seal_file, city.clock.now())


def begin_many(city: Play, process_id: str, count: int) -> None:
    """Start so many instances in one transaction, for the department that the clerks work in."""

    def command(desk: Desk) -> None:
        definition = published(desk, process_id)
        for _ in range(count):
            start(desk, definition, {}, department_id="water")

    city.engine.command(command, SYSTEM_ACTOR)


def open_items(city: Play) -> list[Item]:
    """What is open, as a client sees it."""
    return [(row.instance_id, row.wait, row.revision) for row in city.rows(processes.work_item)]


def completions(city: Play) -> Counter[tuple[str, int, str]]:
    """How often each item was completed, by whom."""
    rows = city.rows(processes.item_history, processes.item_history.c.how == "completed")
    return Counter((row.instance_id, row.wait, row.actor_id) for row in rows)


def assert_whole(city: Play) -> None:
    """Rows and states tell one story, nothing stands still, every change has its facts, and the ledger is unbroken."""
    _assert_rows_fit_states(city)
    _assert_clocks_fit_their_events(city)
    facts = Counter(row.code for row in city.rows(ledger.fact))
    chained = Counter(fact[0] for row in city.rows(ledger.ledger) for fact in json.loads(row.content)["facts"])
    assert chained == facts
    while city.engine.seal():
        pass
    verification = city.engine.verify()
    assert verification.ok, verification.first_broken
    assert verification.unsealed == 0
    database = city.engine.database
    if database.is_sqlite:
        with sqlite3.connect(str(database.engine.url.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def _assert_rows_fit_states(city: Play) -> None:
    """Every wait of every state has its row, every row its wait, and who runs waits for something."""
    tables = (processes.work_item, processes.timer, processes.subscription)
    rows = {(row.instance_id, row.wait) for table in tables for row in city.rows(table)}
    waits = set()
    for row in city.rows(processes.process_instance):
        state = state_from_bytes(row.state_bytes)
        assert state.outcome is None
        assert state.waits, f"{row.id} runs and waits for nothing"
        waits |= {(row.id, wait) for wait in state.waits}
    assert rows == waits
    running = clocks.clock.c.state == "running"
    open_nodes = {(row.instance_id, row.node_id) for row in city.rows(processes.work_item)}
    assert {(row.instance_id, row.node_id) for row in city.rows(clocks.clock, running)} <= open_nodes


def _assert_clocks_fit_their_events(city: Play) -> None:
    """A clock starts and ends once, its rungs fire once each and in order, and never after its end."""
    events: dict[str, list[tuple[str, int | None]]] = {}
    for row in city.rows(clocks.clock_event):
        events.setdefault(row.clock_id, []).append((row.kind, (row.detail or {}).get("rung")))
    called: dict[str, list[int]] = {}
    for row in city.rows(clocks.escalation):
        called.setdefault(row.clock_id, []).append(row.rung)
    for clock in city.rows(clocks.clock):
        kinds = [kind for kind, _ in events[clock.id]]
        fired = [rung for kind, rung in events[clock.id] if kind == "rung_fired"]
        assert kinds[0] == "started"
        assert kinds.count("started") == 1
        ends = [kind for kind in kinds if kind in ("stopped", "cancelled")]
        assert ends == ([] if clock.state == "running" else [kinds[-1]])
        assert fired == [50, 80, 100, 150, 200][: len(fired)]
        assert fired == sorted(called.get(clock.id, []))


def count_of(city: Play, topic: str) -> int:
    """How many messages of a topic lie in the outbox."""
    statement = select(func.count()).select_from(outbox).where(outbox.c.topic == topic)
    with city.engine.database.read() as uow:
        return int(uow.execute(statement).scalar_one())


def deadlocks(city: Play) -> int:
    """How often PostgreSQL had to break up transactions that took rows in opposite orders; SQLite cannot have any."""
    database = city.engine.database
    if database.is_sqlite:
        return 0
    asked = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    with database.read() as uow:
        return int(uow.execute(asked).scalar_one())
