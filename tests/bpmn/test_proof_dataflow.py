"""CL-09: what is read was written on every path before, whoever reads it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.proof import Proof, prove
from tests.bpmn.drawing import END, START, chain, flow, net_of, task

pytestmark = pytest.mark.fast

FORM = {"type": "object", "properties": {"ok": {"type": "boolean"}, "note": {"type": "string"}}, "required": ["ok"]}


def proved(inside: str, beside: str = "", **arguments: Any) -> Proof:
    """The proof of a drawing whose tasks may use the form `f`, which gives `ok` and perhaps `note`."""
    return prove(net_of(inside, beside), "plain", forms_of=lambda process: {"f": FORM}, **arguments)


def _decides(condition: str, before: str, *flows: str) -> str:
    return (
        START + before + '<bpmn:exclusiveGateway id="gw" default="gw-end"/>' + task("yes")[1] + END + "".join(flows)
        + flow("gw", "yes", condition) + flow("gw", "end") + flow("yes", "end")
    )  # fmt: skip


ASKS = task("ask", more='cl:form="f"')[1]
DIRECT = (flow("start", "ask"), flow("ask", "gw"))
SPLIT = '<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>' + task("other")[1]
BOTH = (flow("start", "split"), flow("split", "ask"), flow("split", "other"), flow("ask", "join"),
        flow("other", "join"), flow("join", "gw"))  # fmt: skip
OVER_UNITS = '<bpmn:multiInstanceLoopCharacteristics cl:collection="units" cl:element="unit"/>'
START_FORM = '<bpmn:startEvent id="start" cl:form="f"/>'
LATE = (
    '<bpmn:boundaryEvent id="late" attachedToRef="ask"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H'
    "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
)

DEFINED = {
    "by a required field": _decides("ok", ASKS, *DIRECT),
    "by one of two parallel branches": _decides("ok", ASKS + SPLIT, *BOTH),
    "by the start form": _decides("ok", "", flow("start", "gw")).replace(START, START_FORM),
    "by its leg": chain(
        task("a", OVER_UNITS, more='cl:assignee="unit"')
    ),
}  # fmt: skip
UNDEFINED = [
    ("by nobody", _decides("ok", task("ask")[1], *DIRECT), "gw", ("path start", "path ask", "path gw")),
    ("by an optional field", _decides('note == "x"', ASKS, *DIRECT), "gw", ("path start", "path ask", "path gw")),
    ("on one way only", _decides("ok", ASKS + '<bpmn:exclusiveGateway id="either" default="either-gw"/>',
     flow("start", "either"), flow("either", "ask", "known == 1"), flow("either", "gw"), flow("ask", "gw")), "gw",
     ("path start", "path either", "path gw")),
    ("not where a timer came first", _decides("ok", ASKS + LATE, *DIRECT, flow("late", "gw")), "gw",
     ("path start", "path ask", "path late", "path gw")),
    ("by an assignee", chain(task("a", more='cl:assignee="boss"')), "a", ("path start", "path a")),
    ("by a mapping of a call", chain(("c", '<bpmn:callActivity id="c" calledElement="x"><bpmn:extensionElements>'
     '<cl:in source="missing" target="y"/></bpmn:extensionElements></bpmn:callActivity>')), "c",
     ("path start", "path c")),
]  # fmt: skip


@pytest.mark.parametrize("name", DEFINED)
def test_name_that_is_always_written_passes(name: str) -> None:
    """A name may be read where each path wrote it: both branches of a join have been gone through."""
    proof = proved(DEFINED[name], inputs=("units",))
    assert proof.verdict("CL-09") == "passed", proof.findings


@pytest.mark.parametrize(("name", "inside", "element", "path"), UNDEFINED, ids=[each[0] for each in UNDEFINED])
def test_name_that_a_path_does_not_write_is_refused_with_that_path(
    name: str, inside: str, element: str, path: tuple[str, ...]
) -> None:
    """The path that leaves a name out is shown, also where a boundary event leaves a step undone."""
    proof = proved(inside, inputs=("known",))
    assert proof.verdict("CL-09") == "refused"
    example = proof.counter_example("CL-09")
    assert example is not None
    assert (example.element, example.path()) == (element, path)


def test_declared_input_counts_as_written() -> None:
    """Who starts a plain version gives what it declares."""
    inside = _decides("ok", task("ask")[1], *DIRECT)
    assert proved(inside, inputs=("ok",)).verdict("CL-09") == "passed"
