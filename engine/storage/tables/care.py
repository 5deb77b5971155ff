"""What operators do to running instances: each act with its reason, and batches of acts over many instances."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from engine.storage.tables.base import at, loose_ref, metadata, number, one_of, own_id, ref, sealed, text
from engine.storage.types import JsonDoc

ACTS = ("suspend", "resume", "cancel", "move", "restart", "retry", "migrate")

intervention = Table(
    "intervention",
    metadata,
    own_id(),
    loose_ref("instance_id", required=True),
    text("act", required=True),
    loose_ref("by_id"),
    at("at", required=True),
    sealed("intervention", "reason"),
    Column("detail", JsonDoc(), nullable=False),
    loose_ref("batch_id"),
    one_of("act", *ACTS),
    Index(None, "instance_id"),
)
"""Something an operator did to an instance, and why. Append-only."""

batch = Table(
    "batch",
    metadata,
    own_id(),
    text("act", required=True),
    Column("wanted", JsonDoc(), nullable=False),
    sealed("batch", "reason"),
    ref("by_id", "person"),
    at("created_at", required=True),
    at("finished_at"),
    text("state", required=True),
    one_of("act", *ACTS),
    one_of("state", "running", "paused", "done"),
    Index(None, "state"),
)
"""One act over many instances, done by the worker in small pieces."""

batch_item = Table(
    "batch_item",
    metadata,
    ref("batch_id", "batch", key=True),
    loose_ref("instance_id", key=True),
    text("state", required=True),
    text("error"),
    number("attempts"),
    at("at"),
    one_of("state", "waiting", "done", "failed"),
    Index(None, "batch_id", "state"),
    sqlite_with_rowid=False,
)
"""What became of one instance of a batch; `error` is the code of the refusal."""
