"""A person's choice in place of conditions that a file does not state: which ways there are and how each is answered.

The reader writes it beside the net, for people and for dry runs; the game knows only a human node and conditions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.net import Net, Node
from engine.bpmn.tree import CL

_CHOICE = f"{{{CL}}}choice"


@dataclass(frozen=True, slots=True)
class Choice:
    """The variable that takes the answer, the label of each way in the order of the file, whether several may go."""

    variable: str
    labels: tuple[str, ...]
    several: bool = False

    def condition(self, label: str) -> str:
        """The condition, in plain spelling, under which the way with this label is open."""
        quoted = json.dumps(label, ensure_ascii=False)
        return f"{quoted} in {self.variable}" if self.several else f"{self.variable} == {quoted}"

    def proposed(self, visit: int) -> dict[str, Any]:
        """The answer of a dry run at its nth visit, from 0: each way in turn, so that no loop lasts for ever.

        Where several ways may be open, the first answer is all of them.
        """
        if not self.several:
            return {self.variable: self.labels[visit % len(self.labels)]}
        ways = list(self.labels) if visit == 0 else [self.labels[(visit - 1) % len(self.labels)]]
        return {self.variable: ways}

    def note(self) -> Mapping[str, str]:
        """The choice as the net keeps it among the extensions of its node."""
        kept = {"variable": self.variable, "labels": self.labels, "several": self.several}
        return {_CHOICE: json.dumps(kept, ensure_ascii=False)}


def choice_at(net: Net, node: Node) -> Choice | None:
    """The choice a human node asks for; None where it asks for none."""
    noted = net.extensions.get(node.id, {}).get(_CHOICE)
    if noted is None:
        return None
    kept = json.loads(noted)
    return Choice(kept["variable"], tuple(kept["labels"]), kept["several"])
