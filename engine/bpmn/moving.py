"""An operator takes a token from where it waits to another node: the one move that no flow of the diagram makes."""

from __future__ import annotations

from ..errors import Conflict, Rejected
from .net import Kind, Node
from .play import NOWHERE, Play
from .state import INSIDE, NODE, WRAPPER
from .stimuli import Move

_NO_PLACE = (Kind.BOUNDARY, Kind.START, Kind.EVENT_SUBPROCESS)


def move_token(play: Play, stimulus: Move) -> None:
    """Withdraw what waits at `stimulus.wait` and put its token on the node named, in the same scope.

    Raises: Conflict (`game.wait_gone`); Rejected (`game.move`) for a wait that is not a token of its own (a boundary, a
    start that is armed, one of several events waited for, a leg of an activity), and for a place that no token comes to
    by itself (another scope, an event that is attached, a join, which counts its flows).
    """
    record = play.state.waits.get(stimulus.wait)
    if record is None:
        raise Conflict("game.wait_gone", "Expected something that is waited for, but it is over.", wait=stimulus.wait)
    _, index, scope, host, extra = record
    node = play.net.nodes[index]
    leg = play.state.scopes.get(scope)
    if host or isinstance(extra, list) or (leg is not None and leg[INSIDE] == WRAPPER and leg[NODE] == index):
        raise _refused("a token that waits by itself", "here several things wait for one", node.id)
    target = _target(play, stimulus.node, 0 if leg is None else leg[INSIDE])
    play.disarm_boundaries(node, stimulus.wait)
    play.cancel_wait(stimulus.wait)
    play.queue.append((target.index, scope, NOWHERE))


def _target(play: Play, id_: str, inside: int) -> Node:
    target = next((node for node in play.net.nodes if node.id == id_), None)
    if target is None or target.scope != inside:
        raise _refused("a node of the same process or sub-process", "it is elsewhere", id_)
    if target.kind in _NO_PLACE or target.for_compensation or play.program.is_join[target.index]:
        raise _refused("a node that a token can wait at or pass", "none can be put on this one", id_)
    return target


def _refused(wanted: str, found: str, element: str) -> Rejected:
    return Rejected("game.move", f"Expected {wanted}, but {found}.", element=element, node=element)
