"""The directive 指令: what each loop role of a process proposes to its life cycle, and the rules around it.

`LOOP_ROLES` is the table under `cl:loop`: a node's role says which moves it proposes on entering and on completing.
The process proposes, the tables of `lifecycle` dispose: a proposal that is no move there refuses the whole step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.domain.level import at_least
from engine.errors import InvalidMove, Rejected

DIRECTIVE_KINDS = (
    "dispatch", "allocation", "cooperation", "supervision", "notice", "warning_response", "evacuation",
)  # fmt: skip
ADDRESSEE_ROLES = ("lead", "co", "copy")
ISSUE_MODES = ("normal", "oral_first")
COMPLETION_RULES = ("all", "lead", "quorum")
CompletionRule = Literal["all", "lead", "quorum"]

ANY = ""
"""The decision of a node that asks for none."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One move a node proposes.

    `subject` is directive or task. `tasks` says which tasks it is for: the task of the leg, all submitted ones, or the
    ones the answer names in `legs`. `only_from` limits it to these states of the subject (elsewhere it is left out);
    `skipped_in` leaves it out in these; `when` names a condition a service answers: `completion_rule`.
    """

    subject: Literal["directive", "task"]
    action: str
    tasks: Literal["", "leg", "submitted", "named"] = ""
    only_from: frozenset[str] = frozenset()
    skipped_in: frozenset[str] = frozenset()
    when: Literal["", "completion_rule"] = ""

    def applies_in(self, state: str) -> bool:
        """Whether the move is proposed at all when its subject is in `state`."""
        return state not in self.skipped_in and (not self.only_from or state in self.only_from)


@dataclass(frozen=True, slots=True)
class LoopRole:
    """A value of `cl:loop`: what it proposes when its node is entered and, by decision, when it is completed.

    `leg` tells whether the node belongs to one addressee, so that its subject is that addressee's task.
    """

    name: str
    leg: bool = False
    entering: tuple[Proposal, ...] = ()
    completing: Mapping[str, tuple[Proposal, ...]] = field(default_factory=dict)


LOOP_ROLES: Mapping[str, LoopRole] = {
    role.name: role
    for role in (
        LoopRole("draft", entering=(Proposal("directive", "revise", skipped_in=frozenset({"draft"})),)),
        LoopRole(
            "review",
            entering=(Proposal("directive", "submit_for_review"),),
            completing={
                "approve": (Proposal("directive", "approve"),),
                "return_for_revision": (Proposal("directive", "return_for_revision"),),
            },
        ),
        LoopRole("issue", completing={ANY: (Proposal("directive", "issue"),)}),
        LoopRole(
            "accept",
            leg=True,
            completing={
                "sign": (
                    Proposal("task", "sign", "leg"),
                    Proposal("directive", "start", only_from=frozenset({"issued"})),
                ),
                "return": (Proposal("task", "return", "leg"),),
            },
        ),
        LoopRole("execute", leg=True, entering=(Proposal("task", "start", "leg"),)),
        LoopRole(
            "feedback",
            leg=True,
            completing={
                ANY: (
                    Proposal("task", "submit", "leg"),
                    Proposal(
                        "directive", "receive_feedback", only_from=frozenset({"executing"}), when="completion_rule"
                    ),
                )
            },
        ),
        LoopRole(
            "verify",
            completing={
                "pass": (Proposal("directive", "pass"), Proposal("task", "verify", "submitted")),
                "fail": (
                    Proposal("directive", "fail"),
                    Proposal("directive", "rework"),
                    Proposal("task", "rework", "named"),
                ),
            },
        ),
        LoopRole("evaluate", completing={ANY: (Proposal("directive", "evaluate"),)}),
        LoopRole("close", entering=(Proposal("directive", "close"),)),
        LoopRole("void", entering=(Proposal("directive", "void"),)),
        LoopRole("report", leg=True),
        LoopRole("coordinate"),
    )
}


def _loop_role(name: str) -> LoopRole:
    role = LOOP_ROLES.get(name)
    if role is None:
        raise Rejected(
            "directive.unknown_loop_role",
            f"Expected cl:loop to be one of {', '.join(LOOP_ROLES)}, but it is {name!r}.",
            role=name,
        )
    return role


def on_enter(role: str, directive_state: str) -> Proposal | None:
    """The move that entering a node of this loop role proposes; None where it moves nothing.

    Raises: Rejected `directive.unknown_loop_role`.
    """
    for proposal in _loop_role(role).entering:
        if proposal.subject == "task" or proposal.applies_in(directive_state):
            return proposal
    return None


def decisions(role: str) -> tuple[str, ...]:
    """The values the field `decision` of such a node's form may have; empty where it decides nothing."""
    return tuple(decision for decision in _loop_role(role).completing if decision != ANY)


def on_complete(role: str, decision: str | None = None) -> tuple[Proposal, ...]:
    """The moves that completing a node of this loop role proposes, in order, for the answered decision.

    Raises: Rejected `directive.unknown_loop_role`, `directive.unknown_decision`.
    """
    completing = _loop_role(role).completing
    if not completing or ANY in completing:
        return completing.get(ANY, ())
    if decision is None or decision not in completing:
        raise Rejected(
            "directive.unknown_decision",
            f"Expected the decision of a {role} node to be {' or '.join(completing)}, but it is {decision!r}.",
            role=role,
            decision=decision,
        )
    return completing[decision]


@dataclass(frozen=True, slots=True)
class Leg:
    """What the completion rule has to know of one task: its department, its role lead or co, its state."""

    department: str
    role: str
    state: str


_ANSWERED = frozenset({"submitted", "verified"})
_LEFT_OUT = frozenset({"cancelled", "transferred"})


def is_complete(rule: CompletionRule, legs: Iterable[Leg]) -> bool:
    """Whether enough tasks of a directive are submitted for its feedback to count as received.

    all: every task that counts. lead: every lead task. quorum: more than half. Cancelled and transferred tasks count
    for nothing; a returned one is still owed.
    """
    counted = [leg for leg in legs if leg.state not in _LEFT_OUT and (rule != "lead" or leg.role == "lead")]
    answered = sum(leg.state in _ANSWERED for leg in counted)
    if rule == "quorum":
        return answered * 2 > len(counted)
    return bool(counted) and answered == len(counted)


def reviews_needed(level: int | str | None) -> int:
    """How many reviews the shipped loop asks for: two at level I and II (the second is a co-signature), else one."""
    return 2 if at_least(level, "II") else 1


def check_addressees(addressees: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The addressees (department, role) of an order, lead first.

    Raises: Rejected `directive.no_addressee`, `directive.addressee_twice`, `directive.no_lead`,
    `directive.unknown_role`.
    """
    rows = sorted(addressees, key=lambda row: row[1] != "lead")
    departments = [department for department, _ in rows]
    roles = {role for _, role in rows}
    if not rows:
        raise Rejected("directive.no_addressee", "Expected at least one addressee, but there is none.")
    if roles - set(ADDRESSEE_ROLES):
        raise Rejected(
            "directive.unknown_role",
            f"Expected the roles of addressees among {', '.join(ADDRESSEE_ROLES)}, but there are {sorted(roles)}.",
        )
    if len(set(departments)) < len(departments):
        raise Rejected("directive.addressee_twice", "Expected each department once, but one is addressed twice.")
    if "lead" not in roles:
        raise Rejected("directive.no_lead", "Expected a lead department, but all addressees only co-operate.")
    return tuple(rows)


def check_withdrawal(signed_by: Iterable[str]) -> None:
    """Refuses to withdraw an order that a department has already signed for.

    Raises: InvalidMove `directive.already_signed`.
    """
    signed = sorted(signed_by)
    if signed:
        raise InvalidMove(
            "directive.already_signed",
            f"Expected an order that nobody has signed for, but {', '.join(signed)} did.",
            departments=signed,
        )


def number(issued_on: str, district: str, sequence: int) -> str:
    """The number of a directive: `ZL-YYYYMMDD-<district>-<sequence>`, e.g. ZL-20260301-990100-000007."""
    return f"ZL-{issued_on}-{district}-{sequence:06d}"


def digest(fields: Mapping[str, str], addressees: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 of the issued wording, in hex: order and lengths are part of it, so no text can slide over.

    Shape: every field as `<name> <length of value in bytes>\\n<value>\\n`, names sorted; then the addressees sorted.
    """
    parts = hashlib.sha256()
    rows = [*sorted(fields.items()), *((f"to {dept}", role) for dept, role in sorted(addressees))]
    for name, value in rows:
        encoded = value.encode()
        parts.update(f"{name} {len(encoded)}\n".encode() + encoded + b"\n")
    return parts.hexdigest()
