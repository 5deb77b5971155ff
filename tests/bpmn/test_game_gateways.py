"""Gateways of the token game: which way tokens go, when joins let them through, also in loops."""

from __future__ import annotations

from itertools import permutations

import pytest

from engine.bpmn.effects import NodeEntered, StepFailed
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def test_exclusive_split_with_two_true_flows_takes_the_first_in_the_document():
    """A decision has one outcome, and the diagram says which."""
    diagram = Diagram().start().exclusive("gate").user("a", "b", "c")
    diagram.flow("start > gate ?n >= 2? a", "gate ?n >= 1? b", "gate ?*? c")
    assert Course(diagram, n=3).open == ["a"]
    assert Course(diagram, n=1).open == ["b"]
    assert Course(diagram, n=0).open == ["c"]


def test_exclusive_split_with_its_default_drawn_first_still_tries_the_conditions():
    """The default flow is the last resort wherever it stands in the file."""
    diagram = Diagram().start().exclusive("gate").user("a", "b").flow("start > gate ?*? a", "gate ?n > 1? b")
    assert Course(diagram, n=2).open == ["b"]


def test_exclusive_merge_lets_every_token_through():
    """Merging alternatives is no synchronisation: two tokens are two tasks."""
    diagram = Diagram().start().parallel("split").exclusive("merge").user("a").end()
    diagram.flow("start > split > merge > a > end", "split > merge")
    course = Course(diagram)
    assert course.open == ["a", "a"]
    assert course.complete("a", "a").outcome == "completed"


def test_parallel_join_waits_for_every_branch_in_any_order():
    """Verify never begins before the last department."""
    diagram = Diagram().start().parallel("split", "join").user("a", "b", "c", "verify").end()
    diagram.flow("start > split > a > join > verify > end", "split > b > join", "split > c > join")
    for first, second, third in permutations("abc"):
        course = Course(diagram).complete(first, second)
        assert course.open == [third]
        assert course.complete(third).open == ["verify"]


def test_parallel_join_in_a_loop_waits_in_every_round():
    """Sent back for rework, both departments are waited for again, whichever reports first (bpmn.md 3, row 1)."""
    diagram = Diagram().start().exclusive("again", "passed").parallel("split", "join").user("a", "b", "verify").end()
    diagram.flow("start > again > split > a > join > verify > passed ?ok? end", "split > b > join", "passed ?*? again")
    course = Course(diagram)
    for turn in range(6):
        first, second = ("a", "b") if turn % 2 else ("b", "a")
        assert course.complete(first).open == [second]
        assert course.complete(second).open == ["verify"]
        course.complete("verify", ok=turn == 5)
    assert course.outcome == "completed"


def test_parallel_join_with_two_tokens_on_one_flow_keeps_the_second():
    """A join takes one token from each flow; a token too many waits for its partner and is not swallowed."""
    diagram = Diagram().start().parallel("split", "join").exclusive("merge").user("a", "b", "c", "after").end()
    diagram.flow("start > split > a > merge > join > after > end", "split > b > merge", "split > c > join")
    course = Course(diagram).complete("a", "b")
    assert course.open == ["c"]
    assert sum(sum(flows.values()) for flows in course.state.joins.values()) == 2
    assert course.complete("c").open == ["after"]
    assert sum(sum(flows.values()) for flows in course.state.joins.values()) == 1


def test_parallel_gateway_may_join_and_split_at_once():
    """One gateway drawn for both (mixed) waits for all its ways in and then takes all its ways out."""
    diagram = Diagram().start().parallel("split", "both").user("a", "b", "c", "d").end()
    diagram.flow("start > split > a > both > c > end", "split > b > both > d > end")
    assert Course(diagram).complete("a", "b").open == ["c", "d"]


def test_inclusive_split_takes_every_true_flow_and_the_join_waits_for_those_alone():
    """Departments that were not asked are not waited for."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "b", "c", "after").end()
    diagram.flow("start > split ?n >= 1? a > join > after > end", "split ?n >= 2? b > join", "split ?*? c > join")
    course = Course(diagram, n=2)
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["b"]
    assert course.complete("b").open == ["after"]
    assert Course(diagram, n=1).complete("a").open == ["after"]
    assert Course(diagram, n=0).complete("c").open == ["after"]


def test_inclusive_join_in_a_loop_waits_in_every_round():
    """The second round asks others than the first, and the join follows (bpmn.md 3, row 2)."""
    diagram = Diagram().start().exclusive("again", "passed").inclusive("split", "join").user("a", "b", "verify").end()
    diagram.flow("start > again > split ?'a' in legs? a > join > verify > passed ?ok? end")
    diagram.flow("split ?'b' in legs? b > join", "passed ?*? again")
    course = Course(diagram, legs=["a", "b"])
    assert course.complete("b").open == ["a"]
    assert course.complete("a").open == ["verify"]
    assert course.complete("verify", ok=False, legs=["b"]).open == ["b"]
    assert course.complete("b").open == ["verify"]
    course.complete("verify", ok=False, legs=["a", "b"])
    assert course.complete("a").open == ["b"]
    assert course.complete("b").complete("verify", ok=True).outcome == "completed"


def test_inclusive_join_fires_when_the_other_branch_ends_elsewhere():
    """A token that can no longer come is not waited for, from the moment it is gone."""
    diagram = Diagram().start().inclusive("split", "join").exclusive("gate").user("a", "b", "after").end("end", "away")
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? b > gate ?back? join", "gate ?*? away")
    assert Course(diagram).complete("a").open == ["b"]
    assert Course(diagram).complete("a").complete("b", back=False).open == ["after"]
    assert Course(diagram).complete("a").complete("b", back=True).open == ["after"]


def test_inclusive_join_waits_for_a_token_upstream_in_a_subprocess():
    """Work inside a sub-process on the way to the join counts as a token that can still come."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "after").end()
    with diagram.subprocess("sub"):
        diagram.start("in").user("b").end("out").flow("in > b > out")
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? sub > join")
    course = Course(diagram).complete("a")
    assert course.open == ["b"]
    assert course.complete("b").open == ["after"]


def test_inclusive_join_waits_for_a_multi_instance_upstream():
    """Until its last leg has ended a multi-instance activity is a token upstream."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "after").user("b", times="2").end()
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? b > join")
    course = Course(diagram).complete("a")
    assert course.complete("b[1]").open == ["b[2]"]
    assert course.complete("b[2]").open == ["after"]


def test_inclusive_join_inside_a_subprocess_does_not_look_outside():
    """Tokens of the scope around it never reach it."""
    diagram = Diagram().start().parallel("fork", "meet").user("x").end()
    with diagram.subprocess("sub"):
        diagram.start("in").inclusive("split", "join").user("a", "b").end("out")
        diagram.flow("in > split ?true? a > join > out", "split ?true? b > join")
    diagram.flow("start > fork > x > meet > end", "fork > sub > meet")
    course = Course(diagram).complete("a")
    assert course.open == ["b", "x"]
    assert course.complete("b").open == ["x"]


def test_inclusive_joins_in_a_row_fire_one_after_the_other():
    """The second join waits for the first, not for tokens that the first already holds."""
    diagram = Diagram().start().inclusive("split", "one", "two").user("a", "b", "c", "between", "after").end()
    diagram.flow("start > split ?true? a > one > between > two > after > end")
    diagram.flow("split ?true? b > one", "split ?true? c > two")
    course = Course(diagram).complete("c", "a")
    assert course.open == ["b"]
    assert course.complete("b").open == ["between"]
    assert course.complete("between").open == ["after"]
    assert course.complete("after").outcome == "completed"


def test_inclusive_joins_directly_behind_each_other_make_one_token():
    """No token is doubled or lost between two joins without a node between them."""
    diagram = Diagram().start().inclusive("split", "one", "two").user("a", "b", "c", "after").end()
    diagram.flow("start > split ?true? a > one > two > after > end", "split ?true? b > one", "split ?true? c > two")
    for order in permutations("abc"):
        course = Course(diagram).complete(*order)
        assert course.open == ["after"]
        assert course.complete("after").outcome == "completed"


def test_inclusive_joins_on_each_others_way_are_refused_as_stuck():
    """Where each of two joins waits for the other, 13.4.3 lets neither go; that is said, and never a silent wait."""
    diagram = Diagram().start().parallel("split").inclusive("one", "two").exclusive("x", "y").user("a", "b", "c", "d")
    diagram.end("out", "off").flow("start > split > a > one > c > x ?swap? two", "x ?*? out")
    diagram.flow("split > b > two > d > y ?swap? one", "y ?*? off")
    course = Course(diagram).complete("a")
    with pytest.raises(Rejected, match="one, two") as refusal:
        course.complete("b")
    assert refusal.value.code == "game.stalled"


def test_inclusive_join_counts_a_loop_back_through_itself_as_no_way():
    """A token behind the join that may loop back to it does not hold it (the path would visit the gateway)."""
    diagram = Diagram().start().inclusive("split", "join").exclusive("merge", "more").user("a", "b", "after").end()
    diagram.flow("start > merge > split ?true? a > join > after > more ?again? merge", "more ?*? end")
    diagram.flow("split ?both? b > join")
    course = Course(diagram, both=True, again=True).complete("a", "b")
    assert course.open == ["after"]
    assert course.complete("after", both=False).complete("a").open == ["after"]


def test_inclusive_join_fires_when_an_interrupting_boundary_leads_the_last_token_away():
    """Cancelling the only activity upstream lets the join go in the same step."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "b", "after", "late").end("end", "off")
    diagram.boundary("due", "b", timer="PT1H")
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? b > join", "due > late > off")
    course = Course(diagram).complete("a")
    assert course.open == ["b", "due"]
    assert course.fire("due").open == ["after", "late"]


def test_inclusive_join_waits_while_a_boundary_path_can_still_lead_to_it():
    """A token on the path of a boundary event is a token upstream, also one that is not there yet."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "b", "late", "after").end("end", "off")
    diagram.boundary("due", "b", timer="PT1H")
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? b > off", "due > late > join")
    course = Course(diagram).complete("a")
    assert course.open == ["b", "due"]
    assert course.fire("due").open == ["late"]
    assert course.complete("late").open == ["after"]


def test_gateway_with_one_way_in_and_out_passes_the_token():
    """A gateway that decides nothing is no obstacle, of any kind."""
    diagram = Diagram().start().exclusive("x").parallel("p").inclusive("o").user("a").flow("start > x > p > o > a")
    course = Course(diagram)
    assert course.open == ["a"]
    assert course.nodes(NodeEntered) == ["start", "x", "p", "o", "a"]


def test_implicit_split_and_merge_run_uncontrolled():
    """Several flows out of a task are all taken; several into one are each let through (13.3.2)."""
    diagram = Diagram().start().user("a", "b", "c", "d").flow("start > a > b > d", "a > c > d")
    course = Course(diagram).complete("a")
    assert course.open == ["b", "c"]
    assert course.complete("b", "c").open == ["d", "d"]
    assert course.complete("d", "d").outcome == "completed"


@pytest.mark.parametrize("kind", ["exclusive", "inclusive"])
def test_gateway_without_an_open_way_parks_its_token_as_a_step_failure(kind):
    """An undecidable decision is never guessed and never loses the instance; repaired variables let it go on."""
    diagram = getattr(Diagram().start(), kind)("gate").user("a", "b")
    diagram.flow("start > gate ?level == 1? a", "gate ?level == 2? b")
    course = Course(diagram, level=3)
    assert course.open == ["gate"]
    assert course.told(StepFailed)[0].code == "game.no_way"
    assert course.retry("gate", level=4).open == ["gate"]
    assert course.retry("gate", level=2).open == ["b"]


def test_inclusive_join_that_fails_to_decide_is_repaired_as_one_token():
    """The tokens a join took are one token when its own decision fails, and stay one."""
    diagram = Diagram().start().inclusive("split", "both").user("a", "b", "c", "d").end()
    diagram.flow("start > split ?true? a > both ?way == 1? c > end", "split ?true? b > both ?way == 2? d > end")
    course = Course(diagram).complete("a")
    assert course.complete("b").open == ["both"]
    assert course.retry("both", way=2).open == ["d"]
    assert course.complete("d").outcome == "completed"
