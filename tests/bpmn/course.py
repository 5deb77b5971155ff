"""One instance in the token game, told by node ids: what is open, what a stimulus leads to.

Every step goes through bytes, must leave the state it started from alone, must give the same step a second time, and
must end in a state whose numbers agree with each other and with the rows its effects ask for.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.bpmn import effects as e
from engine.bpmn import stimuli as s
from engine.bpmn.game import Step, advance
from engine.bpmn.net import Net
from engine.bpmn.state import (
    B_SCOPE,
    BODY,
    BROADCAST,
    FAILURE,
    INSIDE,
    LEG,
    LIVE,
    MESSAGE,
    PARENT,
    TIMER,
    WRAPPER,
    State,
    instant,
    state_from_bytes,
    state_to_bytes,
)
from tests.bpmn.diagram import Diagram

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_OPENING = (
    e.ItemOpened,
    e.TimerArmed,
    e.SubscriptionOpened,
    e.ConditionArmed,
    e.CallStarted,
    e.OperationRequested,
    e.StepFailed,
)
_CLOSING = (
    e.ItemWithdrawn,
    e.TimerDisarmed,
    e.SubscriptionClosed,
    e.ConditionDisarmed,
    e.CallCancelled,
    e.OperationCancelled,
    e.FailureCleared,
)


class Course:
    """A running instance of a diagram, from its none start event or from the start event `at`."""

    def __init__(self, diagram: Diagram | Net, at: str | None = None, /, **variables: Any) -> None:
        self.net = diagram if isinstance(diagram, Net) else diagram.net()
        self.now = NOON
        self.effects: tuple[e.Effect, ...] = ()
        self._rows: dict[int, Any] = {}
        self._inside: Counter[tuple[int, int]] = Counter()
        self._bytes: bytes | None = None
        self.step(s.Start(at, variables))

    @classmethod
    def resume(cls, net: Net, stored: bytes, *, like: Course) -> Course:
        """The instance with these bytes, whose effects so far were those of `like`, another at the same point."""
        course = cls.__new__(cls)
        course.net, course.effects = net, ()
        course._bytes = state_to_bytes(state_from_bytes(stored))  # as the codec of today writes it
        course.now, course._rows, course._inside = like.now, dict(like._rows), like._inside.copy()
        return course

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The state as it comes back from its bytes."""
        assert self._bytes is not None
        return state_from_bytes(self._bytes)

    @property
    def open(self) -> list[str]:
        """What is waited for, sorted: node ids, with the numbers of the legs around them as in `handle[2]`."""
        return sorted(map(self.place, self.state.waits))

    @property
    def outcome(self) -> str | None:
        """How it ended, None while it runs."""
        return self.state.outcome

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the instance."""
        return self.state.variables

    def place(self, wait: int) -> str:
        """The name of a wait in `open`."""
        state = self.state
        _, node, scope, _, _ = state.waits[wait]
        legs: list[str] = []
        while scope:
            record = state.scopes[scope]
            if record[LEG]:
                legs.insert(0, str(record[LEG]))
            scope = record[PARENT]
        return self.net.nodes[node].id + (f"[{'.'.join(legs)}]" if legs else "")

    def wait(self, place: str, what: int | None = None) -> int:
        """The oldest wait with this name, of one kind where an event waits for several things."""
        found = [w for w, r in self.state.waits.items() if self.place(w) == place and what in (None, r[0])]
        assert found, f"{place} is not open, but {self.open}"
        return min(found)

    def seen(self, place: str) -> dict[str, Any]:
        """The variables that are seen from a wait."""
        state = self.state
        return state.seen_from(state.waits[self.wait(place)][2])

    def due(self, place: str) -> datetime:
        """When a timer is due."""
        return instant(self.state.waits[self.wait(place, TIMER)][4][0])

    def told(self, kind: type[Any]) -> list[Any]:
        """The effects of one kind in the last step."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def nodes(self, kind: type[Any]) -> list[str]:
        """The ids of the nodes of the effects of one kind in the last step."""
        return [self.net.nodes[effect.node].id for effect in self.told(kind)]

    # -- what happens ----------------------------------------------------------------------------------------------

    def complete(self, *places: str, **answers: Any) -> Course:
        """A person completes items, one after the other, with the same answers."""
        for place in places:
            self.step(s.Complete(self.wait(place), answers))
        return self

    def fire(self, place: str) -> Course:
        """A timer comes due."""
        self.now = max(self.now, self.due(place))
        return self.step(s.TimerFired(self.wait(place, TIMER)))

    def message(self, place: str, **payload: Any) -> Course:
        """A message arrives."""
        return self.step(s.MessageArrived(self.wait(place, MESSAGE), payload))

    def broadcast(self, place: str, **payload: Any) -> Course:
        """A broadcast from outside arrives."""
        return self.step(s.BroadcastArrived(self.wait(place, BROADCAST), payload))

    def escalate(self, place: str, code: str) -> Course:
        """A person escalates an open item."""
        return self.step(s.ItemEscalated(self.wait(place), code))

    def escalated_call(self, place: str, code: str | None) -> Course:
        """A called process sends an escalation that nothing in it caught."""
        return self.step(s.CallEscalated(self.wait(place), code))

    def succeed(self, place: str, **result: Any) -> Course:
        """An operation succeeds."""
        return self.step(s.OperationDone(self.wait(place), result))

    def fail(self, place: str, error: str | None = None) -> Course:
        """An operation fails, technically or with an error code."""
        return self.step(s.OperationFailed(self.wait(place), error, "no answer" if error is None else ""))

    def throw(self, place: str, error: str) -> Course:
        """A person ends an item with an error."""
        return self.step(s.ItemThrew(self.wait(place), error))

    def return_from(self, place: str, **variables: Any) -> Course:
        """A called process completes with these variables."""
        return self.step(s.CallEnded(self.wait(place), variables))

    def retry(self, place: str, **variables: Any) -> Course:
        """An operator repairs a step failure."""
        return self.step(s.Retry(self.wait(place), variables))

    def cancel(self) -> Course:
        """The instance is called off."""
        return self.step(s.Cancel())

    def pass_time(self, **duration: float) -> Course:
        """The clock moves on; nothing fires by itself."""
        self.now += timedelta(**duration)
        return self

    def step(self, stimulus: s.Stimulus) -> Course:
        """Plays one stimulus, twice, and checks what every step must keep."""
        before = None if self._bytes is None else state_from_bytes(self._bytes)
        step = advance(self.net, before, stimulus, self.now)
        if before is not None:
            assert state_to_bytes(before) == self._bytes, "the state that was handed in was changed"
        again = advance(self.net, before, stimulus, self.now)
        self._bytes = state_to_bytes(step.state)
        assert (state_to_bytes(again.state), again.effects) == (self._bytes, step.effects), "not the same step twice"
        assert state_to_bytes(state_from_bytes(self._bytes)) == self._bytes, "the bytes do not come back"
        self.effects = step.effects
        self._check_rows(stimulus, step)
        self._check_visits(step)
        _check_numbers(step.state)
        return self

    def _check_rows(self, stimulus: s.Stimulus, step: Step) -> None:
        rows = self._rows
        for effect in step.effects:
            if isinstance(effect, _OPENING):
                rows[effect.wait] = effect
            elif isinstance(effect, _CLOSING):
                del rows[effect.wait]
        stimulated = getattr(stimulus, "wait", None)
        if stimulated is not None and stimulated not in step.state.waits:
            rows.pop(stimulated, None)
        assert rows.keys() == step.state.waits.keys(), "the rows the effects ask for are not what the state waits for"
        assert (step.state.outcome is None) == bool(rows), "an instance waits until it has ended"

    def _check_visits(self, step: Step) -> None:
        """No node is left that was not entered, and when the instance has ended none is still entered."""
        for effect in step.effects:
            if isinstance(effect, e.NodeEntered | e.NodeLeft):
                self._inside[effect.node, effect.scope] += 1 if isinstance(effect, e.NodeEntered) else -1
                assert self._inside[effect.node, effect.scope] >= 0, f"left unentered: {self.net.nodes[effect.node].id}"
        if step.state.outcome is not None:
            left = [self.net.nodes[node].id for (node, _), times in self._inside.items() if times]
            assert not left, f"entered and never left: {left}"


def _check_numbers(state: State) -> None:
    """In every scope there are as many tokens as the state counts, and everything points at something."""
    tokens: Counter[int] = Counter()
    for what, _, scope, host, extra in state.waits.values():
        assert scope == 0 or scope in state.scopes
        assert host <= 0 or any(host in each for each in (state.waits, state.scopes, state.bodies, state.gates))
        over = what == FAILURE and extra in ("leg", "leg_begin", "scope")  # its token is that of the scope itself
        if host == 0 and not (over and not _is_wrapper(state, scope)):
            tokens[scope] += 1
    for record in state.scopes.values():
        assert record[PARENT] == 0 or record[PARENT] in state.scopes
        if record[BODY]:
            assert record[BODY] in state.bodies
        else:
            tokens[record[PARENT]] += 1
    for body in state.bodies.values():
        tokens[body[B_SCOPE]] += 1
    for gate, (_, scope, waiting) in state.gates.items():
        assert scope == 0 or scope in state.scopes
        assert any(record[3] == gate for record in state.waits.values()), "a gate nothing can pass"
        tokens[scope] += waiting
    for (scope, _), flows in state.joins.items():
        tokens[scope] += sum(flows.values())
    assert state.live == tokens[0], "the tokens of the instance"
    for scope, record in state.scopes.items():
        assert record[LIVE] == tokens[scope], f"the tokens of scope {scope}"


def _is_wrapper(state: State, scope: int) -> bool:
    return bool(scope) and state.scopes[scope][INSIDE] == WRAPPER
