"""What comes beside a BPMN file — forms and decisions — and the elements that ask for one that is missing or broken.

A missing one is a question: the proposal is that the step goes on without it, a form as a note and a decision as a
person's. Accepting it takes the reference out of the net.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from engine.bpmn.answers import Answers
from engine.bpmn.findings import Finding
from engine.bpmn.net import Kind, Net, Node

Faults = Mapping[str, str | None]
"""What came, by name: None where it is right, else what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Forms by name and decisions by id, each with what is wrong with it."""

    forms: Faults = field(default_factory=dict)
    decisions: Faults = field(default_factory=dict)


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


def without_missing(nets: Mapping[str, Net], findings: Iterable[Finding], answers: Answers) -> dict[str, Net]:
    """The nets in which steps go on without the forms and decisions that people accepted to miss."""
    missed: dict[str, set[str]] = {"form": set(), "decision": set()}
    for finding in findings:
        what, _, how = finding.rule.partition(".")
        if what in missed and how in ("missing", "broken") and finding.key in answers and finding.element:
            missed[what].add(finding.element)
    if not any(missed.values()):
        return dict(nets)
    return {id: replace(net, nodes=tuple(_without(node, missed) for node in net.nodes)) for id, net in nets.items()}


def _without(node: Node, missed: Mapping[str, set[str]]) -> Node:
    if node.form is not None and node.id in missed["form"]:
        node = replace(node, form=None)
    if node.kind is Kind.RULE and node.id in missed["decision"]:
        node = replace(node, kind=Kind.MANUAL, decision=None)
    return node
