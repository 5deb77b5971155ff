"""The process proposes, the life-cycle table disposes: what marked nodes move, and what is refused whole."""

from __future__ import annotations

import pytest

from engine.bpmn.coupling import completed, duty, entered, on_record
from engine.bpmn.net import Kind, Node
from engine.domain.directive import LOOP_ROLES
from engine.domain.lifecycle import DIRECTIVE
from engine.errors import InvalidMove, NotAllowed, Rejected
from engine.services.drive import ScratchDirective
from tests.processes.variants import shipped
from tests.services.play import Play

pytestmark = pytest.mark.fast


def marked(loop: str | None = None, action: str | None = None, kind: Kind = Kind.USER) -> Node:
    """A node with a mark."""
    return Node(index=0, id="n", name="", kind=kind, scope=0, incoming=(), outgoing=(), loop=loop, action=action)


def at(state: str, **legs: str) -> ScratchDirective:
    """An order in that state with tasks in theirs, everything on record."""
    subject = ScratchDirective(list(legs) or ["water"])
    subject.state = state
    for department, leg_state in legs.items():
        subject.tasks[department] = type(subject.tasks[department])(department, "lead", leg_state)
    subject.recorded = {"feedback", "verification", "evaluation"}
    return subject


def test_draft_entered_again_after_a_return_is_revised() -> None:
    """The first draft moves nothing; a returned one becomes a draft again."""
    subject = at("draft")
    entered(subject, marked("draft"), None)
    assert subject.state == "draft"
    subject = at("returned")
    entered(subject, marked("draft"), None)
    assert subject.state == "draft"


@pytest.mark.parametrize("state", ["draft", "approved"])
def test_review_entered_submits_again_each_time(state: str) -> None:
    """Each review node asks for a review of its own, also right after another."""
    subject = at(state)
    entered(subject, marked("review"), None)
    assert subject.state == "in_review"


@pytest.mark.parametrize("state", sorted(set(DIRECTIVE.states) - {"draft", "approved"}))
def test_review_entered_in_any_other_state_is_refused(state: str) -> None:
    """A drawing that asks for a review at the wrong time stops there."""
    subject = at(state)
    with pytest.raises(InvalidMove):
        entered(subject, marked("review"), None)
    assert subject.state == state


@pytest.mark.parametrize("state", sorted(set(DIRECTIVE.states) - {"evaluated"}))
def test_close_entered_before_evaluation_is_refused(state: str) -> None:
    """No drawing closes what was not evaluated."""
    subject = at(state)
    with pytest.raises(InvalidMove, match="evaluated"):
        entered(subject, marked("close", kind=Kind.END), None)
    assert subject.state == state


def test_close_without_verification_on_record_is_refused() -> None:
    """Being in the right state is not enough: the records have to be there."""
    subject = at("evaluated")
    subject.recorded = {"evaluation"}
    with pytest.raises(InvalidMove) as refusal:
        entered(subject, marked("close", kind=Kind.END), None)
    assert refusal.value.code == "directive.verification_missing"


def test_issue_completed_before_approval_is_refused() -> None:
    """An order nobody reviewed does not leave the house."""
    subject = at("draft")
    with pytest.raises(InvalidMove) as refusal:
        completed(subject, marked("issue"), None, {})
    assert refusal.value.code == "directive.not_reviewed"


def test_first_signature_starts_the_order_and_a_second_one_leaves_it() -> None:
    """One department at work is the order at work."""
    subject = at("issued", water="pending", fire="pending")
    completed(subject, marked("accept"), "water", {"decision": "sign"})
    assert (subject.state, subject.tasks["water"].state) == ("executing", "signed")
    completed(subject, marked("accept"), "fire", {"decision": "sign"})
    assert (subject.state, subject.tasks["fire"].state) == ("executing", "signed")


def test_feedback_counts_only_when_the_completion_rule_is_met() -> None:
    """Half of the answers are not the answer, and a late one does not count twice."""
    subject = at("executing", water="in_progress", fire="in_progress")
    completed(subject, marked("feedback"), "water", {"text": "done"})
    assert subject.state == "executing"
    completed(subject, marked("feedback"), "fire", {"text": "done"})
    assert subject.state == "feedback"
    subject = at("feedback", water="submitted", fire="in_progress")
    subject.completion_rule = "lead"
    completed(subject, marked("feedback"), "fire", {"text": "done"})
    assert subject.state == "feedback"


def test_verify_failed_sends_back_the_named_legs_alone() -> None:
    """Who did well is left in peace."""
    subject = at("feedback", water="submitted", fire="submitted")
    completed(subject, marked("verify"), None, {"decision": "fail", "reason": "no", "legs": ["fire"]})
    assert {d: leg.state for d, leg in subject.tasks.items()} == {"water": "submitted", "fire": "rework"}
    assert subject.state == "executing"


@pytest.mark.parametrize("legs", [[], None, ["nobody"], ["water", "nobody"]])
def test_verify_failed_without_known_legs_is_refused(legs: list[str] | None) -> None:
    """Sending back means somebody has to do something."""
    subject = at("feedback", water="submitted")
    with pytest.raises(Rejected) as refusal:
        completed(subject, marked("verify"), None, {"decision": "fail", "reason": "no", "legs": legs})
    assert refusal.value.code == "directive.unknown_leg"


@pytest.mark.parametrize("role", sorted(name for name, role in LOOP_ROLES.items() if role.leg and role.completing))
def test_leg_node_outside_a_leg_is_refused(role: str) -> None:
    """A signature belongs to one addressee; a node outside any leg has none."""
    subject = at("issued", water="pending")
    with pytest.raises(InvalidMove) as refusal:
        completed(subject, marked(role), None, {"decision": "sign"})
    assert refusal.value.code == "directive.no_leg"
    with pytest.raises(InvalidMove):
        completed(subject, marked(role), "stranger", {"decision": "sign"})


def test_action_named_moves_the_task_in_a_leg_and_the_order_outside() -> None:
    """`cl:action` names a move; where both know it, the leg's task is meant."""
    subject = at("issued", water="returned")
    completed(subject, marked(action="redispatch"), "water", {})
    assert subject.tasks["water"].state == "pending"
    entered(subject, marked(action="withdraw", kind=Kind.END), None, {"reason": "not_needed"})
    assert subject.state == "withdrawn"


def test_action_of_a_human_node_is_made_when_it_is_completed() -> None:
    """Opening an item decides nothing yet."""
    subject = at("issued", water="returned")
    entered(subject, marked(action="redispatch"), "water")
    assert subject.tasks["water"].state == "returned"


def test_action_without_what_it_needs_is_refused() -> None:
    """A withdrawal says why, and a void has an approved change request."""
    subject = at("issued")
    with pytest.raises(InvalidMove) as refusal:
        entered(subject, marked(action="withdraw", kind=Kind.END), None)
    assert refusal.value.code == "directive.reason_missing"
    with pytest.raises(InvalidMove) as refusal:
        entered(subject, marked("void", kind=Kind.END), None, {"reason": "x"})
    assert refusal.value.code == "change_request.required"


def test_action_unknown_is_refused_by_name() -> None:
    """A misspelt action is an error, never a silent nothing."""
    with pytest.raises(InvalidMove) as refusal:
        entered(at("issued"), marked(action="explode", kind=Kind.END), None)
    assert (refusal.value.code, refusal.value.params["action"]) == ("directive.unknown_action", "explode")


@pytest.mark.parametrize("role", ["review", "accept", "verify"])
@pytest.mark.parametrize("decision", [None, "", "perhaps"])
def test_decision_unknown_is_refused(role: str, decision: str | None) -> None:
    """A deciding node without a decision moves nothing."""
    with pytest.raises(Rejected) as refusal:
        completed(at("in_review", water="pending"), marked(role), "water", {"decision": decision})
    assert refusal.value.code == "directive.unknown_decision"


@pytest.mark.parametrize("role", ["report", "coordinate"])
def test_role_that_moves_nothing_moves_nothing(role: str) -> None:
    """A report is recorded; the order stays where it is."""
    subject = at("executing", water="in_progress")
    entered(subject, marked(role), "water")
    completed(subject, marked(role), "water", {"text": "going well"})
    assert (subject.state, subject.tasks["water"].state) == ("executing", "in_progress")


def test_node_without_a_mark_has_no_duty() -> None:
    """Only the steps of the loop bind a person."""
    assert duty(marked()) is None
    assert {role: duty(marked(role)) for role in ("draft", "review", "feedback", "verify", "evaluate")} == {
        "draft": "draft",
        "review": "approve",
        "feedback": "handle",
        "verify": "verify",
        "evaluate": "evaluate",
    }


def test_on_record_counts_what_the_step_brings() -> None:
    """A move finds its own record, and a reason only where one was given."""
    assert on_record("evaluate", {}, ()) == {"evaluation"}
    assert on_record("withdraw", {"reason": ""}, {"verification"}) == {"verification"}
    assert on_record("withdraw", {"reason": "late"}, ()) == {"reason"}


def test_incident_bound_has_exactly_one_process(sqlite_city: Play) -> None:
    """A second process on the same case is refused by the database."""
    from engine.domain.access import SYSTEM_ACTOR
    from engine.services.desk import Desk
    from engine.services.steps import published, start

    city = sqlite_city
    incident = city.order_row(city.order("water")).incident_id

    def again(desk: Desk) -> None:
        definition = published(desk, "incident_response")
        start(desk, definition, {"incident_id": incident}, department_id="centre", subject=("incident", incident))

    before = city.everything()
    with pytest.raises(Exception, match=r"(?i)unique|subject"):
        city.engine.command(again, SYSTEM_ACTOR)
    assert city.everything() == before


def test_process_that_ends_with_an_open_order_is_refused(sqlite_city: Play) -> None:
    """A drawing that forgets to close never leaves an order behind without a process."""
    city = sqlite_city
    city.install(shipped().replace('name="办结" cl:loop="close"', 'name="办结"'))
    order = city.issued("water")
    city.report_back("water")
    city.do("verify", decision="pass")
    with city.refused("process.ends_with_open_subject", InvalidMove):
        city.do("evaluate", score=90)
    assert city.state(order) == "accepted"


def test_leg_signed_twice_is_refused_whole(sqlite_city: Play) -> None:
    """A drawing that asks twice for one signature stops at the second, with its first kept."""
    city = sqlite_city
    city.install(shipped().replace('cl:loop="execute"', 'cl:loop="accept"'))
    order = city.issued("water")
    city.do("sign", "water", decision="sign")
    with city.refused("directive.unknown_decision", Rejected):
        city.do("handle", "water")
    assert city.tasks(order)["water"].state == "signed"


def test_node_on_the_wrong_desk_is_refused_the_move(sqlite_city: Play) -> None:
    """Lane and life cycle must agree: a department does not issue in the centre's name."""
    city = sqlite_city
    city.install(shipped().replace('cl:role="commander"', 'cl:role="dispatcher"'))
    city.order("water")
    city.do("draft")
    city.do("review", decision="approve")
    with city.refused("access.not_permitted", NotAllowed):
        city.do("issue")
