"""What is thrown and who catches it: messages, and errors on their way outwards.

Source: BPMN 2.0.2, 10.5.6, 13.5.4 and 13.5.6.
"""

from __future__ import annotations

from .catching import enter_boundary, start_event_subprocess
from .effects import MessageSent, NodeLeft
from .net import Kind, Node
from .play import Play
from .state import BODY, INSIDE, NODE, WRAPPER


def throw_message(play: Play, node: Node, scope: int) -> None:
    """Send the message of `node`, if it has one, with what is seen from there."""
    if node.event is not None and node.event.kind == "message":
        seen = dict(play.state.seen_from(scope))
        play.effects.append(MessageSent(node.index, scope, node.event.name or "", seen))


def arrive_throw(play: Play, node: Node, scope: int) -> None:
    """A token passes an intermediate event that throws."""
    throw_message(play, node, scope)
    play.leave(node, scope)
    play.go_out(node, scope)


# -- errors ----------------------------------------------------------------------------------------------------------


def catcher(play: Play, node: Node, code: str | None) -> Node | None:
    """The boundary of `node` that catches the error `code`: the one that names it, else one that catches all."""
    caught = None
    for index in node.boundaries:
        boundary = play.net.nodes[index]
        if boundary.event is not None and boundary.event.kind == "error":
            if boundary.event.name == code:
                return boundary
            if boundary.event.name is None:
                caught = caught or boundary
    return caught


def throw_from(play: Play, scope: int, code: str | None) -> bool:
    """Throw an error inside `scope`: where it is caught, a boundary or an event sub-process goes on.

    Shape: True if it was caught, False if nobody catches it.
    """
    found = _catching(play, scope, code)
    if found is None:
        return False
    where, catching = found
    if catching.kind is Kind.START:
        start_event_subprocess(play, catching, where)
        return True
    record = play.state.scopes[where]
    around = play.state.around(where)
    play.cancel_activity(play.net.nodes[record[NODE]], around, record[BODY] or where)
    enter_boundary(play, catching, around)
    return True


def is_caught(play: Play, node: Node, scope: int, code: str | None) -> bool:
    """Whether an error thrown at `node` in `scope` is caught, there or further out."""
    return catcher(play, node, code) is not None or _catching(play, scope, code) is not None


def _catching(play: Play, scope: int, code: str | None) -> tuple[int, Node] | None:
    """The innermost scope from `scope` outwards that catches an error, and the error start or boundary that does.

    First its event sub-processes, unless the error comes out of one that interrupted them, then the borders of its
    activity.
    """
    interrupted = False
    while True:
        record = play.state.scopes[scope] if scope else None
        inside = record[INSIDE] if record else 0
        if not interrupted and inside != WRAPPER and (start := _error_start(play, inside, code)) is not None:
            return scope, start
        if record is None:
            return None
        node = play.net.nodes[record[NODE]]
        interrupted = False
        if node.kind is Kind.EVENT_SUBPROCESS:
            interrupted = _start_inside(play, node).interrupting
        elif (boundary := catcher(play, node, code)) is not None:
            return scope, boundary
        scope = play.state.around(scope)


def _error_start(play: Play, inside: int, code: str | None) -> Node | None:
    """The start of an event sub-process of a scope that catches `code`: the one that names it, else any error's."""
    starts = [_start_inside(play, play.net.nodes[i]) for i in play.net.scopes[inside].event_subprocesses]
    errors = [start for start in starts if start.event is not None and start.event.kind == "error"]
    named = [start for start in errors if start.event is not None and start.event.name == code]
    unnamed = [start for start in errors if start.event is not None and start.event.name is None]
    return next(iter(named + unnamed), None)


def _start_inside(play: Play, event_subprocess: Node) -> Node:
    return play.net.nodes[play.net.scopes[int(event_subprocess.scope_inside or 0)].starts[0]]


def throw_at(play: Play, node: Node, scope: int, wait: int, code: str | None) -> None:
    """Throw an error, known to be caught, at the activity `wait` of `node` that has just gone wrong."""
    record = play.state.scopes.get(scope)
    in_leg = record is not None and record[INSIDE] == WRAPPER and record[NODE] == node.index
    boundary = None if in_leg else catcher(play, node, code)  # the boundaries of a leg sit on its body
    if not in_leg:
        play.effects.append(NodeLeft(node.index, scope, "cancelled"))
    if boundary is None:
        throw_from(play, scope, code)
        return
    play.disarm_boundaries(node, wait)
    enter_boundary(play, boundary, scope)
