"""Splits that nobody can decide on: each becomes a question with a proposed answer that can be played.

One way without a condition beside others that have one is proposed as the default; else a person chooses, with the
labels of the ways. The gateway stays where it is drawn; the person's node and the split follow it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from engine.bpmn.choices import Choice
from engine.bpmn.findings import Findings
from engine.bpmn.net import Expression, Kind
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.tree import attribute

DECIDING = frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX})
_LONGEST_NAME, _LONGEST_LABEL = 80, 80


def settle_splits(draft: Draft, findings: Findings) -> None:
    """Asks about each deciding split with ways that have neither a condition nor the default mark."""
    for node in list(draft.nodes):
        if node.kind not in DECIDING or len(node.outgoing) < 2:
            continue
        default = node.more.get("default")
        undecided = [index for index in node.outgoing if index in draft.undecided and index != default]
        if any(index in draft.unreadable for index in node.outgoing):
            let_a_person_choose(node, draft)  # the question stands at the flows
            continue
        if not undecided or node.id in draft.made_for:
            continue
        flows = ", ".join(repr(draft.flows[index].id)[:80] for index in undecided[:5])
        message = f"Expected a condition or the default mark on each way out, but there is neither on {flows}."
        if len(undecided) == 1 and default is None:
            findings.propose("gateway.no_condition", node.element, message, "this way is the default", flows=flows)
            node.more["default"] = undecided[0]
        else:
            findings.propose(
                "gateway.no_condition", node.element, message, "a person chooses by the labels", flows=flows
            )
            let_a_person_choose(node, draft)


def let_a_person_choose(gateway: NodeDraft, draft: Draft) -> None:
    """Draws a person's node and a split by its answer behind `gateway`, in place of its own decision."""
    several = gateway.kind is not Kind.EXCLUSIVE
    variable = f"choice_{re.sub(r'[^A-Za-z0-9_]', '_', gateway.id)}"[:_LONGEST_NAME]
    choice = Choice(variable, tuple(_labels(gateway, draft)), several)
    name = attribute(gateway.element, "name") or ""
    person = draft.make(gateway, "choice", "userTask", Kind.USER, name)
    kind = Kind.INCLUSIVE if several else Kind.EXCLUSIVE
    split = draft.make(gateway, "ways", "inclusiveGateway" if several else "exclusiveGateway", kind, name)
    gateway.more.pop("default", None)
    draft.hand_over(gateway, split)
    draft.connect(gateway, person)
    draft.connect(person, split)
    for index, label in zip(split.outgoing, choice.labels, strict=True):
        draft.flows[index] = replace(draft.flows[index], condition=Expression(choice.condition(label)))
    draft.notes[person.id] = choice.note()


def _labels(gateway: NodeDraft, draft: Draft) -> list[str]:
    """A label for each way: its name, else that of the node it leads to, else its id; no two alike."""
    labels: list[str] = []
    for index in gateway.outgoing:
        flow = draft.flows[index]
        target = attribute(draft.nodes[flow.target].element, "name") or ""
        label = " ".join((flow.name or target or flow.id).split())[:_LONGEST_LABEL]
        labels.append(f"{label} ({flow.id})" if label in labels else label)
    return labels
