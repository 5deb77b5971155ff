"""What finds its instance by name and key: starts of published versions, messages on their way, work for outsiders."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table

from engine.storage.tables.base import at, loose_ref, metadata, number, one_of, own_id, ref, text
from engine.storage.types import JsonDoc

start_trigger = Table(
    "start_trigger",
    metadata,
    ref("definition_id", "definition", key=True),
    text("node_id", key=True),
    number("part", key=True),
    text("kind", required=True),
    text("name"),
    at("due_at"),
    number("fired"),
    one_of("kind", "message", "broadcast", "timer"),
    Index(None, "kind", "name"),
    Index(None, "due_at"),
    sqlite_with_rowid=False,
)
"""A start event of a published version that begins an instance by itself: at a message, a broadcast or an instant.

`part` counts the definitions of a multiple start event; `fired` how often a timer has.
"""

awaited_message = Table(
    "awaited_message",
    metadata,
    text("name", key=True),
    sqlite_with_rowid=False,
)
"""A message name that some version, published ever, can wait for: what nobody could ever catch is not held."""

held_message = Table(
    "held_message",
    metadata,
    own_id(),
    text("kind", required=True),
    text("name", required=True),
    text("key"),
    Column("payload", LargeBinary(), nullable=False),
    loose_ref("instance_id"),
    number("wait", required=False),
    loose_ref("definition_id"),
    text("node_id"),
    text("subject_kind"),
    loose_ref("subject_id"),
    loose_ref("department_id"),
    at("created_at", required=True),
    at("due_at", required=True),
    at("expires_at"),
    number("attempts"),
    text("error"),
    text("state", required=True),
    one_of("kind", "message", "broadcast"),
    one_of("state", "waiting", "dead"),
    Index(None, "state", "due_at"),
    Index(None, "name", "key"),
)
"""A message nobody waits for yet, until it expires; or a broadcast that one of its receivers has still to take.

A receiver is a wait of an instance or the start event of a version. `dead`: its receiver refused it to the end.
"""

message_seen = Table(
    "message_seen",
    metadata,
    text("message_id", key=True),
    at("at", required=True),
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""The id a sender gave a message, kept for a day: the same message again is not delivered again."""

external_job = Table(
    "external_job",
    metadata,
    own_id(),
    ref("instance_id", "process_instance", required=True),
    number("wait"),
    text("node_id", required=True),
    text("topic", required=True),
    Column("variables", JsonDoc(), nullable=False),
    number("retries"),
    text("worker"),
    at("locked_until"),
    at("due_at", required=True),
    text("error"),
    Index("uq_external_job_wait", "instance_id", "wait", unique=True),
    Index(None, "topic", "due_at"),
)
"""Work that a program outside fetches by its topic, does under a lock that ends, and answers. `due_at`: not before."""
