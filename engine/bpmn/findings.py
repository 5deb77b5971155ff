"""What a check says about one element of a file: the finding, and the list a reading step collects them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml.etree import _Element

from engine.bpmn.tree import id_of, local

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement on one element: `rule` names the check, `line` is the element's line in the file.

    An error keeps the process from being a `Net`; `question` marks what a person can settle without drawing anew: its
    answers are kept under `key`, `proposal` is the one the net was made with until somebody gives another, and `wants`
    says which values it takes. `params` are the names and numbers in `message`, for the sentence of the rule in another
    language. `process` is the one the element belongs to, None for what stands outside all of them.
    """

    rule: str
    severity: Severity
    element: str | None
    line: int | None
    message: str
    question: bool = False
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    proposal: str | None = None
    key: str | None = None
    wants: Mapping[str, Any] | None = field(default=None, hash=False)
    process: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as `cityloop check --json` and the API print it; a question with its key and its proposal."""
        said = {name: getattr(self, name) for name in ("rule", "severity", "element", "line", "message")}
        said["params"] = dict(self.params)
        if not self.question:
            return said
        return {**said, "question": True, "key": self.key, "proposal": self.proposal, "wants": self.wants}


class Findings:
    """The findings of one reading, in the order they were made."""

    def __init__(self) -> None:
        self.made: list[Finding] = []
        self.proposals = 0
        self.rewrites = 0  # texts that the net holds in another form, of the same meaning

    def add(
        self,
        rule: str,
        severity: Severity,
        element: _Element,
        message: str,
        *,
        question: bool = False,
        proposal: str | None = None,
        **params: Any,
    ) -> None:
        """Notes a finding on `element`; `params` are the names and numbers that its sentence holds."""
        id, line = id_of(element) or None, element.sourceline
        key = self._key(rule, id) if question else None
        self.made.append(Finding(rule, severity, id, line, message, question, params, proposal, key))

    def _key(self, rule: str, element: str | None) -> str:
        """What a question is called by its answer: the rule and the element, the second of a kind with a number."""
        key = f"{rule}@{element or ''}"
        again = sum(each.rule == rule and each.element == element and each.question for each in self.made)
        return f"{key}#{again + 1}" if again else key

    def error(self, rule: str, element: _Element, message: str, **params: Any) -> None:
        """Notes an error on `element`."""
        self.add(rule, "error", element, message, **params)

    def ask(self, rule: str, element: _Element, message: str, **params: Any) -> None:
        """Notes an error on `element` that an answer settles, without drawing anew."""
        self.add(rule, "error", element, message, question=True, **params)

    def propose(self, rule: str, element: _Element, message: str, proposal: str, **params: Any) -> None:
        """Asks about `element`, and says which answer the net was made with until somebody gives another.

        A file with such a question is never published, and can be played in a dry run.
        """
        sentence = f"{message} Proposed: {proposal}."
        self.add(rule, "warning", element, sentence, question=True, proposal=proposal, **params)
        self.proposals += 1

    def propose_or_error(self, rule: str, element: _Element, message: str, proposal: str | None, **params: Any) -> None:
        """Asks about `element` where `proposal` says what holds without an answer, else notes an error on it."""
        if proposal is None:
            self.error(rule, element, message, **params)
        else:
            self.propose(rule, element, message, proposal, **params)

    def unsupported(self, element: _Element, construct: str, remedy: str) -> None:
        """Notes a construct that the engine does not execute, and what to draw in its place."""
        message = f"Expected a supported construct, but this is {construct}; {remedy}."
        self.error("unsupported", element, message, kind=local(element), construct=construct, remedy=remedy)

    def errors(self) -> int:
        """How many errors there are so far."""
        return sum(finding.severity == "error" for finding in self.made)
