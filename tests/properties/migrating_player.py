"""A player that changes the version of its process after every move: the same diagram, drawn in another order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from engine.bpmn.migrate import migrate, plan
from engine.bpmn.net import Net
from engine.bpmn.state import state_to_bytes
from engine.bpmn.stimuli import Stimulus
from tests.properties.engine_player import EnginePlayer

_HOLDS_NODES = ("process", "subProcess", "transaction", "adHocSubProcess")


def turned(xml: str) -> str:
    """The same diagram with the nodes of every scope in the opposite order, so that no node keeps its number.

    Flows keep their order: a gateway looks at its conditions in it. So does what is offered one after the other.
    """
    root = ElementTree.fromstring(xml)
    for scope in root.iter():
        if scope.tag.rpartition("}")[2] in _HOLDS_NODES and scope.get("ordering") != "Sequential":
            nodes = [each for each in scope if each.tag.rpartition("}")[2] != "sequenceFlow" and each.get("id")]
            for each in nodes:
                scope.remove(each)
            for each in nodes:
                scope.insert(0, each)
    return ElementTree.tostring(root, encoding="unicode")


class MigratingPlayer(EnginePlayer):
    """One instance in the engine's game that is never on one version for two moves."""

    def __init__(self, net: Net, other: Net, variables: Mapping[str, Any]) -> None:
        self._other = other
        super().__init__(net, variables)

    def _step(self, stimulus: Stimulus) -> None:
        super()._step(stimulus)
        if self.state.outcome is None:
            self._change_version()

    def _change_version(self) -> None:
        there, back = plan(self.net, self._other), plan(self._other, self.net)
        moved = migrate(there, self.state, self.now)
        assert moved.effects == ()
        again = migrate(back, moved.state, self.now)
        assert state_to_bytes(again.state) == state_to_bytes(self.state), "there and back again is somewhere else"
        self._rows = {
            wait: dataclasses.replace(effect, node=there.nodes[effect.node]) for wait, effect in self._rows.items()
        }
        self._effects = tuple(
            dataclasses.replace(effect, node=there.nodes[effect.node]) if hasattr(effect, "node") else effect
            for effect in self._effects
        )
        self._state = moved.state
        self.net, self._other = self._other, self.net
