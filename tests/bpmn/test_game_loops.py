"""Standard loops (BPMN 2.0.2, 13.3.6; workflow pattern structured loop): rounds, counter, bounds, and who ends them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.check import check
from engine.bpmn.effects import ItemWithdrawn, NodeEntered, NodeLeft
from engine.bpmn.state import state_to_bytes
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def looped(**loop: Any) -> Diagram:
    """A user task in a loop, and what comes after."""
    return Diagram().start().user("a", **loop).user("after").end().flow("start > a > after > end")


def test_loop_asks_after_each_round_whether_there_is_another():
    """An until loop runs once whatever the condition says, then again while it holds."""
    course = Course(looped(repeat="again"), again=False)
    assert course.open == ["a"]
    assert course.complete("a", again=True).open == ["a"]
    assert course.nodes(NodeLeft) == course.nodes(NodeEntered) == ["a"]
    assert course.complete("a", again=False).open == ["after"]
    assert course.complete("after").outcome == "completed"


def test_loop_that_asks_before_may_run_no_round_at_all():
    """A while loop whose condition is false at first is entered, left and passed."""
    course = Course(looped(repeat="again", before=True), again=False)
    assert course.open == ["after"]
    assert course.nodes(NodeEntered) == ["start", "a", "after"]


def test_loop_that_asks_before_runs_while_the_condition_holds():
    """A while loop asks before every round."""
    course = Course(looped(repeat="again", before=True), again=True).complete("a")
    assert course.open == ["a"]
    assert course.complete("a", again=False).open == ["after"]


@pytest.mark.parametrize("before", [False, True])
def test_loop_runs_at_most_as_often_as_its_maximum(before: bool):
    """The maximum ends a loop whose condition still holds."""
    course = Course(looped(repeat="true", before=before, most=3)).complete("a").complete("a")
    assert course.open == ["a"]
    assert course.complete("a").open == ["after"]


def test_loop_without_a_condition_runs_as_often_as_its_maximum():
    """A maximum alone is a number of rounds."""
    course = Course(looped(most=2)).complete("a")
    assert course.open == ["a"]
    assert course.complete("a").open == ["after"]


def test_loop_counter_is_seen_in_the_round_and_by_the_condition():
    """`loopCounter` counts rounds from 1; the condition sees that of the round that has ended."""
    course = Course(looped(repeat="loopCounter < 3"))
    for number in (1, 2, 3):
        assert course.seen("a")["loopCounter"] == number
        course.complete("a")
    assert course.open == ["after"]
    assert "loopCounter" not in course.variables


def test_what_a_round_writes_is_written_where_the_activity_stands():
    """A round has no variables of its own: a parallel branch sees at once what it wrote."""
    diagram = Diagram().start().parallel("split").user("a", repeat="true").user("b", "yes").exclusive("gate")
    course = Course(diagram.flow("start > split > a", "split > b > gate ?x == 2? yes"), x=1).complete("a", x=2)
    assert course.variables == {"x": 2}
    assert course.complete("b").open == ["a", "yes"]


def test_boundary_sits_on_the_whole_loop():
    """A deadline counts from the first round, is not armed anew with the next, and ends the loop."""
    diagram = looped(repeat="true").user("late").boundary("due", "a", timer="PT1H").flow("due > late")
    course = Course(diagram)
    due = course.due("due")
    course.pass_time(minutes=40).complete("a")
    assert (course.open, course.due("due")) == (["a", "due"], due)
    course.fire("due")
    assert (course.open, len(course.told(ItemWithdrawn)), course.state.bodies) == (["late"], 1, {})


def test_boundary_is_disarmed_when_the_loop_is_done():
    """What was met in time never fires."""
    diagram = looped(most=1).user("late").boundary("due", "a", timer="PT1H").flow("due > late")
    assert Course(diagram).complete("a").open == ["after"]


def test_error_in_a_round_takes_the_boundary_of_the_loop():
    """An error ends the whole loop, not one round of it."""
    diagram = looped(repeat="true").user("repair").boundary("edge", "a", error="broken").flow("edge > repair")
    course = Course(diagram).complete("a").throw("a", "broken")
    assert (course.open, course.state.bodies, course.state.scopes) == (["repair"], {}, {})


def test_subprocess_in_a_loop_begins_each_round_empty():
    """Each round of a sub-process is an activation of its own, and ends with its last token."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub", repeat="again"):
        diagram.start("in").parallel("fork", "meet").user("a", "b").end("out")
        diagram.flow("in > fork > a > meet > out", "fork > b > meet")
    course = Course(diagram.flow("start > sub > after"), again=True).complete("b", "a")
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["b"]
    assert course.complete("b", again=False).open == ["after"]


def test_event_subprocess_inside_a_loop_is_armed_in_each_round():
    """What can interrupt a round can interrupt the next one too, and the loop goes on after it."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub", most=2):
        diagram.start("in").user("a").flow("in > a")
        with diagram.event_subprocess("news"):
            diagram.start("n1", message="news").user("read").flow("n1 > read")
    course = Course(diagram.flow("start > sub > after")).message("n1").complete("read")
    assert course.open == ["a", "n1"]
    assert course.complete("a").open == ["after"]


def test_loop_inside_a_leg_keeps_the_element_of_the_leg():
    """A round is no leg: the department of the leg around it is still the one that is addressed."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", over="units", element="unit"):
        diagram.start("in").user("a", repeat="more").flow("in > a")
    course = Course(diagram.flow("start > leg > after"), units=["water", "fire"], more=True)
    assert course.open == ["a[1]", "a[2]"]
    scope = course.state.waits[course.wait("a[2]")][2]
    assert course.state.scopes[course.state.leg_of(scope)][4]["unit"] == "fire"
    course.complete("a[2]", more=False).complete("a[1]", more=True)
    assert course.seen("a[1]") | {"loopCounter": 2, "unit": "water", "more": True} == course.seen("a[1]")


def test_multi_instance_inside_a_loop_runs_all_legs_in_each_round():
    """Legs nest in rounds; their own `loopCounter` is the nearer one."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub", most=2):
        diagram.start("in").user("a", times="2").flow("in > a")
    course = Course(diagram.flow("start > sub > after")).complete("a[1]")
    assert course.seen("a[2]")["loopCounter"] == 2
    assert course.complete("a[2]").open == ["a[1]", "a[2]"]
    assert course.complete("a[1]", "a[2]").open == ["after"]


def test_terminate_in_a_round_ends_that_round_only():
    """Terminate ends the scope it stands in; the loop asks for the next round."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub", most=2):
        diagram.start("in").parallel("fork").user("a", "b").end("stop", terminate=True)
        diagram.flow("in > fork > a > stop", "fork > b")
    course = Course(diagram.flow("start > sub > after")).complete("a")
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["after"]


def test_condition_that_cannot_be_decided_keeps_the_answers_and_is_asked_again():
    """The round that has ended stays ended; a repaired variable decides."""
    course = Course(looped(repeat="again")).complete("a", note="kept")
    assert (course.open, course.variables) == (["a"], {"note": "kept"})
    assert course.retry("a", again=False).open == ["after"]


def test_condition_asked_before_the_first_round_that_cannot_be_decided_is_repaired_there():
    """The loop has not begun: after the repair it begins as if it came for the first time."""
    course = Course(looped(repeat="again", before=True))
    assert course.retry("a", again=True).open == ["a"]
    assert course.complete("a", again=False).complete("after").outcome == "completed"


def test_operation_in_a_loop_is_retried_in_its_round():
    """A round whose operation failed is repaired in place; the count of rounds stays."""
    diagram = Diagram().start().service("op", most=2).user("after").flow("start > op > after")
    course = Course(diagram).fail("op").retry("op").succeed("op")
    assert course.open == ["op"]
    assert course.succeed("op").open == ["after"]


def test_cancelling_an_instance_in_a_loop_leaves_nothing():
    """Rounds, counter and deadline go with the instance."""
    course = Course(looped(repeat="true").boundary("due", "a", timer="PT1H").user("late").flow("due > late")).cancel()
    assert (course.outcome, course.state.bodies, course.state.scopes) == ("cancelled", {}, {})


def test_endless_loop_of_sending_is_refused_in_one_step():
    """A loop in which nothing waits and nothing changes does not hang the engine."""
    diagram = Diagram().start().send("ping", repeat="true").end().flow("start > ping > end")
    with pytest.raises(Rejected, match=r"^game\.too_many_steps"):
        Course(diagram)


def test_automatic_loop_that_ends_runs_in_one_step():
    """Rounds without a wait follow one another at once."""
    assert Course(Diagram().start().send("ping", most=40).end().flow("start > ping > end")).outcome == "completed"


def test_after_many_rounds_a_state_is_as_small_as_after_the_first():
    """A loop keeps a count and nothing about the past."""
    course = Course(looped(repeat="true")).complete("a")
    size = len(state_to_bytes(course.state))
    for _ in range(60):
        course.complete("a")
    assert len(state_to_bytes(course.state)) <= size + 4


def test_loop_that_says_neither_how_long_nor_how_often_is_a_question():
    """A bare marker is asked about, and played with the proposed number of rounds."""
    diagram = Diagram().start().user("a").end().flow("start > a > end")
    bare = diagram.xml().replace(
        '<bpmn:userTask id="a" />', '<bpmn:userTask id="a"><bpmn:standardLoopCharacteristics/></bpmn:userTask>'
    )
    report = check(bare.encode())
    assert report.grade == "answers"
    assert [f.rule for f in report.findings if f.question] == ["loop.no_condition"]
    course = Course(report.nets["process"]).complete("a")
    assert course.open == ["a"]
    assert course.complete("a").outcome == "completed"


@pytest.mark.parametrize("most", ["0", "-1", "many", "1000000000000000000000"])
def test_maximum_that_is_no_number_of_rounds_is_an_error(most: str):
    """A maximum nobody can count to is found at upload."""
    xml = looped(most=7).xml().replace('loopMaximum="7"', f'loopMaximum="{most}"')
    assert "loop.most" in [finding.rule for finding in check(xml.encode()).findings]
