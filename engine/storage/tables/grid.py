"""Grid cells: the pieces of the city, each with an owner and an officer."""

from __future__ import annotations

from sqlalchemy import Table, UniqueConstraint

from engine.storage.tables.base import at, metadata, number, own_id, ref, text

grid_cell = Table(
    "grid_cell",
    metadata,
    own_id(),
    text("code", required=True),
    number("level"),
    ref("parent_id", "grid_cell"),
    text("polygon_wkt", required=True),
    ref("owner_department_id", "department", required=True),
    ref("officer_person_id", "person"),
    at("valid_from", required=True),
    at("valid_to"),
    UniqueConstraint("code"),
)
"""A grid cell with its polygon, owner department and officer."""
