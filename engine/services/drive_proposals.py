"""The data of a dry run: what nobody gave is proposed, and proposed anew at every return and after a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from engine.bpmn.net import Net, Node
from engine.bpmn.proposed_values import ProposedValues

MOST_TRIES = 24  # of one failing step, each with other values


class Proposals:
    """Proposals for one instance; `given` are the names whose values a person gave, which are never proposed."""

    def __init__(self, net: Net, given: Collection[str]) -> None:
        self._proposed = ProposedValues(net)
        self._given = frozenset(given)
        self._tries: dict[int, Iterator[dict[str, Any]]] = {}

    def values(self, visit: int = 0) -> dict[str, Any]:
        """Values for all names that are read: those of the start, or of the nth return to one node."""
        return self._without_given(self._proposed.values(visit))

    def others(self, node: Node) -> dict[str, Any] | None:
        """The next values with which to try a failing step at `node`; None where all were tried."""
        if node.index not in self._tries:
            self._tries[node.index] = self._proposed.tries(node, MOST_TRIES)
        for values in self._tries[node.index]:
            if proposed := self._without_given(values):
                return proposed
        return None

    def _without_given(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in self._given}
