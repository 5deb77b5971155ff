"""Accounts: how people prove who they are, their sessions and tokens, and how often something was tried."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, UniqueConstraint

from engine.storage.tables.base import at, metadata, number, own_id, ref, text
from engine.storage.types import JsonDoc

credential = Table(
    "credential",
    metadata,
    ref("person_id", "person", key=True),
    text("password_hash", required=True),
    at("changed_at", required=True),
    number("failures"),
    at("locked_until"),
)
"""A person's password as an argon2id hash; `failures` counts wrong ones since the last right one."""

session = Table(
    "session",
    metadata,
    text("id_hash", key=True),
    ref("person_id", "person", required=True),
    text("csrf", required=True),
    at("created_at", required=True),
    at("seen_at", required=True),
    at("expires_at", required=True),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)
"""Somebody signed in. The row knows the SHA-256 of the token the browser holds, never the token."""

api_token = Table(
    "api_token",
    metadata,
    own_id(),
    text("token_hash", required=True),
    ref("person_id", "person", required=True),
    text("name", required=True),
    Column("scopes", JsonDoc(), nullable=False),
    at("created_at", required=True),
    at("expires_at", required=True),
    at("revoked_at"),
    UniqueConstraint("token_hash"),
    Index(None, "person_id"),
)
"""A program that acts for a person, within scopes and until it expires; kept as a hash, shown once."""

rate_window = Table(
    "rate_window",
    metadata,
    text("rule", key=True),
    text("key_index", key=True),
    at("began_at", required=True),
    number("taken"),
    Index(None, "began_at"),
)
"""How often something was done in the window that began then; `key_index` is a blind index of who did it."""
