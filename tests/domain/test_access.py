"""Rights: role × department subtree × grid subtree, and duties kept apart."""

from __future__ import annotations

import pytest

from engine.domain.access import (
    LOOP_DUTIES,
    SYSTEM_ACTOR,
    Actor,
    Holding,
    Subject,
    conflict,
    conflicting_roles,
    holds_role,
    permits,
    require,
    require_separation,
)
from engine.domain.roles import ROLE_PERMISSIONS, ROLES
from engine.errors import NotAllowed

pytestmark = pytest.mark.fast

WATER_TASK = Subject(frozenset({"water", "city"}), frozenset({"cell1", "street1"}))
CLERK = Actor("p1", (Holding("department_clerk", "water"),))


def test_roles_are_the_twenty_of_the_city() -> None:
    """Every role id exists, with at least one permission of the form area:thing:act."""
    assert len(ROLES) == 20
    for permissions in ROLE_PERMISSIONS.values():
        assert permissions
        assert all(permission.count(":") == 2 for permission in permissions)


@pytest.mark.parametrize(
    ("department", "grid", "expected"),
    [
        ("water", None, True),
        ("city", None, True),  # a post above reaches down
        ("fire", None, False),
        ("water", "cell1", True),
        ("water", "street1", True),
        ("water", "cell2", False),
    ],
)
def test_permit_reaches_the_subtree_of_the_holding_only(department: str, grid: str | None, expected: bool) -> None:
    """A clerk of another department or another cell has the role but not the reach."""
    actor = Actor("p", (Holding("department_clerk", department, grid),))
    assert permits(actor, "task:leg:sign", WATER_TASK) is expected
    assert holds_role(actor, {"department_clerk"}, WATER_TASK) is expected


def test_permit_without_the_permission_is_refused_by_name() -> None:
    """Reach alone gives no right; the refusal names the missing permission."""
    assert not permits(CLERK, "directive:order:issue", WATER_TASK)
    with pytest.raises(NotAllowed) as refusal:
        require(CLERK, "directive:order:issue", WATER_TASK)
    assert refusal.value.code == "access.not_permitted"
    assert refusal.value.params["permission"] == "directive:order:issue"


def test_permit_on_an_object_nowhere_is_refused() -> None:
    """An object without a department is nobody's, so nobody but the engine reaches it."""
    assert not permits(CLERK, "task:leg:sign", Subject(frozenset()))
    assert permits(CLERK, "task:leg:sign", None)
    assert permits(SYSTEM_ACTOR, "task:leg:sign", Subject(frozenset()))


def test_admin_reads_no_case() -> None:
    """The administrator manages people and settings, not case content."""
    admin = Actor("root", (Holding("admin", "city"),))
    assert not permits(admin, "incident:case:read", WATER_TASK)


@pytest.mark.parametrize(
    ("done", "duty"),
    [
        ("draft", "approve"),
        ("handle", "verify"),
        ("verify", "evaluate"),
        ("handle", "evaluate"),
        ("request", "approve"),
        ("upload", "publish"),
    ],
)
def test_duties_of_one_person_on_one_subject_stay_apart(done: str, duty: str) -> None:
    """Nobody does both duties of a pair, in either order; another person may."""
    for before, after in ((done, duty), (duty, done)):
        rule = conflict(after, "p1", {before: {"p1"}})
        assert rule is not None
        assert {rule.first, rule.second} == {done, duty}
        assert conflict(after, "p2", {before: {"p1"}}) is None
        with pytest.raises(NotAllowed, match=r"access\.duties_not_separate"):
            require_separation(after, "p1", {before: {"p1"}})


def test_same_duty_again_by_the_same_person_is_no_conflict() -> None:
    """A handler may handle the rework of the same task, a verifier verify it again."""
    require_separation("handle", "p1", {"handle": {"p1"}})
    require_separation("verify", "p1", {"verify": {"p1"}, "draft": {"p1"}})
    assert LOOP_DUTIES["review"] == "approve"


def test_admin_and_auditor_are_never_one_person() -> None:
    """Who can change the records does not audit them."""
    assert conflicting_roles({"admin", "drafter"}) is None
    rule = conflicting_roles({"admin", "auditor"})
    assert rule is not None
    assert rule.code == "admin_auditor"
