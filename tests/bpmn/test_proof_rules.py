"""CL-02 to CL-08: duties, limits, rework, hand-overs, messages, budgets, fan-outs — each kept, and broken each way."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.bpmn.proof import prove
from engine.bpmn.proof_city import Installation, shipped_installation
from engine.bpmn.proof_messages import hearing
from tests.bpmn.drawing import chain, net_of
from tests.bpmn.loop_drawing import FORMS, LoopDrawing, loop_drawing

pytestmark = pytest.mark.fast

CITY = shipped_installation()
ALL = '<bpmn:multiInstanceLoopCharacteristics cl:collection="legs" cl:element="department"/>'
LATE = (
    '<bpmn:boundaryEvent id="late" attachedToRef="ask"><bpmn:timerEventDefinition><bpmn:timeDuration>PT2H'
    "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
)
Change = Callable[[LoopDrawing], object]


def _form(change: Callable[[dict[str, Any]], object]) -> Mapping[str, Any]:
    forms = dict(copy.deepcopy(dict(FORMS)))
    change(forms["sign"])
    return forms


def _unlimited(loop: LoopDrawing) -> None:
    loop.swap_leg(' cl:stage="sign_in"', "").swap("leg", ' cl:stage="handling"', "")


def _between(node: str, text: str, beside: str = "") -> Change:
    """A step between issuing and the departments."""

    def change(loop: LoopDrawing) -> None:
        loop.nodes[node] = text
        loop.lanes |= {node: "reviewer"} if "userTask" in text else {}
        loop.beside = beside
        loop.redirect("issue", "merge_legs", node).flows.append((node, "merge_legs", ""))

    return change


def _same_person(loop: LoopDrawing) -> None:
    for node in ("verify", "evaluate"):
        loop.swap(node, "<bpmn:userTask", '<bpmn:userTask cl:assignee="level"')


def _message(name: str) -> str:
    return f'<bpmn:message id="m" name="{name}"/>'


def _marked(old: str, new: str, node: str = "verify") -> Change:
    return lambda loop: loop.swap(node, old, new)


def _lane(role: str | None) -> Change:
    return lambda loop: loop.lanes.pop("verify") if role is None else loop.lanes.update(verify=role)


TELL = '<bpmn:sendTask id="tell" messageRef="m"/>'
OFFER = '<bpmn:sendTask id="offer" messageRef="m"/>'
ASK = '<bpmn:userTask id="ask" cl:form="issue"{}>' + ALL + "</bpmn:userTask>"
NO_SEPARATION = replace(CITY, separations=tuple(each for each in CITY.separations if each.code != "verify_evaluate"))
NO_POLICY = replace(CITY, policies=tuple(each for each in CITY.policies if each.stage != "issue"))
HEARD_WITH_KEY = replace(CITY, hears={"to.nobody": ("case_id",)})
OFFERED = replace(CITY, hears={"handoff.offer": (None,)})
ROUNDS = ' cl:rounds="2" cl:exit="commander"'


def same(loop: LoopDrawing) -> None:
    """Nothing is changed."""


BREAKS: list[tuple[str, Change, str, str | None, Mapping[str, Any], Installation]] = [
    ("nobody is said to do it", _lane(None), "cl_02_no_role", "verify", FORMS, CITY),
    ("a role without the right", _lane("drafter"), "cl_02_no_right", "verify", FORMS, CITY),
    ("a role that the city has not", _lane("ghost"), "cl_02_no_right", "verify", FORMS, CITY),
    ("a person verifies without a form of their own", _marked("userTask", "manualTask"), "", None, FORMS, CITY),
    ("a machine verifies", _marked("userTask id", 'serviceTask cl:operation="op" id'), "cl_02_no_person", "verify",
     FORMS, CITY),
    ("evaluated past the duties", _marked('cl:loop="evaluate"', 'cl:action="evaluate"', "evaluate"),
     "cl_02_past_duties", "evaluate", FORMS, CITY),
    ("one person for two duties", _same_person, "cl_02_same_person", "evaluate", FORMS, CITY),
    ("duties not kept apart", same, "cl_02_no_rule", None, FORMS, NO_SEPARATION),
    ("no clock", _marked(' cl:stage="evaluation"', "", "evaluate"), "cl_03_no_clock", "evaluate", FORMS, CITY),
    ("no such stage", _marked('"evaluation"', '"lunch"', "evaluate"), "cl_03_no_policy", "evaluate", FORMS, CITY),
    ("a stage without limits", same, "cl_03_no_policy", "issue", FORMS, NO_POLICY),
    ("a rung that finds nobody", same, "cl_03_nobody", "issue", FORMS,
     replace(CITY, unfilled=(("department_head", "parks"),))),
    ("rework without a bound", _marked(ROUNDS, ""), "cl_04_no_bound", "verify", FORMS, CITY),
    ("a bound without an authority", _marked(' cl:exit="commander"', ""), "cl_04_half", "verify", FORMS, CITY),
    ("an authority without the right", _marked('exit="commander"', 'exit="drafter"'), "cl_04_no_authority", "verify",
     FORMS, CITY),
    ("nothing can be returned", same, "cl_05_no_return", "sign",
     _form(lambda form: form["properties"]["decision"].update(enum=["sign"])), CITY),
    ("returned without a reason", same, "cl_05_no_reason", "sign", _form(lambda form: form.pop("then")), CITY),
    ("nobody decides on returns", lambda d: d.swap_leg(' cl:action="redispatch"', ""), "cl_05_no_decision", "sign",
     FORMS, CITY),
    ("no answer and nobody called", _unlimited, "cl_05_no_answer", "sign", FORMS, CITY),
    ("an offer nobody waits on", _between("offer", OFFER, _message("handoff.offer")), "cl_05_no_acceptance", "offer",
     FORMS, OFFERED),
    ("a message nobody hears", _between("tell", TELL, _message("to.nobody")), "cl_06_unheard", "tell", FORMS, CITY),
    ("a key on one side only", _between("tell", TELL, _message("to.nobody")), "cl_06_key", "tell", FORMS,
     HEARD_WITH_KEY),
    ("a call of nothing", _between("call", '<bpmn:callActivity id="call" calledElement="nowhere"/>'),
     "cl_06_no_process", "call", FORMS, CITY),
    ("a fan-out that waits for all", _between("ask", ASK.format(' cl:stage="review"')), "cl_08_no_rule", "ask", FORMS,
     CITY),
    ("a fan-out that nobody chases", _between("ask", ASK.format("")), "cl_08_no_laggards", "ask", FORMS, CITY),
    ("departments that nobody chases", _unlimited, "cl_08_no_laggards", "leg", FORMS, CITY),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "code", "element", "forms", "city"), BREAKS)
def test_rule_that_is_broken_is_refused_on_its_element(
    name: str, change: Change, code: str, element: str | None, forms: Mapping[str, Any], city: Installation
) -> None:
    """Each rule is broken in each way it knows, and the finding stands on the element to be corrected."""
    loop = loop_drawing()
    change(loop)
    proof = loop.prove(forms, installation=city)
    found = {(finding.rule, finding.element) for finding in proof.findings if finding.severity == "error"}
    if not code:
        assert not found
        return
    assert (f"proof.{code}", element) in found
    assert proof.verdict(f"CL-{code[3:5]}") == "refused"
    assert not proof.proved


def test_deadline_on_a_fan_out_is_its_rule() -> None:
    """Who is late is left behind by the deadline, so the fan-out is done in time."""
    loop = loop_drawing()
    _between("ask", ASK.format(""))(loop)
    loop.nodes["late"] = LATE
    loop.flows.append(("late", "merge_legs", ""))
    proof = loop.prove()
    assert proof.verdict("CL-08") == "passed"
    assert proof.verdict("CL-03") == "passed"


def test_message_is_heard_where_another_process_waits_for_it() -> None:
    """A message may leave the process, as long as something published waits for it in the same way."""
    loop = loop_drawing()
    _between("tell", TELL, _message("to.nobody"))(loop)
    assert loop.prove(installation=replace(CITY, hears={"to.nobody": (None,)})).verdict("CL-06") == "passed"


def test_rework_without_a_bound_is_shown_as_a_circle() -> None:
    """The counter-example is the way back, drawn once round."""
    loop = loop_drawing().swap("verify", ROUNDS, "")
    example = loop.prove().counter_example("CL-04")
    assert example is not None
    assert example.path() == ("path verify", "path gw_verify", "path merge_legs", "path leg", "path verify")


def test_steps_that_need_more_time_than_the_whole_are_a_warning() -> None:
    """CL-07 shows the worst share and refuses nothing."""
    proof = loop_drawing().prove()
    assert proof.verdict("CL-07") == "warned"
    (finding,) = proof.findings
    assert (finding.element, finding.params["percent"], finding.params["event_type"]) == ("leg", 125, "50102")
    assert proof.proved


def test_message_to_another_pool_of_the_file_is_heard() -> None:
    """Two processes of one file talk to each other: what one throws the other one waits for."""
    sends = net_of(chain(("tell", TELL)), _message("to.nobody"))
    waits = net_of(
        chain(("wait", '<bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="m"/>'
                       "</bpmn:intermediateCatchEvent>")),
        _message("to.nobody"),
    )  # fmt: skip
    assert prove(sends, "plain").verdict("CL-06") == "refused"
    assert prove(sends, "plain", installation=hearing(CITY, [waits])).verdict("CL-06") == "passed"
