"""The loop table of directives, line by line, and the rules around orders."""

from __future__ import annotations

import pytest

from engine.domain.directive import (
    LOOP_ROLES,
    Leg,
    check_addressees,
    check_withdrawal,
    decisions,
    digest,
    is_complete,
    number,
    on_complete,
    on_enter,
    reviews_needed,
)
from engine.domain.lifecycle import DIRECTIVE, TASK
from engine.errors import InvalidMove, Rejected

pytestmark = pytest.mark.fast


def _moves(role: str, decision: str | None = None) -> list[tuple[str, str, str]]:
    return [(each.subject, each.action, each.tasks) for each in on_complete(role, decision)]


@pytest.mark.parametrize(
    ("role", "state", "action"),
    [
        ("draft", "draft", None),
        ("draft", "returned", "revise"),
        ("draft", "approved", "revise"),  # proposed, and refused by the table
        ("review", "draft", "submit_for_review"),
        ("review", "approved", "submit_for_review"),
        ("issue", "approved", None),
        ("accept", "issued", None),
        ("execute", "executing", "start"),
        ("feedback", "executing", None),
        ("verify", "feedback", None),
        ("evaluate", "accepted", None),
        ("close", "evaluated", "close"),
        ("void", "executing", "void"),
        ("report", "executing", None),
        ("coordinate", "executing", None),
    ],
)
def test_entering_a_node_proposes_what_the_table_says(role: str, state: str, action: str | None) -> None:
    """Each loop role proposes on entering what `domain.md` B.3 lists, and nothing else."""
    proposal = on_enter(role, state)
    assert (proposal.action if proposal else None) == action
    if proposal is not None:
        assert proposal.subject == ("task" if LOOP_ROLES[role].leg else "directive")


def test_completing_a_node_proposes_what_the_table_says() -> None:
    """Each loop role proposes on completing, by decision, what `domain.md` B.3 lists, in that order."""
    assert _moves("draft") == []
    assert _moves("review", "approve") == [("directive", "approve", "")]
    assert _moves("review", "return_for_revision") == [("directive", "return_for_revision", "")]
    assert _moves("issue") == [("directive", "issue", "")]
    assert _moves("accept", "sign") == [("task", "sign", "leg"), ("directive", "start", "")]
    assert _moves("accept", "return") == [("task", "return", "leg")]
    assert _moves("execute") == []
    assert _moves("feedback") == [("task", "submit", "leg"), ("directive", "receive_feedback", "")]
    assert _moves("verify", "pass") == [("directive", "pass", ""), ("task", "verify", "submitted")]
    assert _moves("verify", "fail") == [
        ("directive", "fail", ""),
        ("directive", "rework", ""),
        ("task", "rework", "named"),
    ]
    assert _moves("evaluate") == [("directive", "evaluate", "")]
    assert _moves("close") == _moves("void") == _moves("report") == _moves("coordinate") == []


def test_loop_table_names_only_actions_of_the_life_cycles() -> None:
    """No node can propose a move that no table knows."""
    tables = {"directive": DIRECTIVE, "task": TASK}
    for role in LOOP_ROLES.values():
        for proposals in (role.entering, *role.completing.values()):
            for proposal in proposals:
                assert proposal.action in tables[proposal.subject].actions


def test_only_the_first_signature_starts_the_directive() -> None:
    """The second department to sign finds the directive executing already and proposes no second start."""
    start = on_complete("accept", "sign")[1]
    assert start.applies_in("issued")
    assert not start.applies_in("executing")


def test_completing_a_decision_node_with_another_word_is_refused() -> None:
    """A form cannot smuggle in a decision; what may be decided is listed."""
    assert decisions("review") == ("approve", "return_for_revision")
    assert decisions("issue") == ()
    with pytest.raises(Rejected, match=r"directive\.unknown_decision"):
        on_complete("verify", "maybe")
    with pytest.raises(Rejected, match=r"directive\.unknown_decision"):
        on_complete("verify")
    with pytest.raises(Rejected, match=r"directive\.unknown_loop_role"):
        on_enter("approve", "draft")


@pytest.mark.parametrize(
    ("rule", "states", "expected"),
    [
        ("all", ["submitted", "verified", "submitted"], True),
        ("all", ["submitted", "in_progress"], False),
        ("all", ["submitted", "cancelled", "transferred"], True),
        ("all", ["submitted", "returned"], False),
        ("all", ["cancelled"], False),
        ("lead", ["submitted", "pending"], True),
        ("lead", ["pending", "submitted"], False),
        ("quorum", ["submitted", "submitted", "pending"], True),
        ("quorum", ["submitted", "pending"], False),
        ("quorum", [], False),
    ],
)
def test_completion_rule_counts_the_tasks_that_are_owed(rule: str, states: list[str], expected: bool) -> None:
    """Feedback counts as received only when the rule is met; the first department leads."""
    legs = [Leg(f"d{i}", "co" if i else "lead", state) for i, state in enumerate(states)]
    assert is_complete(rule, legs) is expected  # type: ignore[arg-type]


def test_digest_changes_with_any_word_and_cannot_slide_between_fields() -> None:
    """Issued wording is frozen: moving text from one field to the next is another digest."""
    whole = digest({"objective": "ab", "content": "c"}, [("water", "lead")])
    assert whole == digest({"content": "c", "objective": "ab"}, [("water", "lead")])
    assert whole != digest({"objective": "a", "content": "bc"}, [("water", "lead")])
    assert whole != digest({"objective": "ab", "content": "c"}, [("water", "co")])


def test_addressees_lead_first_and_are_checked() -> None:
    """An order has one row for each department and somebody who leads."""
    assert check_addressees([("fire", "co"), ("water", "lead")]) == (("water", "lead"), ("fire", "co"))
    for rows, code in (
        ([], "no_addressee"),
        ([("fire", "co")], "no_lead"),
        ([("fire", "lead"), ("fire", "co")], "addressee_twice"),
        ([("fire", "boss")], "unknown_role"),
    ):
        with pytest.raises(Rejected, match=rf"directive\.{code}"):
            check_addressees(rows)


def test_order_somebody_signed_for_cannot_be_withdrawn() -> None:
    """Withdrawal is for orders nobody has begun to act on."""
    check_withdrawal([])
    with pytest.raises(InvalidMove, match=r"already_signed"):
        check_withdrawal(["water"])


def test_reviews_needed_are_two_at_level_one_and_two() -> None:
    """Grave orders are co-signed; an event without a level is not grave."""
    assert [reviews_needed(level) for level in (1, "II", 3, 4, None)] == [2, 2, 1, 1, 1]
    assert number("20260301", "990100", 7) == "ZL-20260301-990100-000007"
