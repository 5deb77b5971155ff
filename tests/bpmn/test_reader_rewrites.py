"""What the standard lets a file write shorter: it plays as the standard says, and the report says what was drawn in."""

from __future__ import annotations

import pytest

from engine.bpmn.check import check
from engine.bpmn.net import Kind
from tests.bpmn.course import Course
from tests.bpmn.drawing import END, START, chain, drawing, flow, net_of, reading, task

pytestmark = pytest.mark.fast

TASKS = "".join(f'<bpmn:userTask id="{id}"/>' for id in ("a", "b", "c"))


def noted(inside: str) -> list[tuple[str, str, str | None]]:
    """Rule, severity and element of every finding."""
    return [(finding.rule, finding.severity, finding.element) for finding in reading(inside).findings]


def link(kind: str, id: str, name: str) -> str:
    """A link event."""
    return task(id, f'<bpmn:linkEventDefinition name="{name}"/>', f"intermediate{kind}Event")[1]


# -- no start event: BPMN 2.0.2, 10.5.2 and 13.3.4 -------------------------------------------------------------------


def test_implied_start_begins_at_every_node_without_a_flow_in() -> None:
    """A process without a start event begins at all of its first nodes, and ends when the last token is gone."""
    inside = TASKS + flow("a", "b")
    course = Course(net_of(inside))
    assert sorted(course.open) == ["a", "c"]
    assert course.complete("a").complete("b").outcome is None
    assert course.complete("c").outcome == "completed"
    assert noted(inside) == [("start.implied", "info", "p")]


def test_implied_start_leaves_boundaries_and_event_subprocesses_to_their_triggers() -> None:
    """What waits for something to happen is no beginning."""
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    inside = '<bpmn:userTask id="a"/><bpmn:userTask id="late"/>' + flow("due", "late")
    inside += f'<bpmn:boundaryEvent id="due" attachedToRef="a">{timer}</bpmn:boundaryEvent>'
    inside += f'<bpmn:subProcess id="es" triggeredByEvent="true"><bpmn:startEvent id="s">{timer}</bpmn:startEvent>'
    inside += '<bpmn:userTask id="u"/>' + flow("s", "u") + "</bpmn:subProcess>"
    course = Course(net_of(inside))
    assert course.open == ["a", "due", "s"]
    assert course.fire("due").open == ["late", "s"]


def test_implied_start_of_a_subprocess_runs_its_first_nodes_in_parallel() -> None:
    """A sub-process without a start event is done when all that began in it has ended."""
    course = Course(net_of(chain(("s", f'<bpmn:subProcess id="s">{TASKS}</bpmn:subProcess>'), task("after"))))
    assert sorted(course.open) == ["a", "b", "c"]
    assert course.complete("b").complete("c").open == ["a"]
    assert course.complete("a").open == ["after"]


def test_implied_start_of_an_empty_subprocess_is_over_at_once() -> None:
    """A collapsed sub-process that holds nothing lets the token through, and never stalls."""
    assert Course(net_of(chain(("s", '<bpmn:subProcess id="s"/>'), task("after")))).open == ["after"]


def test_implied_start_of_a_ring_is_asked_about() -> None:
    """A ring has no first node: the first of the file is proposed."""
    inside = TASKS + flow("a", "b") + flow("b", "a") + flow("c", "c")
    assert ("start.nowhere", "warning", "p") in noted(inside)
    assert Course(net_of(inside)).open == ["a"]


# -- link events: 10.5.5 ---------------------------------------------------------------------------------------------


def test_link_leads_from_every_throw_to_the_catch_of_its_name() -> None:
    """Two throwing links go on at the one catching link, each with its own token; other names stay apart."""
    inside = START + TASKS + flow("start", "a") + flow("start", "b") + link("Throw", "t1", "far") + flow("a", "t1")
    inside += link("Throw", "t2", "far") + flow("b", "t2") + link("Catch", "k", "far") + flow("k", "c")
    course = Course(net_of(inside))
    assert course.complete("a").open == ["b", "c"]
    assert course.complete("b").open == ["c", "c"]


def test_link_does_not_cross_the_border_of_a_subprocess() -> None:
    """A link inside a sub-process finds only the catch of its own level."""
    inner = '<bpmn:startEvent id="s"/>' + link("Throw", "t", "far") + flow("s", "t")
    inside = chain(("sub", f'<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>')) + link("Catch", "k", "far")
    assert ("link.target", "warning", "t") in noted(inside)
    assert Course(net_of(inside)).outcome == "completed"  # as proposed, the path ends at the link


def test_link_with_two_targets_is_asked_about_and_leads_to_the_first() -> None:
    """Where a token would go is not guessed without saying so."""
    inside = START + TASKS + link("Throw", "t", "far") + flow("start", "t") + link("Catch", "k", "far")
    inside += link("Catch", "k2", "far") + flow("k", "a") + flow("k2", "b")
    assert ("link.targets", "warning", "t") in noted(inside)
    assert Course(net_of(inside)).open == ["a"]


def test_link_with_a_flow_of_its_own_is_asked_about() -> None:
    """A token would be in two places; it goes along what is drawn."""
    inside = START + link("Throw", "t", "far") + flow("start", "t") + link("Catch", "k", "far")
    found = reading(inside + END + flow("t", "end"))
    assert "link.flow" in [question.rule for question in found.questions]
    assert Course(found.nets["p"]).outcome == "completed"


# -- conditions out of an activity: 13.3.1 ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "after"), [(0, ["c"]), (1, ["a", "c"]), (2, ["a", "b", "c"])], ids=["none", "one", "both"]
)
def test_conditional_flows_of_an_activity_are_taken_where_they_hold(x: int, after: list[str]) -> None:
    """Each flow whose condition holds is taken, and the one without a condition always."""
    inside = START + TASKS + '<bpmn:userTask id="t"/>' + flow("start", "t")
    inside += flow("t", "a", "x > 0") + flow("t", "b", "x > 1") + flow("t", "c")
    assert sorted(Course(net_of(inside), x=x).complete("t").open) == after
    assert ("flow.activity_split", "info", "t") in noted(inside)


@pytest.mark.parametrize(("x", "after"), [(0, ["b"]), (1, ["a"])])
def test_default_flow_of_an_activity_is_taken_where_no_condition_holds(x: int, after: list[str]) -> None:
    """The default goes where nothing else does."""
    inside = START + TASKS + '<bpmn:subProcess id="t" default="t-b"/>' + flow("start", "t")
    inside += flow("t", "a", "x > 0") + flow("t", "b") + flow("c", "c2") + '<bpmn:userTask id="c2"/>'
    assert Course(net_of(inside), x=x).open == after


@pytest.mark.parametrize(("x", "after"), [(1, ["a", "b"]), (0, ["b"])])
def test_conditional_flow_out_of_an_event_is_an_inclusive_split(x: int, after: list[str]) -> None:
    """The standard allows conditions behind activities and gateways only; engines decide them behind any node."""
    inside = START + task("a")[1] + task("b")[1] + flow("start", "a", "x > 0") + flow("start", "b")
    assert sorted(Course(net_of(inside), x=x).open) == after


def test_condition_behind_a_parallel_gateway_is_said_to_do_nothing() -> None:
    """All its flows are taken, whatever stands on them."""
    inside = START + '<bpmn:parallelGateway id="g"/>' + task("a")[1] + flow("start", "g") + flow("g", "a", "x > 0")
    found = reading(inside)
    assert "flow.ignored_condition" in [finding.rule for finding in found.findings]
    assert Course(found.nets["p"]).open == ["a"]


def test_rewritten_file_runs_without_a_question() -> None:
    """What the standard says needs no answer; the second reader is not asked about what the file does not draw."""
    report = check(drawing(TASKS))
    assert (report.grade, report.opinion.verdict) == ("runs", "cannot")
    assert report.nets["p"].starts()[0].kind is Kind.START


def test_quantity_of_nought_is_read_as_one() -> None:
    """A tool that writes 0 where the standard wants at least 1 means nothing by it, and the report says so."""
    inside = chain(task("t", more='startQuantity="0" completionQuantity="0"'))
    assert Course(net_of(inside)).complete("t").outcome == "completed"
    assert noted(inside) == [("activity.quantity", "warning", "t")] * 2
