"""Compensation in the token game: what can be undone, undoing it in reverse order, and the cancelling of transactions.

What is done is recorded in `state.done` of the scope it was done in. Undoing runs in scopes of its own: one for what
throws, in which its token waits, and in it one after the other a scope for each record. That shows the variables the
activity had of its own, and holds its handler, its compensation event sub-process, or the undoing of what was done
inside it. Source: BPMN 2.0.2, 10.3.5, 10.7, 13.3.4 and 13.5.5.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .catching import enter_boundary
from .net import ACTIVITIES, Event, Kind, Node
from .play import LAST_PART, NOWHERE, Play
from .program import ENDING
from .state import (
    B_SCOPE,
    BODY,
    HANDLING,
    INSIDE,
    LAYER,
    LEG,
    LIVE,
    NODE,
    PARENT,
    R_BY_ITSELF,
    R_INSIDE,
    R_LAYER,
    R_LEG,
    R_NODE,
    R_NUMBER,
    UNDOING,
)

Record = list[Any]
"""See `state.py`. A record is never changed: copies of a state share it."""


def remember(play: Play, node: Node, where: int, scope: int = 0) -> None:
    """Record that `node` is done in `where`, a scope or the body of its legs; `scope` was its own, where it had one."""
    state = play.state
    record = state.scopes[scope] if scope else None
    layer = dict(record[LAYER]) if record is not None and record[LAYER] else None
    inside = state.done.pop(scope, []) if scope else []
    made = [node.index, play.new_id(), layer, inside, record[LEG] if record is not None else 0, False]
    state.done[where] = [*state.done.get(where, ()), made]


def settle_body(play: Play, body: int, scope: int) -> None:
    """A repeated activity in `scope` is done: what its legs have done can be undone from now on."""
    made = play.state.done.pop(body, None)
    if made:
        play.state.done[scope] = [*play.state.done.get(scope, ()), *made]


# -- throwing --------------------------------------------------------------------------------------------------------


def compensate(play: Play, node: Node, scope: int) -> None:
    """The token at an event that throws compensation: undo what it names, then go on, or go on at once."""
    parts = [event for event in play.program.parts[node.index] if event.kind == "compensation"]
    records = [record for event in parts for record in _take(play, scope, event)]
    if not play.program.waits_undone[node.index]:
        play.leave(node, scope)
        play.go_out(node, scope)
        if records:
            play.add_live(scope, 1)
            _undo(play, node, scope, records)
    elif records:
        _undo(play, node, scope, records)
    else:
        _go_on(play, node, scope)


def _go_on(play: Play, node: Node, scope: int) -> None:
    """All is undone: the token of the event goes on, or does what ends its scope."""
    play.leave(node, scope)
    if any(event.kind in ENDING for event in play.program.parts[node.index]):
        play.queue.append((LAST_PART - node.index, scope, NOWHERE))
    else:
        play.go_out(node, scope)


def _take(play: Play, scope: int, event: Event) -> list[Record]:
    """Take the records an event is about out of the scope it stands in; one of an event sub-process, around that."""
    state, nodes = play.state, play.net.nodes
    if scope and nodes[state.scopes[scope][NODE]].kind is Kind.EVENT_SUBPROCESS:
        scope = state.scopes[scope][PARENT]
    made = state.done.pop(scope, [])
    taken = [record for record in made if event.name in (None, nodes[record[R_NODE]].id)]
    if len(taken) < len(made):
        state.done[scope] = [record for record in made if record not in taken]
    return taken


def _undo(play: Play, node: Node, scope: int, records: list[Record]) -> None:
    """Begin to undo `records`, the newest first; `node` throws, and goes on when nothing is left."""
    undoing = play.new_id()
    play.state.scopes[undoing] = [node.index, scope, UNDOING, 0, None, 0, 0]
    play.state.done[undoing] = sorted(records, key=lambda record: int(record[R_NUMBER]))
    _undo_next(play, undoing)


def _undo_next(play: Play, undoing: int) -> None:
    """Begin to undo the newest record of a scope."""
    state = play.state
    *rest, record = state.done[undoing]
    state.done[undoing] = rest
    index = record[R_NODE]
    handler = None if record[R_BY_ITSELF] else play.program.handlers.get(index)
    layer = dict(record[R_LAYER]) if record[R_LAYER] else None
    scope = play.new_id()
    inside = UNDOING if handler is None else HANDLING
    state.scopes[scope] = [index, undoing, inside, 0, layer, 0, record[R_LEG]]
    play.add_live(undoing, 1)
    if record[R_INSIDE]:
        state.done[scope] = record[R_INSIDE]
    if handler is not None:
        for event in play.program.compensated_at.get(index, ()):
            play.enter(play.net.nodes[event], scope)
            play.leave(play.net.nodes[event], scope)
        play.add_live(scope, 1)
        play.queue.append((handler, scope, NOWHERE))
    else:
        end_undoing(play, scope)


def end_undoing(play: Play, scope: int) -> None:
    """Nothing runs in a scope of undoing: go on with the next record, else with what waited for it."""
    state = play.state
    record = state.scopes[scope]
    if record[INSIDE] == UNDOING and state.done.get(scope):
        _undo_next(play, scope)
        return
    state.done.pop(scope, None)
    del state.scopes[scope]
    node, parent = play.net.nodes[record[NODE]], record[PARENT]
    if node.kind in ACTIVITIES:
        play.add_live(parent, -1)
        if not state.scopes[parent][LIVE]:
            end_undoing(play, parent)
        return
    if node.index in play.program.left_by:
        enter_boundary(play, play.net.nodes[play.program.left_by[node.index]], parent, 0)
    elif play.program.waits_undone[node.index]:
        _go_on(play, node, parent)
    else:
        play.queue.append((NOWHERE, parent, NOWHERE))


# -- transactions ----------------------------------------------------------------------------------------------------


def cancel_transaction(play: Play, node: Node, scope: int) -> None:
    """A token arrives at a cancel end event: the transaction around it is cancelled and undone, then left.

    Where its legs are transactions, all of them are: its border is that of the activity as a whole.
    """
    state = play.state
    inside = scope
    while inside and not play.net.nodes[state.scopes[inside][NODE]].transaction:
        inside = state.scopes[inside][PARENT]
    if not inside or node.index not in play.program.left_by:
        raise Rejected(
            "game.no_transaction",
            "Expected a transaction with a cancel boundary around the cancel end event, but there is none.",
            element=node.id,
        )
    record, around = state.scopes[inside], state.around(inside)
    host = record[BODY] or inside
    records = _of_legs(play, host) if record[BODY] else [_partial(play, inside)]
    play.leave(node, scope)
    play.cancel_activity(play.net.nodes[record[NODE]], around, host)
    _undo(play, node, around, records)


def _partial(play: Play, scope: int) -> Record:
    """A record of what was done in a scope that is not over: it is undone step by step, never by its own handler."""
    record = play.state.scopes[scope]
    layer = dict(record[LAYER]) if record[LAYER] else None
    inside = sorted(_done_inside(play, scope), key=lambda made: int(made[R_NUMBER]))
    return [record[NODE], inside[-1][R_NUMBER] if inside else 0, layer, inside, record[LEG], True]


def _done_inside(play: Play, scope: int) -> list[Record]:
    """What was done in a running scope and in the running scopes inside it."""
    state = play.state
    found = list(state.done.get(scope, ()))
    for inner in [s for s, record in state.scopes.items() if record[PARENT] == scope and not record[BODY]]:
        found += [_partial(play, inner)] if state.scopes[inner][LAYER] else _done_inside(play, inner)
    for body in [b for b, record in state.bodies.items() if record[B_SCOPE] == scope]:
        found += _of_legs(play, body)
    return found


def _of_legs(play: Play, body: int) -> list[Record]:
    """What the legs of a repeated activity that is not over have done, those that are over and those that run."""
    running = [scope for scope, record in play.state.scopes.items() if record[BODY] == body]
    return [*play.state.done.get(body, ()), *(_partial(play, scope) for scope in running)]
