"""Activities of the token game, alone and multi-instance: how they and their legs begin and end.

Every function takes the `Play` of the step. Source: BPMN 2.0.2, 13.3.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .adhoc import activity_done, go_on
from .catching import arm_boundaries, boundary_dues, key_of, subscribe, trigger_dues
from .compensating import remember
from .deciding import decide_now, evaluate_now
from .effects import (
    CallStarted,
    ItemOpened,
    OperationRequested,
)
from .expressions import evaluate
from .legs import cardinality, collection, end_leg, goes_on, open_leg
from .mapping import inputs_of, sees, written
from .net import Event, Kind, Node
from .play import Play
from .scopes import fill_inside, give_inputs, open_scope
from .state import (
    B_ELEMENTS,
    B_NODE,
    B_STARTED,
    CALL,
    INSIDE,
    ITEM,
    NODE,
    OPERATION,
    WRAPPER,
)
from .throwing import send_message

MOST_LEGS = 500
# A member of an enumeration costs a tenth of a microsecond to reach by its name, so the hot ones are reached once.
_USER, _MANUAL, _RECEIVE, _SEND = Kind.USER, Kind.MANUAL, Kind.RECEIVE, Kind.SEND
_SUBPROCESS, _CALL, _RULE, _SCRIPT = Kind.SUBPROCESS, Kind.CALL, Kind.RULE, Kind.SCRIPT


# -- activities ----------------------------------------------------------------------------------------------------


def open_item(play: Play, node: Node, scope: int) -> None:
    """The way of most nodes: a human one with neither legs nor boundaries."""
    state = play.state
    wait = state.next_id
    state.next_id = wait + 1
    state.waits[wait] = (ITEM, node.index, scope, 0, None)
    play.effects.append(ItemOpened(wait, node.index, scope))


def arrive_activity(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an activity: it begins, in legs where it has several instances, with its boundaries."""
    dues = boundary_dues(play, node, scope)
    if node.multi is not None:
        _begin_body(play, node, scope, dues)
        return
    if node.repeat is not None:
        _begin_loop(play, node, scope, dues)
        return
    host = begin_activity(play, node, scope)
    if host:
        arm_boundaries(play, node, scope, host, dues)


def begin_activity(play: Play, node: Node, scope: int, wait: int = 0) -> int:
    """Begin one instance of an activity; the id its boundaries sit on, 0 if it is over at once.

    `wait` is the id to use where boundaries already sit on it.
    """
    kind = node.kind
    inputs = inputs_of(play, node, scope) if node.inputs else None
    if kind is _USER or kind is _MANUAL:
        wait = wait or play.new_id()
        play.state.waits[wait] = (ITEM, node.index, scope, 0, inputs)
        play.effects.append(ItemOpened(wait, node.index, scope))
        return wait
    if kind is _SUBPROCESS:
        return open_scope(play, node, scope)
    if kind is _SEND:
        send_message(play, node, scope)
        _end_at_once(play, node, scope, {}, inputs)
        return 0
    if kind is _RULE or kind is _SCRIPT:
        result = (decide_now if kind is _RULE else evaluate_now)(play, node, scope, inputs)
        _end_at_once(play, node, scope, result, inputs)
        return 0
    if kind is _CALL:
        return _begin_call(play, node, scope, wait, inputs)
    wait = wait or play.new_id()
    if kind is _RECEIVE:
        subscribe(play, node, scope, 0, wait, key=key_of(play, node.event or Event(), scope))
    else:
        play.state.waits[wait] = (OPERATION, node.index, scope, 0, inputs)
        seen = sees(play, scope, inputs)
        play.effects.append(OperationRequested(wait, node.index, scope, node.operation or "", seen, node.topic))
    return wait


def _end_at_once(play: Play, node: Node, scope: int, result: dict[str, Any], inputs: dict[str, Any] | None) -> None:
    """The work of `node` is done as soon as it has begun."""
    play.write(scope, result if node.kind is _SCRIPT else written(play, node, scope, result, inputs))
    end_activity(play, node, scope, 0)


def _begin_call(play: Play, node: Node, scope: int, wait: int, inputs: dict[str, Any] | None) -> int:
    assert node.call is not None
    seen = sees(play, scope, inputs)
    variables = dict(seen) if node.call.all_in else {}
    for expression, target in node.call.inputs:
        variables[target] = evaluate(play.program.expression(expression), seen, play.now)
    wait = wait or play.new_id()
    play.state.waits[wait] = (CALL, node.index, scope, 0, inputs)
    play.effects.append(CallStarted(wait, node.index, scope, node.call.process, variables))
    return wait


def end_activity(play: Play, node: Node, scope: int, host: int) -> None:
    """One instance of an activity is done; `host` is the id its boundaries sit on."""
    if scope:
        record = play.state.scopes[scope]
        if record[INSIDE] == WRAPPER and record[NODE] == node.index:
            end_leg(play, scope)
            return
    play.leave(node, scope)
    if node.boundaries:
        play.disarm_boundaries(node, host)
        if play.program.compensable[node.index]:
            remember(play, node, scope)
    if scope and record[INSIDE] in play.program.adhoc:
        activity_done(play, node, scope)
        return
    play.go_out(node, scope)


# -- multi-instance and standard loops ---------------------------------------------------------------------------------


def _begin_body(play: Play, node: Node, scope: int, dues: dict[int, Any]) -> None:
    multi = node.multi
    assert multi is not None
    elements: list[Any] | None = None
    if multi.collection is not None:
        elements = collection(node, play.value(multi.collection, scope))
        total = len(elements)
    else:
        assert multi.cardinality is not None
        total = cardinality(node, play.value(multi.cardinality, scope))
    if total > MOST_LEGS:
        raise Rejected("multi.too_many", f"Expected at most {MOST_LEGS} legs, but got {total}.", element=node.id)
    if not total:
        play.enter(node, scope)
        if multi.output_collection:
            play.write(scope, {multi.output_collection: []})
        play.leave(node, scope)
        go_on(play, node, scope)
        return
    body = play.new_id()
    outputs = [None] * total if multi.output_collection else None
    play.state.bodies[body] = [node.index, scope, total, 0, 0, 0, elements if multi.sequential else None, outputs]
    arm_boundaries(play, node, scope, body, dues)
    legs = [open_leg(play, body, elements and elements[leg]) for leg in range(1 if multi.sequential else total)]
    for leg in legs:
        if leg in play.state.scopes:  # an earlier one that was over at once may have completed the activity
            begin_in_leg(play, node, leg)


def _begin_loop(play: Play, node: Node, scope: int, dues: dict[int, Any]) -> None:
    """Begin the first round of a standard loop, or none where it asks before and is told no."""
    assert node.repeat is not None
    if node.repeat.test_before and not goes_on(play, node.repeat, scope, 0):
        play.enter(node, scope)
        play.leave(node, scope)
        go_on(play, node, scope)
        return
    body = play.new_id()
    play.state.bodies[body] = [node.index, scope, 0, 0, 0, 0, None, None]
    arm_boundaries(play, node, scope, body, dues)
    begin_next_leg(play, body)


def begin_next_leg(play: Play, body: int) -> None:
    """Begin the next leg of a sequential body or the next round of a loop, unless it was cancelled meanwhile."""
    record = play.state.bodies.get(body)
    if record is not None:
        elements = record[B_ELEMENTS]
        leg = open_leg(play, body, elements and elements[record[B_STARTED]])
        begin_in_leg(play, play.net.nodes[record[B_NODE]], leg)


def begin_in_leg(play: Play, node: Node, scope: int) -> None:
    """Begin the work of a leg whose scope is there; what cannot be begun becomes a step failure in the leg."""
    try:
        if node.scope_inside is None:
            begin_activity(play, node, scope)
        else:
            give_inputs(play, node, scope)
            dues = trigger_dues(play, scope, node.scope_inside)
            fill_inside(play, scope, node.scope_inside, dues)
    except Rejected as error:
        play.fail(node, scope, "leg_begin", error)
