"""CL-01: an order that is issued is fed back on, verified, evaluated and closed on every path, or lawfully bypassed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.bpmn.proof import Proof, prove
from tests.bpmn.drawing import net_of
from tests.bpmn.loop_drawing import LoopDrawing, loop_drawing
from tests.bpmn.proof_cases import LOOPS, proof_of_shipped

pytestmark = pytest.mark.fast

ISSUED = ("start start", "complete draft", "complete review", "complete issue")
FED_BACK = (*ISSUED, "complete sign", "complete handle", "complete feedback")
VERIFIED = (*FED_BACK, "complete verify")
STOPS = (
    '<bpmn:subProcess id="stopping" triggeredByEvent="true"><bpmn:startEvent id="stopped" isInterrupting="true">'
    '<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:endEvent id="over"/>'
    '<bpmn:sequenceFlow id="stopped-over" sourceRef="stopped" targetRef="over"/></bpmn:subProcess>'
)


@pytest.mark.parametrize("process", LOOPS)
def test_shipped_loop_is_proved(process: str) -> None:
    """What travels with the engine closes its loops on every path, within the bound."""
    proof = proof_of_shipped(process)
    assert proof.proved, proof.findings
    assert proof.complete
    assert proof.verdict("CL-01") == "passed"


def test_certificate_comes_back_from_json_as_it_was() -> None:
    """What is stored with a version is the whole proof."""
    proof = proof_of_shipped("hotline_request")
    assert Proof.from_json(proof.to_json()).to_json() == proof.to_json()
    assert set(proof.digests) == set(LOOPS)


def test_small_loop_is_proved() -> None:
    """The drawing that the tests below break is right before."""
    proof = loop_drawing().prove()
    assert proof.proved, proof.findings
    assert proof.ends == (("completed", "", "closed"),)


def _without_evaluate(loop: LoopDrawing) -> None:
    loop.redirect("gw_verify", "evaluate", "end").flows.remove(("evaluate", "end", ""))
    del loop.nodes["evaluate"], loop.lanes["evaluate"]


def _without_verify(loop: LoopDrawing) -> None:
    loop.redirect("leg", "verify", "evaluate")
    loop.flows = [flow for flow in loop.flows if flow[0] not in ("verify", "gw_verify")]
    del loop.nodes["verify"], loop.nodes["gw_verify"], loop.lanes["verify"]


def _without_review(loop: LoopDrawing) -> None:
    loop.redirect("draft", "review", "issue")
    loop.flows = [flow for flow in loop.flows if flow[0] not in ("review", "gw_review")]
    del loop.nodes["review"], loop.nodes["gw_review"], loop.lanes["review"]


def _deaf_to_the_verdict(loop: LoopDrawing) -> None:
    loop.redirect("verify", "gw_verify", "evaluate")
    loop.flows = [flow for flow in loop.flows if flow[0] != "gw_verify"]
    del loop.nodes["gw_verify"]


def _first_is_enough(loop: LoopDrawing) -> None:
    done = "<bpmn:completionCondition>nrOfCompletedInstances == 1</bpmn:completionCondition>"
    loop.swap_leg(
        'cl:element="department"/>', f'cl:element="department">{done}</bpmn:multiInstanceLoopCharacteristics>'
    )


def _left_by(event: str) -> Callable[[LoopDrawing], None]:
    def change(loop: LoopDrawing) -> None:
        loop.nodes["left"] = f'<bpmn:boundaryEvent id="left" attachedToRef="leg">{event}</bpmn:boundaryEvent>'
        loop.nodes["gone"] = '<bpmn:endEvent id="gone"/>'
        loop.flows.append(("left", "gone", ""))

    return change


def _way_out(end: str) -> Callable[[LoopDrawing], None]:
    def change(loop: LoopDrawing) -> None:
        loop.nodes["split"] = '<bpmn:exclusiveGateway id="split" default="split-leg"/>'
        loop.nodes["out"] = end
        loop.redirect("merge_legs", "leg", "split").flows += [("split", "leg", ""), ("split", "out", "level == 4")]

    return change


def _stopped_by_message(loop: LoopDrawing) -> None:
    loop.nodes["stopping"] = STOPS
    loop.beside = '<bpmn:message id="m" name="order.stopped"/>'


TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>P9D</bpmn:timeDuration></bpmn:timerEventDefinition>"
TERMINATES = '<bpmn:endEvent id="out"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
FAILS = '<bpmn:endEvent id="out"><bpmn:errorEventDefinition/></bpmn:endEvent>'
BREAKS = [
    ("evaluate deleted", _without_evaluate, "refused", "verify", VERIFIED),
    ("verify deleted", _without_verify, "refused", "evaluate", (*FED_BACK, "complete evaluate")),
    ("review deleted", _without_review, "refused", "issue", ("start start", "complete draft", "complete issue")),
    ("evaluate unmarked", lambda d: d.swap("evaluate", ' cl:loop="evaluate"', ""), "refused", "evaluate",
     (*VERIFIED, "complete evaluate")),
    ("close unmarked", lambda d: d.swap("end", ' cl:loop="close"', ""), "not_closed", "end",
     (*VERIFIED, "complete evaluate")),
    ("feedback unmarked", lambda d: d.swap_leg(' cl:loop="feedback"', ""), "refused", "verify",
     (*FED_BACK, "complete verify")),
    ("a verdict nobody heeds", _deaf_to_the_verdict, "refused", "evaluate", (*VERIFIED, "complete evaluate")),
    ("one department for all", _first_is_enough, "refused", "verify", VERIFIED),
    ("left by a timer", _left_by(TIMER), "no_feedback", "gone", (*ISSUED, "timer_fired left")),
    ("left by an error", _left_by("<bpmn:errorEventDefinition/>"), "no_feedback", "gone", (*ISSUED, "item_threw sign")),
    ("terminated", _way_out(TERMINATES), "no_feedback", "out", ISSUED),
    ("ended by an error", _way_out(FAILS), "no_feedback", "out", ISSUED),
    ("voided without a request", _way_out('<bpmn:endEvent id="out" cl:loop="void"/>'), "refused", "issue", ISSUED),
    ("stopped by a message", _stopped_by_message, "no_feedback", "over", (*ISSUED, "message_arrived stopped")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "code", "element", "path"), BREAKS, ids=[each[0] for each in BREAKS])
def test_loop_that_does_not_close_is_refused_with_the_path(
    name: str, change: Callable[[LoopDrawing], object], code: str, element: str, path: tuple[str, ...]
) -> None:
    """Every way round feedback, verification, evaluation or closing is found, and shown step by step."""
    loop = loop_drawing()
    change(loop)
    proof = loop.prove()
    assert proof.verdict("CL-01") == "refused"
    shown = {(each.ending, each.element): each.path() for each in proof.counter_examples if each.rule == "CL-01"}
    assert shown.get((f"proof.cl_01_{code}", element)) == path, shown


def test_refused_move_names_the_refusal_in_its_last_frame() -> None:
    """The page can say why the last step of the course does not happen."""
    loop = loop_drawing()
    _without_review(loop)
    example = loop.prove().counter_example("CL-01")
    assert example is not None
    assert example.frames[-1]["refused"] == "directive.not_reviewed"


def test_void_on_an_approved_request_is_lawful() -> None:
    """An order may be voided by a message that follows from an approved request, wherever it stands."""
    loop = loop_drawing()
    loop.nodes["stopping"] = STOPS.replace('id="over"', 'id="over" cl:loop="void"')
    loop.beside = '<bpmn:message id="m" name="order.voided"/>'
    proof = loop.prove()
    assert proof.proved, proof.findings
    assert {end[2] for end in proof.ends} == {"closed", "voided"}


def test_order_cut_off_in_a_call_is_refused() -> None:
    """Who calls a loop and may be interrupted before its order is closed leaves an order open for ever."""
    inside = (
        '<bpmn:laneSet id="l"><bpmn:lane id="i" cl:role="intake_clerk"><bpmn:flowNodeRef>accept</bpmn:flowNodeRef>'
        "</bpmn:lane></bpmn:laneSet>"
        '<bpmn:startEvent id="start"/><bpmn:userTask id="accept" cl:action="accept" cl:stage="acceptance"/>'
        '<bpmn:callActivity id="order" calledElement="closed_loop_command"/><bpmn:endEvent id="end"/>'
        '<bpmn:boundaryEvent id="late" attachedToRef="order">' + TIMER + "</bpmn:boundaryEvent>"
        '<bpmn:endEvent id="gone"/>'
        + "".join(
            f'<bpmn:sequenceFlow id="{a}-{b}" sourceRef="{a}" targetRef="{b}"/>'
            for a, b in (("start", "accept"), ("accept", "order"), ("order", "end"), ("late", "gone"))
        )
    )
    from tests.bpmn.proof_cases import forms_of, library

    proof = prove(net_of(inside), "loop", net_of=library, forms_of=forms_of)
    cut = next(each for each in proof.counter_examples if each.ending == "proof.cl_01_cut")
    assert (cut.element, cut.path()) == ("order", ("start start", "complete accept", "timer_fired late"))


def test_process_without_marks_is_no_loop() -> None:
    """What says nowhere that it is a loop is not proved as one, and may be plain."""
    net = net_of(
        '<bpmn:startEvent id="s"/><bpmn:userTask id="t"/><bpmn:endEvent id="e"/>'
        '<bpmn:sequenceFlow id="a" sourceRef="s" targetRef="t"/><bpmn:sequenceFlow id="b" sourceRef="t" targetRef="e"/>'
    )
    loop, plain = prove(net, "loop"), prove(net, "plain")
    assert "proof.cl_01_nothing_marked" in {finding.rule for finding in loop.findings}
    assert (loop.proved, plain.proved) == (False, True)
