"""Inputs and outputs of nodes: who sees what, what is written when a node is done, and what a bad mapping does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.bpmn.effects import CallStarted, MessageSent, OperationRequested
from engine.bpmn.net import Expression
from tests.bpmn.changed import mapping, with_nodes
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.drawing import chain, net_of, task

pytestmark = pytest.mark.fast


def test_inputs_of_an_operation_are_seen_by_it_alone():
    """The operation gets them beside the variables, later ones built on earlier ones; the instance never has them."""
    net = Diagram().start().service("op").user("a").flow("start > op > a").net()
    course = Course(with_nodes(net, op={"inputs": mapping(twice="x * 2", more="twice + 1")}), x=2)
    (asked,) = course.told(OperationRequested)
    assert asked.variables == {"x": 2, "twice": 4, "more": 5}
    assert course.succeed("op", y=1).variables == {"x": 2, "y": 1}


def test_outputs_are_written_in_place_of_the_whole_result():
    """Outputs see the result, the inputs and the variables; what they do not name is dropped."""
    net = Diagram().start().service("op").user("a").flow("start > op > a").net()
    node = {"inputs": mapping(i="x + 1"), "outputs": mapping(total="raw + i", again="total * 10")}
    course = Course(with_nodes(net, op=node), x=1).succeed("op", raw=5, secret=True)
    assert (course.open, course.variables) == (["a"], {"x": 1, "total": 7, "again": 70})


def test_outputs_of_a_human_node_see_its_inputs_after_a_restart():
    """What an item was opened with is kept with it: later changes of the variables do not change it."""
    net = (
        Diagram().start().parallel("split").user("a", "b", "after").flow("start > split > a > after", "split > b").net()
    )
    course = Course(with_nodes(net, a={"inputs": mapping(seen="x"), "outputs": mapping(sum="seen + given")}), x=1)
    course.complete("b", x=100).complete("a", given=2)
    assert course.variables == {"x": 100, "sum": 3}


def test_output_that_cannot_be_evaluated_keeps_the_result_until_it_is_repaired():
    """The answers of a person are not lost to a faulty mapping, and the item is not opened again."""
    net = Diagram().start().user("a").end().flow("start > a > end").net()
    course = Course(with_nodes(net, a={"outputs": mapping(y="given + missing")})).complete("a", given=2)
    assert (course.open, course.variables) == (["a"], {})
    course.retry("a", missing=3)
    assert (course.outcome, course.variables) == ("completed", {"y": 5})


def test_input_that_cannot_be_evaluated_is_a_failure_before_the_work_begins():
    """Nothing is asked for with half of its inputs."""
    net = Diagram().start().service("op").user("a").flow("start > op > a").net()
    course = Course(with_nodes(net, op={"inputs": mapping(i="missing + 1")}))
    assert course.told(OperationRequested) == []
    course.retry("op", missing=1)
    assert course.told(OperationRequested)[0].variables["i"] == 2


def test_call_maps_from_its_inputs_and_its_outputs_see_the_results():
    """Inputs of the node come before the mappings of the call, its outputs after them."""
    net = Diagram().start().call("c", "child", {"n": "i"}, {"z": "y"}).user("a").flow("start > c > a").net()
    course = Course(with_nodes(net, c={"inputs": mapping(i="x + 1"), "outputs": mapping(out="z * 2")}), x=1)
    assert course.told(CallStarted)[0].variables == {"n": 2}
    assert course.return_from("c", y=4).variables == {"x": 1, "out": 8}


def test_call_that_passes_everything_passes_and_takes_back_every_variable():
    """`all_in` and `all_out` are the mappings of engines that share by default; named ones come on top."""
    net = Diagram().start().call("c", "child", {"n": "x + 1"}, {"z": "y"}).user("a").flow("start > c > a").net()
    call = net.node("c").call
    assert call is not None
    net = with_nodes(net, c={"call": replace(call, all_in=True, all_out=True)})
    course = Course(net, x=1)
    assert course.told(CallStarted)[0].variables == {"x": 1, "n": 2}
    assert course.return_from("c", y=4, w=5).variables == {"x": 1, "y": 4, "w": 5, "z": 4}


def test_subprocess_sees_its_inputs_and_what_it_writes_to_them_stays_inside():
    """Inputs of a sub-process live in its scope; every other name is written where it was before."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub"):
        diagram.start("in").user("a", "b").flow("in > a > b")
    net = with_nodes(diagram.flow("start > sub > after").net(), sub={"inputs": mapping(local="x * 10")})
    course = Course(net, x=1)
    assert course.seen("a") == {"x": 1, "local": 10}
    course.complete("a", local=11, y=2)
    assert (course.seen("b"), course.variables) == ({"x": 1, "local": 11, "y": 2}, {"x": 1, "y": 2})
    assert course.complete("b").variables == {"x": 1, "y": 2}


def test_outputs_of_a_subprocess_are_written_around_it_when_it_ends():
    """They see what is inside, and a fault waits at the sub-process with all that is inside it done."""
    diagram = Diagram().start().user("after", "late")
    with diagram.subprocess("sub"):
        diagram.start("in").user("a").flow("in > a")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > after", "due > late")
    node = {"inputs": mapping(local="x * 10"), "outputs": mapping(result="local + given")}
    net = with_nodes(diagram.net(), sub=node)
    assert Course(net, x=1).complete("a", given=5).variables == {"x": 1, "given": 5, "result": 15}
    course = Course(net, x=1).complete("a")
    assert course.open == ["due", "sub"]
    repaired = course.retry("sub", given=1)
    assert (repaired.open, repaired.variables["result"]) == (["after"], 11)


def test_failed_outputs_of_a_subprocess_are_cancelled_with_it():
    """The deadline of a sub-process that could not hand out its results still runs."""
    diagram = Diagram().start().user("after", "late")
    with diagram.subprocess("sub"):
        diagram.start("in").user("a").flow("in > a")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > after", "due > late")
    net = with_nodes(diagram.net(), sub={"outputs": mapping(result="missing")})
    course = Course(net).complete("a").fire("due")
    assert (course.open, course.state.scopes) == (["late"], {})


def test_legs_have_inputs_and_outputs_of_their_own():
    """Inputs are evaluated in each leg over its element; outputs go to the leg, and from there to the collection."""
    diagram = Diagram().start().user("a", over="units", element="unit", outputs=("all", "report")).user("after")
    net = diagram.flow("start > a > after").net()
    upper = Expression("upper case(unit)", "feel")
    node = {"inputs": ((upper, "name"),), "outputs": mapping(report="name + text")}
    course = Course(with_nodes(net, a=node), units=["x", "y"])
    course.complete("a[2]", text="2").complete("a[1]", text="1")
    assert course.variables["all"] == ["X1", "Y2"]
    assert "name" not in course.variables


def test_leg_of_a_subprocess_keeps_its_inputs_to_itself():
    """What a leg was given is not handed out with what it wrote."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", times="2"):
        diagram.start("in").user("a").flow("in > a")
    net = with_nodes(diagram.flow("start > leg > after").net(), leg={"inputs": mapping(local="loopCounter * 10")})
    course = Course(net)
    assert [course.seen(place)["local"] for place in ("a[1]", "a[2]")] == [10, 20]
    assert course.complete("a[1]", x=1).complete("a[2]", local=5).variables == {"x": 1}


def test_outputs_of_a_leg_are_all_that_it_hands_out():
    """A leg of a sub-process with outputs writes those, in place of its layer; in a loop each round writes them."""
    for marker, place in (({"times": "1"}, "a[1]"), ({"most": 1}, "a")):
        diagram = Diagram().start().user("after")
        with diagram.subprocess("leg", **marker):
            diagram.start("in").user("a").flow("in > a")
        net = with_nodes(diagram.flow("start > leg > after").net(), leg={"outputs": mapping(y="x + 1")})
        course = Course(net).complete(place, x=1)
        assert (course.open, course.variables["y"]) == (["after"], 2)


def test_send_task_evaluates_its_outputs_though_nothing_comes_back():
    """A mapping on a node that is over at once is written at once."""
    net = Diagram().start().send("ask").user("a").flow("start > ask > a").net()
    course = Course(with_nodes(net, ask={"outputs": mapping(asked="x + 1")}), x=1)
    assert (course.open, course.variables) == (["a"], {"x": 1, "asked": 2})


def test_external_work_is_asked_for_by_its_topic():
    """A service node with a topic is for external workers, who get what an operation would get."""
    net = Diagram().start().service("op").user("a").flow("start > op > a").net()
    course = Course(with_nodes(net, op={"operation": None, "topic": "print", "inputs": mapping(n="x")}), x=1)
    (asked,) = course.told(OperationRequested)
    assert (asked.topic, asked.variables) == ("print", {"x": 1, "n": 1})
    assert course.fail("op", "jam").open == ["op"], "a technical fault or an error that nobody catches is repaired"


def test_payload_of_a_thrown_message_sees_the_inputs():
    """What is sent is what the node sees, its inputs included."""
    net = Diagram().start().send("ask").end().flow("start > ask > end").net()
    course = Course(with_nodes(net, ask={"inputs": mapping(n="x + 1")}), x=1)
    assert course.told(MessageSent)[0].payload == {"x": 1, "n": 2}


def test_outputs_of_a_catch_event_take_what_its_message_brought():
    """A catch event writes its outputs in place of the payload; a fault keeps the payload until it is repaired."""
    net = Diagram().start().catch("mail", message="m").user("a").flow("start > mail > a").net()
    net = with_nodes(net, mail={"outputs": mapping(total="n * 2 + more")})
    assert Course(net, more=1).message("mail", n=2).variables == {"more": 1, "total": 5}
    course = Course(net).message("mail", n=2)
    assert (course.open, course.variables) == (["mail"], {})
    assert course.retry("mail", more=1).open == ["a"]
    assert course.variables == {"total": 5}


def test_instance_begins_with_the_outputs_of_its_start():
    """A start event with outputs maps what it was begun with, and refuses what it cannot map."""
    net = Diagram().start().user("a").flow("start > a").net()
    assert Course(with_nodes(net, start={"outputs": mapping(y="x + 1")}), x=1).variables == {"y": 2}


def test_outputs_beside_the_result_keep_it():
    """Files of the Camunda 7 family write what a task gave, and its output parameters as well; in legs too."""
    net = Diagram().start().user("a").end().flow("start > a > end").net()
    course = Course(with_nodes(net, a={"outputs": mapping(twice="n * 2"), "keeps_result": True})).complete("a", n=2)
    assert course.variables == {"n": 2, "twice": 4}
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", times="1"):
        diagram.start("in").user("a").flow("in > a")
    node = {"outputs": mapping(twice="n * 2"), "keeps_result": True}
    course = Course(with_nodes(diagram.flow("start > leg > after").net(), leg=node)).complete("a[1]", n=2)
    assert course.variables == {"n": 2, "twice": 4}


def test_outputs_of_a_camunda_7_task_are_read_as_beside_its_result():
    """What the person answered is not lost to an output parameter; Zeebe's outputs take the place of the result."""
    seven = "http://camunda.org/schema/1.0/bpmn"
    eight = "http://camunda.org/schema/zeebe/1.0"
    one = f'<c:inputOutput xmlns:c="{seven}"><c:outputParameter name="b">${{a}}</c:outputParameter></c:inputOutput>'
    other = f'<z:ioMapping xmlns:z="{eight}"><z:output source="=a" target="b"/></z:ioMapping>'
    for inside, kept in ((one, True), (other, False)):
        extensions = f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"
        node = net_of(chain(task("t", extensions))).node("t")
        assert ([target for _, target in node.outputs], node.keeps_result) == (["b"], kept)


@pytest.mark.parametrize(
    ("fields", "given", "found"),
    [
        ({}, {"level": 3}, {"r": 3}),
        ({}, {"level": 3, "site": "dam"}, {"r": {"level": 3, "site": "dam"}}),
        ({}, {"r": 3, "site": "dam"}, {"r": 3}),
        ({}, {}, {}),
        ({"outputs": mapping(y="r.level + level")}, {"level": 3, "site": "dam"}, {"y": 6}),
        ({"outputs": mapping(y="r + 1"), "keeps_result": True}, {"level": 3}, {"r": 3, "y": 4}),
    ],
)
@pytest.mark.parametrize("work", [{}, {"operation": None, "topic": "gauge"}])
def test_result_of_a_program_is_kept_under_its_result_variable(fields, given, found, work):
    """Operations and external work write one name; one value alone is that value, several are an object."""
    net = Diagram().start().service("op").user("a").flow("start > op > a").net()
    course = Course(with_nodes(net, op={"result": "r", **fields, **work})).succeed("op", **given)
    assert (course.open, course.variables) == (["a"], found)
