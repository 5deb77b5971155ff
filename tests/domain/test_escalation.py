"""Whom a rung calls on a small department tree, and the way up where posts are vacant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.access import Holding
from engine.domain.escalation import DEFAULT_LADDER, Ladder, Recipient, Skip, next_holder
from engine.domain.org import Department, DepartmentTree, DutyShift, Post, PostHolding, Roster
from engine.errors import NotFound, Rejected

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(days=30), NOW + timedelta(hours=4)


def _department(id_: str, parent: str | None, centre: str | None = None) -> Department:
    return Department(id_, id_, id_, id_, parent, centre_kind=centre)


TREE = DepartmentTree(
    [
        _department("city", None),
        _department("command", "city", "command"),
        _department("hotline", "city", "hotline"),
        _department("water", "city"),
        _department("pumps", "water"),
    ]
)
POSTS = [
    Post("city-head", "city", "department_head"),
    Post("command-sup", "command", "supervisor"),
    Post("hotline-sup", "hotline", "supervisor"),
    Post("water-clerk", "water", "department_clerk"),
    Post("water-head", "water", "department_head"),
    Post("pumps-clerk", "pumps", "department_clerk"),
]
SHIFTS = [DutyShift("water", "duty", NOW - timedelta(hours=4), FUTURE)]
FULL = Roster(POSTS, [PostHolding(post.id, f"p-{post.id}", PAST) for post in POSTS], SHIFTS)
EMPTY = Roster(POSTS, [])


def _call(rung: int, department: str, roster: Roster = FULL, claimed_by: str | None = None) -> Recipient:
    return next_holder(rung, department, TREE, roster, NOW, claimed_by=claimed_by)


def test_rungs_of_the_default_ladder_call_one_after_the_other() -> None:
    """50 the holder, 80 the duty officer, 100 the head, 150 and again 200 the supervising centre."""
    people = {rung: _call(rung, "water").person_id for rung in DEFAULT_LADDER.rungs}
    assert people == {50: "p-water-clerk", 80: "duty", 100: "p-water-head", 150: "p-command-sup", 200: "p-command-sup"}


def test_rung_50_of_claimed_work_calls_who_claimed_it_while_in_office() -> None:
    """The holder is who took the work; once they hold no post any more it is the clerk of the department."""
    assert _call(50, "water", claimed_by="p-pumps-clerk").why == "claimed"
    assert _call(50, "water", claimed_by="left-the-city").person_id == "p-water-clerk"


def test_vacant_post_climbs_to_the_parent_and_records_the_way() -> None:
    """A department without a head or duty officer is passed over, and the record says so."""
    head = _call(100, "pumps")
    assert (head.person_id, head.department_id) == ("p-water-head", "water")
    assert head.skipped == (Skip("pumps", "post_vacant"),)
    assert _call(80, "pumps").skipped == (Skip("pumps", "nobody_on_shift"),)


def test_whole_way_vacant_is_put_to_the_top_and_never_lost() -> None:
    """With no one anywhere the call still has an address: the role in the topmost department."""
    call = _call(150, "pumps", EMPTY)
    assert (call.person_id, call.department_id, call.why) == (None, "city", "unfilled")
    assert [skip.department_id for skip in call.skipped] == ["pumps", "water", "city"]


def test_supervising_centre_is_the_command_centre_before_other_centres() -> None:
    """Beside a hotline the command centre supervises; without its supervisor the hotline's takes over."""
    held = [PostHolding(post.id, f"p-{post.id}", PAST) for post in POSTS if post.id != "command-sup"]
    assert _call(150, "water", Roster(POSTS, held)).person_id == "p-hotline-sup"


def test_centre_oversees_what_lies_below_its_parent_and_a_bureau_what_lies_below_itself() -> None:
    """Whoever a rung calls as the supervising centre has that work on the board."""
    assert TREE.overseen("command") == TREE.subtree("city")
    assert TREE.overseen("water") == {"water", "pumps"}
    assert DepartmentTree([_department("alone", None, "command")]).overseen("alone") == {"alone"}


def test_recipient_follows_the_roster_at_the_moment_of_firing() -> None:
    """A post handed over yesterday, a deputy and a shift that ended count as they stand now."""
    handed_over = [
        PostHolding("water-head", "old", PAST, NOW - timedelta(days=1)),
        PostHolding("water-head", "deputy", PAST, None, deputy_of="new"),
        PostHolding("water-head", "new", NOW - timedelta(days=1)),
    ]
    assert _call(100, "water", Roster(POSTS, handed_over)).person_id == "new"
    assert _call(100, "water", Roster(POSTS, handed_over[:2])).person_id == "deputy"
    later = next_holder(80, "water", TREE, FULL, FUTURE)
    assert (later.person_id, later.why) == (None, "unfilled")


def test_ladder_out_of_order_or_with_an_unknown_recipient_is_refused() -> None:
    """A ladder rises, has the deadline itself and calls posts that exist."""
    for steps in (((80, "holder"), (50, "holder"), (100, "holder")), ((50, "holder"),), ((100, "mayor"),)):
        with pytest.raises(Rejected, match=r"escalation\.ladder"):
            Ladder("bad", steps)
    with pytest.raises(NotFound, match=r"unknown_rung"):
        DEFAULT_LADDER.recipient(90)


def test_tree_answers_ancestors_subtree_and_common_ancestor() -> None:
    """The way up, everything below, and where two departments meet."""
    assert TREE.ancestors("pumps") == ("water", "city")
    assert TREE.subtree("water") == {"water", "pumps"}
    assert TREE.common_ancestor("pumps", "command") == "city"
    assert TREE.common_ancestor("pumps", "water") == "water"
    assert TREE.subject("pumps", "command").department_ids == {"pumps", "water", "city", "command"}
    assert "pumps" in TREE
    with pytest.raises(NotFound, match=r"unknown_department"):
        TREE.path("moon")


def test_tree_with_a_cycle_a_twin_or_an_unknown_parent_is_refused() -> None:
    """Rows that are no tree never become one."""
    for rows, code in (
        ([_department("a", "b"), _department("b", "a")], "cycle"),
        ([_department("a", None), _department("a", None)], "department_twice"),
        ([_department("a", "b")], "unknown_parent"),
    ):
        with pytest.raises(Rejected, match=rf"org\.{code}"):
            DepartmentTree(rows)


def test_roster_gives_the_roles_of_a_person_at_an_instant() -> None:
    """Rights come from the posts held now, not from those held once."""
    assert FULL.holdings_of("p-water-head", NOW) == (Holding("department_head", "water"),)
    assert FULL.holdings_of("p-water-head", PAST - timedelta(days=1)) == ()
