"""Plays the day of the demo city through the services: every move is a command by somebody who may make it.

A heap holds what is to happen next. Before anything happens the clock moves on, stopping at every instant at which a
deadline's rung or a timer comes due, so that these fire when they should and not when somebody happens to act.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import bindparam, func, select

from engine.demo.city import SEED
from engine.demo.course import Course, Item
from engine.demo.day import Arrival, Day, Order, Scene
from engine.demo.departments import COMMAND
from engine.demo.names import number, pick
from engine.demo.rows import City
from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.forms import Form, compile_form, example_answers
from engine.services import directives, work
from engine.services.definitions import shipped_sources
from engine.services.engine import Engine
from engine.services.ingest import ingest_file
from engine.services.signals import receive_signal
from engine.storage.prepared import Prepared
from engine.storage.tables.clocks import clock
from engine.storage.tables.directives import directive
from engine.storage.tables.processes import definition, process_instance, timer, work_item
from engine.storage.uow import UnitOfWork
from engine.testing import ManualClock

_SEALED_EVERY = timedelta(hours=1)
_CLAIMED_AFTER = timedelta(seconds=30)
_PACE_S = {
    "accept": (15, 20),
    "file": (40, 60),
    "call_back": (120, 240),
    "close": (240, 360),
    "evaluate": (600, 900),
}
"""Seconds a case takes for each of its steps: at least, and how many more at most."""
_ORDERING = {"dispatch", "assign"}
_DECISIONS = {"accept": "accept", "file": "file", "call_back": "solved", "close": "close"}

_OPENED = Prepared(
    select(
        work_item.c.instance_id,
        work_item.c.wait,
        work_item.c.node_id,
        work_item.c.role,
        work_item.c.department_id,
        work_item.c.form,
        work_item.c.subject_id,
        work_item.c.revision,
        definition.c.process_id,
    )
    .join_from(work_item, process_instance)
    .join(definition)
    .where(work_item.c.opened_at == bindparam("now", type_=work_item.c.opened_at.type))
    .order_by(work_item.c.instance_id, work_item.c.wait)
)
_NEWEST_ORDER = Prepared(
    select(directive.c.id)
    .where(directive.c.incident_id == bindparam("incident_id"))
    .order_by(directive.c.number.desc())
    .limit(1)
)
_NEXT_RUNG = Prepared(
    select(clock.c.next_rung_at)
    .where(clock.c.state == "running", clock.c.next_rung_at > bindparam("now", type_=clock.c.next_rung_at.type))
    .order_by(clock.c.next_rung_at)
    .limit(1)
)
_NEXT_TIMER = Prepared(
    select(func.min(timer.c.due_at)).where(timer.c.due_at > bindparam("now", type_=timer.c.due_at.type))
)


@dataclass(slots=True)
class _Case:
    """An incident on its way; its orders are drafted so long after it was settled what it is."""

    scene: Scene
    incident_id: str
    settled_at: datetime


class Player:
    """Plays one day on an engine that runs on `clock`; the city must be settled in its database."""

    def __init__(self, engine: Engine, clock: ManualClock, city: City, day: Day) -> None:
        self._engine = engine
        self._clock = clock
        self._day = day
        self._codes = {row.code: row.id for row in city.departments}
        self._people = _people_by_role(city)
        self._forms = _forms()
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
        self._sequence = count()
        self._cases: dict[str, _Case] = {}
        self._courses: dict[str, Course] = {}
        self._seen: set[tuple[str, int]] = set()

    def play(self) -> None:
        """Play from the first arrival to the end of the day, and seal the ledger."""
        for scene in self._day.scenes:
            self._at(scene.arrival.at, partial(self._open, scene))
        for arrival in self._day.others:
            self._at(arrival.at, partial(self._receive, arrival))
        at = self._day.begins_at
        while (at := at + _SEALED_EVERY) < self._day.ends_at:
            self._at(at, self._engine.seal)
        while self._due and self._due[0][0] <= self._day.ends_at:
            if not self._fire_before(self._due[0][0]):
                at, _, action = heapq.heappop(self._due)
                self._clock.set(at)
                action()
                self._plan_opened()
        while self._fire_before(self._day.ends_at):
            pass
        self._clock.set(self._day.ends_at)
        self._engine.seal()

    # -- time ------------------------------------------------------------------------------------------------------

    def _at(self, at: datetime, action: Callable[[], object]) -> None:
        heapq.heappush(self._due, (at, next(self._sequence), action))

    def _after(self, pause: timedelta, action: Callable[[], object]) -> None:
        self._at(self._clock.now() + pause, action)

    def _fire_before(self, until: datetime) -> bool:
        """Move on to the next rung or timer that comes due, if that is not after `until`, and fire it."""
        at = self._engine.read(_next_due, self._clock.now())
        if at is None or at > until:
            return False
        self._clock.set(at)
        self._engine.fire_all_due()
        self._plan_opened()
        return True

    # -- people ----------------------------------------------------------------------------------------------------

    def _actor(self, role: str, department_id: str, key: str) -> Actor:
        """One of those who hold the role in the department, the same one for the same key."""
        return self._engine.actor(pick(SEED, f"who/{role}/{key}", self._people[department_id, role]))

    # -- incidents -------------------------------------------------------------------------------------------------

    def _receive(self, arrival: Arrival) -> str | None:
        """Take in what arrives; the incident it opened or reached. A sensor speaks for itself, a caller to a clerk."""
        if arrival.signal is None:
            received = ingest_file(self._engine, arrival.source, "alert.xml", arrival.content).signals[0]
        else:
            signal = arrival.signal
            clerk = self._actor("intake_clerk", self._codes[COMMAND], signal.external_id)
            taker = SYSTEM_ACTOR if signal.channel == "sensor" else clerk
            received = self._engine.command(receive_signal, taker, signal, arrival.content)
        return received.incident_id

    def _open(self, scene: Scene) -> None:
        incident_id = self._receive(scene.arrival)
        assert incident_id is not None
        self._cases[incident_id] = _Case(scene, incident_id, self._clock.now())

    def _go_on(self, item: Item) -> None:
        """Plan what somebody of the centre does with an item of an incident's own process."""
        case = self._cases[item.subject_id]
        scene = case.scene
        if item.node_id == scene.waits_at:
            return
        if item.node_id in _ORDERING:
            self._at(case.settled_at + scene.orders[0].draft_after, partial(self._order, case, item))
            return
        least, more = _PACE_S[item.node_id]
        pause = timedelta(seconds=least + number(SEED, f"{item.node_id}/{scene.number}", more))
        self._after(pause, partial(self._decide, case, item))

    def _decide(self, case: _Case, item: Item) -> None:
        """Do a step of the centre as the script has it; once the case is filed its further orders are planned."""
        scene = case.scene
        choices: dict[str, Any] = {"decision": _DECISIONS.get(item.node_id)}
        match item.node_id:
            case "file":
                choices |= {"event_type": scene.event_type, "level": scene.level}
            case "call_back":
                choices |= {"contacted": True, "satisfied": True}
            case "close":
                choices["reply"] = "您反映的问题已处置完毕，感谢监督。"
            case "evaluate":
                choices["score"] = 70 + number(SEED, f"score/{scene.number}", 30)
        self._answer(item, str(scene.number), choices)
        if item.node_id in ("accept", "file"):
            case.settled_at = self._clock.now()
        if item.node_id == "file":
            case.settled_at = self._clock.now()
            for place, order in enumerate(scene.orders[1:], 2):
                self._after(order.draft_after, partial(self._draft, case, f"{scene.number}.{place}", order))

    def _order(self, case: _Case, item: Item) -> None:
        """Dispatch the case with its first order."""
        order = case.scene.orders[0]
        parties: dict[str, list[str]] = {}
        for leg in order.legs:
            parties.setdefault(leg.role, []).append(leg.department)
        wording = {"objective": order.objective, "content": order.content}
        terms = {"kind": order.kind, "issue_mode": order.issue_mode}
        self._answer(item, str(case.scene.number), {**wording, **terms, **parties})
        self._follow(self._engine.read(_newest_order, case.incident_id), f"{case.scene.number}.1", order)

    def _answer(self, item: Item, key: str, choices: Mapping[str, Any]) -> None:
        """Complete an item as one of those whose it is; of `choices` what its form asks for."""
        worker = self._actor(item.role, item.department_id, key)
        form = self._forms[item.process_id, str(item.form)]
        chosen = {name: value for name, value in choices.items() if value is not None}
        answers = example_answers(form, chosen)
        self._engine.command(work.complete, worker, item.instance_id, item.wait, item.revision, answers)

    # -- orders ----------------------------------------------------------------------------------------------------

    def _draft(self, case: _Case, name: str, order: Order) -> None:
        directive_id = self._engine.command(
            directives.draft_directive,
            self._actor("drafter", self._codes[COMMAND], str(case.scene.number)),
            case.incident_id,
            kind=order.kind,
            objective=order.objective,
            content=order.content,
            addressees=[(leg.department, leg.role) for leg in order.legs],
            issue_mode=order.issue_mode,
        )
        self._follow(directive_id, name, order)

    def _follow(self, directive_id: str, name: str, order: Order) -> None:
        legs = {self._codes[leg.department]: leg for leg in order.legs}
        self._courses[directive_id] = Course(name, order, legs)

    def _plan_opened(self) -> None:
        """Decide what happens to each work item that has opened at this instant."""
        for item in self._engine.read(_opened, self._clock.now()):
            if (item.instance_id, item.wait) in self._seen:
                continue
            self._seen.add((item.instance_id, item.wait))
            if item.subject_id in self._cases:
                self._go_on(item)
            else:
                self._go_on_with_order(item)

    def _go_on_with_order(self, item: Item) -> None:
        """Plan what somebody does with an item of an order's loop."""
        course = self._courses.get(item.subject_id)  # none for what an earlier day has left open
        turn = course.turn(item) if course is not None else None
        if course is None or turn is None:
            return
        if item.node_id == "handle":
            self._after(_CLAIMED_AFTER, partial(self._claim, item, course.name))
            item = replace(item, revision=item.revision + 1)
        self._after(turn.after, partial(self._answer, item, course.name, turn.choices))

    def _claim(self, item: Item, key: str) -> None:
        worker = self._actor(item.role, item.department_id, key)
        self._engine.command(work.claim, worker, item.instance_id, item.wait, item.revision)


def _people_by_role(city: City) -> dict[tuple[str, str], list[str]]:
    """The ids of those who hold a role in a department, by both."""
    posts = {post.id: (post.department_id, post.role) for post in city.posts}
    people: dict[tuple[str, str], list[str]] = defaultdict(list)
    for holding in city.holdings:
        people[posts[holding.post_id]].append(holding.person_id)
    return people


def _forms() -> dict[tuple[str, str], Form]:
    """The forms of the shipped processes, by process and name."""
    return {
        (source.process_id, name): compile_form(form)
        for source in shipped_sources()
        for name, form in source.forms.items()
    }


def _newest_order(uow: UnitOfWork, incident_id: str) -> str:
    row = uow.one(_NEWEST_ORDER, {"incident_id": incident_id})
    assert row is not None
    return str(row[0])


def _opened(uow: UnitOfWork, now: datetime) -> list[Item]:
    return [Item(*row) for row in uow.rows(_OPENED, {"now": now})]


def _next_due(uow: UnitOfWork, now: datetime) -> datetime | None:
    """The first instant after `now` at which a rung or a timer comes due."""
    found = (uow.one(statement, {"now": now}) for statement in (_NEXT_RUNG, _NEXT_TIMER))
    return min((row[0] for row in found if row is not None and row[0] is not None), default=None)
