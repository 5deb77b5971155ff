"""What the rules of a proof hand in: a statement on an element in the words of its rule, and a course that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.findings import Finding, Severity
from engine.bpmn.frames import Frame
from engine.bpmn.net import Node
from engine.bpmn.proof_terms import CounterExample


@dataclass(frozen=True, slots=True)
class Found:
    """One breach of `rule`; `code` names its sentence, `params` fill it, `course` leads there."""

    rule: str
    code: str
    node: Node | None
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    course: tuple[Frame, ...] = ()
    severity: Severity = "error"

    def finding(self) -> Finding:
        """The finding as a page shows it."""
        element, line = (self.node.id, self.node.line or None) if self.node is not None else (None, None)
        return Finding(f"proof.{self.code}", self.severity, element, line, self.message, params=dict(self.params))

    def counter_example(self, process: str) -> CounterExample | None:
        """The course as a counter-example; None where the drawing alone shows it."""
        if not self.course:
            return None
        element = self.node.id if self.node is not None else None
        return CounterExample(self.rule, element, process, f"proof.{self.code}", self.course)


def label(node: Node) -> str:
    """What a person calls a node."""
    return node.name or node.id
