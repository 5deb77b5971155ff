"""What a file declares beside its processes and events refer to: messages, broadcasts, errors, escalations."""

from __future__ import annotations

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.tree import EVENT_DEFINITIONS, attribute, children, id_of, local

_CODES = {"error": "errorCode", "escalation": "escalationCode"}
_SPOKEN = {"message": "a message", "signal": "a signal", "error": "an error", "escalation": "an escalation"}


class Definitions:
    """The declarations of a file, by kind and id: names of messages and signals, codes of errors and escalations.

    `events` are the event definitions that stand beside the processes, for events that share them.
    """

    def __init__(self, root: _Element) -> None:
        self.declared: dict[str, dict[str, str]] = {kind: {} for kind in _SPOKEN}
        self.also: dict[str, dict[str, str]] = {kind: {} for kind in _SPOKEN}
        for each in children(root, *_SPOKEN):
            kind, name = local(each), attribute(each, "name")
            called = (attribute(each, _CODES[kind]) if kind in _CODES else None) or name or id_of(each)
            self.declared[kind][id_of(each)] = called
            self.also[kind].setdefault(called, called)  # some tools refer to things by their name or code
            if name:
                self.also[kind].setdefault(name, called)
        self.events = {id_of(each): each for each in children(root) if local(each) in EVENT_DEFINITIONS}

    def named(self, kind: str, element: _Element, node: _Element, findings: Findings) -> str | None:
        """The name or code of what `element` refers to, None where it refers to nothing.

        A reference to what the file does not have is proposed to be a name itself; the finding stands on `node`.
        """
        reference = attribute(element, f"{kind}Ref")
        if reference is None:
            return None
        found = self.declared[kind].get(reference) or self.also[kind].get(reference)
        if found is None:
            message = f"Expected {_SPOKEN[kind]} {reference!r:.80}, but the file has none."
            proposal = f"it is called {reference!r:.80}"
            findings.propose(f"reference.{kind}", node, message, proposal, name=reference[:80])
        return found or reference

    def named_or_proposed(self, kind: str, element: _Element, node: _Element, findings: Findings) -> str:
        """The name or code of what `element` refers to; without a reference that of `node`, as a proposal."""
        name = self.named(kind, element, node, findings)
        if name is None:
            name = name_for(node)
            message = f"Expected {_SPOKEN[kind]} to be named, but the event names none."
            findings.propose(f"{kind}.unnamed", node, message, f"it is called {name!r:.80}", name=name[:80])
        return name


def name_for(node: _Element) -> str:
    """What something is called that belongs to `node` and has no name of its own."""
    return attribute(node, "name") or id_of(node)
