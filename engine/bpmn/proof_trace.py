"""Counter-examples: the shortest explored course to a marking, played once more so that a page can show each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.arrivals import arrival_of
from engine.bpmn.frames import Frame, frame_of
from engine.bpmn.game import advance
from engine.bpmn.program import played_by
from engine.bpmn.proof_conditions import UNKNOWN, Oracle
from engine.bpmn.proof_model import NOW, OracleProgram
from engine.bpmn.proof_space import Edge, Refusal, Space
from engine.bpmn.proof_stimuli import Happening
from engine.bpmn.state import State
from engine.bpmn.stimuli import Complete, Start


def course_to(space: Space, target: int) -> tuple[Frame, ...]:
    """The frames of a shortest explored course that ends in this marking."""
    came: dict[int, tuple[int, Edge]] = {}
    queue = []
    for root in space.roots:
        if root.target not in came:
            came[root.target] = (-1, root)
            queue.append(root.target)
    for at in queue:
        if at == target:
            break
        for edge in space.edges[at]:
            if edge.target not in came:
                came[edge.target] = (at, edge)
                queue.append(edge.target)
    way: list[tuple[int, Edge]] = []
    at = target
    while at >= 0 and at in came:
        way.append(came[at])
        at = came[at][0]
    return _played(space, way[::-1])


def course_to_refusal(space: Space, refusal: Refusal) -> tuple[Frame, ...]:
    """The frames of a course to the marking where a step is refused, and the refused step as the last one."""
    before = course_to(space, refusal.source) if refusal.source >= 0 else ()
    waits = before[-1]["waits"] if before else []
    happening = refusal.happening
    return (*before, {**_blank(space, happening), "waits": waits, "refused": refusal.error.code})


def _played(space: Space, way: list[tuple[int, Edge]]) -> tuple[Frame, ...]:
    oracle, net, frames = Oracle(), space.model.net, []
    with played_by(OracleProgram(space.model, arrival_of, oracle)):
        for source, edge in way:
            if edge.happening.moved:
                frames.append(_moved(space, edge.target))
                continue
            before: State | None = space.states[source][0] if source >= 0 else None
            oracle.begin(edge.tape)
            stimulus = edge.happening.stimulus
            step = advance(net, before, stimulus, NOW)
            frame = dict(frame_of(net, before, stimulus, step.effects, step.state, NOW))
            frame["answers"] = _told(frame["answers"])
            if edge.happening.end is not None:
                frame["ended"] = edge.happening.end[2] or edge.happening.end[0]
            frames.append(frame)
    return tuple(frames)


def _moved(space: Space, at: int) -> dict[str, Any]:
    """The frame of an instance that is moved to this marking: nothing happens, and all that waits is told."""
    frame = dict(frame_of(space.model.net, None, Start(), (), space.states[at][0], NOW))
    return {**frame, "cause": "moved", "element": frame["waits"][0] if frame["waits"] else None}


def _blank(space: Space, happening: Happening) -> dict[str, Any]:
    net, stimulus = space.model.net, happening.stimulus
    frame = dict(frame_of(net, None, stimulus, (), State(), NOW))
    frame["element"] = frame["element"] if isinstance(stimulus, Start) else happening.node.id
    frame["answers"] = _told(stimulus.answers) if isinstance(stimulus, Complete) else {}
    return frame


def _told(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if value != UNKNOWN}
