"""The proof speaks of every element that the game executes: sound drawings of each pass, and a wrong join is found."""

from __future__ import annotations

import pytest

from engine.bpmn.net import Net
from engine.bpmn.proof import Proof, prove
from tests.bpmn.drawing import END, START, chain, flow, net_of, task

pytestmark = pytest.mark.fast

HEADS = (
    '<bpmn:signal id="sig" name="flood"/><bpmn:message id="m1" name="one"/><bpmn:message id="m2" name="two"/>'
    '<bpmn:escalation id="esc" escalationCode="E"/><bpmn:error id="err" errorCode="F"/>'
)
SIGNAL = '<bpmn:signalEventDefinition signalRef="sig"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
CONDITION = (
    "<bpmn:conditionalEventDefinition><bpmn:condition>level == 1</bpmn:condition></bpmn:conditionalEventDefinition>"
)
ROUNDS = '<bpmn:standardLoopCharacteristics loopMaximum="9"><bpmn:loopCondition>level == 1</bpmn:loopCondition>'
CANCEL = "<bpmn:cancelEventDefinition/>"
COMPENSATION = "<bpmn:compensateEventDefinition/>"


def _event(kind: str, id: str, definition: str, more: str = "") -> str:
    return f'<bpmn:{kind} id="{id}" {more}>{definition}</bpmn:{kind}>'


def _message(number: int) -> str:
    return f'<bpmn:messageEventDefinition messageRef="m{number}"/>'


def _either(join: str) -> str:
    """An event-based gateway with two messages, and what brings the ways together."""
    return (
        START + '<bpmn:eventBasedGateway id="gate"/>' + _event("intermediateCatchEvent", "first", _message(1))
        + _event("intermediateCatchEvent", "second", _message(2)) + f'<bpmn:{join} id="join"/>' + END
        + flow("start", "gate") + flow("gate", "first") + flow("gate", "second") + flow("first", "join")
        + flow("second", "join") + flow("join", "end")
    )  # fmt: skip


def _sub(inside: str, more: str = "", kind: str = "subProcess") -> tuple[str, str]:
    return "sub", f'<bpmn:{kind} id="sub" {more}>{inside}</bpmn:{kind}>'


def _left(definition: str, inside: str, kind: str = "subProcess") -> str:
    """A sub-process that is left by an event on its border."""
    return (
        chain(_sub(inside, kind=kind)) + _event("boundaryEvent", "left", definition, 'attachedToRef="sub"')
        + task("handle")[1] + '<bpmn:endEvent id="over"/>' + flow("left", "handle") + flow("handle", "over")
    )  # fmt: skip


def _inside(end: str) -> str:
    """A start, a choice, and an end that throws beside an ordinary one."""
    return (
        '<bpmn:startEvent id="in"/>' + task("work")[1] + '<bpmn:exclusiveGateway id="well" default="well-out"/>'
        + _event("endEvent", "thrown", end) + '<bpmn:endEvent id="out"/>' + flow("in", "work") + flow("work", "well")
        + flow("well", "out") + flow("well", "thrown", "level == 2")
    )  # fmt: skip


def _beside(start: str, interrupting: str = "false") -> str:
    """A sub-process with an event sub-process of this start."""
    event = _event("startEvent", "armed", start, f'isInterrupting="{interrupting}"')
    return chain(
        _sub(
            '<bpmn:startEvent id="in"/>' + task("work")[1] + '<bpmn:endEvent id="out"/>' + flow("in", "work")
            + flow("work", "out") + '<bpmn:subProcess id="beside" triggeredByEvent="true">' + event + task("help")[1]
            + '<bpmn:endEvent id="helped"/>' + flow("armed", "help") + flow("help", "helped") + "</bpmn:subProcess>"
        )
    )  # fmt: skip


UNDONE = (
    _event("boundaryEvent", "undo", COMPENSATION, 'attachedToRef="work"')
    + task("undone", more='isForCompensation="true"')[1]
    + '<bpmn:association id="undo-undone" sourceRef="undo" targetRef="undone" associationDirection="One"/>'
)
SOUND = {
    "a broadcast that is caught": START + '<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>'
    + task("a")[1] + _event("intermediateThrowEvent", "call", SIGNAL)
    + _event("intermediateCatchEvent", "hear", SIGNAL) + END + flow("start", "split") + flow("split", "a")
    + flow("a", "call") + flow("call", "join") + flow("split", "hear") + flow("hear", "join") + flow("join", "end"),
    "an escalation that is caught": _left(ESCALATION, _inside(ESCALATION)),
    "an error that is caught": _left('<bpmn:errorEventDefinition errorRef="err"/>',
                                     _inside('<bpmn:errorEventDefinition errorRef="err"/>')),
    "a transaction that is cancelled": _left(CANCEL, _inside(CANCEL), "transaction"),
    "one of two messages": _either("exclusiveGateway"),
    "a condition beside work": _beside(CONDITION),
    "a broadcast beside work": _beside(SIGNAL),
    "a message that interrupts": _beside(_message(1), "true"),
    "compensation": chain(task("work"), ("back", _event("intermediateThrowEvent", "back", COMPENSATION))) + UNDONE,
    "a standard loop": chain(task("a", ROUNDS + "</bpmn:standardLoopCharacteristics>")),
    "an ad-hoc sub-process": chain(_sub(task("a")[1] + task("b")[1], kind="adHocSubProcess")),
    "a complex gateway": START + '<bpmn:parallelGateway id="split"/>' + task("a")[1] + task("b")[1] + task("c")[1]
    + '<bpmn:complexGateway id="two"><bpmn:activationCondition>activationCount >= 2</bpmn:activationCondition>'
    "</bpmn:complexGateway>" + END + flow("start", "split")
    + "".join(flow("split", id) + flow(id, "two") for id in "abc") + flow("two", "end"),
}  # fmt: skip


def _net(name: str) -> Net:
    return net_of(SOUND[name], HEADS)


@pytest.mark.parametrize("name", SOUND)
def test_sound_drawing_of_every_element_passes(name: str) -> None:
    """Nothing is called stuck, dead, doubled or endless that the game plays to an end."""
    proof: Proof = prove(_net(name), "plain", inputs=("level",))
    found = [each for each in proof.findings if each.rule.startswith("proof.cl_10")]
    assert (found, proof.complete) == ([], True)


def test_choice_between_events_that_is_joined_in_parallel_is_a_deadlock() -> None:
    """Only one of the events happens, so the join waits for ever."""
    proof = prove(net_of(_either("parallelGateway"), HEADS), "plain")
    example = proof.counter_example("CL-10")
    assert example is not None
    assert (example.element, example.path()) == ("join", ("start start", "message_arrived first"))


def test_boundary_of_an_error_that_nobody_throws_is_dead() -> None:
    """An error event that no end inside throws is said to be never reached."""
    quiet = '<bpmn:startEvent id="in"/><bpmn:endEvent id="out"/>' + flow("in", "out")
    proof = prove(net_of(_left('<bpmn:errorEventDefinition errorRef="err"/>', quiet), HEADS), "plain")
    assert ("proof.cl_10_dead", "left") in {(each.rule, each.element) for each in proof.findings}
