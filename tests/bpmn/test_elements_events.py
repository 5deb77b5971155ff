"""Every event of the standard, at each place at which it may stand: it is read and played by the real game."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.bpmn.effects import BroadcastSent, EscalationSent, MessageSent
from engine.bpmn.elements import EVENTS
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.drawing import END, START, drawing, flow, reading, task

pytestmark = pytest.mark.fast

DEFINED: dict[str, dict[str, Any]] = {
    "none": {},
    "message": {"message": "mail"},
    "timer": {"timer": "PT1H"},
    "conditional": {"condition": "x > 1"},
    "signal": {"signal": "flood"},
    "error": {"error": "E1"},
    "escalation": {"escalation": "up"},
    "cancel": {"cancel": True},
    "compensation": {"compensate": ""},
    "terminate": {"terminate": True},
    "multiple": {"message": "mail", "signal": "flood"},
    "parallel_multiple": {"message": "mail", "signal": "flood", "every": True},
}
PEOPLE = {"a", "h", "w", "v"}


def people(course: Course) -> list[str]:
    """The open items of people."""
    return [place for place in course.open if place in PEOPLE]


def happen(course: Course, place: str, definition: str) -> Course:
    """What the event at `place` waits for happens."""
    match definition:
        case "message" | "multiple":
            return course.message(place)
        case "timer":
            return course.fire(place)
        case "signal":
            return course.broadcast(place)
        case "conditional":
            return course.complete("v", x=2)
    first, second = (wait for wait in course.state.waits if course.place(wait) == place)
    del first, second
    return course.message(place).broadcast(place)


def start(definition: str) -> None:
    """An instance begins at the start event."""
    diagram = Diagram().start("s", **DEFINED[definition]).user("a").flow("s > a")
    course = Course(diagram, None if definition == "none" else "s", x=2)
    assert "a" in course.open


def catch(definition: str) -> None:
    """A token waits at the event and goes on."""
    if definition == "link":
        return link()
    diagram = Diagram().start().parallel("p").catch("c", **DEFINED[definition]).user("a", "v")
    course = Course(diagram.flow("start > p > c > a", "p > v"), x=1)
    assert people(course) == ["v"]
    assert "a" in happen(course, "c", definition).open
    return None


def link() -> None:
    """A link leads to its catching event like a flow."""
    definition = '<bpmn:linkEventDefinition name="L"/>'
    nodes = task("t", definition, "intermediateThrowEvent")[1] + task("c", definition, "intermediateCatchEvent")[1]
    drawn = START + END + nodes + task("a")[1] + flow("start", "t") + flow("c", "a") + flow("a", "end")
    assert Course(reading(drawn).nets["p"]).open == ["a"]
    assert drawing(drawn)


def boundary(definition: str, interrupting: bool) -> None:
    """The event takes its activity away, or runs beside it."""
    if definition in ("error", "escalation", "cancel"):
        return _boundary_of_scope(definition, interrupting)
    if definition == "compensation":
        return _compensated()
    event = DEFINED[definition]
    diagram = Diagram().start().parallel("p").user("w", "v", "a").boundary("b", "w", interrupting=interrupting, **event)
    course = happen(Course(diagram.flow("start > p > w", "p > v", "b > a"), x=1), "b", definition)
    assert ("w" in course.open, "a" in course.open) == (not interrupting, True)
    return None


def _boundary_of_scope(definition: str, interrupting: bool) -> None:
    diagram = Diagram().start()
    around = diagram.transaction("t") if definition == "cancel" else diagram.subprocess("t")
    with around:
        diagram.start("s").parallel("p").user("w", "v").flow("s > p > w", "p > v")
        if definition == "escalation":
            diagram.throw("k", escalation="up").flow("v > k")
        else:
            diagram.end("k", **DEFINED[definition]).flow("v > k")
    diagram.boundary("b", "t", interrupting=interrupting, **DEFINED[definition]).user("a").flow("start > t", "b > a")
    course = Course(diagram).complete("v")
    assert people(course) == (["a"] if interrupting else ["a", "w"])


def _compensated() -> None:
    diagram = Diagram().start().user("w", "h", "a").boundary("b", "w", compensate="").undo("b", "h")
    course = Course(diagram.throw("k", compensate="").flow("start > w > k > a")).complete("w")
    assert course.open == ["h"]
    assert course.complete("h").open == ["a"]


def event_subprocess(definition: str, interrupting: bool) -> None:
    """The handling takes over its scope, or runs beside it."""
    if definition == "compensation":
        return _compensated_by_a_handling()
    diagram = Diagram().start().parallel("p").user("w", "v").flow("start > p > w", "p > v")
    thrown = definition in ("error", "escalation")
    if definition == "error":
        diagram.end("k", error="E1").flow("v > k")
    elif definition == "escalation":
        diagram.throw("k", escalation="up").flow("v > k")
    with diagram.event_subprocess("e"):
        diagram.start("s", interrupting=interrupting, **DEFINED[definition]).user("h").flow("s > h")
    course = Course(diagram, x=1)
    course = course.complete("v") if thrown else happen(course, "s", definition)
    assert ("w" in course.open, "h" in course.open) == (not interrupting, True)
    return None


def _compensated_by_a_handling() -> None:
    diagram = Diagram().start().user("a")
    with diagram.subprocess("t"):
        diagram.start("s").user("w").end("e").flow("s > w > e")
        with diagram.event_subprocess("u"):
            diagram.start("c", compensate="").user("h").end("d").flow("c > h > d")
    course = Course(diagram.throw("k", compensate="").flow("start > t > k > a")).complete("w")
    assert course.open == ["h"]
    assert course.complete("h").open == ["a"]


def throw(definition: str) -> None:
    """A token passes and throws."""
    if definition == "link":
        return link()
    if definition == "compensation":
        return _compensated()
    diagram = Diagram().start().throw("k", **DEFINED[definition]).user("a").flow("start > k > a")
    course = Course(diagram)
    assert course.open == ["a"]
    assert_thrown(course, definition)
    return None


def assert_thrown(course: Course, definition: str) -> None:
    """The step told what was thrown."""
    sent = {"message": {MessageSent}, "signal": {BroadcastSent}, "escalation": {EscalationSent}}
    wanted = sent.get(definition, {MessageSent, BroadcastSent} if definition == "multiple" else set())
    for kind in (MessageSent, BroadcastSent, EscalationSent):
        assert bool(course.told(kind)) == (kind in wanted)


def end(definition: str) -> None:
    """A token is consumed, and what the end says is done."""
    if definition in ("error", "cancel"):
        return _boundary_of_scope(definition, interrupting=True)
    diagram = Diagram().start().parallel("p").user("w", "v").end("k", **DEFINED[definition])
    if definition == "compensation":
        diagram.user("h").boundary("b", "v", compensate="").undo("b", "h")
    course = Course(diagram.flow("start > p > w", "p > v > k")).complete("v")
    assert people(course) == {"terminate": [], "compensation": ["h", "w"]}.get(definition, ["w"])
    if definition != "terminate":
        assert_thrown(course, definition)
    return None


PLAYED: dict[str, Callable[[str], None]] = {
    "start": start,
    "catch": catch,
    "boundary": lambda definition: boundary(definition, True),
    "boundary_beside": lambda definition: boundary(definition, False),
    "handling": lambda definition: event_subprocess(definition, True),
    "handling_beside": lambda definition: event_subprocess(definition, False),
    "throw": throw,
    "end": end,
}


@pytest.mark.parametrize(("place", "definition"), [(each.place, each.definition) for each in EVENTS])
def test_event_of_the_standard_happens(place: str, definition: str) -> None:
    """Each of the events of table 10.93 does in the game what the standard says of it."""
    PLAYED[place](definition)
