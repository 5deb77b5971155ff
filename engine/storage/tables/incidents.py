"""Incidents: what has to be dealt with."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Table, UniqueConstraint

from engine.domain.lifecycle import INCIDENT
from engine.storage.tables.base import (
    at,
    level,
    loose_ref,
    metadata,
    number,
    own_id,
    ref,
    revision,
    sealed,
    state,
    text,
)

incident = Table(
    "incident",
    metadata,
    own_id(),
    text("number", required=True),
    *state(INCIDENT),
    revision(),
    text("category", required=True),
    text("event_type", required=True),
    *level("event_level"),
    *level("response_level"),
    Column("longitude", Double()),
    Column("latitude", Double()),
    ref("grid_cell_id", "grid_cell"),
    ref("lead_centre_id", "department"),
    ref("lead_department_id", "department"),
    at("occurred_at"),
    at("reported_at", required=True),
    at("accepted_at"),
    at("filed_at"),
    at("dispatched_at"),
    at("closed_at"),
    at("evaluated_at"),
    text("closed_reason"),
    sealed("incident", "reply"),
    sealed("incident", "evaluation"),
    number("evaluation_score", required=False),
    ref("evaluator_id", "person"),
    number("rework_count"),
    number("reopen_count"),
    ref("merged_into_id", "incident"),
    ref("created_by", "person"),
    at("created_at", required=True),
    loose_ref("instance_id"),
    Column("sensitive", Boolean(), nullable=False),
    UniqueConstraint("number"),
    Index(None, "state", "reported_at"),
    Index(None, "grid_cell_id"),
)
"""An incident from report to archive; its title is its event type, its texts are sealed.

`instance_id` is the process it runs on now; a `sensitive` one is read only by those who have to do with it.
"""
