"""Deadlines: policies, clocks as event lists with their present state, and what climbed because of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Double, Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from engine.domain.sla import CLOCK_STATES
from engine.storage.tables.base import (
    at,
    loose_ref,
    metadata,
    number,
    one_of,
    own_id,
    ref,
    text,
)
from engine.storage.types import JsonDoc

sla_policy = Table(
    "sla_policy",
    metadata,
    own_id(),
    text("code", required=True),
    number("version"),
    text("event_type", required=True),
    Column("levels", JsonDoc(), nullable=False),
    text("stage", required=True),
    text("unit", required=True),
    number("amount"),
    text("calendar", required=True),
    Column("ladder", JsonDoc(), nullable=False),
    number("priority"),
    at("effective_from", required=True),
    UniqueConstraint("code", "version"),
)
"""A budget for a stage; `event_type` is a prefix, `levels` a list. A used policy never changes: it gets a successor."""


def _running_index(name: str, column: str) -> Index:
    running: Any = sql("state = 'running'")
    return Index(name, column, sqlite_where=running, postgresql_where=running)


clock = Table(
    "clock",
    metadata,
    own_id(),
    text("subject_kind", required=True),
    loose_ref("subject_id", required=True),
    text("stage", required=True),
    number("cycle"),
    ref("policy_id", "sla_policy", required=True),
    ref("department_id", "department", required=True),
    ref("holder_id", "person"),
    loose_ref("instance_id"),
    text("node_id"),
    number("scope", required=False),
    text("state", required=True),
    at("started_at", required=True),
    at("due_at"),
    number("next_rung", required=False),
    at("next_rung_at"),
    at("stopped_at"),
    one_of("state", *CLOCK_STATES),
    UniqueConstraint("subject_kind", "subject_id", "stage", "cycle"),
    _running_index("ix_clock_running_next_rung_at", "next_rung_at"),
    _running_index("ix_clock_running_due_at", "due_at"),
    sqlite_with_rowid=False,
)
"""A deadline of a subject: what replaying its events gives. Overdue is computed: running and `due_at` before now."""

clock_event = Table(
    "clock_event",
    metadata,
    ref("clock_id", "clock", key=True),
    number("seq", key=True),
    text("kind", required=True),
    at("at", required=True),
    loose_ref("actor_id"),
    text("cause", required=True),
    Column("detail", JsonDoc()),
    sqlite_with_rowid=False,
)
"""What happened to a clock, in order. Append-only."""

escalation = Table(
    "escalation",
    metadata,
    own_id(),
    ref("clock_id", "clock", required=True),
    number("rung"),
    number("cycle"),
    ref("recipient_person_id", "person"),
    ref("recipient_department_id", "department"),
    text("recipient_role", required=True),
    at("fired_at", required=True),
    Column("late_by_s", Double(), nullable=False),
    at("acknowledged_at"),
    UniqueConstraint("clock_id", "rung", "cycle"),
    Index(None, "recipient_person_id", "acknowledged_at"),
)
"""A rung that fired, once for each clock and cycle, and who was told."""
