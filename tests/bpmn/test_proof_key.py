"""What the proof keeps of a state: the data that something which is still to come reads."""

from __future__ import annotations

import pytest

from engine.bpmn.joins import round_of
from engine.bpmn.proof_key import cleaned
from engine.bpmn.proof_model import Model
from engine.bpmn.state import State
from tests.bpmn.changed import with_nodes
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def test_running_round_of_a_complex_gateway_keeps_what_is_read_behind_it():
    """A round stands for its gateway, not for the node at the other end of the list."""
    diagram = Diagram().start().user("ask").parallel("p").complex("c").exclusive("x").user("yes", "no").end("e", "f")
    diagram.flow("start > ask > p > c > x", "p > c", "x ?pick == 'yes'? yes > e", "x ?*? no > f")
    net = with_nodes(diagram.net(), ask={"form": "f"})
    model = Model(net, {"f": {"properties": {"pick": {"enum": ["yes", "no"]}}, "required": ["pick"]}})
    gateway = net.node("c").index
    assert ("pick" in model.live[gateway], "pick" in model.live[round_of(gateway)]) == (True, False)
    state = State()
    state.variables = {"pick": "yes"}
    state.joins = {(0, round_of(gateway)): {}}
    assert cleaned(state, model).variables == {"pick": "yes"}
