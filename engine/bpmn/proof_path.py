"""A way through the drawing as frames, where a rule is about what is drawn and not about what happens."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bpmn.frames import Frame
from engine.bpmn.net import Net
from engine.bpmn.proof_model import NOW


def frames_of_path(net: Net, way: Sequence[int]) -> tuple[Frame, ...]:
    """One frame for each node of the way, with the flow that leads to it."""
    frames = []
    for number, index in enumerate(way):
        node = net.nodes[index]
        taken = [net.flows[flow].id for flow in node.incoming if number and net.flows[flow].source == way[number - 1]]
        frames.append(
            {
                "process": net.id, "cause": "path", "element": node.id, "answers": {}, "at": NOW.isoformat(),
                "entered": [node.id], "left": [net.nodes[way[number - 1]].id] if number else [], "cancelled": [],
                "flows": taken[:1], "waits": [],
            }
        )  # fmt: skip
    return tuple(frames)
