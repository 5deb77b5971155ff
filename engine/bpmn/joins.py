"""Joins of the token game: parallel, inclusive and complex gateways with several ways in.

What a join holds is `state.joins`: tokens by flow under (scope, node). What a complex gateway has let through in the
round that is not over yet is kept beside it, under (scope, `round_of` its node): a 0 for each flow that delivered.
Source: BPMN 2.0.2, 13.4.1, 13.4.3 and 13.4.5.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .expressions import is_true
from .gateways import pass_gateway
from .net import Kind, Node
from .play import NOWHERE, Play
from .state import B_NODE, B_SCOPE, BODY, INSIDE, NODE, PARENT, UNDOING

_PARALLEL, _COMPLEX = Kind.PARALLEL, Kind.COMPLEX


def round_of(index: int) -> int:
    """The number under which `state.joins` keeps the running round of a complex gateway, and back."""
    return -1 - index


def wait_at_join(play: Play, node: Node, scope: int, flow: int) -> None:
    """A token arrives at a gateway with several ways in."""
    joins = play.state.joins
    if node.kind is _COMPLEX and _is_absorbed(play, node, scope, flow):
        return
    tokens = joins.setdefault((scope, node.index), {})
    tokens[flow] = tokens.get(flow, 0) + 1
    if node.kind is _PARALLEL:
        while len(joins.get((scope, node.index), ())) == len(node.incoming):
            _fire(play, node, scope)


def _is_absorbed(play: Play, node: Node, scope: int, flow: int) -> bool:
    """Whether a token belongs to a round in which the complex gateway has gone on already."""
    key = (scope, round_of(node.index))
    delivered = play.state.joins.get(key)
    if delivered is None or flow in delivered:
        return False
    delivered[flow] = 0
    if len(delivered) == len(node.incoming):
        del play.state.joins[key]
    play.queue.append((NOWHERE, scope, NOWHERE))
    return True


def _fire(play: Play, node: Node, scope: int) -> None:
    """Take one token from each incoming flow that has one, and go on with one."""
    tokens = play.state.joins[(scope, node.index)]
    play.add_live(scope, 1 - len(tokens))
    left = {flow: count - 1 for flow, count in tokens.items() if count > 1}
    if left:
        play.state.joins[(scope, node.index)] = left
    else:
        del play.state.joins[(scope, node.index)]
    if node.kind is _COMPLEX and len(tokens) < len(node.incoming):
        play.state.joins[(scope, round_of(node.index))] = dict.fromkeys(tokens, 0)
    play.enter(node, scope)
    pass_gateway(play, node, scope)


def settle_joins(play: Play) -> bool:
    """Let the first join go on that can, now that everything is at rest; False if there is none.

    An inclusive join waits while some token can still reach one of its empty incoming flows, unless that token can as
    well reach one that has a token already; a complex one ends its round by the same rule.
    """
    for (scope, index), tokens in play.state.joins.items():
        if index < 0:
            if not _may_come(play, play.net.nodes[round_of(index)], scope, tokens):
                del play.state.joins[(scope, index)]
                return True
            continue
        node = play.net.nodes[index]
        if node.kind is _COMPLEX:
            if (scope, round_of(index)) not in play.state.joins and _is_activated(play, node, scope, tokens):
                return True
        elif index in play.program.masks and not _may_come(play, node, scope, tokens):
            _fire(play, node, scope)
            return True
    return False


def _is_activated(play: Play, node: Node, scope: int, tokens: dict[int, int]) -> bool:
    """Whether the tokens of a complex gateway were enough, so that it went on, or could not be decided on."""
    if node.activation is None:
        if len(tokens) < len(node.incoming):
            return False
    else:
        seen = {**play.state.seen_from(scope), "activationCount": len(tokens)}
        try:
            if not is_true(play.program.expression(node.activation), seen, play.now):
                return False
        except Rejected as error:
            del play.state.joins[(scope, node.index)]
            play.add_live(scope, 1 - sum(tokens.values()))
            play.fail(node, scope, [[flow, count] for flow, count in tokens.items()], error)
            return True
    _fire(play, node, scope)
    return True


def gather_again(play: Play, node: Node, scope: int, kept: list[list[int]]) -> None:
    """Put the tokens of a complex gateway that could not be decided on back to where they waited."""
    tokens = play.state.joins.setdefault((scope, node.index), {})
    for flow, count in kept:
        tokens[flow] = tokens.get(flow, 0) + count
    play.add_live(scope, sum(count for _, count in kept) - 1)


def _may_come(play: Play, node: Node, scope: int, tokens: dict[int, int]) -> bool:
    """Whether a token of the scope can reach a flow that has none, and could not as well reach one that has."""
    masks = play.program.masks[node.index]
    have = sum(1 << position for position, flow in enumerate(node.incoming) if flow in tokens)
    empty = (1 << len(node.incoming)) - 1 & ~have
    return any(masks[place] & empty and not masks[place] & have for place in _places(play, scope, node.index))


def _place(play: Play, record: list[Any]) -> int | None:
    """The node at which the token of a scope stands; None for what is undone beside a token that has gone on."""
    node: int = record[NODE]
    if record[INSIDE] != UNDOING or play.program.waits_undone[node]:
        return node
    return play.program.left_by.get(node)


def _places(play: Play, scope: int, join: int) -> list[int]:
    """The nodes at which tokens of `scope` stand, but for those at the join itself."""
    state = play.state
    places = [record[1] for record in state.waits.values() if record[2] == scope and record[3] == 0]
    scopes = [r for r in state.scopes.values() if r[PARENT] == scope and not r[BODY]]
    places += [place for r in scopes if (place := _place(play, r)) is not None]
    places += [body[B_NODE] for body in state.bodies.values() if body[B_SCOPE] == scope]
    for gate, (index, where, _) in state.gates.items():
        if where == scope and play.net.nodes[index].parallel:  # each event behind it has its own token
            places += [record[1] for record in state.waits.values() if record[3] == gate]
        elif where == scope:
            places.append(index)
    places += [index for (where, index) in state.joins if where == scope and 0 <= index != join]
    return places
