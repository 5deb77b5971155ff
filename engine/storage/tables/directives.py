"""Directives, their tasks, and the three things without which none closes: feedback, verification, evaluation."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint

from engine.domain.lifecycle import DIRECTIVE, TASK
from engine.storage.tables.base import (
    at,
    level,
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

CLOSED_NEEDS = (
    "state <> 'closed' OR (verification_id IS NOT NULL AND evaluation_id IS NOT NULL "
    "AND verifier_id IS NOT NULL AND evaluator_id IS NOT NULL AND verifier_id <> evaluator_id)"
)
VERIFIED_NEEDS = (
    "state <> 'verified' OR (feedback_id IS NOT NULL AND verification_id IS NOT NULL "
    "AND feedback_by IS NOT NULL AND verified_by IS NOT NULL AND feedback_by <> verified_by)"
)

directive = Table(
    "directive",
    metadata,
    own_id(),
    text("number", required=True),
    ref("incident_id", "incident", required=True),
    text("kind", required=True),
    *state(DIRECTIVE),
    revision(),
    *level("level"),
    ref("from_department_id", "department", required=True),
    ref("drafter_id", "person", required=True),
    ref("reviewer_id", "person"),
    ref("signer_id", "person"),
    text("objective", required=True),
    text("content", required=True),
    text("completion_rule", required=True),
    text("issue_mode", required=True),
    at("created_at", required=True),
    at("issued_at"),
    at("closed_at"),
    text("digest"),
    loose_ref("verification_id"),
    ref("verifier_id", "person"),
    loose_ref("evaluation_id"),
    ref("evaluator_id", "person"),
    loose_ref("instance_id"),
    number("return_count"),
    number("rework_count"),
    one_of("completion_rule", "all", "lead", "quorum"),
    one_of("issue_mode", "normal", "oral_first"),
    CheckConstraint(CLOSED_NEEDS, "closed_loop"),
    UniqueConstraint("number"),
    Index(None, "incident_id"),
    Index(None, "state"),
)
"""An order; `digest` freezes its wording when it is issued.

Triggers refuse: a state change that is no move, closing with an open task, with nothing verified, with a
verification or evaluation that is not on record, or by an evaluator who handled one of its tasks.
"""

task = Table(
    "task",
    metadata,
    own_id(),
    ref("directive_id", "directive", required=True),
    ref("department_id", "department", required=True),
    text("role", required=True),
    *state(TASK),
    revision(),
    ref("handler_id", "person"),
    at("due_at"),
    at("signed_at"),
    loose_ref("feedback_id"),
    ref("feedback_by", "person"),
    loose_ref("verification_id"),
    ref("verified_by", "person"),
    number("return_count"),
    number("rework_count"),
    sealed("task", "reason"),
    one_of("role", "lead", "co"),
    CheckConstraint(VERIFIED_NEEDS, "verified_by_other"),
    Index(None, "directive_id"),
    Index(None, "department_id", "state"),
)
"""One department's leg of a directive; `reason` is why it was last returned or sent back."""

feedback = Table(
    "feedback",
    metadata,
    own_id(),
    ref("task_id", "task", required=True),
    ref("by_id", "person", required=True),
    at("at", required=True),
    sealed("feedback", "text"),
    Column("evidence", JsonDoc(), nullable=False),
    Index(None, "task_id"),
)
"""What a department reports back; `evidence` lists ids of the evidence store. Append-only."""

verification = Table(
    "verification",
    metadata,
    own_id(),
    ref("directive_id", "directive", required=True),
    ref("by_id", "person", required=True),
    at("at", required=True),
    Column("passed", Boolean(), nullable=False),
    number("round"),
    Column("legs", JsonDoc(), nullable=False),
    sealed("verification", "reason"),
    Index(None, "directive_id"),
)
"""One check of what came back; `legs` lists the departments that have to rework. Append-only."""

evaluation = Table(
    "evaluation",
    metadata,
    own_id(),
    ref("directive_id", "directive", required=True),
    ref("by_id", "person", required=True),
    at("at", required=True),
    number("score"),
    sealed("evaluation", "text"),
    Index(None, "directive_id"),
)
"""How well a directive was carried out. Append-only."""

receipt = Table(
    "receipt",
    metadata,
    ref("directive_id", "directive", key=True),
    ref("department_id", "department", key=True),
    text("role", required=True),
    at("delivered_at"),
    at("read_at"),
    at("signed_at"),
    one_of("role", "lead", "co", "copy"),
)
"""When an addressee got, read and signed a directive; addressees of a draft are rows without instants."""

duty_done = Table(
    "duty_done",
    metadata,
    ref("directive_id", "directive", key=True),
    text("duty", key=True),
    ref("person_id", "person", key=True),
    sqlite_with_rowid=False,
)
"""Who has done which duty of a directive's loop, in any round: what the separation of duties asks."""
