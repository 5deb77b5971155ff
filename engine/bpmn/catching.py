"""What waits for events: how catch events, boundaries and starts of event sub-processes are armed, and what follows.

An event has one part, or several where it is a multiple one; each part that can be armed is a wait of its own. Which
parts of a parallel multiple event have happened is told by the waits that are left.
Source: BPMN 2.0.2, 10.5.6, 13.4.4 (event-based gateway), 13.5.3 (boundary events) and 13.5.4 (event sub-processes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Rejected
from .effects import ConditionArmed, SubscriptionOpened
from .expressions import is_true
from .mapping import written
from .net import Event, Kind, Net, Node
from .play import NOWHERE, Play
from .state import ARMED_FOR_SCOPE, BROADCAST, CONDITION, MESSAGE, TIMER, Wait
from .timers import Due, arm_again, due, wait_for_timer

Preparation = list[tuple[int, Any]]
"""The parts of an event that are to be armed, each with what was evaluated for it: when it is due, or its key."""
Dues = dict[int, Due | Preparation]
"""What several events wait for, by node; when it is due for one that is a timer alone, as most boundaries are."""
Fault = tuple[dict[str, Any] | int, Rejected]
"""Where the token of an event that happened is to be resumed (see `state.Wait`), and why it cannot go on."""


def prepare(play: Play, node: Node, scope: int) -> Preparation:
    """Evaluate what the event of `node` waits for, so that a bad text fails before anything is armed.

    An error or escalation waits for nothing: it finds what catches it when it is thrown.
    Raises: Rejected for a text that is no timer or no key.
    """
    prepared: Preparation = []
    for part, event in enumerate(play.program.parts[node.index]):
        if event.kind == "timer":
            prepared.append((part, due(play, node, part, scope)))
        elif event.kind == "message":
            prepared.append((part, key_of(play, event, scope)))
        elif event.kind in ("signal", "conditional"):
            prepared.append((part, None))
    return prepared


def key_of(play: Play, event: Event, scope: int) -> str | None:
    """The correlation key of a message as text, None where it has none. Raises: Rejected for a key that is no value."""
    if event.key is None:
        return None
    value = play.value(event.key, scope)
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        return str(value)
    raise Rejected("message.key", f"Expected a text or a number as key of “{event.name}”, but got {value!r:.80}.")


def arm(play: Play, node: Node, scope: int, host: int, prepared: Preparation) -> None:
    """Arm the prepared parts of the event of `node` on `host` (see `state.Wait`)."""
    parts = play.program.parts[node.index]
    for part, value in prepared:
        kind = parts[part].kind
        if kind == "timer":
            wait_for_timer(play, node, part, scope, host, value)
        elif kind == "conditional":
            wait = play.new_id()
            play.state.waits[wait] = (CONDITION, node.index, scope, host, (False, part))
            play.effects.append(ConditionArmed(wait, node.index, scope))
        else:
            subscribe(play, node, scope, host, part=part, key=value)


def subscribe(
    play: Play, node: Node, scope: int, host: int, wait: int = 0, *, part: int = 0, key: str | None = None
) -> None:
    """Wait for the message or the broadcast that is the given part of the event of `node`."""
    event = play.program.parts[node.index][part]
    wait = wait or play.new_id()
    broadcast = event.kind == "signal"
    play.state.waits[wait] = (BROADCAST if broadcast else MESSAGE, node.index, scope, host, part or None)
    name = event.name or ""
    opened = SubscriptionOpened(wait, node.index, scope, name, "broadcast" if broadcast else "message", key)
    play.effects.append(opened)


def broadcast_name(net: Net, record: Wait) -> str | None:
    """The name of the broadcast that a wait of kind BROADCAST is for."""
    event = net.nodes[record[1]].event
    assert event is not None
    return event.parts[part_of(record[0], record[4])].name if event.parts else event.name


def part_of(what: int, extra: Any) -> int:
    """Which part of its event a wait is for."""
    if what == TIMER:
        return extra[3] if len(extra) > 3 else 0
    return int(extra[1] if what == CONDITION else extra or 0)


# -- intermediate events and gateways that wait ----------------------------------------------------------------------


def arrive_catch(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an intermediate event and waits there."""
    prepared = prepare(play, node, scope)
    host = 0
    if len(play.program.parts[node.index]) > 1:
        host = _open_gate(play, node, scope, 1)
    arm(play, node, scope, host, prepared)


def arrive_event_gateway(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an event-based gateway and waits for the events behind it."""
    wait_behind(play, node, scope, _behind(play, node))


def wait_behind(play: Play, node: Node, scope: int, events: list[Node]) -> None:
    """Arm `events`, which stand behind the event-based gateway `node`; where it is parallel, each takes a token."""
    prepared = [(event, prepare(play, event, scope)) for event in events]
    tokens = len(events) if node.parallel else 1
    gate = _open_gate(play, node, scope, tokens)
    play.add_live(scope, tokens - 1)
    for event, parts in prepared:
        arm(play, event, scope, gate, parts)


def _behind(play: Play, gateway: Node) -> list[Node]:
    return [play.net.nodes[index] for index in dict.fromkeys(play.program.targets[flow] for flow in gateway.outgoing)]


def begin_at_event(play: Play, node: Node) -> None:
    """The instance begins with an event behind an event-based gateway, or with a receive node that begins instances.

    Behind a parallel gateway the other events are waited for, behind an exclusive one they are not (13.4.4).
    """
    gateways = (play.net.nodes[play.net.flows[flow].source] for flow in node.incoming)
    gateway = next((each for each in gateways if each.kind is Kind.EVENT_BASED and each.instantiate), None)
    if gateway is not None:
        play.enter(gateway, 0)
        others = [event for event in _behind(play, gateway) if event is not node] if gateway.parallel else []
        if others:
            play.add_live(0, 1)
            wait_behind(play, gateway, 0, others)
        else:
            play.leave(gateway, 0)
    _pass_event(play, node, 0)


def _open_gate(play: Play, node: Node, scope: int, tokens: int) -> int:
    gate = play.new_id()
    play.state.gates[gate] = [node.index, scope, tokens]
    return gate


def _pass_gate(play: Play, node: Node, scope: int, gate: int, fault: Fault | None) -> None:
    """An event that `gate` waits for has happened: it goes on, and what is no longer waited for is withdrawn."""
    state = play.state
    record = state.gates[gate]
    waiting = play.net.nodes[record[0]]
    record[2] -= 1
    for wait in [w for w, r in state.waits.items() if r[3] == gate and (not waiting.parallel or r[1] == node.index)]:
        play.drop_wait(wait)
    if not record[2]:
        del state.gates[gate]
        if waiting is not node:
            play.leave(waiting, scope)
    if waiting is node:
        _pass_on(play, node, scope, fault)
    else:
        _pass_event(play, node, scope, fault)


def _pass_event(play: Play, node: Node, scope: int, fault: Fault | None = None) -> None:
    play.enter(node, scope)
    _pass_on(play, node, scope, fault)


def _pass_on(play: Play, node: Node, scope: int, fault: Fault | None) -> None:
    """The token at an event goes on, or stays there as a step failure."""
    if fault is not None:
        play.fail(node, scope, *fault)
        return
    play.leave(node, scope)
    play.go_out(node, scope)


# -- boundaries ------------------------------------------------------------------------------------------------------


def boundary_dues(play: Play, node: Node, scope: int) -> Dues:
    """What the boundaries of `node` wait for."""
    awaited = play.program.awaited[node.index]
    if not awaited:
        return {}
    nodes = play.net.nodes
    return {i: due(play, nodes[i], 0, scope) if timer else prepare(play, nodes[i], scope) for i, timer in awaited}


def arm_boundaries(play: Play, node: Node, scope: int, host: int, dues: Dues) -> None:
    """Arm the boundaries of the activity `host` of `node`, as `boundary_dues` prepared them."""
    _arm_all(play, scope, host, dues)


def _arm_all(play: Play, scope: int, host: int, dues: Dues) -> None:
    for index, prepared in dues.items():
        if isinstance(prepared, tuple):
            wait_for_timer(play, play.net.nodes[index], 0, scope, host, prepared)
        else:
            arm(play, play.net.nodes[index], scope, host, prepared)


def enter_boundary(play: Play, boundary: Node, scope: int, host: int, fault: Fault | None = None) -> None:
    """A boundary event of the activity `host` happened: a token goes on from it, the activity's or one beside it."""
    if boundary.interrupting:
        assert boundary.attached_to is not None
        play.cancel_activity(play.net.nodes[boundary.attached_to], scope, host)
    else:
        play.add_live(scope, 1)
    _pass_event(play, boundary, scope, fault)


# -- starts of event sub-processes -----------------------------------------------------------------------------------


def trigger_dues(play: Play, scope: int, inside: int) -> Dues:
    """What the starts of the event sub-processes in a scope wait for."""
    dues: Dues = {}
    for index in play.net.scopes[inside].event_subprocesses:
        start = start_inside(play, index)
        if prepared := prepare(play, start, scope):
            dues[start.index] = prepared
    return dues


def start_inside(play: Play, event_subprocess: int) -> Node:
    """The start event of an event sub-process."""
    node = play.net.nodes[event_subprocess]
    return play.net.nodes[play.net.scopes[int(node.scope_inside or 0)].starts[0]]


def arm_starts(play: Play, scope: int, dues: Dues) -> None:
    """Arm the event sub-processes of a new scope, as `trigger_dues` prepared them."""
    _arm_all(play, scope, ARMED_FOR_SCOPE, dues)


def start_event_subprocess(play: Play, start: Node, scope: int, fault: Fault | None = None) -> None:
    """The trigger of an event sub-process of `scope` happened (a non-interrupting one adds to what runs there)."""
    if start.interrupting:
        play.cancel_inside(scope)
        play.add_live(scope, 1 - play.add_live(scope, 0))
    else:
        play.add_live(scope, 1)
    if fault is not None:
        play.fail(start, scope, *fault)
        return
    _open_event_subprocess(play, start, scope)


def _open_event_subprocess(play: Play, start: Node, scope: int) -> None:
    index = play.net.scopes[start.scope].node
    assert index is not None
    play.queue.append((index, scope, NOWHERE))


# -- what happened ---------------------------------------------------------------------------------------------------


def happen(play: Play, wait: int, values: Mapping[str, Any] | None = None, *, inside: bool = False) -> None:
    """What `wait` waited for happened and brought `values`.

    Shape: `inside` where the step itself made it happen, so that nobody outside knows the wait to be over.
    """
    what, index, scope, host, extra = play.state.waits[wait]
    node = play.net.nodes[index]
    event = node.event
    stays = host and host not in play.state.gates and not node.interrupting and not (event is not None and event.every)
    if stays and what == TIMER:
        arm_again(play, wait)
    elif stays and what == CONDITION:
        play.state.waits[wait] = (what, index, scope, host, (True, extra[1]))
    elif not stays and inside:
        play.drop_wait(wait)
    elif not stays:
        del play.state.waits[wait]
    fault: Fault | None = None
    if event is not None and event.every:
        play.write(scope, values)
        values = None
        if any(record[3] == host and record[1] == index and record[2] == scope for record in play.state.waits.values()):
            return
        if host and host not in play.state.gates and not node.interrupting:
            fault = _arm_anew(play, node, scope, host)
    if fault is None and node.outputs:
        try:
            values = written(play, node, scope, values or {})
        except Rejected as error:
            fault = dict(values or {}), error
    if fault is None:
        play.write(scope, values)
    _go_on(play, node, scope, host, fault)


def _arm_anew(play: Play, node: Node, scope: int, host: int) -> Fault | None:
    """Wait for every part of an event once more; where that cannot be, what is to be done when it is repaired."""
    try:
        prepared = prepare(play, node, scope)
    except Rejected as error:
        return host, error
    arm(play, node, scope, host, prepared)
    return None


def _go_on(play: Play, node: Node, scope: int, host: int, fault: Fault | None) -> None:
    """The event of `node` happened: a catch goes on, a boundary or event sub-process starts."""
    if host in play.state.gates:
        _pass_gate(play, node, scope, host, fault)
    elif node.kind is Kind.START:
        start_event_subprocess(play, node, scope, fault)
    elif node.kind is Kind.BOUNDARY:
        enter_boundary(play, node, scope, host, fault)
    else:
        _pass_on(play, node, scope, fault)


def go_on_repaired(
    play: Play, node: Node, scope: int, wait: int, resume: dict[str, Any] | int, variables: Mapping[str, Any]
) -> None:
    """An event happened but failed then, and is repaired with `variables`: it goes on, or fails once more.

    Shape: `resume` is what it brought, or the activity on which its parts are to be armed once more, if that is open.
    """
    del play.state.waits[wait]
    brought: dict[str, Any] = {}
    if isinstance(resume, int):
        play.write(scope, variables)
    else:
        brought = resume = {**resume, **variables}
    again = isinstance(resume, int) and (resume == ARMED_FOR_SCOPE or play.is_open(resume))
    try:
        prepared = prepare(play, node, scope) if again else []
        values = written(play, node, scope, brought)
    except Rejected as error:
        play.fail(node, scope, resume, error, wait)
        return
    if isinstance(resume, int):
        arm(play, node, scope, resume, prepared)
    play.write(scope, values)
    if node.kind is Kind.START:
        _open_event_subprocess(play, node, scope)
    else:
        _pass_on(play, node, scope, None)


def look_at_conditions(play: Play) -> bool:
    """Let the oldest wait for a condition that has become true happen; False if there is none.

    A condition that cannot be evaluated, because a variable is not there yet, does not hold.
    """
    waits = play.state.waits
    for wait, (what, index, scope, host, extra) in waits.items():
        if what != CONDITION:
            continue
        held, part = extra
        holds = _holds(play, play.program.parts[index][part], scope)
        if holds and not held:
            happen(play, wait, inside=True)
            return True
        if held and not holds:
            waits[wait] = (what, index, scope, host, (False, part))
    return False


def _holds(play: Play, event: Event, scope: int) -> bool:
    assert event.condition is not None
    try:
        return is_true(play.program.expression(event.condition), play.state.seen_from(scope), play.now)
    except Rejected:
        return False
