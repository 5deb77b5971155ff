"""A small loop of a directive as a drawing that tests change: nodes, flows and lanes by name, then drawn as BPMN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.net import Net
from engine.bpmn.proof import Proof, prove
from tests.bpmn.drawing import net_of
from tests.bpmn.proof_cases import shipped_forms

FORMS: Mapping[str, Any] = shipped_forms("closed_loop_command")
_LEG = (
    '<bpmn:multiInstanceLoopCharacteristics cl:collection="legs" cl:element="department"/>'
    '<bpmn:startEvent id="leg_start"/><bpmn:exclusiveGateway id="merge_sign"/>'
    '<bpmn:userTask id="sign" cl:loop="accept" cl:stage="sign_in" cl:form="sign"/>'
    '<bpmn:exclusiveGateway id="gw_sign" default="gw_sign-decide_return"/>'
    '<bpmn:userTask id="decide_return" cl:action="redispatch" cl:stage="redispatch" cl:form="decide_return"/>'
    '<bpmn:userTask id="handle" cl:loop="execute" cl:form="handle"/>'
    '<bpmn:userTask id="feedback" cl:loop="feedback" cl:stage="feedback" cl:form="feedback"/>'
    '<bpmn:endEvent id="leg_end"/>'
)


@dataclass
class LoopDrawing:
    """The drawing; `nodes` holds the text of each node, `flows` (source, target, condition), `lanes` roles by node."""

    nodes: dict[str, str] = field(default_factory=dict)
    flows: list[tuple[str, str, str]] = field(default_factory=list)
    leg: str = _LEG
    leg_flows: list[tuple[str, str, str]] = field(default_factory=list)
    lanes: dict[str, str] = field(default_factory=dict)
    beside: str = ""

    def swap(self, node: str, old: str, new: str) -> LoopDrawing:
        """Change the text of one node."""
        assert old in self.nodes[node], (old, self.nodes[node])
        self.nodes[node] = self.nodes[node].replace(old, new)
        return self

    def swap_leg(self, old: str, new: str) -> LoopDrawing:
        """Change the text of the leg."""
        assert old in self.leg, old
        self.leg = self.leg.replace(old, new)
        return self

    def redirect(self, source: str, target: str, to: str) -> LoopDrawing:
        """Lead the flow between two nodes to another one."""
        at = next(i for i, flow in enumerate(self.flows) if flow[:2] == (source, target))
        self.flows[at] = (source, to, self.flows[at][2])
        return self

    def text(self) -> str:
        """What stands in the process."""
        flows = "".join(_flow(*flow) for flow in self.flows)
        leg = self.nodes["leg"].format(self.leg + "".join(_flow(*flow) for flow in self.leg_flows))
        nodes = "".join(leg if id == "leg" else text for id, text in self.nodes.items())
        return _lanes(self.lanes) + nodes + flows

    def net(self) -> Net:
        """The net of the drawing."""
        return net_of(self.text(), self.beside)

    def prove(self, forms: Mapping[str, Any] = FORMS, **arguments: Any) -> Proof:
        """The proof of the drawing as a loop."""
        return prove(self.net(), "loop", forms_of=lambda process: forms, **arguments)


def loop_drawing() -> LoopDrawing:
    """A loop that is proved: drafted, reviewed, issued, worked on by each department, verified, evaluated, closed."""
    ids = ("draft", "review", "issue", "verify", "evaluate")
    stages = {"verify": "verification", "evaluate": "evaluation"}
    rounds = {"review": ' cl:rounds="2" cl:exit="commander"', "verify": ' cl:rounds="2" cl:exit="commander"'}
    nodes = {"start": '<bpmn:startEvent id="start"/>', "merge_draft": '<bpmn:exclusiveGateway id="merge_draft"/>'}
    for id in ids:
        stage = stages.get(id, id)
        nodes[id] = f'<bpmn:userTask id="{id}" cl:loop="{id}" cl:stage="{stage}" cl:form="{id}"{rounds.get(id, "")}/>'
    nodes |= {
        "gw_review": '<bpmn:exclusiveGateway id="gw_review" default="gw_review-merge_draft"/>',
        "merge_legs": '<bpmn:exclusiveGateway id="merge_legs"/>',
        "leg": '<bpmn:subProcess id="leg" cl:stage="handling">{}</bpmn:subProcess>',
        "gw_verify": '<bpmn:exclusiveGateway id="gw_verify" default="gw_verify-merge_legs"/>',
        "end": '<bpmn:endEvent id="end" cl:loop="close"/>',
    }
    flows = [
        ("start", "merge_draft", ""), ("merge_draft", "draft", ""), ("draft", "review", ""),
        ("review", "gw_review", ""),
        ("gw_review", "merge_draft", ""), ("gw_review", "issue", 'decision == "approve"'), ("issue", "merge_legs", ""),
        ("merge_legs", "leg", ""), ("leg", "verify", ""), ("verify", "gw_verify", ""),
        ("gw_verify", "merge_legs", ""),
        ("gw_verify", "evaluate", 'decision == "pass"'), ("evaluate", "end", ""),
    ]  # fmt: skip
    leg_flows = [
        ("leg_start", "merge_sign", ""), ("merge_sign", "sign", ""), ("sign", "gw_sign", ""),
        ("gw_sign", "decide_return", ""), ("gw_sign", "handle", 'decision == "sign"'),
        ("decide_return", "merge_sign", ""), ("handle", "feedback", ""), ("feedback", "leg_end", ""),
    ]  # fmt: skip
    lanes = {
        "draft": "drafter", "review": "reviewer", "issue": "commander", "leg": "department_clerk",
        "sign": "department_clerk", "handle": "department_clerk", "feedback": "department_clerk",
        "decide_return": "dispatcher", "verify": "verifier", "evaluate": "evaluator",
    }  # fmt: skip
    return LoopDrawing(nodes, flows, _LEG, leg_flows, lanes)


def _flow(source: str, target: str, condition: str) -> str:
    stated = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    id = f"{source}-{target}"
    return f'<bpmn:sequenceFlow id="{id}" sourceRef="{source}" targetRef="{target}">{stated}</bpmn:sequenceFlow>'


def _lanes(lanes: Mapping[str, str]) -> str:
    roles: dict[str, list[str]] = {}
    for node, role in lanes.items():
        roles.setdefault(role, []).append(node)
    drawn = "".join(
        f'<bpmn:lane id="lane_{role}" cl:role="{role}">'
        + "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in nodes)
        + "</bpmn:lane>"
        for role, nodes in roles.items()
    )
    return f'<bpmn:laneSet id="lanes">{drawn}</bpmn:laneSet>'
