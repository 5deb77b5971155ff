"""Facts in order, the ledger's chains and the seals over them (D12). All append-only."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint
from sqlalchemy import text as sql

from engine.storage.tables.base import at, loose_ref, metadata, number, row_number, text
from engine.storage.types import JsonDoc

fact = Table(
    "fact",
    metadata,
    row_number(),
    at("at", required=True),
    text("code", required=True),
    text("subject_kind", required=True),
    loose_ref("subject_id", required=True),
    loose_ref("actor_id"),
    Column("payload", JsonDoc(), nullable=False),
    Index(None, "subject_id"),
)
"""What happened, in the past tense; ids and codes only. Live pages follow its numbers."""

ledger = Table(
    "ledger",
    metadata,
    row_number(),
    text("subject", required=True),
    number("n"),
    at("at", required=True),
    text("key_id", required=True),
    Column("prev", LargeBinary(), nullable=False),
    Column("content", LargeBinary(), nullable=False),
    Column("mac", LargeBinary(), nullable=False),
    number("seal_n", required=False),
    UniqueConstraint("subject", "n"),
    Index(
        "ix_ledger_unsealed",
        "id",
        sqlite_where=sql("seal_n IS NULL"),
        postgresql_where=sql("seal_n IS NULL"),
    ),
)
"""One link of a subject's chain. Only `seal_n` may change, once, from nothing to the number of its seal."""

seal = Table(
    "seal",
    metadata,
    number("n", key=True),
    at("at", required=True),
    text("key_id", required=True),
    Column("prev", LargeBinary(), nullable=False),
    Column("root", LargeBinary(), nullable=False),
    number("row_count"),
    Column("mac", LargeBinary(), nullable=False),
)
"""A seal over a batch of ledger rows, chained to the seal before it."""
