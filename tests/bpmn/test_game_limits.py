"""What the token game refuses rather than wait in silence or go on for ever, and that it is a pure function."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bpmn import stimuli as s
from engine.bpmn.game import MOST_NODES_IN_A_STEP, advance
from engine.bpmn.state import state_to_bytes
from engine.errors import Rejected
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast
ROOT = Path(__file__).parents[2]


def unsound() -> Diagram:
    """An exclusive split whose ways meet in a parallel join."""
    diagram = Diagram().start().exclusive("split").parallel("join").user("a", "b", "after").end()
    return diagram.flow("start > split ?left? a > join > after > end", "split ?*? b > join")


def test_step_that_would_leave_nothing_to_wait_for_is_refused():
    """A join that waits for a way never taken is named to whoever would make the instance stand still."""
    course = Course(unsound(), left=True)
    before = state_to_bytes(course.state)
    with pytest.raises(Rejected, match="join") as refusal:
        course.complete("a")
    assert (refusal.value.code, refusal.value.element) == ("game.stalled", "join")
    assert state_to_bytes(course.state) == before


def test_start_that_would_leave_nothing_to_wait_for_is_refused():
    """The same when nothing waits before the join."""
    diagram = Diagram().start().exclusive("split").parallel("join").end()
    diagram.flow("start > split ?left? join > end", "split ?*? join")
    with pytest.raises(Rejected) as refusal:
        Course(diagram, left=True)
    assert refusal.value.code == "game.stalled"


def test_message_that_may_never_come_does_not_hide_a_standstill():
    """An armed "stand down" is no reason to believe that work goes on."""
    diagram = unsound()
    with diagram.event_subprocess("stop"):
        diagram.start("s1", message="stop").end("s2").flow("s1 > s2")
    with pytest.raises(Rejected) as refusal:
        Course(diagram, left=True).complete("a")
    assert refusal.value.code == "game.stalled"


def test_timer_that_will_come_is_something_to_wait_for():
    """A deadline that frees a stuck instance fires by itself."""
    diagram = unsound()
    with diagram.event_subprocess("stop"):
        diagram.start("s1", timer="PT1H").end("s2").flow("s1 > s2")
    course = Course(diagram, left=True).complete("a")
    assert course.open == ["s1"]
    assert course.fire("s1").outcome == "completed"


def chain(length: int) -> Diagram:
    """So many events that do nothing, in a row, and a task."""
    diagram = Diagram().start().user("a")
    for number in range(length):
        diagram.throw(f"n{number}")
    return diagram.flow("start > n0", f"n{length - 1} > a", *(f"n{n} > n{n + 1}" for n in range(length - 1)))


def test_long_chain_without_a_wait_comes_to_rest():
    """Length alone is no fault, and needs no depth of calls."""
    assert Course(chain(1_500)).open == ["a"]


def test_step_that_does_not_come_to_rest_is_refused():
    """A loop without a wait, which the reader asks about, cannot hang a process either."""
    diagram = Diagram().start().exclusive("a", "b").user("out").flow("start > a > b ?stop? out", "b ?*? a")
    assert "cycle.no_wait" in [finding.rule for finding in diagram.reading().findings]
    assert Course(diagram, stop=True).open == ["out"]
    with pytest.raises(Rejected) as refusal:
        Course(diagram, stop=False)
    assert refusal.value.code == "game.too_many_steps"
    assert MOST_NODES_IN_A_STEP == 2_000


def test_state_is_as_large_as_what_is_open_and_not_as_what_has_happened():
    """After a thousand rounds of rework the state has the bytes it had after the first ones."""
    diagram = Diagram().start().exclusive("again", "enough").parallel("split", "join").user("a", "b", "check").end()
    diagram.flow("start > again > split > a > join > check > enough ?done? end", "split > b > join", "enough ?*? again")
    course, sizes = Course(diagram, done=False), []
    for _ in range(1_000):
        course.complete("a", "b", "check")
        sizes.append(len(state_to_bytes(course.state)))
    assert max(sizes[:10]) <= max(sizes) <= max(sizes[:10]) + 10


PLAYED = """
from engine.bpmn.state import state_to_bytes
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
diagram = Diagram().start().inclusive("split", "join").user("a", "b").user("legs", over="units", element="unit").end()
diagram.flow("start > split ?true? a > join > end", "split ?true? b > join", "split ?true? legs > join")
course = Course(diagram, units=["x", "y"], names={"k1": 1, "k2": 2})
print(state_to_bytes(course.complete("legs[2]", "b", "a").state).hex())
"""


def test_same_steps_in_other_processes_give_the_same_bytes():
    """Nothing depends on the order of a hash or on an address in memory."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PLAYED],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(found) == 1


def test_now_is_an_argument_and_moves_nothing_but_timers():
    """The game reads no clock: the instant it is given is the one its timers count from."""
    diagram = (
        Diagram()
        .start()
        .parallel("split")
        .user("a")
        .catch("wait", timer="PT1H")
        .flow("start > split > a", "split > wait")
    )
    net = diagram.net()
    early, late = (advance(net, None, s.Start(), now) for now in (NOON, NOON.replace(year=2040)))
    assert [effect for effect in early.effects if not hasattr(effect, "due_at")] == [
        effect for effect in late.effects if not hasattr(effect, "due_at")
    ]
    assert {e.due_at.year for e in late.effects if hasattr(e, "due_at")} == {2040}
