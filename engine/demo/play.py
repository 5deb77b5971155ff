"""Plays the day of the demo city through the services: every move is a command by somebody who may make it.

A heap holds what is to happen next. Before anything happens the clock moves on, stopping at every instant at which a
deadline's rung or a timer comes due, so that these fire when they should and not when somebody happens to act.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from sqlalchemy import bindparam, func, select

from engine.demo.city import SEED
from engine.demo.course import Course, Item, Turn
from engine.demo.day import Arrival, Day, Order, Scene
from engine.demo.departments import COMMAND
from engine.demo.names import number, pick
from engine.demo.rows import City
from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.forms import Form, compile_form, example_answers
from engine.services import directives, incidents, work
from engine.services.definitions import shipped_sources
from engine.services.engine import Engine
from engine.services.ingest import ingest_file
from engine.services.signals import receive_signal
from engine.storage.prepared import Prepared
from engine.storage.tables.clocks import clock
from engine.storage.tables.processes import timer, work_item
from engine.storage.uow import UnitOfWork
from engine.testing import ManualClock

_SEALED_EVERY = timedelta(hours=1)
_CLAIMED_AFTER = timedelta(seconds=30)
_PACE_S = {"accept": (15, 20), "file": (40, 60), "dispatch": (20, 20), "close": (240, 360), "evaluate": (600, 900)}
"""Seconds a case takes for each of its steps: at least, and how many more at most."""

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
    )
    .where(work_item.c.opened_at == bindparam("now", type_=work_item.c.opened_at.type))
    .order_by(work_item.c.instance_id, work_item.c.wait)
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
    """An incident on its way, and how many of its orders are not closed yet."""

    scene: Scene
    incident_id: str
    open_orders: int


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
        self._courses: dict[str, tuple[Course, _Case]] = {}
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

    def _of_centre(self, role: str, case: _Case) -> Actor:
        return self._actor(role, self._codes[COMMAND], str(case.scene.number))

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
        case = _Case(scene, incident_id, len(scene.orders))
        self._step(case, "accept", partial(self._accept, case))

    def _step(self, case: _Case, step: str, action: Callable[[], object]) -> None:
        least, more = _PACE_S[step]
        self._after(timedelta(seconds=least + number(SEED, f"{step}/{case.scene.number}", more)), action)

    def _accept(self, case: _Case) -> None:
        self._engine.command(incidents.accept_incident, self._of_centre("intake_clerk", case), case.incident_id)
        self._step(case, "file", partial(self._file, case))

    def _file(self, case: _Case) -> None:
        scene = case.scene
        leader = self._of_centre("shift_leader", case)
        self._engine.command(
            incidents.file_incident, leader, case.incident_id, event_type=scene.event_type, level=scene.level
        )
        self._step(case, "dispatch", partial(self._dispatch, case))
        for place, order in enumerate(scene.orders, 1):
            self._after(order.draft_after, partial(self._draft, case, f"{scene.number}.{place}", order))

    def _dispatch(self, case: _Case) -> None:
        self._engine.command(incidents.dispatch_incident, self._of_centre("dispatcher", case), case.incident_id)

    def _close(self, case: _Case) -> None:
        leader = self._of_centre("shift_leader", case)
        self._engine.command(incidents.close_incident, leader, case.incident_id, "您反映的问题已处置完毕,感谢监督。")
        self._step(case, "evaluate", partial(self._evaluate, case))

    def _evaluate(self, case: _Case) -> None:
        score = 70 + number(SEED, f"score/{case.scene.number}", 30)
        evaluator = self._of_centre("evaluator", case)
        self._engine.command(incidents.evaluate_incident, evaluator, case.incident_id, score)

    # -- orders ----------------------------------------------------------------------------------------------------

    def _draft(self, case: _Case, name: str, order: Order) -> None:
        directive_id = self._engine.command(
            directives.draft_directive,
            self._of_centre("drafter", case),
            case.incident_id,
            kind=order.kind,
            objective=order.objective,
            content=order.content,
            addressees=[(leg.department, leg.role) for leg in order.legs],
            issue_mode=order.issue_mode,
        )
        legs = {self._codes[leg.department]: leg for leg in order.legs}
        self._courses[directive_id] = Course(name, order, legs), case

    def _plan_opened(self) -> None:
        """Decide what happens to each work item that has opened at this instant."""
        for item in self._engine.read(_opened, self._clock.now()):
            if (item.instance_id, item.wait) in self._seen:
                continue
            self._seen.add((item.instance_id, item.wait))
            course, case = self._courses[item.directive_id]
            turn = course.turn(item)
            if turn is None:
                continue
            worker = self._actor(item.role, item.department_id, course.name)
            revision = item.revision
            if item.node_id == "handle":
                self._after(_CLAIMED_AFTER, partial(self._claim, item, worker))
                revision += 1
            self._after(turn.after, partial(self._complete, case, item, worker, revision, turn))

    def _claim(self, item: Item, worker: Actor) -> None:
        self._engine.command(work.claim, worker, item.instance_id, item.wait, item.revision)

    def _complete(self, case: _Case, item: Item, worker: Actor, revision: int, turn: Turn) -> None:
        answers = example_answers(self._forms[item.form], turn.choices) if item.form else turn.choices
        done = self._engine.command(work.complete, worker, item.instance_id, item.wait, revision, answers)
        if done["ended"] is not None:
            case.open_orders -= 1
            if not case.open_orders:
                self._step(case, "close", partial(self._close, case))


def _people_by_role(city: City) -> dict[tuple[str, str], list[str]]:
    """The ids of those who hold a role in a department, by both."""
    posts = {post.id: (post.department_id, post.role) for post in city.posts}
    people: dict[tuple[str, str], list[str]] = defaultdict(list)
    for holding in city.holdings:
        people[posts[holding.post_id]].append(holding.person_id)
    return people


def _forms() -> dict[str, Form]:
    """The forms of the loop that orders follow, by name."""
    loop = next(source for source in shipped_sources() if source.process_id == directives.LOOP)
    return {name: compile_form(form) for name, form in loop.forms.items()}


def _opened(uow: UnitOfWork, now: datetime) -> list[Item]:
    return [Item(*row) for row in uow.rows(_OPENED, {"now": now})]


def _next_due(uow: UnitOfWork, now: datetime) -> datetime | None:
    """The first instant after `now` at which a rung or a timer comes due."""
    found = (uow.one(statement, {"now": now}) for statement in (_NEXT_RUNG, _NEXT_TIMER))
    return min((row[0] for row in found if row is not None and row[0] is not None), default=None)
