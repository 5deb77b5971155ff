"""What each kind of node does with a token: entering activities and gateways, ends, scopes and legs coming to an end.

Every function takes the `Play` of the step. Source: BPMN 2.0.2 clause 13 (activities 13.3, gateways 13.4, events 13.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import Rejected
from .effects import (
    CallStarted,
    InstanceEnded,
    ItemOpened,
    MessageSent,
    OperationRequested,
)
from .expressions import is_true
from .gateways import PASSES, wait_at_join
from .net import HUMAN, Kind, Node
from .play import NEXT_LEG, NOWHERE, Play
from .state import (
    ARMED_FOR_SCOPE,
    B_ACTIVE,
    B_COMPLETED,
    B_ELEMENTS,
    B_NODE,
    B_OUTPUTS,
    B_SCOPE,
    B_STARTED,
    B_TOTAL,
    BODY,
    CALL,
    INSIDE,
    ITEM,
    LAYER,
    LEG,
    NODE,
    OPERATION,
    PARENT,
    WRAPPER,
    counts,
)

MOST_LEGS = 500
# A member of an enumeration costs a tenth of a microsecond to reach by its name, so the hot ones are reached once.
_USER, _MANUAL, _RECEIVE, _SEND = Kind.USER, Kind.MANUAL, Kind.RECEIVE, Kind.SEND
_SUBPROCESS, _CALL = Kind.SUBPROCESS, Kind.CALL


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
        _begin_next_leg(play, scope)
        return
    play.add_live(scope, -1)
    end_scope_if_empty(play, scope)


def begin(play: Play, node: Node, scope: int) -> None:
    """Do again what the kind of `node` does with a token; what cannot be done becomes a step failure once more."""
    try:
        play.program.arrivals[node.index](play, node, scope)
    except Rejected as error:
        play.fail(node, scope, "enter", error)


# -- activities ----------------------------------------------------------------------------------------------------


def _open_item(play: Play, node: Node, scope: int) -> None:
    """The way of most nodes: a human one with neither legs nor boundaries."""
    state = play.state
    wait = state.next_id
    state.next_id = wait + 1
    state.waits[wait] = (ITEM, node.index, scope, 0, None)
    play.effects.append(ItemOpened(wait, node.index, scope))


def _arrive_activity(play: Play, node: Node, scope: int) -> None:
    dues = play.boundary_dues(node, scope)
    if node.multi is not None:
        _begin_body(play, node, scope, dues)
        return
    host = begin_activity(play, node, scope)
    if host:
        play.arm_boundaries(node, scope, host, dues)


def begin_activity(play: Play, node: Node, scope: int, wait: int = 0) -> int:
    """Begin one instance of an activity; the id its boundaries sit on, 0 if it is over at once.

    `wait` is the id to use where boundaries already sit on it.
    """
    kind = node.kind
    if kind is _USER or kind is _MANUAL:
        wait = wait or play.new_id()
        play.state.waits[wait] = (ITEM, node.index, scope, 0, None)
        play.effects.append(ItemOpened(wait, node.index, scope))
        return wait
    if kind is _SUBPROCESS:
        return open_scope(play, node, scope)
    if kind is _SEND:
        _throw_message(play, node, scope)
        end_activity(play, node, scope, 0)
        return 0
    if kind is _CALL:
        return _begin_call(play, node, scope, wait)
    wait = wait or play.new_id()
    if kind is _RECEIVE:
        play.wait_for_message(node, scope, 0, wait)
    else:
        play.state.waits[wait] = (OPERATION, node.index, scope, 0, None)
        seen = play.state.seen_from(scope)
        play.effects.append(OperationRequested(wait, node.index, scope, node.operation or "", dict(seen)))
    return wait


def _begin_call(play: Play, node: Node, scope: int, wait: int) -> int:
    assert node.call is not None
    variables = {target: play.value(expression, scope) for expression, target in node.call.inputs}
    wait = wait or play.new_id()
    play.state.waits[wait] = (CALL, node.index, scope, 0, None)
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
    play.go_out(node, scope)


def open_scope(play: Play, node: Node, parent: int) -> int:
    """Begin a sub-process in `parent`; the new scope."""
    inside = int(node.scope_inside or 0)
    dues = _trigger_dues(play, parent, inside)
    scope = play.new_id()
    play.state.scopes[scope] = [node.index, parent, inside, 0, None, 0, 0]
    play.enter(node, scope)
    fill_scope(play, scope, play.net.scopes[inside].starts, dues)
    return scope


def fill_scope(play: Play, scope: int, starts: tuple[int, ...], dues: dict[int, Any]) -> None:
    """Arm the event sub-processes of a new scope (`dues`: when their timers are due) and put tokens on its starts."""
    for index, due in dues.items():
        start = play.net.nodes[index]
        if due is None:
            play.wait_for_message(start, scope, ARMED_FOR_SCOPE)
        else:
            play.wait_for_timer(start, scope, ARMED_FOR_SCOPE, due)
    play.add_live(scope, len(starts))
    for index in starts:
        play.queue.append((index, scope, NOWHERE))


def _trigger_dues(play: Play, scope: int, inside: int) -> dict[int, Any]:
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
        dues[start.index] = play.due(start, scope) if timed else None
    return dues


def begin_instance(play: Play, start: Node) -> None:
    """Arm what can interrupt the instance and put a token on the start event chosen."""
    fill_scope(play, 0, (start.index,), _trigger_dues(play, 0, 0))


def start_event_subprocess(play: Play, start: Node, scope: int) -> None:
    """The trigger of an event sub-process of `scope` happened (a non-interrupting one adds to what runs there)."""
    index = play.net.scopes[start.scope].node
    assert index is not None
    if start.interrupting:
        play.cancel_inside(scope)
        play.add_live(scope, 1 - play.add_live(scope, 0))
    else:
        play.add_live(scope, 1)
    begin(play, play.net.nodes[index], scope)


def end_scope_if_empty(play: Play, scope: int) -> None:
    """Complete `scope` when the last token in it is gone. Source: BPMN 2.0.2, 13.3.4 and 13.5.6."""
    if play.add_live(scope, 0):
        return
    state = play.state
    play.cancel_inside(scope)  # only armed starts of event sub-processes can be left
    if not scope:
        _end_instance(play, "completed")
        return
    record = state.scopes[scope]
    node = play.net.nodes[record[NODE]]
    if record[BODY]:
        end_leg(play, scope)
        return
    del state.scopes[scope]
    if node.kind is Kind.EVENT_SUBPROCESS:
        play.leave(node, scope)
        play.add_live(record[PARENT], -1)
        end_scope_if_empty(play, record[PARENT])
        return
    play.leave(node, scope)
    play.disarm_boundaries(node, scope)
    play.go_out(node, record[PARENT])


def _end_instance(play: Play, outcome: Any, error: str | None = None) -> None:
    play.state.outcome = outcome
    play.queue.clear()
    play.effects.append(InstanceEnded(outcome, error))


def end_everything(play: Play, outcome: Any, error: str | None = None) -> None:
    """Cancel all that is open and end the instance."""
    play.cancel_inside(0)
    play.state.live = 0
    _end_instance(play, outcome, error)


# -- multi-instance ------------------------------------------------------------------------------------------------


def _begin_body(play: Play, node: Node, scope: int, dues: dict[int, Any]) -> None:
    multi = node.multi
    assert multi is not None
    elements: list[Any] | None = None
    if multi.collection is not None:
        elements = _collection(node, play.value(multi.collection, scope))
        total = len(elements)
    else:
        assert multi.cardinality is not None
        total = _cardinality(node, play.value(multi.cardinality, scope))
    if total > MOST_LEGS:
        raise Rejected("multi.too_many", f"Expected at most {MOST_LEGS} legs, but got {total}.", element=node.id)
    if not total:
        play.enter(node, scope)
        play.leave(node, scope)
        if multi.output_collection:
            play.write(scope, {multi.output_collection: []})
        play.go_out(node, scope)
        return
    body = play.new_id()
    outputs = [None] * total if multi.output_collection else None
    play.state.bodies[body] = [node.index, scope, total, 0, 0, 0, elements if multi.sequential else None, outputs]
    play.arm_boundaries(node, scope, body, dues)
    legs = [_open_leg(play, body, elements and elements[leg]) for leg in range(1 if multi.sequential else total)]
    for leg in legs:
        if leg in play.state.scopes:  # an earlier one that was over at once may have completed the activity
            begin_in_leg(play, node, leg)


def _collection(node: Node, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Rejected(
            "multi.collection",
            f"Expected a list to make legs of, but got {'nothing' if value is None else type(value).__name__}.",
            element=node.id,
        )
    return value


def _cardinality(node: Node, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected("multi.cardinality", f"Expected a whole number of legs, but got {value!r}.", element=node.id)
    return value


def _open_leg(play: Play, body: int, element: Any) -> int:
    """Enter the next leg of a body, with the layer of its variables; its scope."""
    record = play.state.bodies[body]
    node = play.net.nodes[record[B_NODE]]
    assert node.multi is not None
    record[B_STARTED] += 1
    record[B_ACTIVE] += 1
    layer = {"loopCounter": record[B_STARTED]}
    if node.multi.element:
        layer[node.multi.element] = element
    scope = play.new_id()
    inside = WRAPPER if node.scope_inside is None else node.scope_inside
    play.state.scopes[scope] = [node.index, record[B_SCOPE], inside, body, layer, 0, record[B_STARTED]]
    play.enter(node, scope)
    if inside == WRAPPER:
        play.add_live(scope, 1)
    return scope


def _begin_next_leg(play: Play, body: int) -> None:
    """Begin the next leg of a sequential body, unless it was cancelled meanwhile."""
    record = play.state.bodies.get(body)
    if record is not None:
        elements = record[B_ELEMENTS]
        leg = _open_leg(play, body, elements and elements[record[B_STARTED]])
        begin_in_leg(play, play.net.nodes[record[B_NODE]], leg)


def begin_in_leg(play: Play, node: Node, scope: int) -> None:
    """Begin the work of a leg whose scope is there; what cannot be begun becomes a step failure in the leg."""
    try:
        if node.scope_inside is None:
            begin_activity(play, node, scope)
        else:
            dues = _trigger_dues(play, scope, node.scope_inside)
            fill_scope(play, scope, play.net.scopes[node.scope_inside].starts, dues)
    except Rejected as error:
        play.fail(node, scope, "leg_begin", error)


def end_leg(play: Play, scope: int) -> None:
    """One leg is done: hand its variables out, fill its place in the output, and see whether the activity is done."""
    state = play.state
    leg = state.scopes[scope]
    body_id = leg[BODY]
    body = state.bodies[body_id]
    node = play.net.nodes[leg[NODE]]
    multi = node.multi
    assert multi is not None
    outer = body[B_SCOPE]
    values = {k: v for k, v in leg[LAYER].items() if k not in (multi.element, "loopCounter")}
    try:
        done = _is_complete(play, body, outer, values, node)
    except Rejected as error:
        play.fail(node, scope, "leg", error)
        return
    result = leg[LAYER].get(multi.output_element)  # its own: what another leg left outside is no result of this one
    body[B_ACTIVE] -= 1
    body[B_COMPLETED] += 1
    play.write(outer, values)
    if body[B_OUTPUTS] is not None:
        body[B_OUTPUTS][leg[LEG] - 1] = result
    del state.scopes[scope]
    play.leave(node, scope)
    if not done and body[B_STARTED] < body[B_TOTAL]:
        if multi.sequential:
            play.queue.insert(0, (NEXT_LEG, body_id, NOWHERE))
    elif done or not body[B_ACTIVE]:
        _end_body(play, body_id, node)


def _is_complete(play: Play, body: list[Any], outer: int, values: dict[str, Any], node: Node) -> bool:
    """Whether the completion condition holds once a leg that leaves `values` behind has ended."""
    assert node.multi is not None
    if node.multi.completion is None:
        return False
    after = [*body]
    after[B_ACTIVE] -= 1
    after[B_COMPLETED] += 1
    seen = {**play.state.seen_from(outer), **values, **counts(after)}
    return is_true(play.program.expression(node.multi.completion), seen, play.now)


def _end_body(play: Play, body_id: int, node: Node) -> None:
    state = play.state
    assert node.multi is not None
    for scope in [s for s, record in state.scopes.items() if record[BODY] == body_id]:
        play.cancel_scope(scope)
    body = state.bodies.pop(body_id)
    if node.multi.output_collection:
        play.write(body[B_SCOPE], {node.multi.output_collection: body[B_OUTPUTS]})
    play.disarm_boundaries(node, body_id)
    play.go_out(node, body[B_SCOPE])


# -- events --------------------------------------------------------------------------------------------------------


def _throw_message(play: Play, node: Node, scope: int) -> None:
    if node.event is not None and node.event.kind == "message":
        seen = dict(play.state.seen_from(scope))
        play.effects.append(MessageSent(node.index, scope, node.event.name or "", seen))


def _arrive_start(play: Play, node: Node, scope: int) -> None:
    play.leave(node, scope)
    play.go_out(node, scope)


def _arrive_throw(play: Play, node: Node, scope: int) -> None:
    _throw_message(play, node, scope)
    play.leave(node, scope)
    play.go_out(node, scope)


def _arrive_catch(play: Play, node: Node, scope: int) -> None:
    assert node.event is not None
    if node.event.kind == "timer":
        play.wait_for_timer(node, scope, 0, play.due(node, scope))
    else:
        play.wait_for_message(node, scope, 0)


def _arrive_end(play: Play, node: Node, scope: int) -> None:
    event = node.event
    kind = "none" if event is None else event.kind
    if kind == "message":
        _throw_message(play, node, scope)
    play.leave(node, scope)
    if kind == "error":
        assert event is not None
        if not play.throw_from(scope, event.name):
            end_everything(play, "error", event.name)
        return
    if kind == "terminate":
        if not scope:
            end_everything(play, "terminated")
            return
        play.cancel_inside(scope)
        play.add_live(scope, -play.add_live(scope, 0))
    else:
        play.add_live(scope, -1)
    end_scope_if_empty(play, scope)


def _arrive_subprocess(play: Play, node: Node, scope: int) -> None:
    open_scope(play, node, scope)


def _arrive_unreachable(play: Play, node: Node, scope: int) -> None:
    """No flow leads to a boundary event; the reader sees to that."""
    raise AssertionError(node.id)


_ARRIVALS: dict[Kind, Callable[[Play, Node, int], None]] = {
    Kind.START: _arrive_start,
    Kind.END: _arrive_end,
    Kind.CATCH: _arrive_catch,
    Kind.THROW: _arrive_throw,
    Kind.USER: _arrive_activity,
    Kind.MANUAL: _arrive_activity,
    Kind.RECEIVE: _arrive_activity,
    Kind.SEND: _arrive_activity,
    Kind.SERVICE: _arrive_activity,
    Kind.SUBPROCESS: _arrive_activity,
    Kind.EVENT_SUBPROCESS: _arrive_subprocess,
    Kind.CALL: _arrive_activity,
    **PASSES,
}


def arrival_of(node: Node) -> Callable[[Play, Node, int], None]:
    """What a token that arrives at `node` makes it do."""
    if node.kind in HUMAN and node.multi is None and not node.boundaries:
        return _open_item
    return _ARRIVALS.get(node.kind, _arrive_unreachable)
