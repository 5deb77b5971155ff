"""Who may do what: roles with their permissions as data, their reach, and the duties one person may not join.

A right is role × department subtree × grid subtree. Whoever asks says on which departments (and grid cells) the
object lies: the subject carries the whole path up to the root, so a holding reaches it when its own department is on
that path. Permissions are named `area:thing:act`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.domain.roles import ROLE_PERMISSIONS
from engine.errors import NotAllowed

Within = Literal["subject", "holdings"]
WITHIN: tuple[Within, ...] = ("subject", "holdings")


@dataclass(frozen=True, slots=True)
class Separation:
    """Two duties one person may not join: on the same subject, or as two roles held at the same time."""

    first: str
    second: str
    within: Within = "subject"

    @property
    def code(self) -> str:
        """The name of the rule in errors, texts and the city's profile."""
        return f"{self.first}_{self.second}"


SEPARATION: tuple[Separation, ...] = (
    Separation("draft", "approve"),
    Separation("handle", "verify"),
    Separation("verify", "evaluate"),
    Separation("handle", "evaluate"),
    Separation("request", "approve"),
    Separation("upload", "publish"),
    Separation("admin", "auditor", within="holdings"),
)

LOOP_DUTIES: Mapping[str, str] = {
    "draft": "draft", "review": "approve", "accept": "handle", "execute": "handle", "feedback": "handle",
    "verify": "verify", "evaluate": "evaluate",
}  # fmt: skip
"""The duty a person takes on by completing a node of this loop role."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A role held in a department: it reaches that department's subtree and, where set, one grid subtree only."""

    role: str
    department_id: str
    grid_cell_id: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the engine itself, acting at this moment with the posts valid at this moment."""

    person_id: str
    holdings: tuple[Holding, ...] = ()
    is_system: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """The role ids the person holds anywhere."""
        return frozenset(holding.role for holding in self.holdings)


SYSTEM_ACTOR = Actor("system", is_system=True)
"""The engine: it makes the moves that follow from facts."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Where an object lies: every department it belongs to, each with its ancestors, and likewise its grid cells."""

    department_ids: frozenset[str]
    grid_cell_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """The rights of a city: permissions by role and its separations of duty."""

    permissions: Mapping[str, frozenset[str]]
    separations: tuple[Separation, ...]


DEFAULT_POLICY = RolePolicy(ROLE_PERMISSIONS, SEPARATION)


def reaches(holding: Holding, subject: Subject) -> bool:
    """Whether the object lies in the department subtree, and the grid subtree, of the holding."""
    in_grid = holding.grid_cell_id is None or holding.grid_cell_id in subject.grid_cell_ids
    return in_grid and holding.department_id in subject.department_ids


def permits(actor: Actor, permission: str, subject: Subject | None, policy: RolePolicy = DEFAULT_POLICY) -> bool:
    """Whether one of the actor's holdings gives the permission and reaches the object.

    A subject of None asks without an object: may this person do it anywhere at all.
    """
    if actor.is_system:
        return True
    return any(
        permission in policy.permissions.get(holding.role, ()) and (subject is None or reaches(holding, subject))
        for holding in actor.holdings
    )


def require(actor: Actor, permission: str, subject: Subject | None, policy: RolePolicy = DEFAULT_POLICY) -> None:
    """Refuses an actor without the permission on the object.

    Raises: NotAllowed `access.not_permitted`.
    """
    if not permits(actor, permission, subject, policy):
        raise NotAllowed(
            "access.not_permitted",
            f"Expected somebody with the permission {permission} on this object, but {actor.person_id} has none.",
            permission=permission,
        )


def holds_role(actor: Actor, roles: Collection[str], subject: Subject) -> bool:
    """Whether the actor holds one of the roles with a reach to the object: who may take a work item of a lane."""
    return actor.is_system or any(h.role in roles and reaches(h, subject) for h in actor.holdings)


def conflict(
    duty: str,
    person_id: str,
    done: Mapping[str, Collection[str]],
    separations: Iterable[Separation] = SEPARATION,
) -> Separation | None:
    """The separation of duties the person would break by taking on `duty`; None where there is none.

    Shape: `done` holds, for each duty already done on the subject, the ids of the persons who did it.
    """
    for rule in separations:
        other = {rule.first: rule.second, rule.second: rule.first}.get(duty)
        if rule.within == "subject" and other is not None and person_id in done.get(other, ()):
            return rule
    return None


def require_separation(
    duty: str,
    person_id: str,
    done: Mapping[str, Collection[str]],
    separations: Iterable[Separation] = SEPARATION,
) -> None:
    """Refuses a person who has done a duty on this subject that excludes the new one.

    Raises: NotAllowed `access.duties_not_separate`.
    """
    rule = conflict(duty, person_id, done, separations)
    if rule is not None:
        raise NotAllowed(
            "access.duties_not_separate",
            f"Expected different persons to {rule.first} and to {rule.second}, but {person_id} would do both.",
            rule=rule.code,
            duty=duty,
        )


def conflicting_roles(roles: Collection[str], separations: Iterable[Separation] = SEPARATION) -> Separation | None:
    """The first pair of roles among `roles` that one person may not hold; None where there is none."""
    for rule in separations:
        if rule.within == "holdings" and rule.first in roles and rule.second in roles:
            return rule
    return None
