"""Gateways of the token game: which way a token goes, and when several become one.

Source: BPMN 2.0.2, 13.4.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import Rejected
from .expressions import is_true
from .net import Kind, Node
from .play import Play
from .state import B_NODE, B_SCOPE, BODY, NODE, PARENT


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


def wait_at_join(play: Play, node: Node, scope: int, flow: int) -> None:
    """A token arrives at a parallel or inclusive gateway with several ways in."""
    joins = play.state.joins
    tokens = joins.setdefault((scope, node.index), {})
    tokens[flow] = tokens.get(flow, 0) + 1
    if node.kind is Kind.PARALLEL:
        while len(joins.get((scope, node.index), ())) == len(node.incoming):
            _fire_join(play, node, scope)


def _fire_join(play: Play, node: Node, scope: int) -> None:
    """Take one token from each incoming flow that has one, and go on with one."""
    tokens = play.state.joins[(scope, node.index)]
    play.add_live(scope, 1 - len(tokens))
    left = {flow: count - 1 for flow, count in tokens.items() if count > 1}
    if left:
        play.state.joins[(scope, node.index)] = left
    else:
        del play.state.joins[(scope, node.index)]
    play.enter(node, scope)
    pass_gateway(play, node, scope)


def fire_inclusive_join(play: Play) -> bool:
    """Fire the first inclusive join that waits for no other token; False if there is none.

    It waits while some token can still reach one of its empty incoming flows, unless that token can as well reach
    one that has a token already. Source: BPMN 2.0.2, 13.4.3.
    """
    state = play.state
    for (scope, index), tokens in state.joins.items():
        masks = play.program.masks.get(index)
        if masks is None:
            continue
        node = play.net.nodes[index]
        have = sum(1 << position for position, flow in enumerate(node.incoming) if flow in tokens)
        empty = (1 << len(node.incoming)) - 1 & ~have
        if not any(masks[place] & empty and not masks[place] & have for place in _places(play, scope, index)):
            _fire_join(play, node, scope)
            return True
    return False


def _places(play: Play, scope: int, join: int) -> list[int]:
    """The nodes at which tokens of `scope` stand, but for those at the join itself."""
    state = play.state
    places = [record[1] for record in state.waits.values() if record[2] == scope and record[3] == 0]
    places += [r[NODE] for r in state.scopes.values() if r[PARENT] == scope and not r[BODY]]
    places += [body[B_NODE] for body in state.bodies.values() if body[B_SCOPE] == scope]
    places += [index for (where, index) in state.joins if where == scope and index != join]
    return places


PASSES: dict[Kind, Callable[[Play, Node, int], None]] = {
    Kind.EXCLUSIVE: _pass_exclusive,
    Kind.PARALLEL: _pass_parallel,
    Kind.INCLUSIVE: _pass_inclusive,
}
