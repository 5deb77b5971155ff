"""A dry run drives every kind of event: broadcasts between processes, escalations out of calls, what repeats."""

from __future__ import annotations

import pytest

from engine.bpmn.net import Net
from engine.services.drive import Drive, Driven
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def drive(diagram: Diagram, *called: Diagram) -> Driven:
    """The dry run of a diagram that calls others."""
    nets: dict[str, Net] = {}
    for each in called:
        net = each.net()
        nets[net.id] = net
    return Drive(nets.get, lambda net, node: None).run(diagram.net(), {})


def test_broadcast_of_one_process_is_caught_by_another_and_reports_end():
    """The called process throws what its caller waits for in a handler that does not interrupt."""
    child = Diagram("child").start().throw("t", signal="flood").user("work").flow("start > t > work")
    parent = Diagram("parent").start().call("c", "child").end().flow("start > c > end")
    with parent.event_subprocess("h"):
        parent.start("s", interrupting=False, signal="flood").user("help").flow("s > help")
    driven = drive(parent, child)
    assert driven.outcome == "completed"
    assert "broadcast flood" in driven.trace
    assert "complete help" in driven.trace


def test_broadcast_that_nobody_throws_comes_from_outside_at_last():
    """A process that waits for a signal of the world goes on in a dry run."""
    driven = drive(Diagram().start().catch("k", signal="flood").end().flow("start > k > end"))
    assert (driven.outcome, driven.trace[0]) == ("completed", "broadcast k")


def test_escalation_of_a_called_process_reaches_the_boundary_of_the_call():
    """The called process goes on beside the path that was opened."""
    child = Diagram("child").start().throw("t", escalation="late").user("work").flow("start > t > work")
    parent = Diagram("parent").start().call("c", "child").user("help").end().flow("start > c > end", "b > help")
    parent.boundary("b", "c", interrupting=False, escalation="late")
    driven = drive(parent, child)
    assert driven.outcome == "completed"
    assert {"escalate late", "complete help", "complete work"} <= set(driven.trace)


def test_interrupted_call_takes_no_answer_any_more():
    """What was asked for before the interruption is dropped, not refused."""
    child = Diagram("child").start().service("op").throw("t", escalation="late").service("more")
    child.flow("start > op > t > more")
    parent = Diagram("parent").start().call("c", "child").user("help").end().flow("start > c > end", "b > help > end")
    parent.boundary("b", "c", escalation="late")
    assert drive(parent, child).outcome == "completed"


def test_condition_that_nothing_makes_true_is_what_it_waits_for():
    """What no data can make true is waited for, and named."""
    driven = drive(Diagram().start().catch("k", condition="1 > 2").end().flow("start > k > end"))
    assert (driven.outcome, driven.waits_for) == ("waiting", ("catch k",))


def test_reports_without_end_do_not_keep_a_dry_run_busy():
    """A handler that may be called for ever is called a few times; then the run is seen to wait."""
    diagram = Diagram().start().call("c", "missing").end().flow("start > c > end")
    with diagram.event_subprocess("h"):
        diagram.start("s", interrupting=False, message="report").user("note").flow("s > note")
    driven = drive(diagram)
    assert driven.outcome == "waiting"
    assert driven.trace.count("message s") == 2


def test_process_that_begins_with_a_message_behind_a_gateway_is_driven():
    """Whatever begins instances begins the dry run."""
    diagram = Diagram().event_gateway("g", instantiate=True).catch("m", message="mail").catch("n", message="call")
    assert drive(diagram.user("a").flow("g > m > a", "g > n")).trace == ("complete a", "end process completed")


def test_first_event_behind_a_gateway_is_given_in_a_dry_run():
    """Messages come before timers, and the others are not given any more."""
    diagram = Diagram().start().event_gateway("g").catch("t", timer="PT1H").catch("m", message="mail").user("a", "b")
    assert drive(diagram.flow("start > g > t > a", "g > m > b")).trace[0] == "message m"
