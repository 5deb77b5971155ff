"""Departments, centres, people, their posts and who is on duty."""

from __future__ import annotations

from sqlalchemy import Index, Table, UniqueConstraint

from engine.storage.tables.base import at, metadata, one_of, own_id, ref, text

department = Table(
    "department",
    metadata,
    own_id(),
    text("code", required=True),
    text("name_zh", required=True),
    text("name_en", required=True),
    ref("parent_id", "department"),
    text("kind", required=True),
    text("level", required=True),
    text("calendar", required=True),
    ref("fallback_department_id", "department"),
    UniqueConstraint("code"),
    Index(None, "parent_id"),
)
"""A node of the department tree; `level` is city, district, street, community or grid."""

centre = Table(
    "centre",
    metadata,
    ref("department_id", "department", key=True),
    text("kind", required=True),
    text("status", required=True),
    one_of("status", "online", "degraded", "offline"),
)
"""What makes a department a centre: command, monitoring, hotline, medical or data resources."""

person = Table(
    "person",
    metadata,
    own_id(),
    text("account", required=True),
    text("name", required=True),
    text("status", required=True),
    UniqueConstraint("account"),
    one_of("status", "active", "disabled"),
)
"""A member of staff; reporters are never persons here."""

post = Table(
    "post",
    metadata,
    own_id(),
    ref("department_id", "department", required=True),
    text("code", required=True),
    text("name_zh", required=True),
    text("name_en", required=True),
    text("role", required=True),
    UniqueConstraint("department_id", "code"),
)
"""A seat in a department that carries one role."""

post_holding = Table(
    "post_holding",
    metadata,
    own_id(),
    ref("post_id", "post", required=True),
    ref("person_id", "person", required=True),
    at("valid_from", required=True),
    at("valid_to"),
    ref("deputy_of", "post_holding"),
    Index(None, "person_id"),
    Index(None, "post_id"),
)
"""Who holds a post from when to when; a deputy's holding names the one it stands in for."""

duty_shift = Table(
    "duty_shift",
    metadata,
    own_id(),
    ref("department_id", "department", required=True),
    text("post_kind", required=True),
    ref("person_id", "person", required=True),
    at("on_from", required=True),
    at("on_to", required=True),
    Index(None, "department_id", "on_from"),
)
"""Who is on duty for a department from when to when."""
