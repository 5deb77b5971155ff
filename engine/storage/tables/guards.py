"""What the triggers read: the moves that a stored state may make."""

from __future__ import annotations

from sqlalchemy import Table

from engine.storage.tables.base import metadata, text

lifecycle_move = Table(
    "lifecycle_move",
    metadata,
    text("subject", key=True),
    text("source", key=True),
    text("target", key=True),
    sqlite_with_rowid=False,
)
"""A row of a life-cycle table, filled by migrations; an empty `source` leads to the state that rows begin in."""
