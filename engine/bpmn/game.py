"""The token game: `advance` carries one stimulus through one instance, as BPMN 2.0.2 clause 13 says.

Pure and deterministic: the same net, state, stimulus and instant give the same step. `play.py` holds the working state,
`arrivals.py` says what each kind of node does with a token, `catching.py` and `throwing.py` what events do. Nothing
here reads XML, rows or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import Conflict, EngineError, Rejected
from .adhoc import activity_done
from .arrivals import arrival_of, arrive, begin
from .catching import begin_at_event, go_on_repaired, happen, look_at_conditions
from .effects import Effect, FailureCleared
from .ends import end_everything, end_scope_if_empty
from .gateways import pass_gateway
from .joins import gather_again, settle_joins
from .legs import end_leg
from .mapping import inputs_of, mapped, named, written
from .moving import move_token
from .net import Kind, Net, Node
from .nodes import begin_activity, begin_in_leg, end_activity
from .play import Play
from .program import program_of
from .scopes import arm_instance, begin_instance
from .state import ARMED_FOR_SCOPE, BROADCAST, CALL, CONDITION, FAILURE, ITEM, MESSAGE, OPERATION, TIMER, State
from .stimuli import (
    BroadcastArrived,
    CallEnded,
    CallEscalated,
    CallFailed,
    Cancel,
    Complete,
    ItemEscalated,
    ItemThrew,
    MessageArrived,
    Move,
    OperationDone,
    OperationFailed,
    Retry,
    Start,
    Stimulus,
    TimerFired,
)
from .throwing import escalate_at, is_caught, throw_at

MOST_NODES_IN_A_STEP = 2_000
_EVENTS = (Kind.CATCH, Kind.BOUNDARY, Kind.START)
_MAY_NEVER_COME = (MESSAGE, BROADCAST, CONDITION)


class Step(NamedTuple):
    """What a stimulus led to: the state at rest again, and the effects in the order they happened.

    `legs` tells for each scope of an entered node its innermost leg (0: none) and that leg's element, also where the
    scope is over by now.
    """

    state: State
    effects: tuple[Effect, ...]
    legs: Mapping[int, tuple[int, Any]]


def advance(net: Net, state: State | None, stimulus: Stimulus, now: datetime) -> Step:
    """The step that `stimulus` leads to. `state` is None for `Start` and stays as it was.

    Raises: Conflict (`game.wait_gone`) if what the stimulus answers is no longer waited for; Rejected
    (`game.stalled`) if the instance would neither end nor wait for anything but messages to event sub-processes,
    (`game.too_many_steps`) if it does not come to rest, (`game.no_start`).
    Source: BPMN 2.0.2 clause 13.
    """
    if state is None:
        state = State()
    elif state.outcome is not None:
        raise Conflict("game.ended", "Expected a running instance, but it has ended.", outcome=state.outcome)
    play = Play(program_of(net, arrival_of), state.copy(), now)
    _STIMULI[type(stimulus)](play, stimulus)
    after, queue, conditional = play.state, play.queue, play.program.conditional
    for _ in range(MOST_NODES_IN_A_STEP):
        if after.outcome is not None:
            break
        if queue:
            index, scope, flow = queue.pop(0)
            arrive(play, index, scope, flow)
        elif not (after.joins and settle_joins(play)) and not (conditional and look_at_conditions(play)):
            if (after.joins or not after.waits) and _is_stuck(after):
                raise _stalled(play)
            break
    else:
        raise _restless(play)
    return Step(after, tuple(play.effects), play.legs)


def _restless(play: Play) -> Rejected:
    return Rejected(
        "game.too_many_steps",
        f"Expected a step to come to rest within {MOST_NODES_IN_A_STEP} nodes, but it goes on. "
        "Put a person, a timer or a message into the loop.",
        element=play.net.nodes[play.queue[0][0]].id if play.queue and play.queue[0][0] >= 0 else None,
    )


def _is_stuck(state: State) -> bool:
    """Whether nothing open can move a token; what starts an event sub-process may never come, unless it is a timer."""
    return all(host == ARMED_FOR_SCOPE and what in _MAY_NEVER_COME for what, _, _, host, _ in state.waits.values())


def _stalled(play: Play) -> Rejected:
    stuck = sorted({play.net.nodes[index].id for _, index in play.state.joins if index >= 0})
    return Rejected(
        "game.stalled",
        "Expected the instance to end or to wait for something, but its tokens are stuck"
        + (f" at {', '.join(stuck)}." if stuck else ".")
        + " A join waits for a branch that never comes: draw the split and the join alike.",
        element=stuck[0] if stuck else None,
    )


def _take(play: Play, wait: int, what: int) -> tuple[Node, int, int, Any]:
    """The node, scope, host and extra of an open wait. Raises: Conflict (`game.wait_gone`)."""
    record = play.state.waits.get(wait)
    if record is None or record[0] != what:
        raise _gone(wait)
    return play.net.nodes[record[1]], record[2], record[3], record[4]


def _gone(wait: int) -> Conflict:
    return Conflict(
        "game.wait_gone",
        "Expected something that is still waited for, but it was answered or cancelled meanwhile.",
        wait=wait,
    )


def _start(play: Play, stimulus: Start) -> None:
    if play.state.live:
        raise Conflict("game.started", "Expected an instance that is about to begin, but this one is running.")
    node = _beginning(play.net, stimulus.node)
    play.state.variables.update(written(play, node, 0, stimulus.variables))
    if node.kind is Kind.START:
        begin_instance(play, node)
    else:
        arm_instance(play)
        begin_at_event(play, node)


def _beginning(net: Net, named: str | None) -> Node:
    """The node an instance begins at. Raises: Rejected (`game.no_start`)."""
    every = net.beginnings()
    chosen: list[Node] = []
    if named is not None:
        chosen = [node for node in every if node.id == named]
    else:
        for kind in ("none", "conditional"):  # nothing looks at a condition before there is an instance
            chosen = chosen or [n for n in net.starts() if (n.event.kind if n.event is not None else "none") == kind]
    if len(chosen) != 1:
        raise Rejected(
            "game.no_start",
            f"Expected one start event to begin at, but found {len(chosen)}. Name one of: "
            f"{', '.join(node.id for node in every) or 'none is drawn'}.",
            element=named,
        )
    return chosen[0]


def _complete(play: Play, stimulus: Complete) -> None:
    # the way of nearly every command, so without the calls that `_take` and `_finish` would be
    wait, waits = stimulus.wait, play.state.waits
    record = waits.get(wait)
    if record is None or record[0] != ITEM:
        raise _gone(wait)
    del waits[wait]
    node, scope = play.net.nodes[record[1]], record[2]
    if node.outputs:
        waits[wait] = record
        _take_results(play, node, scope, wait, stimulus.answers)
        return
    if scope:
        play.write(scope, stimulus.answers)
    else:
        play.state.variables.update(stimulus.answers)
    end_activity(play, node, scope, wait)


def _operation_done(play: Play, stimulus: OperationDone) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, OPERATION)
    _take_results(play, node, scope, stimulus.wait, named(node, stimulus.result))


def _call_ended(play: Play, stimulus: CallEnded) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, CALL)
    _take_results(play, node, scope, stimulus.wait, stimulus.variables)


def _take_results(play: Play, node: Node, scope: int, wait: int, variables: Mapping[str, Any]) -> None:
    """The work of `node` is done: what its mappings say of the result, or of a child's variables, is written here.

    A mapping that fails keeps the result, so that an operator repairs it and no work is done twice.
    """
    what, _, _, _, extra = play.state.waits[wait]
    try:
        inputs = inputs_of(play, node, scope) if what == FAILURE else extra
        results: Mapping[str, Any] = variables
        if node.call is not None:
            results = dict(variables) if node.call.all_out else {}
            results.update(mapped(play, node.call.outputs, variables))
        results = written(play, node, scope, results, inputs)
    except Rejected as error:
        play.fail(node, scope, dict(variables), error, wait)
        return
    _finish(play, node, scope, wait, results)


def _finish(play: Play, node: Node, scope: int, wait: int, values: Any) -> None:
    del play.state.waits[wait]
    play.write(scope, values)
    end_activity(play, node, scope, wait)


def _timer_fired(play: Play, stimulus: TimerFired) -> None:
    _take(play, stimulus.wait, TIMER)
    happen(play, stimulus.wait)


def _message_arrived(play: Play, stimulus: MessageArrived) -> None:
    node, scope, host, _ = _take(play, stimulus.wait, MESSAGE)
    if node.kind is Kind.RECEIVE and not host:
        _take_results(play, node, scope, stimulus.wait, stimulus.payload)
    else:
        happen(play, stimulus.wait, stimulus.payload)


def _broadcast_arrived(play: Play, stimulus: BroadcastArrived) -> None:
    _take(play, stimulus.wait, BROADCAST)
    happen(play, stimulus.wait, stimulus.payload)


def _operation_failed(play: Play, stimulus: OperationFailed) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, OPERATION)
    _gone_wrong(play, node, scope, stimulus.wait, stimulus.error, stimulus.message)


def _call_failed(play: Play, stimulus: CallFailed) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, CALL)
    _gone_wrong(play, node, scope, stimulus.wait, stimulus.error, "")


def _gone_wrong(play: Play, node: Node, scope: int, wait: int, code: str | None, message: str) -> None:
    """An operation or a called process failed: a caught error goes on from its boundary, the rest is repaired."""
    del play.state.waits[wait]
    if code is not None and is_caught(play, node, scope, code):
        throw_at(play, node, scope, wait, code, message)
        return
    reason = EngineError(
        "game.error_uncaught" if code is not None else "game.operation_failed",
        message or f"Expected a boundary event that catches the error “{code}”, but there is none.",
    )
    play.fail(node, scope, "begin", reason, wait)


def _call_escalated(play: Play, stimulus: CallEscalated) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, CALL)
    escalate_at(play, node, scope, stimulus.wait, stimulus.code)


def _item_escalated(play: Play, stimulus: ItemEscalated) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, ITEM)
    escalate_at(play, node, scope, stimulus.wait, stimulus.code)


def _item_threw(play: Play, stimulus: ItemThrew) -> None:
    node, scope, _, _ = _take(play, stimulus.wait, ITEM)
    if not is_caught(play, node, scope, stimulus.error):
        raise Rejected(
            "game.error_uncaught",
            f"Expected a boundary event that catches the error “{stimulus.error}”, but there is none.",
            element=node.id,
        )
    del play.state.waits[stimulus.wait]
    throw_at(play, node, scope, stimulus.wait, stimulus.error)


def _retry(play: Play, stimulus: Retry) -> None:
    node, scope, _, resume = _take(play, stimulus.wait, FAILURE)
    play.effects.append(FailureCleared(stimulus.wait))
    if node.kind in _EVENTS and isinstance(resume, dict | int):
        go_on_repaired(play, node, scope, stimulus.wait, resume, stimulus.variables)
        return
    if isinstance(resume, dict):
        _take_results(play, node, scope, stimulus.wait, {**resume, **stimulus.variables})
        return
    del play.state.waits[stimulus.wait]
    play.write(scope, stimulus.variables)
    if isinstance(resume, list):
        gather_again(play, node, scope, resume)
    elif resume == "pass":
        pass_gateway(play, node, scope)
    elif resume == "leg":
        end_leg(play, scope)
    elif resume == "adhoc":
        activity_done(play, node, scope)
    elif resume == "scope":
        end_scope_if_empty(play, scope)
    elif resume == "leg_begin":
        begin_in_leg(play, node, scope)
    elif resume == "begin":
        begin_activity(play, node, scope, stimulus.wait)
    else:
        begin(play, node, scope)


def _cancel(play: Play, stimulus: Cancel) -> None:
    end_everything(play, "cancelled")


_STIMULI: dict[type, Callable[[Play, Any], None]] = {
    Start: _start,
    Complete: _complete,
    TimerFired: _timer_fired,
    MessageArrived: _message_arrived,
    BroadcastArrived: _broadcast_arrived,
    OperationDone: _operation_done,
    OperationFailed: _operation_failed,
    CallEnded: _call_ended,
    CallFailed: _call_failed,
    CallEscalated: _call_escalated,
    ItemEscalated: _item_escalated,
    ItemThrew: _item_threw,
    Retry: _retry,
    Move: move_token,
    Cancel: _cancel,
}
