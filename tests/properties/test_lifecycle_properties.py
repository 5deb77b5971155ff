"""Random walks through the life cycles, and alerts in any order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.lifecycle import DIRECTIVE, INCIDENT, TABLES, TASK, Lifecycle
from engine.domain.signal import Effect, Known, Signal, Thread, decide_signal, thread
from engine.errors import InvalidMove

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
choices = st.lists(st.integers(0, 10_000), max_size=60)


def _walk(table: Lifecycle, numbers: list[int]) -> list[str]:
    """The states passed by trying random actions, every other time a legal one, each with all it may need."""
    everything = {need for move in table.moves for need in move.needs}
    state, path = table.start, [table.start]
    for number in numbers:
        legal = tuple(move.action for move in table.allowed(state))
        actions = legal if legal and number % 2 else table.actions
        action = actions[number // 2 % len(actions)]
        try:
            state = table.decide(state, action, everything).target
        except InvalidMove:
            continue
        path.append(state)
    return path


@settings(max_examples=200, deadline=None)
@given(table=st.sampled_from(TABLES), numbers=choices)
def test_life_under_any_actions_stays_within_the_transitions_of_the_trigger(
    table: Lifecycle, numbers: list[int]
) -> None:
    """Whatever is tried, guard, CHECK and trigger agree: only listed states, only listed pairs."""
    path = _walk(table, numbers)
    allowed = set(table.transitions())
    for before, after in pairwise(path):
        assert after in table.states
        assert before == after or (before, after) in allowed


@settings(max_examples=200, deadline=None)
@given(table=st.sampled_from([INCIDENT, DIRECTIVE, TASK]), numbers=choices)
def test_life_in_a_final_state_never_moves_again(table: Lifecycle, numbers: list[int]) -> None:
    """Archived, closed, withdrawn and the like are the end."""
    path = _walk(table, numbers)
    ends = [position for position, state in enumerate(path) if state in table.final_states]
    assert not ends or ends == [len(path) - 1]


@dataclass
class _Store:
    """What a service keeps of signals: the stored messages, and what became of each and of each alert."""

    known: dict[str, Known] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, str | None, tuple[str, ...]]] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def receive(self, signal: Signal) -> None:
        decision = decide_signal(signal, self.known, NOW)
        if decision.effect.reason == "duplicate":
            return
        self.known[signal.external_id] = Known(
            signal.external_id, signal.msg_type, signal.references, signal.reported_at
        )
        for effect in (decision.effect, *decision.released):
            self._apply(effect)

    def _apply(self, effect: Effect) -> None:
        self.outcomes[effect.external_id] = (effect.outcome, effect.reason, effect.alerts)
        if effect.outcome == "stored":
            self.known[effect.external_id] = replace(self.known[effect.external_id], reason=effect.reason)
        for alert in effect.newest_for:
            self.content[alert] = effect.external_id
        if effect.outcome == "cancels":
            self.cancelled.update(effect.alerts)


@st.composite
def _messages(draw: st.DrawFn) -> list[Signal]:
    """Alerts, updates and cancellations that refer to one another, to themselves, or to what never arrives."""
    count = draw(st.integers(1, 7))
    ids = [f"m{number}" for number in range(count)]
    return [
        Signal(
            source="cap",
            external_id=id_,
            channel="cap",
            kind="alert",
            reported_at=NOW - timedelta(minutes=draw(st.integers(0, 5))),
            msg_type=draw(st.sampled_from(["Alert", "Alert", "Update", "Update", "Cancel", "Ack"])),
            status=draw(st.sampled_from(["Actual"] * 6 + ["Exercise", "Test"])),
            references=tuple(draw(st.lists(st.sampled_from([*ids, "never"]), max_size=3, unique=True))),
            expires_at=draw(st.sampled_from([None, NOW + timedelta(hours=1), NOW + timedelta(hours=1), NOW])),
        )
        for id_ in ids
    ]


@settings(max_examples=300, deadline=None)
@given(messages=_messages(), shuffle=st.randoms(use_true_random=False))
def test_alerts_in_any_order_of_arrival_end_in_the_same_state(messages: list[Signal], shuffle: object) -> None:
    """Update and Cancel before or after their Alert, twice or once: the same incidents, content and reasons."""
    straight = _Store()
    for signal in messages:
        straight.receive(signal)
    mixed = [*messages, *messages[:2]]
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    other = _Store()
    for signal in mixed:
        other.receive(signal)
    assert other.outcomes == straight.outcomes
    assert other.content == straight.content
    assert other.cancelled == straight.cancelled
    for alert in straight.content:
        standing = thread(alert, straight.known.values())
        assert standing == Thread(alert, straight.content[alert], alert in straight.cancelled)
