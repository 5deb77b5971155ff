"""What a token that arrives at a node makes it do, by the kind of the node.

Source: BPMN 2.0.2 clause 13 (activities 13.3, gateways 13.4, events 13.5).
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import Rejected
from .catching import arrive_catch, arrive_event_gateway
from .ends import arrive_end, arrive_plain_end, end_around, end_scope_if_empty
from .gateways import PASSES
from .joins import wait_at_join
from .net import HUMAN, Kind, Node
from .nodes import arrive_activity, begin_next_leg, open_item
from .play import LAST_PART, NEXT_LEG, Play
from .scopes import open_scope
from .throwing import arrive_throw


def arrive(play: Play, index: int, scope: int, flow: int) -> None:
    """A token arrives at a node. What cannot be carried out becomes a step failure at that node."""
    if index < 0:
        _arrive_at_no_node(play, index, scope)
        return
    node = play.net.nodes[index]
    program = play.program
    if program.is_join[index]:
        wait_at_join(play, node, scope, flow)
        return
    if not scope and not program.brings_scope[index]:
        play.effects.append(program.entered[index])
    elif not program.brings_scope[index]:
        play.enter(node, scope)
    try:
        program.arrivals[index](play, node, scope)
    except Rejected as error:
        play.fail(node, scope, "enter", error)


def _arrive_at_no_node(play: Play, index: int, scope: int) -> None:
    if index == NEXT_LEG:
        begin_next_leg(play, scope)
        return
    if index <= LAST_PART:
        end_around(play, play.net.nodes[LAST_PART - index], scope)
        return
    play.add_live(scope, -1)
    end_scope_if_empty(play, scope)


def begin(play: Play, node: Node, scope: int) -> None:
    """Do again what the kind of `node` does with a token; what cannot be done becomes a step failure once more."""
    try:
        play.program.arrivals[node.index](play, node, scope)
    except Rejected as error:
        play.fail(node, scope, "enter", error)


def _arrive_start(play: Play, node: Node, scope: int) -> None:
    play.leave(node, scope)
    play.go_out(node, scope)


def _arrive_subprocess(play: Play, node: Node, scope: int) -> None:
    open_scope(play, node, scope)


def _arrive_unreachable(play: Play, node: Node, scope: int) -> None:
    """No flow leads to a boundary event; the reader sees to that."""
    raise AssertionError(node.id)


_ARRIVALS: dict[Kind, Callable[[Play, Node, int], None]] = {
    Kind.START: _arrive_start,
    Kind.END: arrive_end,
    Kind.CATCH: arrive_catch,
    Kind.THROW: arrive_throw,
    Kind.USER: arrive_activity,
    Kind.MANUAL: arrive_activity,
    Kind.RECEIVE: arrive_activity,
    Kind.SEND: arrive_activity,
    Kind.SERVICE: arrive_activity,
    Kind.RULE: arrive_activity,
    Kind.SCRIPT: arrive_activity,
    Kind.SUBPROCESS: arrive_activity,
    Kind.EVENT_SUBPROCESS: _arrive_subprocess,
    Kind.CALL: arrive_activity,
    Kind.EVENT_BASED: arrive_event_gateway,
    **PASSES,
}


def arrival_of(node: Node) -> Callable[[Play, Node, int], None]:
    """What a token that arrives at `node` makes it do."""
    if node.kind in HUMAN and node.multi is None and node.repeat is None and not (node.boundaries or node.inputs):
        return open_item
    if node.kind is Kind.END and (node.event is None or node.event.kind == "none"):
        return arrive_plain_end
    return _ARRIVALS.get(node.kind, _arrive_unreachable)
