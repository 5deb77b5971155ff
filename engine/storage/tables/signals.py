"""What comes in: signals as received, and the references of alerts to earlier ones."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table, UniqueConstraint

from engine.domain.lifecycle import SIGNAL
from engine.storage.tables.base import at, level, metadata, one_of, own_id, ref, revision, sealed, state, text

signal = Table(
    "signal",
    metadata,
    own_id(),
    text("source", required=True),
    text("external_id", required=True),
    text("kind", required=True),
    text("channel", required=True),
    *state(SIGNAL),
    revision(),
    at("reported_at", required=True),
    at("received_at", required=True),
    at("expires_at"),
    sealed("signal", "reporter_name"),
    sealed("signal", "reporter_phone"),
    text("phone_index"),
    sealed("signal", "text"),
    sealed("signal", "address"),
    Column("longitude", Double()),
    Column("latitude", Double()),
    ref("grid_cell_id", "grid_cell"),
    text("suggested_type"),
    *level("suggested_level"),
    ref("incident_id", "incident"),
    sealed("signal", "payload"),
    text("payload_digest", required=True),
    text("cap_status"),
    text("cap_msg_type"),
    text("reason_code"),
    text("follow_index"),
    one_of("kind", "alert", "report"),
    UniqueConstraint("source", "external_id"),
    Index(None, "incident_id"),
    Index(None, "state", "received_at"),
    Index(None, "phone_index"),
    Index(None, "follow_index"),
)
"""One report or alert as received; the same source and identifier never make a second row.

`payload_digest` is the SHA-256 of the raw payload: it tells a repeat from a changed message under the same id.
`follow_index` is the blind index of the code a reporter follows the report by.
"""

signal_reference = Table(
    "signal_reference",
    metadata,
    own_id(),
    ref("signal_id", "signal", required=True),
    text("source", required=True),
    text("external_id", required=True),
    text("msg_type", required=True),
    at("at", required=True),
    UniqueConstraint("signal_id", "source", "external_id"),
    Index(None, "source", "external_id"),
)
"""An Update or Cancel (`signal_id`) that refers to another signal by source and identifier, seen before it or after."""
