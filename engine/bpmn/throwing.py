"""What is thrown and who catches it: messages, broadcasts, and errors and escalations on their way outwards.

Source: BPMN 2.0.2, 10.5.6, 13.5.4 and 13.5.6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from .catching import broadcast_name, enter_boundary, happen, key_of, start_event_subprocess, start_inside
from .compensating import compensate
from .effects import BroadcastSent, EscalationSent, MessageSent, NodeLeft
from .mapping import inputs_of, sees
from .net import Event, Kind, Node
from .play import NOWHERE, Play
from .state import BODY, BROADCAST, INSIDE, NODE, WRAPPER

Travelling = Literal["error", "escalation"]
"""The kinds that go outwards, scope by scope, until something catches them."""
Catcher = tuple[Node, Event]
"""A start or boundary event, and the part of it that catches."""


Token = tuple[int, int, int]


def send_message(play: Play, node: Node, scope: int) -> None:
    """Send the message of a send node, with what is seen from there."""
    for event in play.program.parts[node.index]:
        key, seen = key_of(play, event, scope), sees(play, scope, inputs_of(play, node, scope))
        play.effects.append(MessageSent(node.index, scope, event.name or "", seen, key))


def arrive_throw(play: Play, node: Node, scope: int) -> None:
    """A token passes an intermediate event that throws."""
    if play.program.parts[node.index][0].kind == "none":
        play.leave(node, scope)
        play.go_out(node, scope)
    elif play.program.undoes[node.index]:
        token = throw(play, node, scope, lambda: play.queue.append((NOWHERE, scope, NOWHERE)), stays=True)
        if token is not None:
            play.queue.remove(token)
            compensate(play, node, scope)
    else:
        throw(play, node, scope, lambda: play.go_out(node, scope))


def throw(play: Play, node: Node, scope: int, go_on: Callable[[], None], *, stays: bool = False) -> Token | None:
    """Throw all that the event of `node` throws, in order, once `go_on` has sent its token on its way.

    So what catches it in the same instance can cancel that token; where it `stays`, it has not left the event yet.
    Shape: the token, None if it was cancelled.
    """
    parts = play.program.parts[node.index]
    keys = [key_of(play, event, scope) for event in parts]  # a key that is none keeps the token here
    seen = sees(play, scope, inputs_of(play, node, scope))
    if not stays:
        play.leave(node, scope)
    before = len(play.queue)
    go_on()
    token = play.queue[before]
    for event, key in zip(parts, keys, strict=True):
        if event.kind == "message":
            play.effects.append(MessageSent(node.index, scope, event.name or "", seen, key))
        elif event.kind == "signal":
            play.effects.append(BroadcastSent(node.index, scope, event.name or "", seen))
            _broadcast(play, event.name)
        elif event.kind == "escalation" and _is_there(play, token):
            escalate(play, node, scope, event.name)
    if _is_there(play, token):
        return token
    if stays:
        play.effects.append(NodeLeft(node.index, scope, "cancelled"))
    return None


def _is_there(play: Play, token: Token) -> bool:
    return any(each is token for each in play.queue)


def _broadcast(play: Play, name: str | None) -> None:
    """Reach everyone in the instance who waited for the broadcast before it was sent, in the order they began to."""
    for wait in _reached(play, name):
        if wait in play.state.waits:  # an earlier one may have interrupted it
            happen(play, wait, inside=True)


def _reached(play: Play, name: str | None) -> list[int]:
    waits = play.state.waits.items()
    return [wait for wait, record in waits if record[0] == BROADCAST and broadcast_name(play.net, record) == name]


# -- errors and escalations ------------------------------------------------------------------------------------------


def throw_from(play: Play, scope: int, code: str | None, text: str = "") -> bool:
    """Throw an error inside `scope`: where it is caught, a boundary or an event sub-process goes on.

    Shape: True if it was caught, False if nobody catches it.
    """
    found = _catching(play, "error", scope, code)
    if found is not None:
        _go_on(play, *found, code, text)
    return found is not None


def is_caught(play: Play, node: Node, scope: int, code: str | None) -> bool:
    """Whether an error thrown at `node` in `scope` is caught, there or further out."""
    return _at_border(play, "error", node, code) is not None or _catching(play, "error", scope, code) is not None


def throw_at(play: Play, node: Node, scope: int, wait: int, code: str | None, text: str = "") -> None:
    """Throw an error, known to be caught, at the activity `wait` of `node` that has just gone wrong."""
    in_leg = _is_leg_of(play, node, scope)
    boundary = None if in_leg else _at_border(play, "error", node, code)  # the boundaries of a leg sit on its body
    if not in_leg:
        play.effects.append(NodeLeft(node.index, scope, "cancelled"))
    if boundary is None:
        throw_from(play, scope, code, text)
    else:
        _tell(play, boundary, scope, code, text)
        enter_boundary(play, boundary[0], scope, wait)


def escalate(play: Play, node: Node, scope: int, code: str | None) -> None:
    """An escalation leaves `node` in `scope`: what catches it goes on; what escalated goes on unless interrupted.

    Where nothing in the instance catches it, the caller may.
    """
    found = _catching(play, "escalation", scope, code)
    if found is None:
        play.effects.append(EscalationSent(node.index, scope, code))
    else:
        _go_on(play, *found, code)


def escalate_at(play: Play, node: Node, scope: int, wait: int, code: str | None) -> None:
    """The activity `wait` of `node` is escalated, by its person or by the process it calls."""
    boundary = None if _is_leg_of(play, node, scope) else _at_border(play, "escalation", node, code)
    if boundary is None:
        escalate(play, node, scope, code)
    else:
        _tell(play, boundary, scope, code)
        enter_boundary(play, boundary[0], scope, wait)


def _is_leg_of(play: Play, node: Node, scope: int) -> bool:
    record = play.state.scopes.get(scope)
    return record is not None and record[INSIDE] == WRAPPER and record[NODE] == node.index


def _go_on(play: Play, where: int, catcher: Catcher, code: str | None, text: str = "") -> None:
    """What catches at the scope `where`, a start inside it or a boundary of its activity, goes on."""
    if catcher[0].kind is Kind.START:
        _tell(play, catcher, where, code, text)
        start_event_subprocess(play, catcher[0], where)
    else:
        around = play.state.around(where)
        _tell(play, catcher, around, code, text)
        enter_boundary(play, catcher[0], around, play.state.scopes[where][BODY] or where)


def _tell(play: Play, catcher: Catcher, scope: int, code: str | None, text: str = "") -> None:
    """Write the code and the text into the variables that what catches names for them."""
    event = catcher[1]
    if event.code_variable:
        play.write(scope, {event.code_variable: code})
    if event.text_variable:
        play.write(scope, {event.text_variable: text})


def _catching(play: Play, kind: Travelling, scope: int, code: str | None) -> tuple[int, Catcher] | None:
    """The innermost scope from `scope` outwards at which something catches, and the start or boundary that does.

    First its event sub-processes, then the borders of its activity. An event sub-process does not catch what comes out
    of it, and once one has interrupted its scope none of that scope does.
    """
    came_from: Node | None = None
    while True:
        record = play.state.scopes[scope] if scope else None
        inside = record[INSIDE] if record else 0
        if inside >= 0 and (start := _start_of(play, kind, inside, code, came_from)) is not None:
            return scope, start
        if record is None:
            return None
        came_from = None
        node = play.net.nodes[record[NODE]]
        if node.kind is Kind.EVENT_SUBPROCESS:
            came_from = node
        elif inside >= WRAPPER and (boundary := _at_border(play, kind, node, code)) is not None:
            return scope, boundary
        scope = play.state.around(scope)


def _at_border(play: Play, kind: Travelling, node: Node, code: str | None) -> Catcher | None:
    """The boundary of `node` that catches: the one that names the code, else one that catches all."""
    return _best(play, kind, (play.net.nodes[index] for index in node.boundaries), code)


def _start_of(play: Play, kind: Travelling, inside: int, code: str | None, came_from: Node | None) -> Catcher | None:
    """The start of an event sub-process of a scope that catches what came out of `came_from`, if out of any of them."""
    if came_from is not None and start_inside(play, came_from.index).interrupting:
        return None
    others = (i for i in play.net.scopes[inside].event_subprocesses if came_from is None or i != came_from.index)
    return _best(play, kind, (start_inside(play, index) for index in others), code)


def _best(play: Play, kind: Travelling, catchers: Iterator[Node], code: str | None) -> Catcher | None:
    for_all: Catcher | None = None
    for node in catchers:
        for event in play.program.parts[node.index]:
            if event.kind == kind and event.name == code:
                return node, event
            if event.kind == kind and event.name is None:
                for_all = for_all or (node, event)
    return for_all
