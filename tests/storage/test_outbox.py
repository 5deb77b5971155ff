"""The outbox: at least once, one worker at a time, with back-off and an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.storage.outbox import LONGEST_PAUSE, Message, claim, done, failed, put
from engine.storage.tables.outbox import outbox
from engine.storage.uow import Database
from engine.testing import ManualClock

LEASE = timedelta(minutes=2)


def _put(database: Database, clock: ManualClock, *keys: str) -> None:
    with database.write(clock.now()) as uow:
        for key in keys:
            put(uow, "task.signed", key, {"task": key})


def _claim(database: Database, clock: ManualClock, limit: int = 10) -> list[Message]:
    with database.write(clock.now()) as uow:
        return claim(uow, limit, LEASE)


def test_claimed_message_is_nobody_elses_until_its_lease_ends(database: Database, clock: ManualClock) -> None:
    """Two workers do not send the same message, and that of a dead worker is sent by another."""
    _put(database, clock, "a", "b", "c")
    assert [message.key for message in _claim(database, clock, 2)] == ["a", "b"]
    assert [message.key for message in _claim(database, clock)] == ["c"]
    assert _claim(database, clock) == []
    clock.advance(LEASE)
    assert [message.key for message in _claim(database, clock)] == ["a", "b", "c"]


def test_delivered_message_is_gone(database: Database, clock: ManualClock) -> None:
    """What was sent is not sent again after the lease."""
    _put(database, clock, "a")
    (message,) = _claim(database, clock)
    assert message == Message(message.id, "task.signed", "a", {"task": "a"}, 0)
    with database.write(clock.now()) as uow:
        done(uow, message)
    clock.advance(LEASE)
    assert _claim(database, clock) == []


def test_failing_message_is_tried_at_growing_pauses_and_then_dead(database: Database, clock: ManualClock) -> None:
    """A receiver that is down is asked after 1, 2, 4 … 60 minutes; after the last try the message stays visible."""
    _put(database, clock, "a")
    pauses: list[float] = []
    is_dead = False
    while not is_dead:
        (message,) = _claim(database, clock)
        with database.write(clock.now()) as uow:
            is_dead = failed(uow, message, "receiver.timeout", most_attempts=9)
        if not is_dead:
            start = clock.now()
            while not (found := _claim(database, clock)):
                clock.advance(timedelta(minutes=1))
            pauses.append((clock.now() - start) / timedelta(minutes=1))
            assert found[0].attempts == len(pauses)
            clock.advance(LEASE)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    clock.advance(10 * LONGEST_PAUSE)
    assert _claim(database, clock) == []
    with database.read() as uow:
        row = uow.execute(outbox.select()).one()
    assert (row.state, row.attempts, row.error) == ("dead", 9, "receiver.timeout")


def test_message_of_a_rolled_back_command_is_never_sent(database: Database, clock: ManualClock) -> None:
    """Nothing leaves the process for something that did not happen."""

    def command() -> None:
        with database.write(clock.now()) as uow:
            put(uow, "task.signed", "a", {})
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError):
        command()
    assert _claim(database, clock) == []


def test_message_with_a_key_that_is_there_is_refused(database: Database, clock: ManualClock) -> None:
    """One effect has one key, so that the receiver can tell a repeat."""
    _put(database, clock, "a")
    with pytest.raises(Exception, match=r"(?i)unique"):
        _put(database, clock, "a")


@pytest.mark.postgres
def test_claims_in_two_open_transactions_do_not_wait_or_overlap(
    postgres_database: Database, clock: ManualClock
) -> None:
    """SKIP LOCKED: the second worker takes the next rows at once."""
    _put(postgres_database, clock, "a", "b", "c")
    with postgres_database.write(clock.now()) as first, postgres_database.write(clock.now()) as second:
        assert [message.key for message in claim(first, 2, LEASE)] == ["a", "b"]
        assert [message.key for message in claim(second, 2, LEASE)] == ["c"]
