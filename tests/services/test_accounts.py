"""Accounts: passwords are kept as hashes, guessing stops, and a session is over when it should be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from engine import passwords
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotAllowed, NotFound, Rejected, Unavailable
from engine.services import accounts, limits
from engine.testing import TinyCity

CLERK = "water.clerk"
PASSWORD = "three-unrelated-words"


@pytest.fixture
def known(city: TinyCity) -> TinyCity:
    """A city whose clerk has a password."""
    city.engine.command(accounts.set_password, SYSTEM_ACTOR, CLERK, PASSWORD)
    return city


def session(city: TinyCity, token: str) -> accounts.SessionView | None:
    """The session of a token now."""
    return city.engine.read(accounts.session_of, token, city.clock.now())


def test_sign_in_with_the_password_opens_a_session_of_that_person(known: TinyCity) -> None:
    """Whoever knows the password gets a session in their own name, and a new one each time."""
    first, second = (accounts.sign_in(known.engine, CLERK, PASSWORD) for _ in range(2))

    found = session(known, first.token)

    assert found is not None
    assert (found.person_id, found.account) == (CLERK, CLERK)
    assert first.token != second.token


def test_neither_password_nor_token_is_in_the_database(known: TinyCity) -> None:
    """A stolen database opens no account: it holds hashes only."""
    token = accounts.sign_in(known.engine, CLERK, PASSWORD).token

    with known.engine.database.read(known.clock.now()) as uow:
        kept = [
            str(tuple(row))
            for table in ("credential", "session", "fact", "ledger")
            for row in uow.execute(text(f"SELECT * FROM {table}"))
        ]

    assert "$argon2id$v=19$m=65536,t=3,p=1$" in str(kept)
    assert not [row for row in kept if PASSWORD in row or token in row]


def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(known: TinyCity) -> None:
    """Guessing stops after five tries, also with the right password; it works again later, and the ledger knows."""
    for _ in range(accounts.MOST_FAILURES):
        with pytest.raises(NotAllowed) as wrong:
            accounts.sign_in(known.engine, CLERK, "wrong-wrong-wrong")
        assert wrong.value.code == "account.wrong"

    with pytest.raises(NotAllowed) as locked:
        accounts.sign_in(known.engine, CLERK, PASSWORD)
    known.clock.advance(accounts.LOCKED_FOR)

    assert locked.value.code == "account.locked"
    assert accounts.sign_in(known.engine, CLERK, PASSWORD).person_id == CLERK
    with known.engine.database.read(known.clock.now()) as uow:
        codes = [row[0] for row in uow.execute(text("SELECT code FROM fact WHERE code LIKE 'account.%'"))]
    assert codes.count("account.refused") == accounts.MOST_FAILURES
    assert codes.count("account.locked") == 1


def test_unknown_account_is_refused_with_the_same_words_and_the_same_work(
    known: TinyCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can find out which accounts exist: one hash is computed whether there is an account or not."""
    asked: list[str | None] = []

    def counted(kept: str | None, password: str) -> bool:
        asked.append(kept)
        return passwords.matches(kept, password)

    monkeypatch.setattr(accounts, "matches", counted)
    refusals = []
    for account in (CLERK, "nobody.there"):
        with pytest.raises(NotAllowed) as refused:
            accounts.sign_in(known.engine, account, "wrong-wrong-wrong")
        refusals.append((refused.value.code, refused.value.message))

    assert refusals[0] == refusals[1]
    assert len(asked) == 2
    assert asked[1] is None


def test_session_ends_when_unused_and_after_twelve_hours_at_the_latest(known: TinyCity) -> None:
    """A forgotten browser does not stay open, and no session lasts for ever."""
    token = accounts.sign_in(known.engine, CLERK, PASSWORD).token
    used = session(known, token)
    assert used is not None

    known.clock.advance(accounts.IDLE_FOR - timedelta(seconds=1))
    assert session(known, token) is not None
    for _ in range(50):
        known.engine.command(accounts.touch_session, SYSTEM_ACTOR, used.id_hash)
        known.clock.advance(accounts.IDLE_FOR - timedelta(seconds=1))

    assert session(known, token) is None
    assert known.engine.command(accounts.forget_old_sessions, SYSTEM_ACTOR) == 1


def test_signed_out_session_and_those_before_a_new_password_are_gone(known: TinyCity) -> None:
    """A copied cookie is worth nothing after signing out, nor after the password changed."""
    first, second = (accounts.sign_in(known.engine, CLERK, PASSWORD).token for _ in range(2))
    view = session(known, first)
    assert view is not None

    known.engine.command(accounts.sign_out, known.person(CLERK), view.id_hash)
    assert session(known, first) is None
    assert session(known, second) is not None
    known.engine.command(accounts.set_password, known.person(CLERK), CLERK, "another-good-password")

    assert session(known, second) is None


def test_people_set_their_own_password_and_nobody_elses(known: TinyCity) -> None:
    """A clerk cannot take over a colleague's account."""
    with pytest.raises(NotAllowed):
        known.engine.command(accounts.set_password, known.person(CLERK), "water.head", PASSWORD)
    with pytest.raises(NotFound):
        known.engine.command(accounts.set_password, SYSTEM_ACTOR, "nobody", PASSWORD)


@pytest.mark.parametrize("weak", ["short", "1234567890", "aaaabbbbcccc", f"my-{CLERK}-password", "x" * 201])
@pytest.mark.fast
def test_weak_password_is_refused(weak: str) -> None:
    """What guessers try first is no password here."""
    with pytest.raises(Rejected) as refused:
        passwords.check_strength(weak, CLERK)
    assert refused.value.code == "account.weak_password"


def test_limit_counts_over_every_engine_and_opens_again(city: TinyCity) -> None:
    """What is limited is limited for the city, not for each process; the window says when it opens again."""
    rule = limits.Rule("test", 3)
    for _ in range(3):
        limits.take(city.engine, rule, "192.0.2.1")

    with pytest.raises(Unavailable) as reached:
        limits.take(city.engine, rule, "192.0.2.1")
    limits.take(city.engine, rule, "192.0.2.2")
    city.clock.advance(timedelta(seconds=reached.value.params["retry_after_s"]))

    limits.take(city.engine, rule, "192.0.2.1")
    with city.engine.database.read(city.clock.now()) as uow:
        kept = [str(tuple(row)) for row in uow.execute(text("SELECT * FROM rate_window"))]
    assert not [row for row in kept if "192.0.2" in row]
