"""CL-10: no token gets stuck, no node is dead, no token doubles, every way comes to an end — with the shortest path."""

from __future__ import annotations

import pytest

from engine.bpmn.proof import prove
from tests.bpmn.drawing import END, START, chain, flow, net_of, task
from tests.bpmn.proof_cases import plain

pytestmark = pytest.mark.fast


def _node(kind: str, id: str, more: str = "", inside: str = "") -> str:
    return f'<bpmn:{kind} id="{id}" {more}>{inside}</bpmn:{kind}>'


def _block(split: str, join: str, *conditions: str, default: str = "") -> str:
    """A split, a task on each of two branches, and a join."""
    first, second = (*conditions, "", "")[:2]
    return (
        START + _node(split, "split", f'default="split-{default}"' if default else "") + task("a")[1] + task("b")[1]
        + _node(join, "join") + task("after")[1] + END + flow("start", "split") + flow("split", "a", first)
        + flow("split", "b", second) + flow("a", "join") + flow("b", "join") + flow("join", "after")
        + flow("after", "end")
    )  # fmt: skip


SOUND = {
    "a chain": chain(task("a"), task("b")),
    "a parallel block": _block("parallelGateway", "parallelGateway"),
    "an exclusive block": _block("exclusiveGateway", "exclusiveGateway", "x == 1", default="b"),
    "an inclusive block": _block("inclusiveGateway", "inclusiveGateway", "x == 1", "x == 2", default="")
    .replace('id="split" ', 'id="split" default="split-c" ')
    .replace(END, END + task("c")[1])
    + flow("split", "c")
    + flow("c", "join"),
    "choices that leave nothing out": _block("exclusiveGateway", "exclusiveGateway", "x > 5", "x &lt;= 5"),
    "a truth value and its contrary": _block("exclusiveGateway", "exclusiveGateway", "ok", "not ok"),
    "parallel into inclusive": _block("parallelGateway", "inclusiveGateway"),
    "a choice on what a leg is for": chain(
        (
            "sub",
            '<bpmn:subProcess id="sub">'
            '<bpmn:multiInstanceLoopCharacteristics cl:collection="units" cl:element="score"/>'
            + _block("exclusiveGateway", "exclusiveGateway", "score > 5", "score &lt;= 5")
            .replace('"start', '"in_start')
            .replace('"end', '"in_end')
            .replace("-end", "-in_end")
            + "</bpmn:subProcess>",
        )
    ),
    "legs": chain(task("a", '<bpmn:multiInstanceLoopCharacteristics cl:collection="units"/>')),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_drawing_passes(name: str) -> None:
    """What the engine plays to an end whatever happens is not refused."""
    proof = prove(net_of(SOUND[name]), "plain", inputs=("x", "ok", "units"))
    assert proof.proved, proof.findings
    assert proof.complete
    assert proof.findings == ()


UNSOUND = [
    ("exclusive into parallel", _block("exclusiveGateway", "parallelGateway", "x == 1", default="b"), "deadlock",
     "join", ("start start", "complete a")),
    ("a join with a branch that may end", START + _node("parallelGateway", "split") + task("a")[1] + task("b")[1]
     + _node("exclusiveGateway", "gw", 'default="gw-stop"') + _node("endEvent", "stop")
     + _node("parallelGateway", "join")
     + END + flow("start", "split") + flow("split", "a") + flow("split", "b") + flow("a", "join") + flow("b", "gw")
     + flow("gw", "stop") + flow("gw", "join", "x == 1") + flow("join", "end"), "deadlock", "join",
     ("start start", "complete a", "complete b")),
    ("a way back without a way out", START + _node("exclusiveGateway", "merge") + task("a")[1] + flow("start", "merge")
     + flow("merge", "a") + flow("a", "merge"), "endless", "a", ("start start",)),
    ("tokens that gather", START + _node("exclusiveGateway", "merge") + _node("parallelGateway", "split") + task("a")[1]
     + task("b")[1] + END + flow("start", "merge") + flow("merge", "split") + flow("split", "a") + flow("split", "b")
     + flow("a", "merge") + flow("b", "end"), "unbounded", "b",
     ("start start", "complete a", "complete a")),
    ("a step behind a choice that is never made", START + _node("exclusiveGateway", "split", 'default="split-b"')
     + task("a")[1] + task("b")[1] + END + flow("start", "split") + flow("split", "a", "x == 1 and x == 2")
     + flow("split", "b") + flow("a", "end") + flow("b", "end"), "dead", "a", None),
    ("a join fed twice by one flow", START + _node("parallelGateway", "split") + _node("exclusiveGateway", "merge")
     + _node("parallelGateway", "join") + task("a")[1] + task("b")[1] + task("c")[1] + END + flow("start", "split")
     + flow("split", "a") + flow("split", "b") + flow("split", "c") + flow("a", "merge") + flow("b", "merge")
     + flow("merge", "join") + flow("c", "join") + flow("join", "end"), "deadlock", "join",
     ("start start", "complete a", "complete b", "complete c")),
    ("a loop in which nothing waits", START + _node("exclusiveGateway", "merge")
     + _node("exclusiveGateway", "gw", 'default="gw-end"') + END + flow("start", "merge") + flow("merge", "gw")
     + flow("gw", "merge", "x == 1") + flow("gw", "end"), "restless", "gw", ("start start",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "inside", "code", "element", "path"), UNSOUND, ids=[each[0] for each in UNSOUND])
def test_unsound_drawing_is_refused_with_the_path(
    name: str, inside: str, code: str, element: str, path: tuple[str, ...] | None
) -> None:
    """What can go wrong is found, on its element, with the steps that lead there."""
    proof = prove(net_of(inside), "plain", inputs=("x",))
    assert proof.verdict("CL-10") == "refused"
    assert (f"proof.cl_10_{code}", element) in {(each.rule, each.element) for each in proof.findings}
    shown = {each.ending: each.path() for each in proof.counter_examples}
    assert shown.get(f"proof.cl_10_{code}") == path, shown


def test_gateway_that_may_find_no_way_is_a_warning_for_plain_and_refused_for_a_loop() -> None:
    """An operator may repair it, which is not enough where a loop must close."""
    inside = _block("exclusiveGateway", "exclusiveGateway", "x == 1", "x == 2")
    verdicts = {kind: prove(net_of(inside), kind, inputs=("x",)).verdict("CL-10") for kind in ("plain", "loop")}
    assert verdicts == {"plain": "warned", "loop": "refused"}


def test_branches_that_never_join_are_a_warning_for_plain_and_refused_for_a_loop() -> None:
    """What is done twice may be meant, but never in a loop."""
    inside = _block("parallelGateway", "exclusiveGateway")
    proofs = {kind: prove(net_of(inside), kind) for kind in ("plain", "loop")}
    assert {kind: proof.verdict("CL-10") for kind, proof in proofs.items()} == {"plain": "warned", "loop": "refused"}
    example = proofs["plain"].counter_example("CL-10")
    assert example is not None
    assert (example.element, example.path()) == ("after", ("start start", "complete a", "complete b"))


def test_bound_that_is_hit_is_said_and_refuses_a_loop() -> None:
    """A certificate never claims what was not looked at."""
    tasks = [task(f"t{number}") for number in range(12)]
    inside = START + END + "".join(text for _, text in tasks) + flow("start", "t0") + flow("t11", "end")
    inside += "".join(flow(f"t{number}", f"t{number + 1}") for number in range(11))
    proof = prove(net_of(inside), "plain", most=5)
    assert (proof.complete, proof.bound, proof.verdict("CL-10")) == (False, 5, "warned")
    assert prove(net_of(inside), "loop", most=5).verdict("CL-10") == "refused"


def test_frames_name_what_a_page_animates() -> None:
    """Each step of a counter-example has the flows taken, what was entered and left, and what waits."""
    example = plain(UNSOUND[0][1]).counter_example("CL-10")
    assert example is not None
    first, last = example.frames
    assert (first["flows"], first["waits"]) == (["start-split", "split-a"], ["a"])
    assert (last["cause"], last["element"], last["refused"]) == ("complete", "a", "game.stalled")


def test_interrupting_event_takes_tokens_along_and_leaves_none_stuck() -> None:
    """A timer on a sub-process with a join inside is no deadlock: what is inside goes with it."""
    block = _block("parallelGateway", "parallelGateway").replace('"start', '"in_start').replace('"end', '"in_end')
    inside = (
        START + '<bpmn:subProcess id="sub">' + block.replace("-end", "-in_end") + "</bpmn:subProcess>"
        '<bpmn:boundaryEvent id="late" attachedToRef="sub"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
        + _node("endEvent", "gone") + END + flow("start", "sub") + flow("sub", "end") + flow("late", "gone")
    )  # fmt: skip
    proof = plain(inside)
    assert proof.proved, proof.findings


def test_person_who_escalates_again_and_again_gathers_no_tokens() -> None:
    """What catches an escalation is reached, and once more beside it is nothing new."""
    inside = chain(task("a")) + (
        '<bpmn:boundaryEvent id="raised" attachedToRef="a" cancelActivity="false"><bpmn:escalationEventDefinition/>'
        "</bpmn:boundaryEvent>" + task("b")[1] + _node("endEvent", "told") + flow("raised", "b") + flow("b", "told")
    )
    proof = plain(inside)
    assert proof.findings == ()
