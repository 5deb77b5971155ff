"""Definitions and running instances with their waits; the rows of an instance die when it ends, its history stays."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, LargeBinary, Table, UniqueConstraint
from sqlalchemy import text as sql

from engine.domain.lifecycle import DEFINITION
from engine.storage.tables.base import (
    at,
    loose_ref,
    metadata,
    number,
    one_of,
    own_id,
    ref,
    revision,
    sealed,
    state,
    text,
)
from engine.storage.types import JsonDoc

deployment = Table(
    "deployment",
    metadata,
    own_id(),
    text("name", required=True),
    text("digest", required=True),
    ref("author_id", "person", required=True),
    at("at", required=True),
)
"""Files that were uploaded together, as one file or one zip: calls bound to their deployment stay among them."""

definition = Table(
    "definition",
    metadata,
    own_id(),
    text("process_id", required=True),
    number("version"),
    text("digest", required=True),
    *state(DEFINITION),
    text("kind", required=True),
    Column("source", LargeBinary(), nullable=False),
    Column("net", LargeBinary(), nullable=False),
    Column("certificate", JsonDoc(), nullable=False),
    Column("forms", JsonDoc(), nullable=False),
    Column("shipped", Boolean(), nullable=False),
    at("effective_from"),
    ref("author_id", "person"),
    ref("publisher_id", "person"),
    one_of("kind", "loop", "plain"),
    loose_ref("deployment_id"),
    text("file_name"),
    Column("normalised", LargeBinary()),
    Column("report", JsonDoc()),
    Column("answers", JsonDoc(), nullable=False),
    Column("decisions", JsonDoc(), nullable=False),
    text("tag"),
    sealed("definition", "return_reason"),
    at("created_at"),
    at("published_at"),
    revision(),
    CheckConstraint("author_id IS NULL OR publisher_id IS NULL OR author_id <> publisher_id", "two_people"),
    UniqueConstraint("process_id", "version"),
    Index(None, "deployment_id"),
)
"""One version of a process: its original bytes, its compiled Net, its forms and what was proved about it.

`report` is what the check said, `answers` what people answered to its questions, by key; `normalised` the file after
both. `decisions` are the DMN files that came along, by name. Its content changes while it is a draft, never after.
"""

process_instance = Table(
    "process_instance",
    metadata,
    own_id(),
    ref("definition_id", "definition", required=True),
    loose_ref("parent_instance_id"),
    number("parent_wait", required=False),
    text("subject_kind"),
    loose_ref("subject_id"),
    ref("department_id", "department", required=True),
    Column("state_bytes", LargeBinary(), nullable=False),
    revision(),
    at("started_at", required=True),
    at("suspended_at"),
    loose_ref("restarted_from"),
    Index(None, "definition_id"),
    Index(
        "uq_process_instance_subject",
        "subject_kind",
        "subject_id",
        unique=True,
        sqlite_where=sql("parent_instance_id IS NULL AND subject_id IS NOT NULL"),
        postgresql_where=sql("parent_instance_id IS NULL AND subject_id IS NOT NULL"),
    ),
)
"""A running instance; a subject has at most one that nobody called. Nodes outside a leg belong to `department_id`.

While `suspended_at` is set nothing moves it but an operator.
"""

work_item = Table(
    "work_item",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    text("node_id", required=True),
    text("name", required=True),
    text("role", required=True),
    ref("department_id", "department", required=True),
    number("scope"),
    text("subject_kind"),
    loose_ref("subject_id"),
    loose_ref("task_id"),
    text("form"),
    at("opened_at", required=True),
    at("due_at"),
    at("sort_at", required=True),
    ref("claimed_by", "person"),
    revision(),
    loose_ref("changed_by"),
    at("changed_at"),
    Index(None, "department_id", "role", "sort_at"),
    sqlite_with_rowid=False,
)
"""One open human node. `sort_at` orders the inbox: `due_at`, or where nothing is due, `types.NEVER`.

`changed_by` took it into hand or gave it back last.
"""

timer = Table(
    "timer",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    text("node_id", required=True),
    at("due_at", required=True),
    Index(None, "due_at"),
    sqlite_with_rowid=False,
)
"""A timer of the diagram that waits for its instant (D4)."""

subscription = Table(
    "subscription",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    text("message", required=True),
    number("scope"),
    text("key"),
    Column("broadcast", Boolean(), nullable=False, server_default=sql("false")),
    at("opened_at"),
    Index(None, "message", "key"),
    sqlite_with_rowid=False,
)
"""An instance that waits for a message, or for a broadcast; `key` is what a message's key must equal.

Without a key the sender addresses instance, message and, for a leg, scope.
"""

call = Table(
    "call",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    loose_ref("child_instance_id", required=True),
    sqlite_with_rowid=False,
)
"""A call activity that waits for its child instance."""

operation = Table(
    "operation",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    text("operation", required=True),
    Column("variables", JsonDoc(), nullable=False),
    text("state", required=True),
    number("attempts"),
    at("due_at", required=True),
    one_of("state", "requested", "failed"),
    Index(None, "state", "due_at"),
)
"""A registered operation that a service node asked for and that has not answered yet."""

step_failure = Table(
    "step_failure",
    metadata,
    ref("instance_id", "process_instance", key=True),
    number("wait", key=True),
    text("node_id", required=True),
    text("code", required=True),
    text("message", required=True),
    at("at", required=True),
    sqlite_with_rowid=False,
)
"""What an operator must repair before this branch goes on."""

personal_answer = Table(
    "personal_answer",
    metadata,
    own_id(),
    loose_ref("instance_id", required=True),
    text("node_id", required=True),
    text("field", required=True),
    sealed("personal_answer", "value"),
    at("at", required=True),
)
"""The answer to a form field marked personal; the state of the instance holds only its id (D13)."""

instance_history = Table(
    "instance_history",
    metadata,
    own_id(),
    ref("definition_id", "definition", required=True),
    loose_ref("parent_instance_id"),
    text("subject_kind"),
    loose_ref("subject_id"),
    at("started_at", required=True),
    at("ended_at", required=True),
    text("outcome", required=True),
    text("state_digest", required=True),
    loose_ref("department_id"),
    loose_ref("restarted_from"),
    Index(None, "subject_id"),
    Index(None, "definition_id"),
)
"""An instance that ended. Append-only."""

item_history = Table(
    "item_history",
    metadata,
    loose_ref("instance_id", key=True),
    number("wait", key=True),
    text("node_id", required=True),
    at("opened_at", required=True),
    at("ended_at", required=True),
    text("how", required=True),
    loose_ref("actor_id"),
    Column("answers_bytes", LargeBinary()),
    one_of("how", "completed", "withdrawn"),
    sqlite_with_rowid=False,
)
"""A work item that ended, by whom and with which answers: once, says the key. Append-only."""
