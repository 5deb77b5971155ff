"""Gateways of the token game: which way a token goes. When several become one is in `joins.py`.

Source: BPMN 2.0.2, 13.4.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import Rejected
from .expressions import is_true
from .net import Kind, Node
from .play import Play


def pass_gateway(play: Play, node: Node, scope: int) -> None:
    """A token goes on from a gateway; a decision that cannot be made becomes a step failure."""
    try:
        PASSES[node.kind](play, node, scope)
    except Rejected as error:
        play.fail(node, scope, "pass", error)


def _holds(play: Play, flow: int, scope: int) -> bool:
    condition = play.program.conditions[flow]
    if condition is None:
        return True
    seen = play.state.seen_from(scope) if scope else play.state.variables
    return is_true(condition, seen, play.now)


def _no_way(node: Node) -> Rejected:
    return Rejected(
        "game.no_way",
        "Expected a condition that holds or a default flow, but none of the ways out of the gateway is open. "
        "Correct the variables, or draw a default flow.",
        element=node.id,
    )


def _pass_exclusive(play: Play, node: Node, scope: int) -> None:
    if not node.outgoing:
        _pass_parallel(play, node, scope)
        return
    for flow in node.outgoing:
        if flow != node.default and _holds(play, flow, scope):
            break
    else:
        if node.default is None:
            raise _no_way(node)
        flow = node.default
    play.leave(node, scope)
    play.go_along(flow, scope)


def _pass_parallel(play: Play, node: Node, scope: int) -> None:
    play.leave(node, scope)
    play.go_out(node, scope)


def _pass_inclusive(play: Play, node: Node, scope: int) -> None:
    if not node.outgoing:
        _pass_parallel(play, node, scope)
        return
    chosen = [f for f in node.outgoing if f != node.default and _holds(play, f, scope)]
    if not chosen:
        if node.default is None:
            raise _no_way(node)
        chosen = [node.default]
    play.leave(node, scope)
    play.add_live(scope, len(chosen) - 1)
    for flow in chosen:
        play.go_along(flow, scope)


PASSES: dict[Kind, Callable[[Play, Node, int], None]] = {
    Kind.EXCLUSIVE: _pass_exclusive,
    Kind.PARALLEL: _pass_parallel,
    Kind.INCLUSIVE: _pass_inclusive,
    Kind.COMPLEX: _pass_inclusive,
}
