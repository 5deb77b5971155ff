"""One step of the token game being played: its working state, its effects, and what all nodes have in common.

`Play` knows waits, scopes, layers of variables and how to cancel them. What a kind of node does when a token arrives
is in `arrivals.py`; what a stimulus means is in `game.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..errors import EngineError
from .effects import (
    CallCancelled,
    ConditionDisarmed,
    Effect,
    FailureCleared,
    ItemWithdrawn,
    NodeEntered,
    NodeLeft,
    OperationCancelled,
    StepFailed,
    SubscriptionClosed,
    TimerDisarmed,
)
from .expressions import evaluate
from .net import Expression, Kind, Net, Node
from .program import Program
from .state import (
    B_SCOPE,
    BODY,
    BROADCAST,
    CALL,
    CLOSED,
    CONDITION,
    FAILURE,
    INSIDE,
    ITEM,
    LAYER,
    LEG,
    LIVE,
    MESSAGE,
    NODE,
    OPERATION,
    PARENT,
    POSITION,
    TIMER,
    WRAPPER,
    State,
    Wait,
)

NOWHERE = -1  # where a token goes that has no way on
NEXT_LEG = -2  # not a token: the next leg of the multi-instance body in the place of the scope is to begin
LAST_PART = -3  # and below: not a token on its way, but one whose event has undone all and ends its scope now
_MICROSECOND = timedelta(microseconds=1)
_WITHDRAWN: dict[int, type[Any]] = {
    ITEM: ItemWithdrawn,
    TIMER: TimerDisarmed,
    MESSAGE: SubscriptionClosed,
    CALL: CallCancelled,
    OPERATION: OperationCancelled,
    FAILURE: FailureCleared,
    BROADCAST: SubscriptionClosed,
    CONDITION: ConditionDisarmed,
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
        """Put `values` into the innermost layer seen from `scope`; what a sub-process was given stays inside it."""
        if not values:
            return
        state = self.state
        while scope:
            record = state.scopes[scope]
            if record[INSIDE] < WRAPPER:  # what undoes sees the variables of then, and writes where it is undone
                if record[LAYER]:
                    record[LAYER].update({name: values[name] for name in values if name in record[LAYER]})
            elif record[LEG]:
                record[LAYER].update(values)
                return
            elif record[LAYER]:
                record[LAYER].update({name: values[name] for name in values if name in record[LAYER]})
                values = {name: values[name] for name in values if name not in record[LAYER]}
            scope = record[PARENT]
        state.variables.update(values)

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

    def is_open(self, host: int) -> bool:
        """Whether the activity that boundaries sit on is still open."""
        state = self.state
        return host in state.waits or host in state.scopes or host in state.bodies

    def drop_wait(self, wait: int) -> None:
        """Withdraw one wait."""
        what = self.state.waits.pop(wait)[0]
        self.effects.append(_WITHDRAWN[what](wait))

    def disarm_boundaries(self, node: Node, host: int) -> None:
        """Withdraw what `arm_boundaries` armed; nothing where `host` is 0, the activity being over at once."""
        if host and node.boundaries:
            for wait in [w for w, record in self.state.waits.items() if record[3] == host]:
                self.drop_wait(wait)

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
        if scope and len(state.scopes[scope]) > POSITION:
            state.scopes[scope][POSITION] = CLOSED
        for inner in [s for s, record in state.scopes.items() if record[PARENT] == scope]:
            self.cancel_scope(inner)
        for wait in [w for w, record in state.waits.items() if record[2] == scope]:
            self.cancel_wait(wait)
        if state.gates:
            for gate in [g for g, record in state.gates.items() if record[1] == scope]:
                self.effects.append(NodeLeft(state.gates.pop(gate)[0], scope, "cancelled"))
        if state.bodies:
            for body in [b for b, record in state.bodies.items() if record[B_SCOPE] == scope]:
                del state.bodies[body]
                state.done.pop(body, None)
        if state.joins:
            for key in [k for k in state.joins if k[0] == scope]:
                del state.joins[key]
        if self.queue:
            self.queue[:] = [entry for entry in self.queue if entry[1] != scope]

    def cancel_wait(self, wait: int) -> None:
        """Withdraw a wait; the node it is the wait of is left."""
        record = self.state.waits[wait]
        self.drop_wait(wait)
        if not record[3] and self._entered(record):
            self.effects.append(NodeLeft(record[1], record[2], "cancelled"))

    def _entered(self, wait: Wait) -> bool:
        """Whether the node of a wait was entered in the wait's own scope.

        Not if that scope is the leg of the node, which is left with the leg, nor if the node failed before it could
        bring its scope or let its tokens through, or before the event sub-process it starts, or after it was left.
        """
        what, node, scope, _, extra = wait
        if scope and self.state.scopes[scope][NODE] == node:
            return False
        if what != FAILURE:
            return True
        if self.net.nodes[node].kind is Kind.START:
            return False  # it is inside the event sub-process, which has not begun
        if isinstance(extra, list) or extra == "adhoc":
            return False
        return not (extra == "enter" and self.program.brings_scope[node])

    def cancel_scope(self, scope: int) -> None:
        """Cancel a sub-process or leg with all that is in it."""
        self.cancel_inside(scope)
        record = self.state.scopes.pop(scope)
        self.state.done.pop(scope, None)
        if record[INSIDE] >= WRAPPER:
            self.effects.append(NodeLeft(record[NODE], scope, "cancelled"))
        elif self.program.waits_undone[record[NODE]]:
            self.effects.append(NodeLeft(record[NODE], record[PARENT], "cancelled"))

    def cancel_activity(self, node: Node, scope: int, host: int) -> None:
        """Cancel the activity instance `host` of `node` (a wait, a sub-process scope or a multi-instance body)."""
        state = self.state
        self.disarm_boundaries(node, host)
        if host in state.bodies:
            for leg in [s for s, record in state.scopes.items() if record[BODY] == host]:
                self.cancel_scope(leg)
            del state.bodies[host]
            state.done.pop(host, None)
        elif host in state.scopes:
            self.cancel_scope(host)
        elif host in state.waits:
            self.drop_wait(host)
            self.effects.append(NodeLeft(node.index, scope, "cancelled"))
