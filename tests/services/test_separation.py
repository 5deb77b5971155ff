"""Separation of duties on one order: refused by name wherever one person would check their own work, in any round."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from engine.errors import EngineError, NotAllowed
from tests.services.play import Play

pytestmark = pytest.mark.fast


def separated(city: Play) -> AbstractContextManager[pytest.ExceptionInfo[EngineError]]:
    """What is done inside is refused because two duties meet in one person, and changes nothing."""
    return city.refused("access.duties_not_separate", NotAllowed)


def test_reviewer_who_drafted_is_refused(sqlite_city: Play) -> None:
    """Nobody approves their own words, and the refusal names the rule and the person."""
    city = sqlite_city
    city.appoint("centre.drafter", "centre", "reviewer")
    city.order("water")
    city.do("draft")
    with separated(city) as refusal:
        city.do("review", by="centre.drafter", decision="approve")
    assert refusal.value.params["rule"] == "draft_approve"
    assert "centre.drafter" in refusal.value.message
    city.do("review", by="centre.reviewer", decision="approve")


def test_reviewer_who_drafted_may_not_even_return(sqlite_city: Play) -> None:
    """The duty is the review, whatever its decision."""
    city = sqlite_city
    city.appoint("centre.drafter", "centre", "reviewer")
    city.order("water")
    city.do("draft")
    with separated(city):
        city.do("review", by="centre.drafter", decision="return_for_revision", reason="Mine")


def test_cosigner_who_drafted_is_refused(sqlite_city: Play) -> None:
    """The second signature of a grave order is as independent as the first."""
    city = sqlite_city
    city.appoint("centre.drafter", "centre", "commander")
    city.order("water", level=1)
    city.do("draft")
    city.do("review", decision="approve")
    with separated(city):
        city.do("cosign", by="centre.drafter", decision="approve")


def test_drafter_who_reviewed_an_earlier_round_is_refused(sqlite_city: Play) -> None:
    """Who judged a draft does not write the next one of the same order."""
    city = sqlite_city
    city.appoint("centre.reviewer", "centre", "drafter")
    city.order("water")
    city.do("draft")
    city.do("review", decision="return_for_revision", reason="No")
    with separated(city):
        city.do("draft", by="centre.reviewer")


def test_reviewer_who_drafted_an_earlier_round_is_refused(sqlite_city: Play) -> None:
    """A draft rewritten by somebody else does not make its first author independent."""
    city = sqlite_city
    city.appoint("centre.drafter", "centre", "reviewer")
    second = city.newcomer("second")
    city.appoint(second, "centre", "drafter")
    city.order("water")
    city.do("draft")
    city.do("review", decision="return_for_revision", reason="No")
    city.do("draft", by=second)
    with separated(city):
        city.do("review", by="centre.drafter", decision="approve")


@pytest.mark.parametrize("decision", ["pass", "fail"])
def test_verifier_who_handled_is_refused(sqlite_city: Play, decision: str) -> None:
    """No department verifies its own work."""
    city = sqlite_city
    city.appoint("water.clerk", "centre", "verifier")
    city.issued("water")
    city.report_back("water")
    more = {"reason": "x", "legs": ["water"]} if decision == "fail" else {}
    with separated(city) as refusal:
        city.do("verify", by="water.clerk", decision=decision, **more)
    assert refusal.value.params["rule"] == "handle_verify"


@pytest.mark.parametrize("step", ["sign", "handle", "feedback"])
def test_verifier_who_did_one_step_of_a_leg_is_refused(sqlite_city: Play, step: str) -> None:
    """Signing, acting and reporting are each handling, even where a colleague did the rest."""
    city = sqlite_city
    city.appoint("water.head", "water", "department_clerk")
    city.appoint("water.head", "centre", "verifier")
    city.issued("water")
    answers = {"sign": {"decision": "sign"}, "handle": {}, "feedback": {"text": "done"}}
    for node, given in answers.items():
        city.do(node, "water", by="water.head" if node == step else "water.clerk", **given)
    with separated(city):
        city.do("verify", by="water.head", decision="pass")
    city.do("verify", decision="pass")


def test_verifier_who_handled_another_leg_or_round_is_refused(sqlite_city: Play) -> None:
    """Handling counts for the whole order and stays counted after a rework by somebody else."""
    city = sqlite_city
    city.appoint("water.clerk", "centre", "verifier")
    city.appoint("water.head", "water", "department_clerk")
    city.issued("water", "traffic")
    city.report_back("water", "traffic")
    city.do("verify", decision="fail", reason="No", legs=["water"])
    for node, given in {"sign": {"decision": "sign"}, "handle": {}, "feedback": {"text": "again"}}.items():
        city.do(node, "water", by="water.head", **given)
    with separated(city):
        city.do("verify", by="water.clerk", decision="pass")


def test_handler_who_verified_an_earlier_round_is_refused(sqlite_city: Play) -> None:
    """Who sent a leg back does not then work on it."""
    city = sqlite_city
    city.appoint("centre.verifier", "water", "department_clerk")
    city.issued("water")
    city.report_back("water")
    city.do("verify", decision="fail", reason="No", legs=["water"])
    with separated(city):
        city.do("sign", "water", by="centre.verifier", decision="sign")


def test_evaluator_who_verified_is_refused(sqlite_city: Play) -> None:
    """Who passed the work does not grade it."""
    city = sqlite_city
    city.appoint("centre.verifier", "centre", "evaluator")
    city.issued("water")
    city.report_back("water")
    city.do("verify", decision="pass")
    with separated(city) as refusal:
        city.do("evaluate", by="centre.verifier", score=100)
    assert refusal.value.params["rule"] == "verify_evaluate"


def test_evaluator_who_verified_an_earlier_round_is_refused(sqlite_city: Play) -> None:
    """A second verifier does not free the first one to evaluate."""
    city = sqlite_city
    city.appoint("centre.verifier", "centre", "evaluator")
    second = city.newcomer("second")
    city.appoint(second, "centre", "verifier")
    city.issued("water")
    city.report_back("water")
    city.do("verify", decision="fail", reason="No", legs=["water"])
    city.report_back("water")
    city.do("verify", by=second, decision="pass")
    with separated(city):
        city.do("evaluate", by="centre.verifier", score=100)


def test_evaluator_who_handled_is_refused(sqlite_city: Play) -> None:
    """No department grades itself."""
    city = sqlite_city
    city.appoint("water.clerk", "centre", "evaluator")
    city.issued("water")
    city.report_back("water")
    city.do("verify", decision="pass")
    with separated(city) as refusal:
        city.do("evaluate", by="water.clerk", score=100)
    assert refusal.value.params["rule"] == "handle_evaluate"


def test_person_with_both_posts_may_do_either_on_different_orders(sqlite_city: Play) -> None:
    """Duties are kept apart on one order, not in a small office's whole life."""
    city = sqlite_city
    city.appoint("centre.drafter", "centre", "reviewer")
    city.order("water")
    city.do("draft")
    second = city.newcomer("second")
    city.appoint(second, "centre", "drafter")
    other = city.order("traffic")
    draft = next(item for item in city.open("draft") if item.subject_id == other)
    city.complete(draft, second)
    review = next(item for item in city.open("review") if item.subject_id == other)
    city.complete(review, "centre.drafter", decision="approve")
    assert city.state(other) == "approved"
