"""Life cycles as tables: which state an object may go to, by which action, with whose permission, needing what.

One table each for signal, incident, directive, task and process definition. From a table come the guard
(`decide`), the CHECK constraint (`check_sql`), the rows of the database trigger (`transitions`), the list of allowed
actions (`allowed`) and the exhaustive test. No other place says which move is legal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engine.errors import InvalidMove

SYSTEM = "system:engine:move"
"""The permission of moves that follow: from facts, or by entering a node because the one before it was completed.
No role holds it: only services act with it."""

CHANGE_REQUEST = "change_request"
NONE_NEEDED: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a life-cycle table: `action` leads from `source` to `target`.

    `needs` names what must be on record for the move: a reason, a feedback, an approved change request.
    """

    action: str
    source: str
    target: str
    permission: str
    needs: frozenset[str] = NONE_NEEDED

    @property
    def changes_state(self) -> bool:
        """Whether the object ends in another state; an extension or a change of lead leaves it where it is."""
        return self.source != self.target


@dataclass(frozen=True)
class Lifecycle:
    """The life of one kind of object: its states, the one it starts in, and its moves.

    `refusals` gives an action the code of its refusal in a wrong state; without an entry it is
    `<subject>.cannot_<action>`.
    """

    subject: str
    states: tuple[str, ...]
    start: str
    moves: tuple[Move, ...]
    refusals: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Every action of the table, in table order."""
        return tuple(dict.fromkeys(move.action for move in self.moves))

    @cached_property
    def final_states(self) -> frozenset[str]:
        """States that no move leaves."""
        return frozenset(self.states) - {move.source for move in self.moves if move.changes_state}

    @cached_property
    def _by_state_and_action(self) -> dict[tuple[str, str], Move]:
        return {(move.source, move.action): move for move in self.moves}

    def decide(self, state: str, action: str, given: Collection[str] = ()) -> Move:
        """The move that `action` makes from `state`, when all it needs is among `given`.

        Raises: InvalidMove `<subject>.unknown_state`, `<subject>.unknown_action`, the action's own refusal,
        `change_request.required` or `<subject>.<need>_missing`.
        """
        move = self._by_state_and_action.get((state, action))
        if move is None:
            raise self._refusal(state, action)
        missing = move.needs.difference(given)
        if CHANGE_REQUEST in missing:
            raise InvalidMove(
                "change_request.required",
                f"Expected an approved change request for {action!r} of a {self.subject}, but there is none.",
                subject=self.subject,
                state=state,
                action=action,
            )
        for need in sorted(missing):
            raise InvalidMove(
                f"{self.subject}.{need}_missing",
                f"Expected a recorded {need} for {action!r} of a {self.subject}, but there is none.",
                subject=self.subject,
                state=state,
                action=action,
            )
        return move

    def allowed(self, state: str) -> tuple[Move, ...]:
        """The moves that lead on from `state`, in table order."""
        return tuple(move for move in self.moves if move.source == state)

    def sources(self, action: str) -> tuple[str, ...]:
        """The states in which `action` is a move, in table order."""
        return tuple(move.source for move in self.moves if move.action == action)

    def check_sql(self, column: str = "state") -> str:
        """The text of a CHECK constraint that admits the states of this table and no others."""
        states = ", ".join(f"'{state}'" for state in self.states)
        return f"{column} IN ({states})"

    def transitions(self) -> tuple[tuple[str, str], ...]:
        """The pairs (source, target) that a stored state may change by; for the database trigger."""
        pairs = ((move.source, move.target) for move in self.moves if move.changes_state)
        return tuple(dict.fromkeys(pairs))

    def _refusal(self, state: str, action: str) -> InvalidMove:
        if state not in self.states:
            code, expected = "unknown_state", f"one of {', '.join(self.states)}"
        elif action not in self.actions:
            code, expected = "unknown_action", f"one of {', '.join(self.actions)}"
        else:
            code = self.refusals.get(action, f"cannot_{action}")
            expected = f"a {self.subject} in {' or '.join(self.sources(action))} for {action!r}"
        return InvalidMove(
            f"{self.subject}.{code}",
            f"Expected {expected}, but it is {state!r} and the action {action!r}.",
            subject=self.subject,
            state=state,
            action=action,
        )


def words(text: str) -> tuple[str, ...]:
    """The words of a space-separated list: the short way to write states."""
    return tuple(text.split())


def moves(
    action: str, sources: str, target: str | None, permission: str, needs: Iterable[str] = ()
) -> tuple[Move, ...]:
    """The moves of one action from each of the space-separated `sources`; a `target` of None stays in the state."""
    needed = frozenset(needs)
    return tuple(Move(action, source, target or source, permission, needed) for source in words(sources))


SIGNAL = Lifecycle(
    subject="signal",
    states=words("received triaged linked rejected redirected answered"),
    start="received",
    moves=(
        *moves("triage", "received", "triaged", "signal:report:triage"),
        *moves("link", "triaged", "linked", "signal:report:link"),
        *moves("reject", "triaged", "rejected", "signal:report:reject", ["reason"]),
        *moves("redirect", "triaged", "redirected", "signal:report:redirect", ["reason"]),
        *moves("answer", "triaged", "answered", "signal:report:answer", ["reply"]),
    ),
    refusals={"link": "not_triaged"},
)

_UNDERWAY = "filed handling stabilised feedback suspended"

INCIDENT = Lifecycle(
    subject="incident",
    states=words(
        "reported rejected accepted not_filed voided merged filed handling stabilised suspended feedback "
        "verified closed evaluated archived"
    ),
    start="reported",
    moves=(
        *moves("accept", "reported", "accepted", "incident:case:accept"),
        *moves("reject", "reported", "rejected", "incident:case:reject", ["reason"]),
        *moves("verify_on_site", "accepted", None, "incident:case:inspect"),
        *moves("file", "accepted", "filed", "incident:case:file"),
        *moves("decline", "accepted", "not_filed", "incident:case:decline", ["reason"]),
        *moves("void", "accepted", "voided", "incident:case:void", [CHANGE_REQUEST]),
        *moves("merge", "reported accepted filed handling", "merged", "incident:case:merge"),
        *moves("unmerge", "merged", "reported", "incident:case:merge"),
        *moves("dispatch", "filed", "handling", "incident:case:dispatch"),
        *moves("stabilise", "handling", "stabilised", "incident:case:stabilise"),
        *moves("receive_feedback", "handling stabilised", "feedback", SYSTEM, ["feedback"]),
        *moves("verify_pass", "feedback", "verified", SYSTEM, ["verification"]),
        *moves("verify_fail", "feedback", "handling", SYSTEM),
        *moves("rehandle", "verified", "handling", "incident:case:rehandle", ["reason"]),
        *moves("close", "verified", "closed", "incident:case:close", ["reply"]),
        *moves("evaluate", "closed", "evaluated", "incident:case:evaluate", ["evaluation"]),
        *moves("reopen", "closed evaluated", "handling", "incident:case:reopen", ["reason"]),
        *moves("suspend", "handling", "suspended", "incident:case:suspend", [CHANGE_REQUEST]),
        *moves("resume", "suspended", "handling", "incident:case:resume"),
        *moves("archive", "evaluated", "archived", "incident:case:archive"),
        *moves("change_level", _UNDERWAY, None, "incident:level:change", [CHANGE_REQUEST]),
        *moves("change_lead", _UNDERWAY, None, "incident:lead:change", [CHANGE_REQUEST]),
    ),
    refusals={
        "file": "not_accepted",
        "dispatch": "not_filed_yet",
        "verify_pass": "no_feedback",
        "close": "not_verified",
        "evaluate": "not_closed",
        "archive": "not_evaluated",
    },
)

DIRECTIVE = Lifecycle(
    subject="directive",
    states=words(
        "draft in_review returned approved issued executing feedback accepted not_accepted evaluated "
        "closed withdrawn superseded voided expired"
    ),
    start="draft",
    moves=(
        *moves("revise", "returned", "draft", SYSTEM),
        *moves("submit_for_review", "draft approved", "in_review", SYSTEM),
        *moves("approve", "in_review", "approved", "directive:review:decide"),
        *moves("return_for_revision", "in_review", "returned", "directive:review:decide", ["reason"]),
        *moves("issue", "approved", "issued", "directive:order:issue"),
        *moves("start", "issued", "executing", SYSTEM),
        *moves("receive_feedback", "executing", "feedback", SYSTEM, ["feedback"]),
        *moves("pass", "feedback", "accepted", "directive:verification:decide", ["verification"]),
        *moves("fail", "feedback", "not_accepted", "directive:verification:decide", ["reason"]),
        *moves("rework", "not_accepted", "executing", SYSTEM),
        *moves("evaluate", "accepted", "evaluated", "directive:evaluation:write", ["evaluation"]),
        *moves("close", "evaluated", "closed", SYSTEM, ["verification", "evaluation"]),
        *moves("withdraw", "issued", "withdrawn", "directive:order:withdraw", ["reason"]),
        *moves("supersede", "issued executing", "superseded", "directive:order:supersede", ["replacement"]),
        *moves(
            "void",
            "draft in_review returned approved issued executing feedback accepted not_accepted evaluated",
            "voided",
            "directive:order:void",
            [CHANGE_REQUEST],
        ),
        *moves("expire", "draft in_review returned approved", "expired", SYSTEM),
    ),
    refusals={
        "issue": "not_reviewed",
        "approve": "not_in_review",
        "receive_feedback": "not_executing",
        "pass": "no_feedback",
        "fail": "no_feedback",
        "evaluate": "not_verified",
        "close": "not_evaluated",
        "withdraw": "already_signed",
    },
)

_OPEN_TASK = "pending signed in_progress rework returned suspended"

TASK = Lifecycle(
    subject="task",
    states=words("pending signed in_progress submitted verified rework returned transferred suspended cancelled"),
    start="pending",
    moves=(
        *moves("sign", "pending rework", "signed", "task:leg:sign"),
        *moves("return", "pending rework", "returned", "task:leg:return", ["reason"]),
        *moves("redispatch", "returned", "pending", "task:leg:redispatch"),
        *moves("start", "signed rework", "in_progress", SYSTEM),
        *moves("submit", "in_progress", "submitted", "task:leg:feedback", ["feedback"]),
        *moves("verify", "submitted", "verified", "directive:verification:decide", ["verification"]),
        *moves("rework", "submitted", "rework", "directive:verification:decide"),
        *moves(
            "transfer",
            "pending signed in_progress rework returned",
            "transferred",
            "task:leg:transfer",
            [CHANGE_REQUEST],
        ),
        *moves("suspend", "signed in_progress", "suspended", "task:leg:suspend", [CHANGE_REQUEST]),
        *moves("resume", "suspended", "in_progress", "task:leg:resume"),
        *moves("extend", "pending signed in_progress rework", None, "task:leg:extend", [CHANGE_REQUEST]),
        *moves("cancel", _OPEN_TASK + " submitted", "cancelled", SYSTEM),
    ),
    refusals={"start": "not_signed", "submit": "not_started", "verify": "not_submitted", "rework": "not_submitted"},
)

DEFINITION = Lifecycle(
    subject="definition",
    states=words("draft in_review published retired"),
    start="draft",
    moves=(
        *moves("edit", "draft", None, "process:definition:upload"),
        *moves("answer", "draft", None, "process:definition:upload"),
        *moves("submit_for_review", "draft", "in_review", "process:definition:upload"),
        *moves("return_for_revision", "in_review", "draft", "process:definition:publish", ["reason"]),
        *moves("publish", "in_review", "published", "process:definition:publish", ["certificate"]),
        *moves("retire", "published", "retired", "process:definition:publish"),
    ),
    refusals={
        **{"edit": "not_draft", "answer": "not_draft", "submit_for_review": "not_draft"},
        **{"publish": "not_in_review", "return_for_revision": "not_in_review", "retire": "not_in_force"},
    },
)

TABLES: tuple[Lifecycle, ...] = (SIGNAL, INCIDENT, DIRECTIVE, TASK, DEFINITION)
