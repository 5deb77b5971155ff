"""What a page needs to play a dry run: one frame for each step, with the tokens that moved and what is waited for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from engine.bpmn.effects import Effect, NodeEntered, NodeLeft
from engine.bpmn.net import Net
from engine.bpmn.state import State
from engine.bpmn.stimuli import Complete, Start, Stimulus

Frame = Mapping[str, Any]


def frame_of(
    net: Net, before: State | None, stimulus: Stimulus, effects: Iterable[Effect], after: State, now: datetime
) -> Frame:
    """One step of one process.

    Shape: `cause` is the stimulus in words (start, complete, timer_fired, message_arrived, …), `element` the node it
    reached, `answers` what was filled in; `entered`, `left` and `cancelled` are node ids in their order, `flows` the
    sequence flows that tokens went along, `waits` the nodes that wait after it; all ids are those of the file.
    """
    moved = [effect for effect in effects if isinstance(effect, NodeEntered | NodeLeft)]
    left = [effect for effect in moved if isinstance(effect, NodeLeft)]
    return {
        "process": net.id,
        "cause": re.sub(r"(?<=[a-z])([A-Z])", r"_\1", type(stimulus).__name__).lower(),
        "element": _element(net, before, stimulus),
        "answers": dict(stimulus.answers) if isinstance(stimulus, Complete) else {},
        "at": now.isoformat(),
        "entered": [net.nodes[effect.node].id for effect in moved if isinstance(effect, NodeEntered)],
        "left": [net.nodes[effect.node].id for effect in left if effect.how == "done"],
        "cancelled": [net.nodes[effect.node].id for effect in left if effect.how == "cancelled"],
        "flows": [net.flows[flow].id for flow in _flows(net, moved)],
        "waits": [net.nodes[record[1]].id for record in after.waits.values()],
    }


def _element(net: Net, before: State | None, stimulus: Stimulus) -> str | None:
    if isinstance(stimulus, Start):
        return stimulus.node or next((start.id for start in net.beginnings()), None)
    record = None if before is None else before.waits.get(getattr(stimulus, "wait", -1))
    return None if record is None else net.nodes[record[1]].id


def _flows(net: Net, moved: Iterable[NodeEntered | NodeLeft]) -> Iterator[int]:
    """The flows between what was left and what was entered after it, each departure used once for each flow."""
    ways: list[int] = []
    for effect in moved:
        node = net.nodes[effect.node]
        if isinstance(effect, NodeLeft):
            ways += node.outgoing if effect.how == "done" else ()
            continue
        taken = next((way for way in reversed(ways) if net.flows[way].target == node.index), None)
        if taken is not None:
            ways.remove(taken)
            yield taken
