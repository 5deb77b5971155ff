"""Who may do what, where: roles, departments and the moves of incidents and orders, refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotAllowed
from engine.services import directives, work
from engine.testing import START
from tests.services.play import Play

PEOPLE = [
    "centre.intake_clerk",
    "centre.shift_leader",
    "centre.dispatcher",
    "centre.drafter",
    "centre.reviewer",
    "centre.commander",
    "centre.verifier",
    "centre.evaluator",
    "centre.supervisor",
    "water.clerk",
    "water.head",
    "traffic.clerk",
]
REACH: dict[str, tuple[Callable[[Play], Any], str | None, dict[str, Any], set[str]]] = {
    "draft": (lambda city: city.order("water"), None, {}, {"centre.drafter"}),
    "review": (
        lambda city: (city.order("water"), city.do("draft")),
        None,
        {"decision": "approve"},
        {"centre.reviewer"},
    ),
    "sign": (lambda city: city.issued("water", "traffic"), "water", {"decision": "sign"}, {"water.clerk"}),
    "verify": (
        lambda city: (city.issued("water"), city.report_back("water")),
        None,
        {"decision": "pass"},
        {"centre.verifier"},
    ),
}


@pytest.mark.parametrize("node", REACH)
def test_item_can_be_completed_by_its_role_in_its_department_alone(sqlite_city: Play, node: str) -> None:
    """Everybody else, of another role or another department, is refused by name and nothing is written."""
    city = sqlite_city
    prepare, department, answers, allowed = REACH[node]
    prepare(city)
    (item,) = city.open(node, department)
    for person in PEOPLE:
        if person not in allowed:
            with city.refused("work.not_yours", NotAllowed):
                city.complete(item, person, **answers)
            with city.refused("work.not_yours", NotAllowed):
                city.engine.command(work.claim, city.person(person), item.instance_id, item.wait, item.revision)
    for person in allowed:
        city.complete(item, person, **answers)


def test_item_of_a_leg_is_refused_to_the_same_role_of_another_department(sqlite_city: Play) -> None:
    """The clerk of one bureau does not sign for another."""
    city = sqlite_city
    city.issued("water", "traffic")
    (item,) = city.open("sign", "water")
    with city.refused("work.not_yours", NotAllowed) as refusal:
        city.complete(item, "traffic.clerk", decision="sign")
    assert refusal.value.params == {"role": "department_clerk", "department": "water"}


def test_item_is_open_to_a_post_higher_up_the_tree(sqlite_city: Play) -> None:
    """A clerk of the city government reaches the bureaus below it."""
    city = sqlite_city
    city.appoint(city.newcomer("deputy"), "city", "department_clerk")
    city.issued("water")
    city.do("sign", "water", by="deputy", decision="sign")


def test_item_is_refused_once_the_post_has_ended(sqlite_city: Play) -> None:
    """Rights follow the posts held at that moment, not yesterday's."""
    from sqlalchemy import update

    from engine.services.desk import Desk
    from engine.storage.tables.org import post_holding

    city = sqlite_city
    city.issued("water")

    def end(desk: Desk) -> None:
        ended = update(post_holding).where(post_holding.c.person_id == "water.clerk")
        desk.uow.execute(ended.values(valid_to=START + timedelta(minutes=5)))
        desk.city.forget()

    city.engine.command(end, SYSTEM_ACTOR)
    city.clock.advance(timedelta(minutes=6))
    with city.refused("work.not_yours", NotAllowed):
        city.do("sign", "water", by="water.clerk", decision="sign")


def test_person_unknown_has_no_rights(sqlite_city: Play) -> None:
    """An id without posts may do nothing."""
    city = sqlite_city
    city.order("water")
    with city.refused("work.not_yours", NotAllowed):
        city.do("draft", by="nobody")


STEPS = {
    "accept": ("centre.intake_clerk", {"decision": "accept"}),
    "file": ("centre.shift_leader", {"decision": "file"}),
    "dispatch": ("centre.dispatcher", {"objective": "a", "content": "b", "lead": ["water"]}),
}


def test_incident_is_moved_by_the_role_of_each_step_alone(sqlite_city: Play) -> None:
    """Accepting, filing and dispatching each belong to their desk; everybody else is refused by name."""
    city = sqlite_city
    city.city.incident()
    for node, (allowed, answers) in STEPS.items():
        for person in PEOPLE:
            if person != allowed:
                with city.refused("work.not_yours", NotAllowed):
                    city.do(node, by=person, **answers)
        city.do(node, **answers)


@pytest.mark.parametrize("person", PEOPLE)
def test_order_is_drafted_by_who_may_draft_at_the_centre(sqlite_city: Play, person: str) -> None:
    """A bureau's own drafter does not write orders in the centre's name."""
    city = sqlite_city
    incident = city.order_row(city.order("water")).incident_id
    order = {"kind": "dispatch", "objective": "a", "content": "b", "addressees": [("water", "lead")]}
    if person in {"centre.drafter", "centre.dispatcher"}:
        assert city.engine.command(directives.draft_directive, city.person(person), incident, **order)
    else:
        with city.refused("access.not_permitted", NotAllowed):
            city.engine.command(directives.draft_directive, city.person(person), incident, **order)


@pytest.mark.parametrize("person", PEOPLE)
def test_order_is_withdrawn_by_the_commander_alone(sqlite_city: Play, person: str) -> None:
    """Calling an order back is the signer's right."""
    city = sqlite_city
    order = city.issued("water")
    if person == "centre.commander":
        city.withdraw(order, person)
        assert city.state(order) == "withdrawn"
    else:
        with city.refused("access.not_permitted", NotAllowed):
            city.withdraw(order, person)


def test_move_is_refused_to_a_role_of_the_lane_without_the_permission(sqlite_city: Play) -> None:
    """A lane opens the item; the move of the life cycle still asks for its own permission."""
    from tests.processes.variants import shipped

    city = sqlite_city
    city.install(shipped().replace('cl:role="reviewer"', 'cl:role="supervisor"'))
    order = city.order("water")
    city.do("draft")
    with city.refused("access.not_permitted", NotAllowed) as refusal:
        city.do("review", by="centre.supervisor", decision="approve")
    assert refusal.value.params["permission"] == "directive:review:decide"
    assert city.state(order) == "in_review"


def test_incident_is_closed_and_evaluated_by_their_roles_alone(sqlite_city: Play) -> None:
    """The administrative end and the judgement of a case belong to two different desks."""
    city = sqlite_city
    city.closed("water")
    for node, allowed, answers in (
        ("close", "centre.shift_leader", {"decision": "close", "reply": "Dry again"}),
        ("evaluate", "centre.evaluator", {"score": 90}),
    ):
        for person in PEOPLE:
            if person != allowed:
                with city.refused("work.not_yours", NotAllowed):
                    city.do(node, by=person, **answers)
        city.do(node, **answers)
