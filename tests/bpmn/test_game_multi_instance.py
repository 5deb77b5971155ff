"""Multi-instance in the token game: legs, their variables, their output, and when the activity is done."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import ItemOpened, ItemWithdrawn, MessageSent, NodeEntered, NodeLeft, StepFailed
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast

UNITS = ["water", "traffic", "fire"]
OVER = {"over": "units", "element": "unit"}


def tasks(**multi: object) -> Diagram:
    """A multi-instance task over the units, and one task after it."""
    return (
        Diagram().start().user("handle", **{**OVER, **multi}).user("after").end().flow("start > handle > after > end")
    )


def legs(**multi: object) -> Diagram:
    """A multi-instance sub-process over the units: sign, then report."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", **{**OVER, **multi}):
        diagram.start("in").user("sign", "report").end("out").flow("in > sign > report > out")
    return diagram.flow("start > leg > after > end")


def test_parallel_legs_are_open_together_each_with_its_element():
    """Every department gets its own item at once and sees itself in it."""
    course = Course(tasks(), units=UNITS)
    assert course.open == ["handle[1]", "handle[2]", "handle[3]"]
    assert [course.seen(place)["unit"] for place in course.open] == UNITS
    assert [course.seen(place)["loopCounter"] for place in course.open] == [1, 2, 3]


def test_parallel_legs_end_in_any_order():
    """The activity is done with the last leg, whichever that is."""
    course = Course(tasks(), units=UNITS).complete("handle[3]", "handle[1]")
    assert course.open == ["handle[2]"]
    assert course.complete("handle[2]").open == ["after"]


def test_sequential_legs_are_open_one_after_the_other():
    """The next department's turn comes when the one before is done."""
    course = Course(tasks(sequential=True), units=UNITS)
    for number, unit in enumerate(UNITS, 1):
        assert course.open == [f"handle[{number}]"]
        assert course.seen(course.open[0])["unit"] == unit
        course.complete(course.open[0])
    assert course.open == ["after"]


@pytest.mark.parametrize("sequential", [False, True])
def test_activity_over_nothing_is_done_at_once(sequential):
    """No addressee is no leg and no wait; the output is there and empty."""
    course = Course(tasks(sequential=sequential, outputs=("reports", "report")), units=[])
    assert course.open == ["after"]
    assert course.variables["reports"] == []
    assert course.nodes(NodeLeft).count("handle") == 1


def test_cardinality_makes_as_many_legs():
    """A number is enough where the legs differ in nothing but their number."""
    diagram = Diagram().start().user("a", times="n + 1").flow("start > a")
    assert Course(diagram, n=2).open == ["a[1]", "a[2]", "a[3]"]
    assert Course(diagram, n=-1).outcome == "completed"


def test_legs_write_into_their_own_layer_until_they_end():
    """What one department writes no other sees while they work; when its leg ends it is written outside."""
    course = Course(legs(), units=UNITS, cause=None).complete("sign[1]", cause="pipe").complete("sign[2]", cause="rain")
    assert course.seen("report[1]")["cause"] == "pipe"
    assert course.seen("report[2]")["cause"] == "rain"
    assert course.seen("sign[3]")["cause"] is None
    assert course.variables == {"units": UNITS, "cause": None}
    course.complete("report[2]")
    assert course.variables == {"units": UNITS, "cause": "rain"}
    assert course.seen("sign[3]")["cause"] == "rain", "a leg reads through to what is outside"
    course.complete("report[1]")
    assert course.variables["cause"] == "pipe", "a leg that ends later overwrites"


def test_element_and_loop_counter_stay_in_the_leg():
    """The names of a leg's own things are not left behind outside."""
    course = Course(tasks(), units=["water"], unit="outside").complete("handle[1]", done=True)
    assert course.variables == {"units": ["water"], "unit": "outside", "done": True}


def test_output_collection_is_in_leg_order_and_there_only_when_the_activity_is_done():
    """Reports stand in the order of the addressees, not of their arrival, and nobody reads half a list."""
    course = Course(tasks(outputs=("reports", "report")), units=UNITS)
    course.complete("handle[3]", report="c").complete("handle[1]", report="a")
    assert "reports" not in course.variables
    assert course.complete("handle[2]", report="b").variables["reports"] == ["a", "b", "c"]


def test_output_of_a_leg_that_wrote_none_is_none_and_not_that_of_another():
    """The output item belongs to its instance: no department is credited with the report of another (10.3.8)."""
    course = Course(tasks(outputs=("reports", "report")), units=UNITS, report="from before")
    course.complete("handle[3]", report="c").complete("handle[1]").complete("handle[2]", report="b")
    assert course.variables["reports"] == [None, "b", "c"]


def test_output_of_a_leg_that_was_cancelled_is_none():
    """The place of a leg that never ended stays empty."""
    course = Course(tasks(outputs=("reports", "report"), until="nrOfCompletedInstances == 2"), units=UNITS)
    course.complete("handle[3]", report="c").complete("handle[1]", report="a")
    assert course.variables["reports"] == ["a", None, "c"]
    assert len(course.told(ItemWithdrawn)) == 1
    assert course.open == ["after"]


def test_completion_condition_that_holds_cancels_the_other_legs():
    """Two of three are enough where the drawing says so; the third item is withdrawn."""
    course = Course(legs(until="nrOfCompletedInstances >= 2"), units=UNITS)
    course.complete("sign[1]", "report[1]", "sign[2]", "sign[3]", "report[3]")
    assert course.open == ["after"]
    assert course.state.scopes == course.state.bodies == {}


def test_completion_condition_true_after_the_first_sequential_leg_starts_no_other():
    """The first who accepts is enough; nobody else is asked."""
    course = Course(tasks(sequential=True, until="accepted"), units=UNITS).complete("handle[1]", accepted=True)
    assert course.open == ["after"]
    assert course.nodes(ItemOpened) == ["after"]


def test_completion_condition_is_not_looked_at_before_a_leg_has_ended():
    """Even a condition that is always true lets the first leg be worked on."""
    assert Course(tasks(until="true"), units=UNITS).open == ["handle[1]", "handle[2]", "handle[3]"]
    assert Course(tasks(until="true"), units=UNITS).complete("handle[2]").open == ["after"]


def test_completion_condition_sees_what_the_leg_just_ended_wrote():
    """The decision of the last report counts in the condition."""
    course = Course(tasks(until="stop"), units=UNITS, stop=False).complete("handle[1]", stop=False)
    assert course.open == ["handle[2]", "handle[3]"]
    assert course.complete("handle[3]", stop=True).open == ["after"]


def test_numbers_of_instances_are_seen_in_every_leg_and_count_what_has_happened():
    """nrOfInstances, nrOfActiveInstances and nrOfCompletedInstances are right at every moment (BPMN 2.0.2, 10.3.8)."""

    def numbers(course: Course) -> list[int]:
        seen = course.seen(course.open[0])
        return [seen[f"nrOf{which}Instances"] for which in ("", "Active", "Completed")]

    course = Course(tasks(), units=UNITS)
    assert numbers(course) == [3, 3, 0]
    assert numbers(course.complete("handle[2]")) == [3, 2, 1]
    course = Course(tasks(sequential=True), units=UNITS)
    assert numbers(course) == [3, 1, 0]
    assert numbers(course.complete("handle[1]")) == [3, 1, 1]


def test_parallel_legs_that_are_over_at_once_count_the_others_as_active():
    """All parallel legs begin together, also where each is over as soon as it begins."""
    diagram = (
        Diagram().start().send("tell", times="3", until="nrOfActiveInstances == 0").user("a").flow("start > tell > a")
    )
    assert len(Course(diagram).told(MessageSent)) == 3
    diagram = (
        Diagram().start().send("tell", times="3", until="nrOfActiveInstances == 1").user("a").flow("start > tell > a")
    )
    course = Course(diagram)
    assert len(course.told(MessageSent)) == 2
    assert course.open == ["a"]


def test_sequential_legs_that_are_over_at_once_do_not_pile_up():
    """A hundred messages in a row are a loop, not a hundred levels of calls."""
    diagram = Diagram().start().send("tell", times="500", sequential=True).user("a").flow("start > tell > a")
    course = Course(diagram)
    assert len(course.told(MessageSent)) == 500
    assert course.open == ["a"]


def test_nested_multi_instance_has_a_layer_for_each_level():
    """Teams within departments: each sees its own element and its department's, and writes to its own level."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", **OVER):
        diagram.start("in").user("team", over="teams", element="team_name", outputs=("found", "result")).user(
            "sum"
        ).end("out")
        diagram.flow("in > team > sum > out")
    course = Course(diagram.flow("start > leg > after > end"), units=["water", "fire"], teams=["x", "y"])
    assert course.open == ["team[1.1]", "team[1.2]", "team[2.1]", "team[2.2]"]
    seen = course.seen("team[2.1]")
    assert (seen["unit"], seen["team_name"], seen["loopCounter"], seen["nrOfInstances"]) == ("fire", "x", 1, 2)
    course.complete("team[2.2]", result="dry").complete("team[2.1]", result="wet")
    assert course.open == ["sum[2]", "team[1.1]", "team[1.2]"]
    assert course.seen("sum[2]")["found"] == ["wet", "dry"]
    assert course.seen("sum[2]")["loopCounter"] == 2
    assert "found" not in course.seen("team[1.1]")
    assert "found" not in course.variables


def test_inner_legs_are_cancelled_with_the_outer_leg():
    """A completion condition outside takes everything inside the other legs along."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", **OVER, until="true"):
        diagram.start("in").user("first").user("team", times="2").end("out").flow("in > first > team > out")
    course = Course(diagram.flow("start > leg > after > end"), units=["a", "b"]).complete("first[1]", "first[2]")
    course.complete("team[1.1]", "team[1.2]")
    assert course.open == ["after"]
    assert len(course.told(ItemWithdrawn)) == 2


def test_interrupting_boundary_on_a_multi_instance_body_cancels_every_leg():
    """One deadline stands on the whole activity; when it interrupts, no leg is left and one token goes on."""
    diagram = legs().boundary("due", "leg", timer="PT1H").user("late").end("off").flow("due > late > off")
    course = Course(diagram, units=UNITS).complete("sign[2]")
    assert course.open == ["due", "report[2]", "sign[1]", "sign[3]"]
    assert course.fire("due").open == ["late"]
    assert course.state.scopes == course.state.bodies == {}
    assert course.complete("late").outcome == "completed"


@pytest.mark.parametrize("sequential", [False, True])
def test_boundary_timer_on_a_multi_instance_task_is_one_and_counts_from_the_first_leg(sequential):
    """Sequential legs do not arm it again, and the end of one leg does not disarm it."""
    diagram = tasks(sequential=sequential).boundary("due", "handle", timer="PT1H", interrupting=False).user("late")
    course = Course(diagram.flow("due > late"), units=UNITS)
    due = course.due("due")
    course.pass_time(minutes=30).complete("handle[1]")
    assert course.open.count("due") == 1
    assert course.due("due") == due
    assert course.complete("handle[2]", "handle[3]").open == ["after"]


def test_message_boundary_on_a_multi_instance_body_takes_messages_while_any_leg_is_open():
    """It writes outside the legs."""
    diagram = tasks().boundary("news", "handle", message="news", interrupting=False).user("read").flow("news > read")
    course = Course(diagram, units=UNITS).message("news", text="one").complete("handle[1]").message("news", text="two")
    assert course.variables["text"] == "two"
    assert course.open == ["handle[2]", "handle[3]", "news", "read", "read"]


def test_every_activity_may_be_multi_instance():
    """Receiving, asking for operations and calling in legs work like items in legs."""
    diagram = Diagram().start().receive("mail", times="2").service("op", times="2").call("sub", "child", times="2")
    course = Course(diagram.user("after").flow("start > mail > op > sub > after"))
    course.message("mail[2]", x=1).message("mail[1]", x=2)
    course.succeed("op[1]").succeed("op[2]")
    assert course.open == ["sub[1]", "sub[2]"]
    assert course.return_from("sub[2]").return_from("sub[1]").open == ["after"]


def test_terminate_end_in_a_leg_ends_that_leg_alone():
    """Only the affected instance of a multi-instance sub-process is terminated (13.5.6)."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", **OVER):
        diagram.start("in").parallel("fork").user("a", "b").end("stop", terminate=True).end("out")
        diagram.flow("in > fork > a > stop", "fork > b > out")
    course = Course(diagram.flow("start > leg > after > end"), units=["x", "y"]).complete("a[1]")
    assert course.open == ["a[2]", "b[2]"]
    assert course.complete("a[2]").open == ["after"]


@pytest.mark.parametrize("value", [None, 3, "water", {"a": 1}])
def test_collection_that_is_no_list_is_a_step_failure_to_repair(value):
    """Wrong data for the legs parks the token at the activity and opens nothing."""
    course = Course(tasks(), units=value)
    assert course.open == ["handle"]
    assert course.told(StepFailed)[0].code == "multi.collection"
    assert course.retry("handle", units=["x"]).open == ["handle[1]"]


@pytest.mark.parametrize("value", [True, 1.5, "2", None])
def test_cardinality_that_is_no_whole_number_is_a_step_failure_to_repair(value):
    """A number of legs is a whole number and nothing that looks like one."""
    course = Course(Diagram().start().user("a", times="n").flow("start > a"), n=value)
    assert course.told(StepFailed)[0].code == "multi.cardinality"
    assert course.retry("a", n=1).open == ["a[1]"]


def test_more_legs_than_the_limit_is_a_step_failure_to_repair():
    """A list of a thousand does not become a thousand items."""
    course = Course(tasks(), units=list(range(501)))
    assert course.told(StepFailed)[0].code == "multi.too_many"
    assert len(course.retry("handle", units=list(range(500))).open) == 500


def test_bad_completion_condition_fails_at_the_leg_that_ended_and_is_repaired_there():
    """The answers of the leg are kept; the repaired variables decide."""
    course = Course(tasks(until="enough"), units=UNITS).complete("handle[2]", note="kept", enough="much")
    assert course.open == ["handle[1]", "handle[2]", "handle[3]"]
    assert course.told(StepFailed)[0].code == "expression.not_boolean"
    course.retry("handle[2]", enough=True)
    assert course.open == ["after"]
    assert course.variables["note"] == "kept"


def test_bad_completion_condition_of_a_subprocess_leg_is_repaired_there():
    """The same where the leg is a sub-process whose tokens are all gone."""
    course = Course(legs(until="enough"), units=["x", "y"]).complete("sign[1]").complete("report[1]", enough=3)
    assert course.open == ["leg[1]", "sign[2]"]
    assert course.retry("leg[1]", enough=False).open == ["sign[2]"]


def test_legs_are_told_as_entered_and_left_each_in_its_scope():
    """What starts with a leg (a clock) can end with it: one entering and one leaving for each."""
    course = Course(legs(), units=["x", "y"])
    entered = [e.scope for e in course.told(NodeEntered) if course.net.nodes[e.node].id == "leg"]
    assert len(set(entered)) == 2
    course.complete("sign[1]", "report[1]")
    assert entered[0] in [e.scope for e in course.told(NodeLeft) if course.net.nodes[e.node].id == "leg"]
