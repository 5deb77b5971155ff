"""A request under a key of the client's choice: asked twice it is done once, and both askers get the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.domain.access import Actor, Holding
from engine.errors import Conflict, EngineError, NotAllowed, Rejected
from engine.services import work
from engine.services.desk import Desk
from engine.storage.tables.outbox import idempotency
from tests.services.crowd import FOUR_STEPS, assert_whole, begin_many, completions, open_items, place_of
from tests.services.fleet import Answer, Fleet, Try, hear
from tests.services.play import Play

CLERK = Actor("water.clerk", holdings=(Holding("department_clerk", "water"),))
COLLEAGUE = Actor("fire.clerk", holdings=(Holding("department_clerk", "water"),))
AT_ONCE = 4


@pytest.fixture
def at_work(city: Play) -> Play:
    """A city with one open item."""
    city.install(FOUR_STEPS, "four_steps")
    begin_many(city, "four_steps", 1)
    return city


def test_repeated_request_gets_the_same_answer_and_changes_nothing(at_work: Play) -> None:
    """A client that lost the answer asks again without fear."""
    (item,) = open_items(at_work)
    first = at_work.engine.once("key", work.complete, CLERK, *item, {"note": "done"})
    after = at_work.everything()
    assert at_work.engine.once("key", work.complete, CLERK, *item, {"note": "done"}) == first
    assert at_work.everything() == after
    assert first == {"instance_id": item[0], "wait": item[1], "ended": None}


def test_key_with_another_request_is_refused(at_work: Play) -> None:
    """A key that a client uses twice by mistake never hides the second request behind the first one's answer."""
    (item,) = open_items(at_work)
    at_work.engine.once("key", work.complete, CLERK, *item, {"note": "done"})
    for args in ((*item, {"note": "other"}), (*open_items(at_work)[0], {"note": "done"})):
        with at_work.refused("idempotency.key_reused", Rejected):
            at_work.engine.once("key", work.complete, CLERK, *args)
    with at_work.refused("idempotency.key_reused", Rejected):
        at_work.engine.once("key", work.claim, CLERK, *item)


def test_key_of_a_colleague_is_another_key(at_work: Play) -> None:
    """Keys are the client's own: nobody reads a colleague's answer by guessing the key."""
    (item,) = open_items(at_work)
    at_work.engine.once("key", work.complete, CLERK, *item, {})
    with at_work.refused("work.done", Conflict):
        at_work.engine.once("key", work.complete, COLLEAGUE, *item, {})


def test_refused_request_leaves_its_key_free(at_work: Play) -> None:
    """A refusal is no answer to keep: corrected, the request may come again under the same key."""
    (item,) = open_items(at_work)
    with at_work.refused("work.not_yours", NotAllowed):
        at_work.engine.once("key", work.complete, Actor("water.clerk"), *item, {})
    at_work.engine.once("key", work.complete, CLERK, *item, {"note": "now with the post"})
    assert completions(at_work).total() == 1


def test_request_that_json_cannot_hold_is_refused(at_work: Play) -> None:
    """Two requests can only be compared when both can be written down."""
    (item,) = open_items(at_work)
    with at_work.refused("idempotency.not_json", EngineError):
        at_work.engine.once("key", work.complete, CLERK, *item, {"note": object()})


def test_answers_are_forgotten_after_a_day(at_work: Play) -> None:
    """The memory of answers does not grow for ever, and no younger answer goes with the old ones."""

    def count(desk: Desk) -> int:
        return len(desk.actor.person_id)

    at_work.engine.once("old", count, CLERK)
    at_work.clock.advance(timedelta(hours=23))
    at_work.engine.once("young", count, CLERK)
    assert at_work.engine.forget_old_answers() == 0
    at_work.clock.advance(timedelta(hours=1, seconds=1))
    assert at_work.engine.forget_old_answers() == 1
    assert [row.key for row in at_work.rows(idempotency)] == ["young"]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Slots for the same client several times."""
    fleet = Fleet(AT_ONCE)
    yield fleet
    fleet.close()


def test_same_request_at_once_is_done_once_and_answered_to_all(city: Play, fleet: Fleet) -> None:
    """A client that grows impatient and asks again meanwhile gets the answer, not a conflict with itself."""
    city.install(FOUR_STEPS, "four_steps")
    begin_many(city, "four_steps", AT_ONCE)
    fleet.rehearse(place_of(city), open_items(city))
    begin_many(city, "four_steps", 10)
    tries = tuple(Try(f"key {number}", item) for number, item in enumerate(open_items(city)))
    for pipe in fleet.pipes:
        pipe.send(Answer("clerk", tries))
    for pipe in fleet.pipes:
        answers = []
        while (word := hear(pipe))[0] != "ended":
            answers.append(word)
        assert [word[0] for word in answers[1:]] == ["done"] * len(tries)
    assert completions(city).total() == len(tries) + AT_ONCE
    assert set(completions(city).values()) == {1}
    assert_whole(city)
