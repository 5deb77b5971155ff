"""Escalation: whom a rung of a clock calls, found on the department tree at the moment it fires.

A rung names a recipient (holder, duty officer, head, supervising centre), never a person. Where the post is vacant
the search climbs to the parent, and every department passed over is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.domain.org import DepartmentTree, Roster
from engine.errors import NotFound, Rejected

RECIPIENTS: tuple[str, ...] = ("holder", "duty_officer", "department_head", "supervising_centre")
BREACH = 100
"""The rung, in per cent of the budget, at which the deadline itself passes."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in rising order: per cent of the budget, and whom each calls.

    Raises: Rejected `escalation.ladder` on building one without the rung 100, unordered, or with another recipient.
    """

    code: str
    steps: tuple[tuple[int, str], ...]

    def __post_init__(self) -> None:
        rungs = self.rungs
        unknown = {recipient for _, recipient in self.steps} - set(RECIPIENTS)
        if BREACH not in rungs or list(rungs) != sorted(set(rungs)) or rungs[0] <= 0 or unknown:
            raise Rejected(
                "escalation.ladder",
                f"Expected rising rungs with {BREACH} and recipients of {', '.join(RECIPIENTS)}, but ladder "
                f"{self.code!r} has {self.steps}.",
                ladder=self.code,
            )

    @property
    def rungs(self) -> tuple[int, ...]:
        """The rungs in per cent, rising."""
        return tuple(rung for rung, _ in self.steps)

    def recipient(self, rung: int) -> str:
        """Whom the rung calls.

        Raises: NotFound `escalation.unknown_rung`.
        """
        for step, recipient in self.steps:
            if step == rung:
                return recipient
        raise NotFound("escalation.unknown_rung", f"Expected a rung of {self.rungs}, but it is {rung}.", rung=rung)


DEFAULT_LADDER = Ladder(
    "default",
    (
        (50, "holder"),
        (80, "duty_officer"),
        (100, "department_head"),
        (150, "supervising_centre"),
        (200, "supervising_centre"),
    ),
)


@dataclass(frozen=True, slots=True)
class Skip:
    """A department passed over on the way up, and why: post_vacant, nobody_on_shift or no_supervisor."""

    department_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is called: a person in a department, in a role; `why` tells how they were found.

    `why`: claimed, post, on_shift, supervisor, or unfilled. Unfilled has no person: the whole way up is vacant, so the
    call is put to the role in the topmost department and stays on its board.
    """

    person_id: str | None
    department_id: str
    role: str
    why: str
    skipped: tuple[Skip, ...] = ()


_Found = tuple[str, str] | None  # person id, department id


def next_holder(
    rung: int,
    department_id: str,
    tree: DepartmentTree,
    roster: Roster,
    now: datetime,
    *,
    ladder: Ladder = DEFAULT_LADDER,
    claimed_by: str | None = None,
) -> Recipient:
    """Whom this rung calls for work of this department at this moment.

    `claimed_by` is who has taken the work; they are the holder as long as they hold any post.
    Raises: NotFound `escalation.unknown_rung`, `org.unknown_department`.
    """
    recipient = ladder.recipient(rung)
    if recipient == "holder":
        if claimed_by is not None and roster.is_active(claimed_by, now):
            return Recipient(claimed_by, department_id, "department_clerk", "claimed")
        return _climb(department_id, tree, _post(roster, "department_clerk", now), "department_clerk", "post")
    if recipient == "duty_officer":
        return _climb(department_id, tree, _on_shift(roster, now), "duty_officer", "on_shift", "nobody_on_shift")
    if recipient == "department_head":
        return _climb(department_id, tree, _post(roster, "department_head", now), "department_head", "post")
    return _climb(department_id, tree, _supervisor(tree, roster, now), "supervisor", "supervisor", "no_supervisor")


def _climb(
    department_id: str,
    tree: DepartmentTree,
    find: Callable[[str], _Found],
    role: str,
    why: str,
    reason: str = "post_vacant",
) -> Recipient:
    """The first one found from the department upward, with the departments passed over."""
    skipped: list[Skip] = []
    path = tree.path(department_id)
    for place in path:
        found = find(place)
        if found is not None:
            return Recipient(found[0], found[1], role, why, tuple(skipped))
        skipped.append(Skip(place, reason))
    return Recipient(None, path[-1], role, "unfilled", tuple(skipped))


def _post(roster: Roster, role: str, now: datetime) -> Callable[[str], _Found]:
    def find(department_id: str) -> _Found:
        holding = roster.holder(department_id, role, now)
        return (holding.person_id, department_id) if holding else None

    return find


def _on_shift(roster: Roster, now: datetime) -> Callable[[str], _Found]:
    def find(department_id: str) -> _Found:
        person_id = roster.on_duty(department_id, now)
        return (person_id, department_id) if person_id else None

    return find


def _supervisor(tree: DepartmentTree, roster: Roster, now: datetime) -> Callable[[str], _Found]:
    """A supervisor of the department itself if it is a centre or a parent, else of a centre directly below it."""
    find_post = _post(roster, "supervisor", now)

    def find(department_id: str) -> _Found:
        centres = [tree.department(child) for child in tree.children(department_id)]
        centres = [centre for centre in centres if centre.centre_kind is not None]
        centres.sort(key=lambda centre: (centre.centre_kind != "command", centre.code))
        places = [department_id, *(centre.id for centre in centres)]
        return next((found for place in places if (found := find_post(place)) is not None), None)

    return find
