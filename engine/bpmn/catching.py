"""What waits for events: how catch events, boundaries and starts of event sub-processes are armed, and what follows.

Source: BPMN 2.0.2, 13.5.3 (boundary events) and 13.5.4 (event sub-processes).
"""

from __future__ import annotations

from typing import Any

from .effects import SubscriptionOpened
from .net import Kind, Node
from .play import NOWHERE, Play
from .state import ARMED_FOR_SCOPE, MESSAGE
from .timers import due, wait_for_timer


def wait_for_message(play: Play, node: Node, scope: int, host: int, wait: int = 0) -> None:
    """Subscribe to the message of `node`."""
    assert node.event is not None
    wait = wait or play.new_id()
    play.state.waits[wait] = (MESSAGE, node.index, scope, host, None)
    play.effects.append(SubscriptionOpened(wait, node.index, scope, node.event.name or ""))


def arrive_catch(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an intermediate event and waits there."""
    assert node.event is not None
    if node.event.kind == "timer":
        wait_for_timer(play, node, scope, 0, due(play, node, scope))
    else:
        wait_for_message(play, node, scope, 0)


# -- boundaries ------------------------------------------------------------------------------------------------------


def boundary_dues(play: Play, node: Node, scope: int) -> dict[int, Any]:
    """When the boundary timers of `node` would be due, so that a bad text fails before anything is armed."""
    timed = play.program.timed[node.index]
    return {i: due(play, play.net.nodes[i], scope) for i in timed} if timed else {}


def arm_boundaries(play: Play, node: Node, scope: int, host: int, dues: dict[int, Any]) -> None:
    """Arm the timer and message boundaries of an activity; error boundaries need no wait."""
    for index in node.boundaries:
        boundary = play.net.nodes[index]
        if index in dues:
            wait_for_timer(play, boundary, scope, host, dues[index])
        elif boundary.event is not None and boundary.event.kind == "message":
            wait_for_message(play, boundary, scope, host)


def enter_boundary(play: Play, boundary: Node, scope: int) -> None:
    """A boundary event happened: a token goes on from it."""
    play.enter(boundary, scope)
    play.leave(boundary, scope)
    play.go_out(boundary, scope)


# -- starts of event sub-processes -----------------------------------------------------------------------------------


def trigger_dues(play: Play, scope: int, inside: int) -> dict[int, Any]:
    """The armed starts of the event sub-processes in a scope: when the timers are due, None for messages.

    An error start waits for nothing: the error finds it when it is thrown.
    """
    nodes, scopes = play.net.nodes, play.net.scopes
    dues = {}
    for index in scopes[inside].event_subprocesses:
        start = nodes[scopes[int(nodes[index].scope_inside or 0)].starts[0]]
        kind = start.event.kind if start.event is not None else "none"
        if kind == "error":
            continue
        timed = kind == "timer"
        dues[start.index] = due(play, start, scope) if timed else None
    return dues


def arm_starts(play: Play, scope: int, dues: dict[int, Any]) -> None:
    """Arm the event sub-processes of a new scope; `dues` says when their timers are due."""
    for index, due_at in dues.items():
        start = play.net.nodes[index]
        if due_at is None:
            wait_for_message(play, start, scope, ARMED_FOR_SCOPE)
        else:
            wait_for_timer(play, start, scope, ARMED_FOR_SCOPE, due_at)


def start_event_subprocess(play: Play, start: Node, scope: int) -> None:
    """The trigger of an event sub-process of `scope` happened (a non-interrupting one adds to what runs there)."""
    index = play.net.scopes[start.scope].node
    assert index is not None
    if start.interrupting:
        play.cancel_inside(scope)
        play.add_live(scope, 1 - play.add_live(scope, 0))
    else:
        play.add_live(scope, 1)
    play.queue.append((index, scope, NOWHERE))


# -- what happened ---------------------------------------------------------------------------------------------------


def caught(play: Play, node: Node, scope: int, host: int) -> None:
    """The event of `node` happened: a catch goes on, a boundary or event sub-process starts."""
    if node.kind is Kind.CATCH:
        play.leave(node, scope)
        play.go_out(node, scope)
    elif node.kind is Kind.START:
        start_event_subprocess(play, node, scope)
    else:
        if node.interrupting:
            assert node.attached_to is not None
            play.cancel_activity(play.net.nodes[node.attached_to], scope, host)
        else:
            play.add_live(scope, 1)
        enter_boundary(play, node, scope)
