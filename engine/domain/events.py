"""Facts: what has happened, frozen and in the past tense. They carry ids, codes and numbers, never words of people.

A fact becomes a row, a ledger entry and what the board follows; so it must never hold personal data or free text
(D12, D13), and building one with such a value fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

_PLAIN = re.compile(r"[A-Za-z0-9_.:@+/|-]{0,120}")
_HEAD = frozenset({"at", "subject_id", "actor_id"})
PlainValue = str | int | float | bool | None | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to a subject at an instant, by a person or the engine (`actor_id` None)."""

    code: ClassVar[str] = "fact"
    subject_kind: ClassVar[str] = "engine"

    at: datetime
    subject_id: str
    actor_id: str | None = None

    def __post_init__(self) -> None:
        for name, value in self.payload().items():
            texts = value if isinstance(value, tuple) else (value,)
            if any(isinstance(text, str) and not _PLAIN.fullmatch(text) for text in texts):
                raise ValueError(f"a fact holds ids and codes only, but {name} of {self.code} does not")

    def payload(self) -> Mapping[str, Any]:
        """What the fact says beyond who, what and when: plain values by field name."""
        return {name: getattr(self, name) for name in _payload_names(type(self))}


_NAMES: dict[type, tuple[str, ...]] = {}


def _payload_names(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of a kind of fact beyond its head; asked for several times a command, so worked out once."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind) if field.name not in _HEAD)
    return _NAMES[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived(Fact):
    """A report or alert was stored."""

    code = "signal.received"
    subject_kind = "signal"
    source: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalActed(Fact):
    """An update or cancellation reached the incidents of its alerts."""

    code = "signal.acted"
    subject_kind = "signal"
    outcome: str
    incident_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Fact):
    """The subject went to another state of its life cycle, or stayed in it by a move that changes something else."""

    action: str
    source: str
    target: str
    reason: str | None = None


class SignalMoved(Moved):
    """A signal went to another state."""

    __slots__ = ()
    code = "signal.moved"
    subject_kind = "signal"


class IncidentMoved(Moved):
    """An incident went to another state."""

    __slots__ = ()
    code = "incident.moved"
    subject_kind = "incident"


class DirectiveMoved(Moved):
    """A directive went to another state."""

    __slots__ = ()
    code = "directive.moved"
    subject_kind = "directive"


class TaskMoved(Moved):
    """A task went to another state."""

    __slots__ = ()
    code = "task.moved"
    subject_kind = "task"


class DefinitionMoved(Moved):
    """A version of a process went to another state."""

    __slots__ = ()
    code = "definition.moved"
    subject_kind = "definition"


MOVED: Mapping[str, type[Moved]] = {
    kind.subject_kind: kind for kind in (SignalMoved, IncidentMoved, DirectiveMoved, TaskMoved, DefinitionMoved)
}
"""The fact of a move, by the subject of its life-cycle table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionStored(Fact):
    """A draft got the content with this digest: uploaded, edited, or with answers to so many of its questions."""

    code = "definition.stored"
    subject_kind = "definition"
    deployment_id: str
    version: int
    digest: str
    grade: str
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionProved(Fact):
    """A version was proved once more, as this kind; the digest is that of its certificate."""

    code = "definition.proved"
    subject_kind = "definition"
    kind: str
    proved: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOpened(Fact):
    """A signal became an incident."""

    code = "incident.opened"
    subject_kind = "incident"
    number: str
    signal_id: str
    event_type: str
    level: int | None = None
    grid_cell_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveDrafted(Fact):
    """An order was drafted."""

    code = "directive.drafted"
    subject_kind = "directive"
    number: str
    incident_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveIssued(Fact):
    """An order was issued: its wording is frozen under the digest."""

    code = "directive.issued"
    subject_kind = "directive"
    digest: str
    department_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSubmitted(Fact):
    """A department reported back on its task."""

    code = "feedback.submitted"
    subject_kind = "task"
    feedback_id: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRecorded(Fact):
    """Somebody other than the handlers verified what was done."""

    code = "verification.recorded"
    subject_kind = "directive"
    verification_id: str
    passed: bool
    sent_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecorded(Fact):
    """The closed work was evaluated."""

    code = "evaluation.recorded"
    subject_kind = "directive"
    evaluation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStarted(Fact):
    """A clock began to run."""

    code = "clock.started"
    subject_kind = "clock"
    stage: str
    policy: str
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEnded(Fact):
    """A clock ended: met, missed or cancelled."""

    code = "clock.ended"
    subject_kind = "clock"
    state: str
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungReached(Fact):
    """A rung of a clock fired and called somebody."""

    code = "clock.rung_reached"
    subject_kind = "clock"
    rung: int
    late_by_s: float
    role: str
    recipient_person_id: str | None
    recipient_department_id: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken(Fact):
    """An instance went one step: by which stimulus, on which wait (0 for none), to which revision and digest.

    The item's history row says which node and which answers; `state_digest` ties the stored state to the ledger.
    """

    code = "instance.stepped"
    subject_kind = "instance"
    stimulus: str
    wait: int
    revision: int
    state_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRetried(Fact):
    """An operator tried a step failure again, with so many variables corrected."""

    code = "failure.retried"
    subject_kind = "instance"
    wait: int
    failure: str
    corrected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTended(Fact):
    """An operator suspended, resumed, cancelled, moved, restarted or migrated an instance; the reason is on record."""

    code = "instance.tended"
    subject_kind = "instance"
    act: str
    record_id: str
    batch_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFact(Fact):
    """Something that happened to the account of a person."""

    subject_kind = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet(AccountFact):
    """A person got a new password."""

    code = "account.password_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(AccountFact):
    """A person signed in."""

    code = "account.signed_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(AccountFact):
    """Somebody tried a wrong password."""

    code = "account.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLocked(AccountFact):
    """Too many wrong passwords: the account is locked for a while."""

    code = "account.locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(AccountFact):
    """A person signed out."""

    code = "account.signed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(AccountFact):
    """A person made a token for a program."""

    code = "account.token_issued"
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(AccountFact):
    """A person ended one of their tokens."""

    code = "account.token_revoked"
    token_id: str
