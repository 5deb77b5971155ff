"""The rows of a demo city: the fields are the columns of their tables, parents stand before children."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """A row of `department`."""

    id: str
    code: str
    name_zh: str
    name_en: str
    parent_id: str | None
    kind: str
    level: str
    calendar: str
    fallback_department_id: str | None


@dataclass(frozen=True, slots=True)
class CentreRow:
    """A row of `centre`."""

    department_id: str
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row of `person`; `account` is the transliterated name, numbered where two share it."""

    id: str
    account: str
    name: str
    status: str = "active"


@dataclass(frozen=True, slots=True)
class PostRow:
    """A row of `post`."""

    id: str
    department_id: str
    code: str
    name_zh: str
    name_en: str
    role: str


@dataclass(frozen=True, slots=True)
class PostHoldingRow:
    """A row of `post_holding`."""

    id: str
    post_id: str
    person_id: str
    valid_from: datetime
    valid_to: datetime | None = None
    deputy_of: str | None = None


@dataclass(frozen=True, slots=True)
class DutyShiftRow:
    """A row of `duty_shift`."""

    id: str
    department_id: str
    post_kind: str
    person_id: str
    on_from: datetime
    on_to: datetime


@dataclass(frozen=True, slots=True)
class GridCellRow:
    """A row of `grid_cell`; level 1 is a district, 4 the cell an officer walks."""

    id: str
    code: str
    level: int
    parent_id: str | None
    polygon_wkt: str
    owner_department_id: str
    officer_person_id: str | None
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class City:
    """All rows of the demo city, in an order in which they can be inserted."""

    departments: tuple[DepartmentRow, ...]
    centres: tuple[CentreRow, ...]
    people: tuple[PersonRow, ...]
    posts: tuple[PostRow, ...]
    holdings: tuple[PostHoldingRow, ...]
    shifts: tuple[DutyShiftRow, ...]
    cells: tuple[GridCellRow, ...]

    def department(self, code: str) -> DepartmentRow:
        """The department of that code. Raises: KeyError."""
        return {row.code: row for row in self.departments}[code]

    def people_of(self, department_code: str, post_code: str) -> tuple[PersonRow, ...]:
        """Who holds the post in the department. Raises: KeyError for an unknown department."""
        department_id = self.department(department_code).id
        posts = {row.id for row in self.posts if row.department_id == department_id and row.code == post_code}
        ids = {row.person_id for row in self.holdings if row.post_id in posts}
        return tuple(person for person in self.people if person.id in ids)
