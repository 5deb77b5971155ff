"""Timers of every kind on every event: cron, instants without offset, repetitions, and a worker that was away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.bpmn.effects import TimerArmed
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast

EVERY_HOUR = "0 0 * * * ?"


def test_cron_catch_happens_once_at_its_next_time():
    """The time is one of the city's clocks: eight in the morning is midnight in Greenwich."""
    course = Course(Diagram().start().catch("k", cycle="0 0 8 ? * MON-FRI").user("a").flow("start > k > a"))
    assert course.due("k") == datetime(2026, 3, 3, 0, 0, tzinfo=UTC)
    assert course.fire("k").open == ["a"]


def test_cron_boundary_that_does_not_interrupt_repeats_without_end_and_catches_up():
    """Each time it was due it happens, in order, also when the worker was away; it ends with its activity."""
    diagram = Diagram().start().user("work", "note").flow("start > work", "b > note")
    course = Course(diagram.boundary("b", "work", interrupting=False, cycle=EVERY_HOUR)).pass_time(hours=5)
    for hour in range(1, 6):
        assert course.due("b") == NOON + timedelta(hours=hour)
        course.fire("b")
    assert course.open == ["b", *["note"] * 5, "work"]
    assert course.complete("work").open == ["note"] * 5


def test_cron_start_of_an_event_subprocess_and_interrupting_boundary():
    """An interrupting one happens once."""
    diagram = Diagram().start().user("work", "late").flow("start > work", "b > late")
    diagram.boundary("b", "work", cycle=EVERY_HOUR)
    with diagram.event_subprocess("h"):
        diagram.start("s", interrupting=False, cycle="30 * * * *").user("note").flow("s > note")
    course = Course(diagram).fire("s").fire("b")
    assert course.open == ["late", "note", "s"]


def test_cron_from_a_variable_is_read_when_it_is_armed():
    """An expression may give a cron text as well as any other."""
    diagram = Diagram().start().catch("k", cycle="${plan}").user("a").flow("start > k > a")
    assert Course(diagram, plan="30 12 * * *").due("k") == datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    assert Course(diagram, plan="R2/PT10M").due("k") == NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-05-01T08:00:00", datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 4, 30, 16, 0, tzinfo=UTC)),
        ("2026-05-01T08:00:00+01:00", datetime(2026, 5, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_instant_without_offset_is_one_of_the_city(text: str, due: datetime):
    """The same in a literal and in a variable."""
    assert Course(Diagram().start().catch("k", date=text).flow("start > k")).due("k") == due
    assert Course(Diagram().start().catch("k", date="${at}").flow("start > k"), at=text).due("k") == due


def test_cycle_with_a_start_begins_there_and_keeps_its_interval():
    """Late or not, each time is one interval after the one before."""
    diagram = Diagram().start().user("work", "note").flow("start > work", "b > note")
    cycle = "R3/2026-03-02T20:30:00/PT10M"
    course = Course(diagram.boundary("b", "work", interrupting=False, cycle=cycle)).pass_time(hours=3)
    dues = [course.due("b")]
    while True:
        armed = course.fire("b").told(TimerArmed)
        if not armed:
            break
        dues.append(armed[0].due_at)
    assert dues == [NOON + timedelta(minutes=30 + 10 * n) for n in range(3)]


def test_timer_of_a_multiple_event_repeats_as_its_own_part():
    """The second of two timers keeps its own interval."""
    diagram = Diagram().start().user("work", "note").flow("start > work", "b > note")
    diagram.boundary("b", "work", interrupting=False, cycle=["R5/PT1H", "R5/PT3H"])
    course = Course(diagram)
    first, second = [wait for wait in course.state.waits if course.place(wait) == "b"]
    course.fire("b")
    assert [record[4][1:] for record in course.state.waits.values() if record[0] == 1] == [
        [4, 3 * 3_600_000_000, 1],
        [3, 3_600_000_000],
    ], (first, second)
