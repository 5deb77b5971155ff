"""Incidents, tasks and change requests: the rules beyond their state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.change_request import CHANGE_REQUEST_LIFE, approver_permission, check_extension
from engine.domain.event_type import EventType
from engine.domain.events import MOVED, FeedbackSubmitted, IncidentOpened
from engine.domain.grid import GridCell, check_code, code_parts, grid_path
from engine.domain.incident import (
    Dispatch,
    check_evaluation,
    check_stabilise,
    decide_dispatch,
    is_loop_closed,
    move_on_source_cancel,
    moves_allowed_by_directives,
    number,
)
from engine.domain.level import at_least, gravest, parse_level, roman
from engine.domain.lifecycle import INCIDENT
from engine.domain.roles import ROLE_PERMISSIONS
from engine.domain.task import OPEN_STATES, decide_return, next_cycle
from engine.errors import InvalidMove, Rejected

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CITY = {"water", "fire", "street-7", "command"}
FLOOD = EventType("10101", "暴雨", "Flood", "water", ("fire", "army", "@territory", "water"))


def test_number_uses_the_local_date_of_the_city() -> None:
    """A case opened at 23:30 UTC belongs to the next day in Shanghai."""
    assert number(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), 1) == "20260302-990100-000001"


def test_dispatch_follows_the_table_and_says_what_it_left_out() -> None:
    """Lead and co departments come from the type; the cell's owner stands in for the territory."""
    dispatch = decide_dispatch(FLOOD, territory="street-7", fallback="command", existing=CITY)
    assert dispatch == Dispatch("water", ("fire", "street-7"), ("lead_by_type", "left_out:army"))


def test_dispatch_without_the_lead_department_falls_to_territory_then_to_the_centre() -> None:
    """No incident stays without an owner: outside the grid the command centre has it."""
    unknown = EventType("20302", "轨道", "Metro", "metro")
    assert decide_dispatch(unknown, territory="street-7", fallback="command", existing=CITY).lead == "street-7"
    outside = decide_dispatch(unknown, territory=None, fallback="command", existing=CITY)
    assert (outside.lead, outside.why) == ("command", ("lead_is_fallback",))


@pytest.mark.parametrize(
    ("state", "directives", "moves"),
    [
        ("handling", ["feedback", "executing"], ()),
        ("handling", ["feedback", "closed"], ("receive_feedback",)),
        ("stabilised", ["feedback"], ("receive_feedback",)),
        ("handling", ["accepted", "evaluated"], ("receive_feedback", "verify_pass")),
        ("feedback", ["feedback", "accepted"], ()),
        ("feedback", ["accepted", "closed"], ("verify_pass",)),
        ("feedback", ["accepted", "executing"], ("verify_fail",)),
        ("handling", ["withdrawn", "voided"], ()),
        ("handling", ["feedback", "withdrawn"], ("receive_feedback",)),
        ("verified", ["closed"], ()),
    ],
)
def test_incident_moves_as_the_facts_of_its_directives_allow(
    state: str, directives: list[str], moves: tuple[str, ...]
) -> None:
    """Feedback needs all answers, verification all verified, and rework brings the incident back."""
    assert moves_allowed_by_directives(state, directives) == moves
    for action in moves:
        state = INCIDENT.decide(state, action, {"feedback", "verification"}).target


def test_loop_counts_as_closed_only_with_every_directive_closed_and_the_incident_evaluated() -> None:
    """Neither an evaluated incident with an open order nor closed orders alone are a closed loop."""
    assert is_loop_closed("evaluated", ["closed", "withdrawn"])
    assert not is_loop_closed("evaluated", ["closed", "evaluated"])
    assert not is_loop_closed("closed", ["closed"])
    assert not is_loop_closed("evaluated", [])
    with pytest.raises(InvalidMove, match=r"incident\.open_directive"):
        check_evaluation(["closed", "evaluated"])


def test_stabilised_is_for_graded_events_only_and_cancel_acts_before_filing() -> None:
    """Level IV and ungraded events are never 'stabilised'; a source's cancellation calls back no orders."""
    check_stabilise(3)
    for level in (4, None):
        with pytest.raises(Rejected, match=r"incident\.not_graded"):
            check_stabilise(level)
    assert move_on_source_cancel("accepted") == "decline"
    assert move_on_source_cancel("handling") is None


def test_task_returned_twice_binds_the_third_time() -> None:
    """After two returns the assignment is binding; before that a reason is needed."""
    assert decide_return("pending", 1, "not ours").target == "returned"
    with pytest.raises(InvalidMove, match=r"task\.return_limit"):
        decide_return("pending", 2, "not ours")
    with pytest.raises(InvalidMove, match=r"task\.reason_missing"):
        decide_return("pending", 0, " ")
    with pytest.raises(InvalidMove, match=r"task\.cannot_return"):
        decide_return("in_progress", 0, "not ours")
    assert "submitted" in OPEN_STATES
    assert "verified" not in OPEN_STATES
    assert next_cycle(rework_count=2) == 3


def test_extension_is_refused_when_late_grave_or_too_often() -> None:
    """More time is asked for before the deadline, twice at most, and never where lives depend on it."""
    later = NOW + timedelta(hours=1)
    check_extension("handling", 3, 1, later, NOW)
    for arguments, code in (
        (("handling", 3, 0, NOW - timedelta(hours=1), NOW), "after_deadline"),
        (("handling", 2, 0, later, NOW), "life_safety"),
        (("handling", 3, 2, later, NOW), "extension_limit"),
    ):
        with pytest.raises(Rejected, match=rf"change_request\.{code}"):
            check_extension(*arguments)  # type: ignore[arg-type]


def test_change_request_is_decided_once_and_by_a_role_that_exists() -> None:
    """Each kind has an approver; a decided request stays decided."""
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    for kind in ("extension", "return", "transfer", "suspend", "void", "level_change", "reassign_lead"):
        assert approver_permission(kind) in held
    assert approver_permission("extension", 1) != approver_permission("extension", 0)
    assert CHANGE_REQUEST_LIFE.final_states == {"approved", "rejected", "auto_rejected", "withdrawn"}
    with pytest.raises(Rejected, match=r"unknown_kind"):
        approver_permission("holiday")


def test_level_is_compared_by_at_least_alone() -> None:
    """I is the gravest; an event without a level is never grave."""
    assert [at_least(level, "II") for level in (1, "II", 3, "IV", None)] == [True, True, False, False, False]
    assert [roman(level) for level in (1, 4, None)] == ["I", "IV", ""]
    assert gravest(3, 2) == gravest(None, 2) == 2
    assert gravest(None, None) is None
    for wrong in (0, 5, "V", True, "1st"):
        with pytest.raises(Rejected, match=r"level\.unknown"):
            parse_level(wrong)


def test_grid_path_climbs_and_refuses_a_ring() -> None:
    """A cell's rights and owner come from its place in the grid; its code has 15 digits."""
    cells = {
        "a": GridCell("a", "990101001001001", 4, "", "d", parent_id="b"),
        "b": GridCell("b", "990101001001000", 3, "", "d", parent_id=None, valid_from=NOW),
        "r": GridCell("r", "990101001001002", 4, "", "d", parent_id="r"),
    }
    assert grid_path("a", cells) == ("a", "b")
    assert cells["b"].is_valid(NOW)
    assert not cells["b"].is_valid(NOW - timedelta(days=1))
    with pytest.raises(Rejected, match=r"grid\.cycle"):
        grid_path("r", cells)
    assert code_parts("990101002003004") == ("990101", "002", "003", "004")
    with pytest.raises(Rejected, match=r"grid\.code"):
        check_code("12345")


def test_fact_with_free_text_or_a_name_cannot_be_built() -> None:
    """What becomes a fact becomes a ledger row: ids and codes pass, words of people do not."""
    fact = IncidentOpened(at=NOW, subject_id="i1", number="20260301-990100-000001", signal_id="s1", event_type="10101")
    assert fact.payload()["level"] is None
    assert (fact.code, fact.subject_kind) == ("incident.opened", "incident")
    assert MOVED["task"].code == "task.moved"
    for words in ("张三 138", "two words"):
        with pytest.raises(ValueError, match="ids and codes only"):
            FeedbackSubmitted(at=NOW, subject_id="t1", feedback_id=words, round=1)
