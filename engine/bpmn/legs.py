"""Legs of multi-instance activities and rounds of standard loops: how they are opened, and how they come to their end.

Both run in a scope of their own under a body, on which the boundaries of the activity sit. A leg has a layer of
variables; a round has none, it writes where the activity stands. Source: BPMN 2.0.2, 13.3.6 and 13.3.7.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .adhoc import go_on
from .compensating import remember, settle_body
from .expressions import is_true
from .mapping import written
from .net import Node, StandardLoop
from .play import NEXT_LEG, NOWHERE, Play
from .state import (
    B_ACTIVE,
    B_COMPLETED,
    B_NODE,
    B_OUTPUTS,
    B_SCOPE,
    B_STARTED,
    B_TOTAL,
    BODY,
    LAYER,
    LEG,
    NODE,
    WRAPPER,
    counts,
)


def collection(node: Node, value: Any) -> list[Any]:
    """The list that legs are made of. Raises: Rejected for anything else."""
    if not isinstance(value, list):
        raise Rejected(
            "multi.collection",
            f"Expected a list to make legs of, but got {'nothing' if value is None else type(value).__name__}.",
            element=node.id,
        )
    return value


def cardinality(node: Node, value: Any) -> int:
    """The number of legs. Raises: Rejected for anything but a whole number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected("multi.cardinality", f"Expected a whole number of legs, but got {value!r}.", element=node.id)
    return value


def open_leg(play: Play, body: int, element: Any) -> int:
    """Enter the next leg of a body, with the layer of its variables, or the next round; its scope."""
    record = play.state.bodies[body]
    node = play.net.nodes[record[B_NODE]]
    record[B_STARTED] += 1
    record[B_ACTIVE] += 1
    layer, leg = None, 0
    if node.multi is not None:
        leg = record[B_STARTED]
        layer = {"loopCounter": leg}
        if node.multi.element:
            layer[node.multi.element] = element
    scope = play.new_id()
    inside = WRAPPER if node.scope_inside is None else node.scope_inside
    play.state.scopes[scope] = [node.index, record[B_SCOPE], inside, body, layer, 0, leg]
    play.enter(node, scope)
    if inside == WRAPPER:
        play.add_live(scope, 1)
    return scope


def end_leg(play: Play, scope: int) -> None:
    """One leg is done: hand its variables out, fill its place in the output, and see whether the activity is done."""
    state = play.state
    leg = state.scopes[scope]
    body_id = leg[BODY]
    body = state.bodies[body_id]
    node = play.net.nodes[leg[NODE]]
    multi = node.multi
    if multi is None:
        _end_round(play, scope, node)
        return
    outer = body[B_SCOPE]
    try:
        values = _left_behind(play, scope, node)
        done = _is_complete(play, body, outer, values, node)
    except Rejected as error:
        play.fail(node, scope, "leg", error)
        return
    result = leg[LAYER].get(multi.output_element)  # its own: what another leg left outside is no result of this one
    body[B_ACTIVE] -= 1
    body[B_COMPLETED] += 1
    play.write(outer, values)
    if body[B_OUTPUTS] is not None:
        body[B_OUTPUTS][leg[LEG] - 1] = result
    if play.program.compensable[node.index]:
        remember(play, node, body_id, scope)
    del state.scopes[scope]
    play.leave(node, scope)
    if not done and body[B_STARTED] < body[B_TOTAL]:
        if multi.sequential:
            play.queue.insert(0, (NEXT_LEG, body_id, NOWHERE))
    elif done or not body[B_ACTIVE]:
        _end_body(play, body_id, node)


def _left_behind(play: Play, scope: int, node: Node) -> dict[str, Any]:
    """What a leg writes around it: its outputs where the leg is a sub-process that has some, else its own layer."""
    outputs = written(play, node, scope, {}) if node.scope_inside is not None and node.outputs else {}
    if outputs and not node.keeps_result:
        return dict(outputs)
    kept: tuple[str | None, ...] = ("loopCounter", node.multi.element if node.multi is not None else None)
    if node.scope_inside is not None and node.inputs:
        kept += tuple(target for _, target in node.inputs)
    own = {name: value for name, value in play.state.scopes[scope][LAYER].items() if name not in kept}
    return {**own, **outputs} if outputs else own


def goes_on(play: Play, loop: StandardLoop, scope: int, done: int) -> bool:
    """Whether a loop goes on after so many rounds. Raises: Rejected for a condition that cannot be decided."""
    if loop.most is not None and done >= loop.most:
        return False
    if loop.condition is None:
        return True
    seen = {**play.state.seen_from(scope), "loopCounter": done}
    return is_true(play.program.expression(loop.condition), seen, play.now)


def _end_round(play: Play, scope: int, node: Node) -> None:
    """One round of a standard loop is done: there is another one, or the activity is done."""
    body_id = play.state.scopes[scope][BODY]
    body = play.state.bodies[body_id]
    assert node.repeat is not None
    try:
        values = written(play, node, scope, {}) if node.scope_inside is not None and node.outputs else {}
        again = goes_on(play, node.repeat, scope, body[B_STARTED])
    except Rejected as error:
        play.fail(node, scope, "leg", error)
        return
    body[B_ACTIVE] -= 1
    body[B_COMPLETED] += 1
    if play.program.compensable[node.index]:
        remember(play, node, body_id, scope)
    del play.state.scopes[scope]
    play.write(body[B_SCOPE], values)
    play.leave(node, scope)
    if again:
        play.queue.insert(0, (NEXT_LEG, body_id, NOWHERE))
    else:
        _end_body(play, body_id, node)


def _is_complete(play: Play, body: list[Any], outer: int, values: dict[str, Any], node: Node) -> bool:
    """Whether the completion condition holds once a leg that leaves `values` behind has ended."""
    assert node.multi is not None
    if node.multi.completion is None:
        return False
    after = [*body]
    after[B_ACTIVE] -= 1
    after[B_COMPLETED] += 1
    seen = {**play.state.seen_from(outer), **values, **counts(after)}
    return is_true(play.program.expression(node.multi.completion), seen, play.now)


def _end_body(play: Play, body_id: int, node: Node) -> None:
    state = play.state
    for scope in [s for s, record in state.scopes.items() if record[BODY] == body_id]:
        play.cancel_scope(scope)
    body = state.bodies.pop(body_id)
    if node.multi is not None and node.multi.output_collection:
        play.write(body[B_SCOPE], {node.multi.output_collection: body[B_OUTPUTS]})
    play.disarm_boundaries(node, body_id)
    if state.done:
        settle_body(play, body_id, body[B_SCOPE])
    go_on(play, node, body[B_SCOPE])
