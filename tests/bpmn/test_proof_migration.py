"""CL-14: an instance moves to a new version only where its loop still closes from where it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bpmn.effects import NodeEntered
from engine.bpmn.game import advance
from engine.bpmn.net import Net
from engine.bpmn.play import leg_and_element
from engine.bpmn.proof import Proof
from engine.bpmn.proof_migration import Position, proves_migration
from engine.bpmn.proof_subject import Directive
from engine.bpmn.stimuli import Complete, Start
from tests.bpmn.loop_drawing import FORMS, loop_drawing

pytestmark = pytest.mark.fast

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GIVEN = {"legs": ["department_1"], "level": 3, "issue_mode": "normal", "completion_rule": "all", "directive_id": "d"}
TO_ISSUE: list[tuple[str, dict[str, Any]]] = [("draft", {}), ("review", {"decision": "approve"})]
TO_LEGS = [*TO_ISSUE, ("issue", {})]
TO_VERIFY = [*TO_LEGS, ("sign", {"decision": "sign"}), ("handle", {}), ("feedback", {"text": "done"})]


def stands(net: Net, steps: list[tuple[str, dict[str, Any]]]) -> Position:
    """Where an instance is after these steps have been completed, with its order."""
    subject = Directive()
    step = advance(net, None, Start(None, GIVEN), NOON)
    for node_id, answers in [*steps, ("", {})]:
        for effect in step.effects:
            if isinstance(effect, NodeEntered):
                element = step.legs.get(effect.scope, (0, None))[1]
                subject = subject.entered(net.nodes[effect.node], element, {"reason": "because"})
        if not node_id:
            break
        wait, record = next(each for each in step.state.waits.items() if net.nodes[each[1][1]].id == node_id)
        element = leg_and_element(net, step.state, record[2])[1]
        subject = subject.completed(net.node(node_id), element, answers)
        step = advance(net, step.state, Complete(wait, answers), NOON)
    return Position(step.state, subject)


def moved(new: Net, *positions: Position) -> Proof:
    """The proof of moving instances of the small loop to another version."""
    return proves_migration(loop_drawing().net(), new, positions, forms_of=lambda process: FORMS)


def with_one_more_step() -> Net:
    """The small loop with a step between issuing and the departments."""
    loop = loop_drawing()
    loop.nodes["tell"] = '<bpmn:userTask id="tell" cl:stage="issue" cl:form="issue"/>'
    loop.lanes["tell"] = "commander"
    loop.redirect("issue", "merge_legs", "tell").flows.append(("tell", "merge_legs", ""))
    return loop.net()


@pytest.mark.parametrize("steps", [[], TO_ISSUE, TO_LEGS, TO_VERIFY], ids=["draft", "issue", "legs", "verify"])
def test_position_from_which_the_loop_still_closes_may_move(steps: list[tuple[str, dict[str, Any]]]) -> None:
    """A step more before or behind where an instance stands changes nothing about its closing."""
    proof = moved(with_one_more_step(), stands(loop_drawing().net(), steps))
    assert proof.verdict("CL-14") == "passed", proof.findings
    assert proof.proved


def test_position_whose_step_is_gone_may_not_move() -> None:
    """A token needs a place to stand."""
    loop = loop_drawing()
    loop.nodes["verify"] = loop.nodes["verify"].replace('id="verify"', 'id="check"')
    loop.redirect("leg", "verify", "check").redirect("gw_verify", "merge_legs", "merge_legs")
    loop.flows = [("check", *flow[1:]) if flow[0] == "verify" else flow for flow in loop.flows]
    loop.lanes["check"] = loop.lanes.pop("verify")
    at_verify = stands(loop_drawing().net(), TO_VERIFY)
    proof = moved(loop.net(), at_verify)
    assert (proof.findings[-1].rule, proof.verdict("CL-14")) == ("proof.cl_14_obstacle", "refused")
    chosen = proves_migration(
        loop_drawing().net(), loop.net(), [at_verify], chosen={"verify": "check"}, forms_of=lambda process: FORMS
    )
    assert chosen.verdict("CL-14") == "passed", chosen.findings


def test_position_whose_step_now_stands_behind_the_loop_may_not_move() -> None:
    """An order that nobody has issued yet would be closed next: refused, with the course from where it stands."""
    early, late = loop_drawing(), loop_drawing()
    for loop, before, behind in ((early, "start", "merge_draft"), (late, "evaluate", "end")):
        loop.nodes["tell"] = '<bpmn:userTask id="tell" cl:stage="issue" cl:form="issue"/>'
        loop.lanes["tell"] = "commander"
        loop.redirect(before, behind, "tell").flows.append(("tell", behind, ""))
    old, new = early.net(), late.net()
    proof = proves_migration(old, new, [stands(old, [])], forms_of=lambda process: FORMS)
    assert proof.verdict("CL-01") == "passed"
    assert proof.verdict("CL-14") == "refused"
    example = proof.counter_example("CL-14")
    assert example is not None
    assert (example.element, example.path()) == ("tell", ("moved tell", "complete tell"))
    assert not proof.proved


def test_version_without_a_certificate_takes_nobody() -> None:
    """What may not be published may not be moved to either."""
    loop = loop_drawing().swap("end", ' cl:loop="close"', "")
    proof = moved(loop.net(), stands(loop_drawing().net(), []))
    assert "proof.cl_14_version" in {finding.rule for finding in proof.findings}
    assert proof.verdict("CL-14") == "refused"
