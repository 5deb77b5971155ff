"""Incidents: moved by their table, following the facts of their orders, closed by people one step after another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.errors import EngineError, InvalidMove, NotFound, Rejected
from engine.services import directives, incidents
from engine.storage.tables import incidents as t
from engine.testing import START
from tests.services.play import Play

LEADER, EVALUATOR = "centre.shift_leader", "centre.evaluator"


def incident_of(city: Play, order: str) -> Any:
    """The row of the incident an order belongs to."""
    return city.row(t.incident, city.order_row(order).incident_id)


def run(city: Play, command: Any, person: str, *args: Any, **more: Any) -> Any:
    """Run a command as this person."""
    return city.engine.command(command, city.person(person), *args, **more)


def another(city: Play, order: str, *addressees: tuple[str, str], **more: Any) -> str:
    """One more order for the same incident."""
    wording = {"kind": "dispatch", "objective": "a", "content": "b", **more}
    incident = city.order_row(order).incident_id
    return run(city, directives.draft_directive, "centre.drafter", incident, addressees=addressees, **wording)


def work_on(city: Play, order: str, *steps: tuple[str, str, dict[str, Any]]) -> None:
    """Complete these nodes of this very order."""
    for node, person, answers in steps:
        item = next(item for item in city.open(node) if item.subject_id == order)
        city.complete(item, person, **answers)


ISSUE = (
    ("draft", "centre.drafter", {}),
    ("review", "centre.reviewer", {"decision": "approve"}),
    ("issue", "centre.commander", {}),
)


def leg(department: str) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """A department at work."""
    clerk = f"{department}.clerk"
    return (("sign", clerk, {"decision": "sign"}), ("handle", clerk, {}), ("feedback", clerk, {"text": "done"}))


PASS = (("verify", "centre.verifier", {"decision": "pass"}),)


def test_incident_follows_its_order_through_feedback_rework_and_verification(city: Play) -> None:
    """Nobody moves the case by hand while its order is at work; a rework is counted."""
    order = city.issued("water")
    assert incident_of(city, order).state == "handling"
    city.report_back("water")
    assert incident_of(city, order).state == "feedback"
    city.do("verify", decision="fail", reason="No", legs=["water"])
    row = incident_of(city, order)
    assert (row.state, row.rework_count) == ("handling", 1)
    city.report_back("water")
    city.do("verify", decision="pass")
    assert incident_of(city, order).state == "verified"
    moves = city.moves(row.id)
    assert [move[0] for move in moves] == [
        "accept",
        "file",
        "dispatch",
        "receive_feedback",
        "verify_fail",
        "receive_feedback",
        "verify_pass",
    ]


@pytest.mark.fast
def test_incident_with_two_orders_waits_for_both(sqlite_city: Play) -> None:
    """Half of the answers are no feedback, half of the checks no verification."""
    city = sqlite_city
    first = city.order("water")
    second = another(city, first, ("traffic", "lead"))
    work_on(city, first, *ISSUE, *leg("water"))
    assert incident_of(city, first).state == "handling"
    work_on(city, second, *ISSUE, *leg("traffic"))
    assert incident_of(city, first).state == "feedback"
    work_on(city, first, *PASS)
    assert incident_of(city, first).state == "feedback"
    work_on(city, second, *PASS)
    assert incident_of(city, first).state == "verified"


@pytest.mark.fast
def test_incident_does_not_wait_for_a_withdrawn_order(sqlite_city: Play) -> None:
    """What was called back is not owed."""
    city = sqlite_city
    first = city.order("water")
    second = another(city, first, ("traffic", "lead"))
    work_on(city, second, *ISSUE)
    city.withdraw(second)
    work_on(city, first, *ISSUE, *leg("water"))
    assert incident_of(city, first).state == "feedback"


@pytest.mark.fast
def test_incident_moves_on_when_its_last_open_order_is_withdrawn(sqlite_city: Play) -> None:
    """A case does not wait for ever for an order that was called back after all the others were done."""
    city = sqlite_city
    first = city.order("water")
    second = another(city, first, ("traffic", "lead"))
    work_on(city, second, *ISSUE)
    work_on(city, first, *ISSUE, *leg("water"), *PASS, ("evaluate", EVALUATOR, {"score": 80}))
    assert incident_of(city, first).state == "handling"
    city.withdraw(second)
    assert incident_of(city, first).state == "verified"


@pytest.mark.fast
def test_incident_with_an_order_added_late_is_handled_again_without_a_rework(sqlite_city: Play) -> None:
    """More work is not bad work: only a failed verification counts as rework."""
    city = sqlite_city
    first = city.issued("water")
    city.report_back("water")
    second = another(city, first, ("traffic", "lead"))
    work_on(city, first, *PASS)
    row = incident_of(city, first)
    assert (row.state, row.rework_count) == ("handling", 0)
    work_on(city, second, *ISSUE, *leg("traffic"), *PASS)
    row = incident_of(city, first)
    assert (row.state, row.rework_count) == ("verified", 0)


@pytest.mark.fast
def test_incident_stabilised_still_follows(sqlite_city: Play) -> None:
    """Under control is not the end: feedback moves it on from there."""
    city = sqlite_city
    order = city.issued("water")
    incident = incident_of(city, order).id
    run(city, incidents.stabilise_incident, "centre.commander", incident)
    city.report_back("water")
    assert incident_of(city, order).state == "feedback"


@pytest.mark.fast
@pytest.mark.parametrize("level", [4, None])
def test_incident_of_a_lesser_level_is_not_stabilised(sqlite_city: Play, level: int | None) -> None:
    """Only graded emergencies have that step."""
    city = sqlite_city
    order = city.order("water", level=level, event_type="10101" if level else "40101")
    with city.refused("incident.not_graded", Rejected):
        run(city, incidents.stabilise_incident, "centre.commander", incident_of(city, order).id)


def test_incident_closes_only_with_a_reply_after_verification(city: Play) -> None:
    """The reporter hears from the city before the case is shelved, and the reply is sealed."""
    order = city.issued("water")
    incident = incident_of(city, order).id
    assert not city.open("close")
    city.report_back("water")
    city.do("verify", decision="pass")
    assert not city.open("close")
    city.do("evaluate", score=80)
    for nothing in ({}, {"reply": ""}, {"decision": "close"}, {"decision": "close", "reply": "  \n"}):
        with city.refused("form.invalid", Rejected):
            city.do("close", **nothing)
    city.do("close", decision="close", reply="Done, Mrs Wu")
    row = incident_of(city, order)
    assert (row.state, row.closed_at) == ("closed", city.clock.now())
    assert city.engine.database.keys.open(row.reply, incident) == "Done, Mrs Wu"
    assert "Mrs Wu" not in repr(city.everything())


def test_incident_ends_evaluated_and_archived(city: Play) -> None:
    """The loop of a case closes with its evaluation, and its process with it."""
    order = city.closed("water")
    incident = incident_of(city, order)
    city.do("close", decision="close", reply="Done")
    with city.refused("incident.not_evaluated", InvalidMove):
        run(city, incidents.archive_incident, LEADER, incident.id)
    for score in (-1, 101):
        with city.refused("form.invalid", Rejected):
            city.do("evaluate", score=score)
    city.do("evaluate", score=90, text="Well done")
    row = incident_of(city, order)
    assert (row.state, row.evaluation_score, row.evaluator_id) == ("evaluated", 90, EVALUATOR)
    assert city.outcome(incident.instance_id) == "completed"
    assert city.items() == []
    run(city, incidents.archive_incident, LEADER, incident.id)
    assert incident_of(city, order).state == "archived"


@pytest.mark.fast
def test_incident_with_every_order_withdrawn_is_handled_again(sqlite_city: Play) -> None:
    """A case whose orders were all called back is not closed: it is dispatched once more."""
    city = sqlite_city
    first = city.issued("water")
    incident = incident_of(city, first).id
    city.withdraw(first)
    with city.refused("incident.not_verified", InvalidMove):
        city.do("close", decision="close", reply="Done")
    city.do("close", decision="rehandle", reason="Sent to the wrong department")
    city.do("dispatch", objective="Clear the road", content="At once", lead=["traffic"])
    second = city.city.newest_order(incident)
    assert second != first
    work_on(city, second, *ISSUE, *leg("traffic"), *PASS, ("evaluate", EVALUATOR, {"score": 80}))
    city.do("close", decision="close", reply="Done")
    assert incident_of(city, first).state == "closed"


@pytest.mark.fast
def test_incident_not_satisfying_after_verification_is_handled_again(sqlite_city: Play) -> None:
    """What was verified can still be found wanting by the shift leader, once the orders are closed."""
    city = sqlite_city
    order = city.closed("water")
    city.do("close", decision="rehandle", reason="The cellar is still wet")
    assert incident_of(city, order).state == "handling"
    assert [item.node_id for item in city.items()] == ["dispatch"]


@pytest.mark.fast
def test_order_waits_for_the_dispatch_of_its_case(sqlite_city: Play) -> None:
    """No step is skipped: accept, file, dispatch, then orders; and none after the handling is over."""
    city = sqlite_city
    id_ = city.city.incident()
    order = {"kind": "dispatch", "objective": "a", "content": "b", "addressees": [("water", "lead")]}
    for node, answers in (("accept", {"decision": "accept"}), ("file", {"decision": "file"})):
        with city.refused("directive.incident_not_dispatched", InvalidMove):
            run(city, directives.draft_directive, "centre.drafter", id_, **order)
        city.do(node, **answers)
    with city.refused("directive.incident_not_dispatched", InvalidMove):
        run(city, directives.draft_directive, "centre.drafter", id_, **order)
    city.do("dispatch", objective="a", content="b", lead=["water"])
    first = city.city.newest_order(id_)
    assert run(city, directives.draft_directive, "centre.drafter", id_, **order) != first


@pytest.mark.fast
def test_order_after_the_handling_is_over_is_refused(sqlite_city: Play) -> None:
    """A case to be closed takes no further order behind the back of its process."""
    city = sqlite_city
    order = city.issued("water")
    city.withdraw(order)
    with city.refused("directive.incident_not_dispatched", InvalidMove):
        another(city, order, ("water", "lead"))


@pytest.mark.fast
def test_incident_filed_gets_type_level_and_lead(sqlite_city: Play) -> None:
    """Filing settles what it is, how grave, and who leads; the centre where the city lacks the department."""
    city = sqlite_city
    ids = [city.city.incident() for _ in range(3)]
    for id_, filed in zip(ids, ({}, {"event_type": "20101", "level": 1}, {"event_type": "40101"}), strict=True):
        city.do("accept", of=id_, decision="accept")
        city.do("file", of=id_, decision="file", **filed)
    rows = [city.row(t.incident, id_) for id_ in ids]
    assert [(row.event_type, row.event_level, row.lead_department_id) for row in rows] == [
        ("10101", 3, "water"),
        ("20101", 1, "fire"),
        ("40101", None, "centre"),
    ]
    assert [row.category for row in rows] == ["natural_disaster", "accident", "social_security"]


@pytest.mark.fast
def test_incident_filed_wrongly_is_refused(sqlite_city: Play) -> None:
    """No unknown type, and no level where the law knows none."""
    city = sqlite_city
    city.city.incident()
    city.do("accept", decision="accept")
    with city.refused("event_type.unknown", NotFound):
        city.do("file", decision="file", event_type="19999")
    with city.refused("incident.level", Rejected):
        city.do("file", decision="file", event_type="40101", level=2)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("node", "answers", "ended"),
    [
        ("accept", {"decision": "reject", "reason_code": "not_ours"}, ("rejected", "not_ours")),
        ("accept", {"decision": "answer", "reply": "It opens at nine"}, ("rejected", "answered")),
        ("file", {"decision": "decline", "reason_code": "settled"}, ("not_filed", "settled")),
    ],
)
def test_incident_refused_says_why_and_its_process_ends(
    sqlite_city: Play, node: str, answers: dict[str, Any], ended: tuple[str, str]
) -> None:
    """Not every report becomes a case, and the reason stays on record."""
    city = sqlite_city
    id_ = city.city.incident()
    if node == "file":
        city.do("accept", decision="accept")
    city.do(node, **answers)
    row = city.row(t.incident, id_)
    assert (row.state, row.closed_reason) == ended
    assert city.items() == []
    assert city.outcome(row.instance_id) == "completed"


@pytest.mark.fast
def test_incident_merged_and_taken_apart_again(sqlite_city: Play) -> None:
    """A duplicate goes into the case that is at work; merged by mistake, it begins again from its acceptance."""
    city = sqlite_city
    first, second = city.city.incident(), city.city.incident()
    numbers = {id_: city.row(t.incident, id_).number for id_ in (first, second)}
    for number in (numbers[second], "20260302-990100-999999"):
        with city.refused("incident.merge_target", Rejected):
            city.do("accept", of=second, decision="merge", into=number)
    city.do("accept", of=second, decision="merge", into=numbers[first])
    row = city.row(t.incident, second)
    assert (row.state, row.merged_into_id) == ("merged", first)
    with city.refused("incident.merge_target", Rejected):
        city.do("accept", of=first, decision="merge", into=numbers[second])
    with city.refused("access.not_permitted"):
        run(city, incidents.unmerge_incident, "centre.verifier", second)
    run(city, incidents.unmerge_incident, "centre.intake_clerk", second)
    row = city.row(t.incident, second)
    assert (row.state, row.merged_into_id) == ("reported", None)
    city.do("accept", of=second, decision="accept")
    assert city.row(t.incident, second).state == "accepted"


@pytest.mark.fast
def test_request_goes_the_way_of_the_hotline_and_is_handled_twice(sqlite_city: Play) -> None:
    """A citizen's request is called back about; unsolved it is handled once more, unsolved again it is listed."""
    city = sqlite_city
    id_ = city.city.incident(event_type="60101", level=None)
    city.do("accept", decision="accept")
    for turn in ("", "_again"):
        city.do(f"assign{turn}", objective="Restore the water", content="Today", lead=["water"])
        order = city.city.newest_order(id_)
        steps = (*ISSUE, *leg("water"), *PASS, ("evaluate", EVALUATOR, {"score": 60}))
        work_on(city, order, *steps)
        assert city.row(t.incident, id_).state == "verified"
        city.do(f"call_back{turn}", decision="unsolved", contacted=True, reason="Still dry")
    city.do("shelve", reason="The main is to be replaced", review_on="2026-12-31")
    city.do("close", decision="close", reply="Listed until the end of the year")
    city.do("evaluate", score=40)
    assert city.row(t.incident, id_).state == "evaluated"
    assert city.items() == []


@pytest.mark.fast
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"addressees": []}, "directive.no_addressee"),
        ({"addressees": [("water", "co")]}, "directive.no_lead"),
        ({"addressees": [("water", "lead"), ("water", "co")]}, "directive.addressee_twice"),
        ({"addressees": [("water", "chief")]}, "directive.unknown_role"),
        ({"addressees": [("navy", "lead")]}, "directive.unknown_department"),
        ({"kind": "poem"}, "directive.kind"),
    ],
)
def test_order_drafted_wrongly_is_refused(sqlite_city: Play, change: dict[str, Any], code: str) -> None:
    """An order says to whom and of what kind, or it is none."""
    city = sqlite_city
    incident = city.order_row(city.order("water")).incident_id
    order = {"kind": "dispatch", "objective": "a", "content": "b", "addressees": [("water", "lead")], **change}
    with city.refused(code, EngineError):
        run(city, directives.draft_directive, "centre.drafter", incident, **order)


@pytest.mark.fast
@pytest.mark.parametrize("change", [{"issue_mode": "by_pigeon"}, {"completion_rule": "any"}])
def test_order_of_an_unknown_mode_or_rule_is_refused_by_name(sqlite_city: Play, change: dict[str, str]) -> None:
    """A misspelt option is told to the caller, not to the database."""
    city = sqlite_city
    incident = city.order_row(city.order("water")).incident_id
    order = {"kind": "dispatch", "objective": "a", "content": "b", "addressees": [("water", "lead")], **change}
    with city.refused(f"directive.{next(iter(change))}", Rejected):
        run(city, directives.draft_directive, "centre.drafter", incident, **order)


@pytest.mark.fast
def test_numbers_count_up_within_the_local_day(sqlite_city: Play) -> None:
    """Cases and orders are numbered by the date in Shanghai, each from one."""
    city = sqlite_city
    city.clock.set(datetime(2026, 3, 2, 15, 59, tzinfo=UTC))
    first, second = city.row(t.incident, city.city.incident()), city.row(t.incident, city.city.incident())
    city.clock.advance(timedelta(minutes=1))
    third = city.row(t.incident, city.city.incident())
    assert [row.number for row in (first, second, third)] == [
        "20260302-990100-000001",
        "20260302-990100-000002",
        "20260303-990100-000001",
    ]
    orders = [city.order("water"), city.order("water")]
    assert [city.order_row(order).number for order in orders] == [
        "ZL-20260303-990100-000001",
        "ZL-20260303-990100-000002",
    ]
    assert START.tzinfo is UTC


@pytest.mark.fast
def test_incident_unknown_is_not_found(sqlite_city: Play) -> None:
    """A made-up id is answered as such."""
    with sqlite_city.refused("incident.unknown", NotFound):
        run(sqlite_city, incidents.unmerge_incident, "centre.intake_clerk", "nothing")


@pytest.mark.fast
@pytest.mark.parametrize("words", ["Mrs Wu has moved", "", "Not_Ours", "重复", "x" * 41])
def test_reason_that_is_no_code_is_refused_unrepeated(sqlite_city: Play, words: str) -> None:
    """A reason stands in clear on rows and in variables, so it is a code and never what somebody wrote."""
    city = sqlite_city
    order = city.issued("water")
    with city.refused("reason.not_a_code", Rejected) as refusal:
        run(city, directives.withdraw_directive, "centre.commander", order, words)
    assert not words or words not in str(refusal.value)
