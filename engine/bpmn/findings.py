"""What a check says about one element of a file: the finding, and the list a reading step collects them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml.etree import _Element

from engine.bpmn.tree import id_of

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement on one element: `rule` names the check, `line` is the element's line in the file.

    An error keeps the process from being a `Net`; `question` marks what a person can settle without drawing anew.
    """

    rule: str
    severity: Severity
    element: str | None
    line: int | None
    message: str
    question: bool = False


class Findings:
    """The findings of one reading, in the order they were made."""

    def __init__(self) -> None:
        self.made: list[Finding] = []
        self.proposals = 0

    def add(self, rule: str, severity: Severity, element: _Element, message: str, *, question: bool = False) -> None:
        """Notes a finding on `element`."""
        self.made.append(Finding(rule, severity, id_of(element) or None, element.sourceline, message, question))

    def error(self, rule: str, element: _Element, message: str) -> None:
        """Notes an error on `element`."""
        self.add(rule, "error", element, message)

    def ask(self, rule: str, element: _Element, message: str) -> None:
        """Notes an error on `element` that an answer settles, without drawing anew."""
        self.add(rule, "error", element, message, question=True)

    def propose(self, rule: str, element: _Element, message: str, proposal: str) -> None:
        """Asks about `element`, and says which answer the net was made with until somebody gives another.

        A file with such a question is never published, and can be played in a dry run.
        """
        self.add(rule, "warning", element, f"{message} Proposed: {proposal}.", question=True)
        self.proposals += 1

    def unsupported(self, element: _Element, construct: str, remedy: str) -> None:
        """Notes a construct that the engine does not execute, and what to draw in its place."""
        self.add("unsupported", "error", element, f"Expected a supported construct, but this is {construct}; {remedy}.")

    def errors(self) -> int:
        """How many errors there are so far."""
        return sum(finding.severity == "error" for finding in self.made)
