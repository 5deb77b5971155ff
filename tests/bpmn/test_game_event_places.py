"""Every kind of event in every place it may stand: on a border and as a start of an event sub-process, interrupting
or not, alone, two levels deep and in the legs of a multi-instance activity.

Source: BPMN 2.0.2, table 10.93.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast

Happen = Callable[[Course, str, str], Course]
"""Makes the event (its place) happen; the third is the place of a human node in its scope."""


def make_ready(course: Course, event: str, go: str) -> Course:
    """Write the variable of the condition; outside a leg it is seen when the leg has ended."""
    course.complete(go, ready=True)
    return course.complete(go.replace("go", "beside")) if "[" in go and "[" not in event else course


KINDS: dict[str, tuple[dict[str, str], Happen, str]] = {
    "message": ({"message": "mail"}, lambda c, event, _: c.message(event), ""),
    "timer": ({"timer": "PT1H"}, lambda c, event, _: c.fire(event), ""),
    "cycle": ({"cycle": "R3/PT1H"}, lambda c, event, _: c.fire(event), ""),
    "cron": ({"cycle": "0 0 * * * ?"}, lambda c, event, _: c.fire(event), ""),
    "broadcast": ({"signal": "flood"}, lambda c, event, _: c.broadcast(event), ""),
    "broadcast inside": ({"signal": "flood"}, lambda c, _, go: c.complete(go), "signal"),
    "condition": ({"condition": "ready"}, lambda c, event, go: make_ready(c, event, go), ""),
    "escalation": ({"escalation": "late"}, lambda c, _, go: c.complete(go), "escalation"),
    "error": ({"error": "flood"}, lambda c, _, go: c.complete(go), "error"),
}
"""What the event is drawn with, how it is made to happen, and what the node behind `go` throws for it."""
_THROWN = {"signal": "flood", "escalation": "late", "error": "flood"}
NOT_INTERRUPTING = [kind for kind in KINDS if kind != "error"]


def draw_work(diagram: Diagram, throws: str) -> None:
    """A task `go`, what is thrown when it is done, and a task beside it that goes on."""
    diagram.start("in").parallel("split").user("go", "beside").flow("in > split > go > out", "split > beside")
    if throws in _THROWN:
        diagram.end("out", **{throws: _THROWN[throws]})
    else:
        diagram.end("out")


def on_border(kind: str, interrupting: bool, *, legs: bool, deep: bool) -> Diagram:
    """The event on a sub-process, which may stand in another one and may have two legs."""
    event, _, throws = KINDS[kind]
    diagram = Diagram().start().user("after", "help").flow("start > outer") if deep else Diagram().start()
    with diagram.subprocess("outer") if deep else nullcontext():
        if deep:
            diagram.start("o").flow("o > sub")
        else:
            diagram.user("after", "help").flow("start > sub")
        with diagram.subprocess("sub", **({"times": "2"} if legs else {})):
            draw_work(diagram, throws)
        diagram.boundary("event", "sub", interrupting=interrupting, **event)
        if deep:
            diagram.user("inner_help", "inner_after").flow("event > inner_help", "sub > inner_after")
        else:
            diagram.flow("event > help", "sub > after")
    return diagram.flow("outer > after") if deep else diagram


def in_subprocess(kind: str, interrupting: bool, *, legs: bool, deep: bool) -> Diagram:
    """The event as the start of an event sub-process of a sub-process, or of one in it."""
    event, _, throws = KINDS[kind]
    diagram = Diagram().start().user("after").flow("start > outer > after")
    with diagram.subprocess("outer", **({"times": "2"} if legs else {})):
        if deep:
            diagram.start("o").user("inner_after").flow("o > sub > inner_after")
        with diagram.subprocess("sub") if deep else nullcontext():
            draw_work(diagram, throws)
            with diagram.event_subprocess("handler"):
                diagram.start("event", interrupting=interrupting, **event).user("help").flow("event > help")
    return diagram


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("legs", [False, True])
def test_interrupting_boundary_takes_the_place_of_its_activity(kind: str, deep: bool, legs: bool) -> None:
    """Whatever ran in the activity, in all of its legs, is gone, and one token goes on from the event."""
    course = Course(on_border(kind, True, legs=legs, deep=deep))
    KINDS[kind][1](course, "event", "go[1]" if legs else "go")
    assert course.open == (["inner_help"] if deep else ["help"])
    course.complete(*course.open)
    assert course.open == (["after"] if deep else [])


@pytest.mark.parametrize("kind", NOT_INTERRUPTING)
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("legs", [False, True])
def test_boundary_that_does_not_interrupt_runs_beside_its_activity(kind: str, deep: bool, legs: bool) -> None:
    """The activity goes on, and what is around it waits for both."""
    course = Course(on_border(kind, False, legs=legs, deep=deep))
    KINDS[kind][1](course, "event", "go[1]" if legs else "go")
    help_ = "inner_help" if deep else "help"
    assert help_ in course.open
    assert ("beside[2]" if legs else "beside") in course.open
    while course.outcome is None:
        course.complete(next(place for place in course.open if place != "event"))
    assert course.outcome == "completed"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("legs", [False, True])
def test_interrupting_start_takes_the_place_of_its_scope(kind: str, deep: bool, legs: bool) -> None:
    """Only the scope it is drawn in, of the leg it happens in, is interrupted; its end is the end of the scope."""
    course = Course(in_subprocess(kind, True, legs=legs, deep=deep))
    leg = "[1]" if legs else ""
    KINDS[kind][1](course, f"event{leg}", f"go{leg}")
    interrupted = legs and kind == "broadcast inside"  # the other leg waited for it too
    others = [f"{place}[2]" for place in ("beside", "go")] if legs else []
    assert [place for place in course.open if not place.startswith("event")] == (
        ["help[1]", "help[2]"] if interrupted else sorted([*others, f"help{leg}"])
    )
    course.complete(f"help{leg}")
    assert any(place.startswith("inner_after" if deep else "after") for place in course.open) or legs


@pytest.mark.parametrize("kind", NOT_INTERRUPTING)
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("legs", [False, True])
def test_start_that_does_not_interrupt_runs_beside_its_scope(kind: str, deep: bool, legs: bool) -> None:
    """The scope goes on and ends when both have."""
    course = Course(in_subprocess(kind, False, legs=legs, deep=deep))
    leg = "[1]" if legs else ""
    KINDS[kind][1](course, f"event{leg}", f"go{leg}")
    assert {f"beside{leg}", f"help{leg}"} <= set(course.open)
    while course.outcome is None:
        course.complete(next(place for place in course.open if not place.startswith("event")))
    assert course.outcome == "completed"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("error", "escalation")])
def test_event_that_is_withdrawn_with_its_activity_never_happens(kind: str) -> None:
    """Done in time, nothing of it is left (WCP-23: nothing is kept for later)."""
    event = KINDS[kind][0]
    diagram = Diagram().start().user("work", "after", "late").flow("start > work > after", "b > late")
    course = Course(diagram.boundary("b", "work", **event)).complete("work", ready=True)
    assert course.open == ["after"]
