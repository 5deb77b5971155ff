"""What leaves the process after the commit, answers kept for repeated requests, evidence, and signs of life."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from engine.storage.tables.base import (
    at,
    loose_ref,
    metadata,
    number,
    one_of,
    own_id,
    ref,
    row_number,
    text,
)
from engine.storage.types import JsonDoc

outbox = Table(
    "outbox",
    metadata,
    row_number(),
    text("topic", required=True),
    text("key", required=True),
    Column("payload", JsonDoc(), nullable=False),
    text("state", required=True),
    number("attempts"),
    at("created_at", required=True),
    at("next_at", required=True),
    at("leased_until"),
    text("error"),
    one_of("state", "waiting", "dead"),
    UniqueConstraint("key"),
    Index(
        "ix_outbox_waiting_next_at",
        "next_at",
        sqlite_where=sql("state = 'waiting'"),
        postgresql_where=sql("state = 'waiting'"),
    ),
)
"""A message to deliver; the receiver knows it by `key`. A delivered row is deleted, a hopeless one is `dead`."""

idempotency = Table(
    "idempotency",
    metadata,
    loose_ref("actor_id", key=True),
    text("key", key=True),
    text("command", required=True),
    text("body_digest", required=True),
    Column("result", JsonDoc()),
    at("at", required=True),
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""The answer to a command under the caller's key, so that a repeat finds it instead of doing it again."""

evidence = Table(
    "evidence",
    metadata,
    own_id(),
    text("sha256", required=True),
    number("size"),
    text("media_type", required=True),
    text("subject_kind", required=True),
    loose_ref("subject_id", required=True),
    text("stored_path", required=True),
    ref("created_by", "person"),
    at("created_at", required=True),
    Index(None, "subject_id"),
    Index(None, "sha256"),
)
"""A photo or document on record; its sealed bytes lie in the evidence store under `stored_path`."""

worker_heartbeat = Table(
    "worker_heartbeat",
    metadata,
    text("worker", key=True),
    at("at", required=True),
)
"""When a worker was last alive."""
