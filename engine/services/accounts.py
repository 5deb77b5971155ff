"""Commands on accounts: passwords, signing in and out, sessions. What the browser holds is never stored, only its hash.

Source: trust.md D. Five wrong passwords lock an account for 15 minutes; a session ends after 15 minutes without use
and after 12 hours at the latest.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.domain.events import AccountLocked, PasswordSet, SignedIn, SignedOut, SignInRefused
from engine.errors import NotAllowed, NotFound
from engine.passwords import check_strength, hash_password, is_outdated, matches
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import accounts as t
from engine.storage.tables.org import person
from engine.storage.uow import UnitOfWork

from .desk import Desk
from .engine import Engine

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
IDLE_FOR = timedelta(minutes=15)
LASTS = timedelta(hours=12)

_CREDENTIAL = Prepared(
    select(
        person.c.id, person.c.status, t.credential.c.password_hash, t.credential.c.failures, t.credential.c.locked_until
    )
    .select_from(person.outerjoin(t.credential))
    .where(person.c.account == bindparam("account"))
)
_ACCOUNT = Prepared(select(person.c.account).where(person.c.id == bindparam("id")))
_NEW_CREDENTIAL = insert_into(t.credential)
_DROP_CREDENTIAL = Prepared(t.credential.delete().where(t.credential.c.person_id == bindparam("person_id")))
_FAILURES = update_row(t.credential, "failures", "locked_until", where=("person_id",))
_REHASH = update_row(t.credential, "password_hash", where=("person_id",))
_NEW_SESSION = insert_into(t.session)
_SESSION = Prepared(
    select(
        t.session.c.id_hash,
        t.session.c.person_id,
        person.c.account,
        person.c.name,
        t.session.c.csrf,
        t.session.c.seen_at,
        t.session.c.expires_at,
    )
    .join_from(t.session, person)
    .where(t.session.c.id_hash == bindparam("id_hash"), person.c.status == "active")
)
_TOUCH = update_row(t.session, "seen_at", where=("id_hash",))
_DROP_SESSION = Prepared(t.session.delete().where(t.session.c.id_hash == bindparam("id_hash")))
_DROP_SESSIONS = Prepared(t.session.delete().where(t.session.c.person_id == bindparam("person_id")))
_REVOKE_TOKENS = Prepared(
    update(t.api_token).where(t.api_token.c.person_id == bindparam("person_id"), t.api_token.c.revoked_at.is_(None)),
    ("revoked_at",),
)
_DROP_OVER = Prepared(
    t.session.delete().where(
        or_(
            t.session.c.expires_at <= bindparam("now", type_=t.session.c.expires_at.type),
            t.session.c.seen_at <= bindparam("unused_since", type_=t.session.c.seen_at.type),
        )
    )
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody signed in: the token their browser keeps."""

    token: str
    person_id: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session in use: whose it is, and the value its forms carry."""

    id_hash: str
    person_id: str
    account: str
    name: str
    csrf: str
    seen_at: datetime
    expires_at: datetime


def set_password(desk: Desk, person_id: str, password: str) -> None:
    """Give a person a password, one's own or as an administrator; every session and API token of theirs ends.

    Raises: NotFound (`person.unknown`); Rejected (`account.weak_password`); NotAllowed.
    """
    row = desk.uow.one(_ACCOUNT, {"id": person_id})
    if row is None:
        raise NotFound("person.unknown", "Expected an existing person, but there is none.", id=person_id)
    if desk.actor_id != person_id and not desk.actor.is_system and not _may_administer(desk):
        raise NotAllowed("access.not_permitted", "Expected an administrator, but you are none.")
    check_strength(password, row[0])
    desk.uow.run(_DROP_CREDENTIAL, {"person_id": person_id})
    values = {"person_id": person_id, "password_hash": hash_password(password), "changed_at": desk.now}
    desk.uow.run(_NEW_CREDENTIAL, {**values, "failures": 0, "locked_until": None})
    desk.uow.run(_DROP_SESSIONS, {"person_id": person_id})
    desk.uow.run(_REVOKE_TOKENS, {"person_id": person_id, "revoked_at": desk.now})
    desk.record(PasswordSet(at=desk.now, subject_id=person_id, actor_id=desk.actor_id), f"person:{person_id}")


def _may_administer(desk: Desk) -> bool:
    rights = desk.city.profile.rights.permissions
    return any("admin:person:write" in rights.get(holding.role, ()) for holding in desk.actor.holdings)


def sign_in(engine: Engine, account: str, password: str) -> SignIn:
    """A new session for whoever knows the password. Unknown, disabled and locked accounts cost the same work.

    Raises: NotAllowed (`account.locked` with `until`, `account.wrong`).
    """
    row = engine.read(_credential, account)
    person_id, status, kept, _, locked_until = row or (None, None, None, 0, None)
    is_right = matches(kept, password)  # a quarter of a second: outside any transaction
    if locked_until is not None and engine.clock.now() < locked_until:
        raise NotAllowed(
            "account.locked",
            "Expected an account that is not locked, but this one is after too many wrong passwords.",
            until=locked_until.isoformat(),
        )
    if person_id is None or kept is None or status != "active" or not is_right:
        if kept is not None:
            engine.command(_count_failure, SYSTEM_ACTOR, account)
        raise NotAllowed("account.wrong", "Expected an account and its password, but they do not belong together.")
    token = engine.command(_open_session, Actor(person_id), person_id)
    if is_outdated(kept):
        renewed = hash_password(password)
        engine.command(_keep_hash, SYSTEM_ACTOR, person_id, renewed)
    return SignIn(token, person_id)


def _credential(uow: UnitOfWork, account: str) -> tuple[str, str, str, int, datetime | None] | None:
    row = uow.one(_CREDENTIAL, {"account": account})
    return None if row is None else (row[0], row[1], row[2], row[3], row[4])


def _count_failure(desk: Desk, account: str) -> None:
    """Count a wrong password; the fifth locks the account, and counting begins again."""
    row = _credential(desk.uow, account)
    assert row is not None
    person_id, failures, chain = row[0], (row[3] or 0) + 1, f"person:{row[0]}"
    until = desk.now + LOCKED_FOR if failures >= MOST_FAILURES else None
    desk.uow.run(_FAILURES, {"person_id": person_id, "failures": 0 if until else failures, "locked_until": until})
    desk.record(SignInRefused(at=desk.now, subject_id=person_id), chain)
    if until is not None:
        desk.record(AccountLocked(at=desk.now, subject_id=person_id), chain)


def _open_session(desk: Desk, person_id: str) -> str:
    desk.uow.run(_FAILURES, {"person_id": person_id, "failures": 0, "locked_until": None})
    return open_session(desk, person_id)


def open_session(desk: Desk, person_id: str) -> str:
    """A session for a person who has been recognised; the token for their browser."""
    token = secrets.token_urlsafe(32)
    desk.uow.run(
        _NEW_SESSION,
        {
            "id_hash": hash_of(token),
            "person_id": person_id,
            "csrf": secrets.token_urlsafe(24),
            "created_at": desk.now,
            "seen_at": desk.now,
            "expires_at": desk.now + LASTS,
        },
    )
    desk.record(SignedIn(at=desk.now, subject_id=person_id, actor_id=person_id), f"person:{person_id}")
    return token


def _keep_hash(desk: Desk, person_id: str, renewed: str) -> None:
    desk.uow.run(_REHASH, {"person_id": person_id, "password_hash": renewed})


def session_of(uow: UnitOfWork, token: str, now: datetime) -> SessionView | None:
    """The session of a token; None for an unknown one and for one that is over."""
    row = uow.one(_SESSION, {"id_hash": hash_of(token)})
    if row is None:
        return None
    found = SessionView(*row)
    is_over = now >= found.expires_at or now - found.seen_at >= IDLE_FOR
    return None if is_over else found


def touch_session(desk: Desk, id_hash: str) -> None:
    """The session was used now."""
    desk.uow.run(_TOUCH, {"id_hash": id_hash, "seen_at": desk.now})


def sign_out(desk: Desk, id_hash: str) -> None:
    """End a session: its row is gone, and with it whatever else holds its token."""
    desk.uow.run(_DROP_SESSION, {"id_hash": id_hash})
    desk.record(
        SignedOut(at=desk.now, subject_id=desk.actor.person_id, actor_id=desk.actor_id),
        f"person:{desk.actor.person_id}",
    )


def forget_old_sessions(desk: Desk) -> int:
    """Drop the sessions that are over; how many."""
    return desk.uow.run(_DROP_OVER, {"now": desk.now, "unused_since": desk.now - IDLE_FOR})


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256, in hex. A token has 256 random bits, so it needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def give_passwords(engine: Engine, passwords: Collection[tuple[str, str]]) -> None:
    """Give people (id, password) their passwords, hashed outside any long transaction: for a new installation."""
    for person_id, password in passwords:
        engine.command(set_password, SYSTEM_ACTOR, person_id, password)
