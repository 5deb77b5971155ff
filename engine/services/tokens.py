"""API tokens: a program that acts for a person, within scopes and until a day; kept as a hash and shown once."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from engine.domain.events import TokenIssued, TokenRevoked
from engine.errors import NotAllowed, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.accounts import api_token
from engine.storage.tables.org import person
from engine.storage.uow import UnitOfWork

from .accounts import hash_of
from .desk import Desk

SCOPES = ("read", "work", "orders", "intake", "process", "definitions")
"""What a token may be for: reading, doing work items, drafting and withdrawing orders, handing in reports, messages to
processes and their external work, uploading and publishing processes."""
MOST_DAYS = 365
MOST_TOKENS = 20
PREFIX = "clt_"

_NEW = insert_into(api_token)
_REVOKE = update_row(api_token, "revoked_at", where=("id", "person_id"))
_OF_PERSON = Prepared(
    select(
        api_token.c.id,
        api_token.c.name,
        api_token.c.scopes,
        api_token.c.created_at,
        api_token.c.expires_at,
        api_token.c.revoked_at,
    )
    .where(api_token.c.person_id == bindparam("person_id"))
    .order_by(api_token.c.created_at.desc())
)
_BY_HASH = Prepared(
    select(api_token.c.person_id, api_token.c.scopes, api_token.c.expires_at, api_token.c.revoked_at, person.c.status)
    .join_from(api_token, person)
    .where(api_token.c.token_hash == bindparam("token_hash"))
)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in its owner's list; the token itself is known to nobody here."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenView:
    """Whom a token speaks for, and for what."""

    person_id: str
    scopes: frozenset[str]


def issue_token(desk: Desk, name: str, scopes: Collection[str], days: int) -> str:
    """A new token for the actor; it is shown this once.

    Raises: Rejected (`token.name`, `token.scopes`, `token.days`, `token.too_many`); NotAllowed for the engine itself.
    """
    if desk.actor_id is None:
        raise NotAllowed("token.nobody", "Expected a person, but the engine itself needs no token.")
    if not name.strip() or len(name) > 80:
        raise Rejected("token.name", "Expected a name of 1 to 80 characters, but got another.")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Rejected("token.scopes", f"Expected at least one of {', '.join(SCOPES)}, but got something else.")
    if not 1 <= days <= MOST_DAYS:
        raise Rejected("token.days", f"Expected 1 to {MOST_DAYS} days, but got {days}.", days=days)
    kept = desk.uow.rows(_OF_PERSON, {"person_id": desk.actor_id})
    if sum(1 for row in kept if row[5] is None and row[4] > desk.now) >= MOST_TOKENS:
        raise Rejected("token.too_many", f"Expected at most {MOST_TOKENS} tokens, but there are as many. Revoke one.")
    token = PREFIX + secrets.token_urlsafe(32)
    id_ = desk.uow.new_id()
    desk.uow.run(
        _NEW,
        {
            "id": id_,
            "token_hash": hash_of(token),
            "person_id": desk.actor_id,
            "name": name.strip(),
            "scopes": sorted(set(scopes)),
            "created_at": desk.now,
            "expires_at": desk.now + timedelta(days=days),
            "revoked_at": None,
        },
    )
    fact = TokenIssued(at=desk.now, subject_id=desk.actor_id, actor_id=desk.actor_id, token_id=id_)
    desk.record(fact, f"person:{desk.actor_id}")
    return token


def revoke_token(desk: Desk, id: str) -> None:
    """End one of the actor's own tokens. Raises: NotFound (`token.unknown`)."""
    if desk.uow.run(_REVOKE, {"id": id, "person_id": desk.actor.person_id, "revoked_at": desk.now}) != 1:
        raise NotFound("token.unknown", "Expected one of your tokens, but there is none with this id.", id=id)
    fact = TokenRevoked(at=desk.now, subject_id=desk.actor.person_id, actor_id=desk.actor_id, token_id=id)
    desk.record(fact, f"person:{desk.actor.person_id}")


def tokens_of(uow: UnitOfWork, person_id: str) -> list[TokenRow]:
    """A person's tokens, the newest first."""
    return [TokenRow(*row) for row in uow.rows(_OF_PERSON, {"person_id": person_id})]


def token_of(uow: UnitOfWork, token: str, now: datetime) -> TokenView | None:
    """Whom a token speaks for; None for an unknown, expired or revoked one, and for somebody who left."""
    row = uow.one(_BY_HASH, {"token_hash": hash_of(token)}) if token.startswith(PREFIX) else None
    if row is None or row[3] is not None or row[2] <= now or row[4] != "active":
        return None
    return TokenView(row[0], frozenset(row[1]))
