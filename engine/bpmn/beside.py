"""What comes beside a BPMN file — forms and decisions — and the elements that ask for one that is missing or broken.

A missing one is a question: the proposal is that the step goes on without it, a form as a note and a decision as a
person's. What is there is linked into the net.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.bpmn.answers import Answers
from engine.bpmn.decisions_link import link_decisions
from engine.bpmn.decisions_model import Decisions
from engine.bpmn.findings import Finding
from engine.bpmn.net import Kind, Net, Node

Faults = Mapping[str, str | None]
"""What came, by name: None where it is right, else what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Forms by name and decisions by id, each with what is wrong with it; `models` are the decisions that are right."""

    forms: Faults = field(default_factory=dict)
    decisions: Faults = field(default_factory=dict)
    models: tuple[Decisions, ...] = ()


def missing_beside(nets: Mapping[str, Net], beside: Beside | None) -> Iterator[Finding]:
    """A question on each element that asks for a form or a decision which did not come, or came broken."""
    if beside is None:
        return
    for net in nets.values():
        for node in net.nodes:
            if node.form is not None:
                yield from _ask("form", node, node.form, beside.forms, "a note in place of the form")
            if node.kind is Kind.RULE and node.decision is not None:
                yield from _ask("decision", node, node.decision, beside.decisions, "a person decides")


def _ask(what: str, node: Node, name: str, there: Faults, proposal: str) -> Iterator[Finding]:
    fault = there.get(name, "")
    if fault is None:
        return
    rule = f"{what}.broken" if fault else f"{what}.missing"
    found = f"it is broken: {fault}" if fault else "none came with the file"
    message = f"Expected the {what} {name!r:.80}, but {found}. Proposed: {proposal}."
    params = {"name": name[:80], **({"fault": fault} if fault else {})}
    key = f"{rule}@{node.id}"
    yield Finding(rule, "warning", node.id, node.line, message, True, params, proposal, key)


def with_beside(
    nets: Mapping[str, Net], beside: Beside | None, findings: Iterable[Finding], answers: Answers
) -> dict[str, Net]:
    """The nets with the decisions they name, a person's where one is missing, and without forms accepted to miss."""
    if beside is None:
        return dict(nets)
    missed = {
        finding.element
        for finding in findings
        if finding.rule in ("form.missing", "form.broken") and finding.key in answers
    }
    return {
        id: link_decisions(
            replace(net, nodes=tuple(replace(n, form=None) if n.id in missed else n for n in net.nodes)), beside.models
        )
        for id, net in nets.items()
    }
