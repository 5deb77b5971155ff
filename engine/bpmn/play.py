"""One step of the token game being played: its working state, its effects, and what all nodes have in common.

`Play` knows waits, scopes, layers of variables and how to cancel them. What a kind of node does when a token arrives
is in `nodes.py`; what a stimulus means is in `game.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..errors import EngineError
from .effects import (
    CallCancelled,
    Effect,
    FailureCleared,
    ItemWithdrawn,
    NodeEntered,
    NodeLeft,
    OperationCancelled,
    StepFailed,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
)
from .expressions import evaluate
from .net import Expression, Kind, Net, Node
from .program import Program, timer_value
from .state import (
    B_SCOPE,
    BODY,
    CALL,
    FAILURE,
    INSIDE,
    ITEM,
    LAYER,
    LIVE,
    MESSAGE,
    NODE,
    OPERATION,
    PARENT,
    TIMER,
    WRAPPER,
    State,
    Wait,
    instant,
    microseconds,
)

NOWHERE = -1  # where a token goes that has no way on
NEXT_LEG = -2  # not a token: the next leg of the multi-instance body in the place of the scope is to begin
_MICROSECOND = timedelta(microseconds=1)
_WITHDRAWN: dict[int, type[Any]] = {
    ITEM: ItemWithdrawn,
    TIMER: TimerDisarmed,
    MESSAGE: SubscriptionClosed,
    CALL: CallCancelled,
    OPERATION: OperationCancelled,
    FAILURE: FailureCleared,
}


def leg_and_element(net: Net, state: State, scope: int) -> tuple[int, Any]:
    """The innermost leg around `scope` (0: none) and the element it is for."""
    leg = state.leg_of(scope)
    if not leg:
        return 0, None
    record = state.scopes[leg]
    multi = net.nodes[record[NODE]].multi
    return leg, record[LAYER].get(multi.element) if multi is not None and multi.element else None


class Play:
    """A working copy of a state, the tokens on their way (`queue`), and the effects so far."""

    __slots__ = ("effects", "legs", "net", "now", "program", "queue", "state")

    def __init__(self, program: Program, state: State, now: datetime) -> None:
        self.program = program
        self.net: Net = program.net
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.legs: dict[int, tuple[int, Any]] = {}
        self.queue: list[tuple[int, int, int]] = []  # (node, scope, flow it comes by or -1)

    # -- variables -------------------------------------------------------------------------------------------------

    def write(self, scope: int, values: Any) -> None:
        """Put `values` into the innermost layer seen from `scope`."""
        if not values:
            return
        leg = self.state.leg_of(scope) if scope else 0
        (self.state.scopes[leg][LAYER] if leg else self.state.variables).update(values)

    def value(self, expression: Expression, scope: int) -> Any:
        """What `expression` is worth seen from `scope`. Raises: ExpressionError."""
        return evaluate(self.program.expression(expression), self.state.seen_from(scope), self.now)

    # -- tokens ----------------------------------------------------------------------------------------------------

    def add_live(self, scope: int, tokens: int) -> int:
        """Add to the number of tokens in `scope`; the new number."""
        state = self.state
        if scope:
            record = state.scopes[scope]
            record[LIVE] += tokens
            return record[LIVE]  # type: ignore[no-any-return]
        state.live += tokens
        return state.live

    def go_out(self, node: Node, scope: int) -> None:
        """Send a token along every outgoing flow; without one, it is consumed (13.3.2: uncontrolled flow)."""
        outgoing = node.outgoing
        if len(outgoing) == 1:
            flow = outgoing[0]
            self.queue.append((self.program.targets[flow], scope, flow))
            return
        if not outgoing:
            self.queue.append((NOWHERE, scope, NOWHERE))
            return
        self.add_live(scope, len(outgoing) - 1)
        for flow in outgoing:
            self.queue.append((self.program.targets[flow], scope, flow))

    def go_along(self, flow: int, scope: int) -> None:
        """Send one token along `flow`."""
        self.queue.append((self.program.targets[flow], scope, flow))

    def enter(self, node: Node, scope: int) -> None:
        """Record that a token entered `node`."""
        if not scope:
            self.effects.append(self.program.entered[node.index])
            return
        if scope not in self.legs:
            self.legs[scope] = leg_and_element(self.net, self.state, scope)
        self.effects.append(NodeEntered(node.index, scope))

    def leave(self, node: Node, scope: int) -> None:
        """Record that a token left `node` in the ordinary way."""
        self.effects.append(NodeLeft(node.index, scope) if scope else self.program.left[node.index])

    # -- waits -----------------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        """A number not yet used in this instance."""
        number = self.state.next_id
        self.state.next_id = number + 1
        return number

    def due(self, node: Node, scope: int) -> tuple[datetime, int, timedelta]:
        """When the timer of `node` is due, how often it repeats after that, and at which interval.

        Raises: Rejected for a text that is no timer.
        """
        value = self.program.timers[node.index]
        if value is None:
            event = node.event
            assert event is not None
            assert event.timer is not None
            text = self.value(event.timer, scope)
            if isinstance(text, timedelta):
                value = ("duration", text)
            elif isinstance(text, datetime):
                value = ("date", text)
            else:
                value = timer_value(str(event.timer_kind), str(text))
        what = value[1]
        if isinstance(what, timedelta):
            return self.now + what, 0, what
        if isinstance(what, datetime):
            return what, 0, timedelta()
        count, interval, start = what
        return (start or self.now + interval), (count or 1) - 1, interval

    def wait_for_timer(self, node: Node, scope: int, host: int, due: tuple[datetime, int, timedelta]) -> None:
        """Arm a timer for `node`."""
        due_at, repeats, interval = due
        wait = self.new_id()
        self.state.waits[wait] = (
            TIMER,
            node.index,
            scope,
            host,
            (microseconds(due_at), repeats, interval // _MICROSECOND if repeats else 0),
        )
        self.effects.append(TimerArmed(wait, node.index, scope, due_at))

    def arm_again(self, wait: int) -> None:
        """Arm the next repetition of a timer that fired, counted from when it was due, so a late one catches up."""
        _, node, scope, host, (due, repeats, interval) = self.state.waits.pop(wait)
        if repeats:
            self.wait_for_timer(
                self.net.nodes[node],
                scope,
                host,
                (instant(due + interval), repeats - 1, timedelta(microseconds=interval)),
            )

    def wait_for_message(self, node: Node, scope: int, host: int, wait: int = 0) -> None:
        """Subscribe to the message of `node`."""
        assert node.event is not None
        wait = wait or self.new_id()
        self.state.waits[wait] = (MESSAGE, node.index, scope, host, None)
        self.effects.append(SubscriptionOpened(wait, node.index, scope, node.event.name or ""))

    def drop_wait(self, wait: int) -> None:
        """Withdraw one wait."""
        what = self.state.waits.pop(wait)[0]
        self.effects.append(_WITHDRAWN[what](wait))

    def arm_boundaries(self, node: Node, scope: int, host: int, dues: dict[int, Any]) -> None:
        """Arm the timer and message boundaries of an activity; error boundaries need no wait."""
        for index in node.boundaries:
            boundary = self.net.nodes[index]
            if index in dues:
                self.wait_for_timer(boundary, scope, host, dues[index])
            elif boundary.event is not None and boundary.event.kind == "message":
                self.wait_for_message(boundary, scope, host)

    def disarm_boundaries(self, node: Node, host: int) -> None:
        """Withdraw what `arm_boundaries` armed; nothing where `host` is 0, the activity being over at once."""
        if host and node.boundaries:
            for wait in [w for w, record in self.state.waits.items() if record[3] == host]:
                self.drop_wait(wait)

    def boundary_dues(self, node: Node, scope: int) -> dict[int, Any]:
        """When the boundary timers of `node` would be due, so that a bad text fails before anything is armed."""
        timed = self.program.timed[node.index]
        return {i: self.due(self.net.nodes[i], scope) for i in timed} if timed else {}

    def fail(self, node: Node, scope: int, resume: Any, error: EngineError, wait: int = 0) -> None:
        """Park the token of `node` as a step failure, to be retried at `resume` (see `state.Wait`).

        A `wait` is kept where boundaries sit on it.
        """
        wait = wait or self.new_id()
        self.state.waits[wait] = (FAILURE, node.index, scope, 0, resume)
        self.effects.append(StepFailed(wait, node.index, scope, error.code, error.message))

    # -- cancelling ------------------------------------------------------------------------------------------------

    def cancel_inside(self, scope: int) -> None:
        """Cancel everything in `scope` — tokens, waits, armed starts, inner scopes — but not the scope itself."""
        state = self.state
        for inner in [s for s, record in state.scopes.items() if record[PARENT] == scope]:
            self.cancel_scope(inner)
        for wait in [w for w, record in state.waits.items() if record[2] == scope]:
            record = state.waits[wait]
            self.drop_wait(wait)
            if not record[3] and self._entered(record):
                self.effects.append(NodeLeft(record[1], scope, "cancelled"))
        for body in [b for b, record in state.bodies.items() if record[B_SCOPE] == scope]:
            del state.bodies[body]
        for key in [k for k in state.joins if k[0] == scope]:
            del state.joins[key]
        if self.queue:
            self.queue[:] = [entry for entry in self.queue if entry[1] != scope]

    def _entered(self, wait: Wait) -> bool:
        """Whether the node of a wait was entered in the wait's own scope.

        Not if that scope is the leg of the node, which is left with the leg, nor if the node failed before it could
        bring its scope.
        """
        what, node, scope, _, extra = wait
        if scope and self.state.scopes[scope][NODE] == node:
            return False
        return not (what == FAILURE and extra == "enter" and self.program.brings_scope[node])

    def cancel_scope(self, scope: int) -> None:
        """Cancel a sub-process or leg with all that is in it."""
        self.cancel_inside(scope)
        record = self.state.scopes.pop(scope)
        self.effects.append(NodeLeft(record[NODE], scope, "cancelled"))

    def cancel_activity(self, node: Node, scope: int, host: int) -> None:
        """Cancel the activity instance `host` of `node` (a wait, a sub-process scope or a multi-instance body)."""
        state = self.state
        self.disarm_boundaries(node, host)
        if host in state.bodies:
            for leg in [s for s, record in state.scopes.items() if record[BODY] == host]:
                self.cancel_scope(leg)
            del state.bodies[host]
        elif host in state.scopes:
            self.cancel_scope(host)
        elif host in state.waits:
            self.drop_wait(host)
            self.effects.append(NodeLeft(node.index, scope, "cancelled"))

    # -- errors ----------------------------------------------------------------------------------------------------

    def catcher(self, node: Node, code: str | None) -> Node | None:
        """The boundary of `node` that catches the error `code`: the one that names it, else one that catches all."""
        caught = None
        for index in node.boundaries:
            boundary = self.net.nodes[index]
            if boundary.event is not None and boundary.event.kind == "error":
                if boundary.event.name == code:
                    return boundary
                if boundary.event.name is None:
                    caught = caught or boundary
        return caught

    def throw_from(self, scope: int, code: str | None) -> bool:
        """Throw an error inside `scope`: where it is caught, a boundary or an event sub-process goes on.

        Shape: True if it was caught, False if nobody catches it.
        Source: BPMN 2.0.2, 10.5.6, 13.5.4 and 13.5.6.
        """
        found = self._catching(scope, code)
        if found is None:
            return False
        where, catcher = found
        if catcher.kind is Kind.START:
            self.cancel_inside(where)
            self.add_live(where, 1 - self.add_live(where, 0))
            self.queue.append((int(self.net.scopes[catcher.scope].node or 0), where, NOWHERE))
            return True
        record = self.state.scopes[where]
        around = self._around(where)
        self.cancel_activity(self.net.nodes[record[NODE]], around, record[BODY] or where)
        self.enter_boundary(catcher, around)
        return True

    def is_caught(self, node: Node, scope: int, code: str | None) -> bool:
        """Whether an error thrown at `node` in `scope` is caught, there or further out."""
        return self.catcher(node, code) is not None or self._catching(scope, code) is not None

    def _catching(self, scope: int, code: str | None) -> tuple[int, Node] | None:
        """The innermost scope from `scope` outwards that catches an error, and the error start or boundary that does.

        First its event sub-processes, unless the error comes out of one that interrupted them, then the borders of its
        activity.
        """
        interrupted = False
        while True:
            record = self.state.scopes[scope] if scope else None
            inside = record[INSIDE] if record else 0
            if not interrupted and inside != WRAPPER and (start := self._error_start(inside, code)) is not None:
                return scope, start
            if record is None:
                return None
            node = self.net.nodes[record[NODE]]
            interrupted = False
            if node.kind is Kind.EVENT_SUBPROCESS:
                interrupted = self._start_inside(node).interrupting
            elif (boundary := self.catcher(node, code)) is not None:
                return scope, boundary
            scope = self._around(scope)

    def _error_start(self, inside: int, code: str | None) -> Node | None:
        """The start of an event sub-process of a scope that catches `code`: the one that names it, else any error's."""
        starts = [self._start_inside(self.net.nodes[i]) for i in self.net.scopes[inside].event_subprocesses]
        errors = [start for start in starts if start.event is not None and start.event.kind == "error"]
        named = [start for start in errors if start.event is not None and start.event.name == code]
        unnamed = [start for start in errors if start.event is not None and start.event.name is None]
        return next(iter(named + unnamed), None)

    def _start_inside(self, event_subprocess: Node) -> Node:
        return self.net.nodes[self.net.scopes[int(event_subprocess.scope_inside or 0)].starts[0]]

    def _around(self, scope: int) -> int:
        """The scope in which the activity of `scope` stands."""
        record = self.state.scopes[scope]
        around: int = self.state.bodies[record[BODY]][B_SCOPE] if record[BODY] else record[PARENT]
        return around

    def throw_at(self, node: Node, scope: int, wait: int, code: str | None) -> None:
        """Throw an error, known to be caught, at the activity `wait` of `node` that has just gone wrong."""
        record = self.state.scopes.get(scope)
        in_leg = record is not None and record[INSIDE] == WRAPPER and record[NODE] == node.index
        boundary = None if in_leg else self.catcher(node, code)  # the boundaries of a leg sit on its body
        if not in_leg:
            self.effects.append(NodeLeft(node.index, scope, "cancelled"))
        if boundary is None:
            self.throw_from(scope, code)
            return
        self.disarm_boundaries(node, wait)
        self.enter_boundary(boundary, scope)

    def enter_boundary(self, boundary: Node, scope: int) -> None:
        """A boundary event happened: a token goes on from it."""
        self.enter(boundary, scope)
        self.leave(boundary, scope)
        self.go_out(boundary, scope)
