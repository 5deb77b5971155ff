"""The demo city 示例市 (fictitious code 990100): departments, posts, people, duty shifts and grid cells as rows.

Everything but the instants follows from the seed alone: same seed, same city, same ids. Instants follow from `today`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.demo import departments as table
from engine.demo import lattice
from engine.demo.names import staff_name
from engine.demo.rows import (
    CentreRow,
    City,
    DepartmentRow,
    DutyShiftRow,
    GridCellRow,
    PersonRow,
    PostHoldingRow,
    PostRow,
)

CODE = "990100"
SEED = 990100
ZONE = ZoneInfo("Asia/Shanghai")

_IDS = uuid.UUID("6f1d2c0e-9901-5000-8000-000000990100")
_HALF_DAY = timedelta(hours=12)
_SHIFTS = 11
"""From 20:00 two days before `today` to 08:00 four days after it."""


def build_city(today: date, seed: int = SEED) -> City:
    """The city with its people in office for a year and its roster around `today`."""
    return _Builder(seed, datetime.combine(today, time(), ZONE)).build()


def row_id(kind: str, key: str, seed: int = SEED) -> str:
    """The id of a demo row: the same in every demo city of that seed."""
    return str(uuid.uuid5(_IDS, f"{seed}/{kind}/{key}"))


def territory_codes(district: int, street: int, community: int) -> tuple[str, str, str]:
    """The department codes of a district, a street in it and a community in that, numbered from 1."""
    code = f"district_{district}"
    return code, f"{code}_street_{street}", f"{code}_street_{street}_community_{community}"


def cell_code(district: int, street: int = 0, community: int = 0, cell: int = 0) -> str:
    """The grid code of a cell, or with zeros of the coarser unit it lies in."""
    return f"{int(CODE) + district}{street:03}{community:03}{cell:03}"


def cell_corner(district: int, street: int, community: int, cell: int) -> tuple[int, int]:
    """Column and row of a cell in the lattice: a district is 4 columns, a street 3 rows, a community one of them."""
    return (district - 1) * 4 + cell - 1, (street - 1) * 3 + community - 1


@dataclass(slots=True)
class _Builder:
    """Collects the rows."""

    seed: int
    midnight: datetime
    departments: list[DepartmentRow] = field(default_factory=list)
    people: list[PersonRow] = field(default_factory=list)
    posts: list[PostRow] = field(default_factory=list)
    holdings: list[PostHoldingRow] = field(default_factory=list)
    shifts: list[DutyShiftRow] = field(default_factory=list)
    cells: list[GridCellRow] = field(default_factory=list)
    accounts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def build(self) -> City:
        for code, parent, kind, calendar, name_zh, name_en in table.DEPARTMENTS:
            self._department(code, parent, kind, "city", calendar, name_zh, name_en, "")
        for department, post, other in table.ALSO:
            self._also(department, post, other)
        for district in range(1, 4):
            self._district(district)
        centres = tuple(CentreRow(self._id("department", code), *rest) for code, *rest in table.CENTRES)
        return City(
            tuple(self.departments),
            centres,
            tuple(self.people),
            tuple(self.posts),
            tuple(self.holdings),
            tuple(self.shifts),
            tuple(self.cells),
        )

    def _id(self, kind: str, key: str) -> str:
        return row_id(kind, key, self.seed)

    @property
    def _since(self) -> datetime:
        return (self.midnight - timedelta(days=365)).astimezone(UTC)

    def _department(
        self, code: str, parent: str, kind: str, level: str, calendar: str, name_zh: str, name_en: str, fallback: str
    ) -> None:
        """One department with its posts, people and shifts."""
        id_ = self._id("department", code)
        parent_id = self._id("department", parent) if parent else None
        fallback_id = self._id("department", fallback) if fallback else None
        self.departments.append(
            DepartmentRow(id_, code, name_zh, name_en, parent_id, kind, level, calendar, fallback_id)
        )
        for post, role, post_zh, post_en, count in (*table.POSTS_EVERYWHERE, *table.POSTS_OF.get(code, ())):
            people = self._post(code, post, role, post_zh, post_en, count)
            if post == "duty_officer":
                self._roster(code, people)

    def _post(self, department: str, code: str, role: str, name_zh: str, name_en: str, count: int) -> list[str]:
        """A post and as many people on it; returns their ids."""
        key = f"{department}/{code}"
        post_id = self._id("post", key)
        self.posts.append(PostRow(post_id, self._id("department", department), code, name_zh, name_en, role))
        people = []
        for n in range(1, count + 1):
            name, latin = staff_name(self.seed, f"{key}/{n}")
            self.accounts[latin] += 1
            account = latin if self.accounts[latin] == 1 else f"{latin}{self.accounts[latin]}"
            person_id = self._id("person", f"{key}/{n}")
            self.people.append(PersonRow(person_id, account, name))
            self.holdings.append(PostHoldingRow(self._id("holding", f"{key}/{n}"), post_id, person_id, self._since))
            people.append(person_id)
        return people

    def _also(self, department: str, code: str, other: str) -> None:
        """Whoever holds the post `code` of a department holds its post `other` too."""
        first, second = (self._id("post", f"{department}/{each}") for each in (code, other))
        for holding in [each for each in self.holdings if each.post_id == first]:
            id_ = self._id("holding", f"{department}/{other}/{holding.person_id}")
            self.holdings.append(PostHoldingRow(id_, second, holding.person_id, self._since))

    def _roster(self, department: str, people: list[str]) -> None:
        """Day and night shifts in turn, without a gap."""
        start = self.midnight - timedelta(hours=28)
        for n in range(_SHIFTS):
            on_from = (start + n * _HALF_DAY).astimezone(UTC)
            key = f"{department}/{on_from.isoformat()}"
            self.shifts.append(
                DutyShiftRow(
                    self._id("shift", key),
                    self._id("department", department),
                    "duty_officer",
                    people[n % len(people)],
                    on_from,
                    on_from + _HALF_DAY,
                )
            )

    def _district(self, district: int) -> None:
        """A district with its four streets, each with three communities of four cells."""
        name_zh, name_en = table.DISTRICTS[district - 1]
        code, _, _ = territory_codes(district, 1, 1)
        self._department(
            code, table.ROOT, "government", "district", table.ALWAYS, name_zh + "政府", name_en, "emergency"
        )
        self._cell(cell_code(district), 1, "", ((district - 1) * 4, 0, 4, lattice.SIDE), code, None)
        for street in range(1, 5):
            street_zh, street_en = table.STREETS[(district - 1) * 4 + street - 1]
            _, street_code, _ = territory_codes(district, street, 1)
            title = (f"{name_zh}{street_zh}街道", f"{street_en} Street Office")
            self._department(street_code, code, "street", "street", table.ALWAYS, *title, code)
            column, row = cell_corner(district, street, 1, 1)
            self._cell(cell_code(district, street), 2, cell_code(district), (column, row, 4, 3), street_code, None)
            for community in range(1, 4):
                community_zh, community_en = table.COMMUNITIES[community - 1]
                title = (f"{street_zh}{community_zh}社区", f"{street_en} {community_en} Community")
                self._community(district, street, community, title)

    def _community(self, district: int, street: int, community: int, title: tuple[str, str]) -> None:
        """A community with its four cells; the street answers for them, an officer of the community walks each."""
        _, street_code, code = territory_codes(district, street, community)
        self._department(code, street_code, "community", "community", table.OFFICE, *title, street_code)
        officers = self._post(code, *table.GRID_OFFICER, 4)
        column, row = cell_corner(district, street, community, 1)
        parent = cell_code(district, street, community)
        self._cell(parent, 3, cell_code(district, street), (column, row, 4, 1), street_code, None)
        for cell, officer in enumerate(officers, 1):
            block = (column + cell - 1, row, 1, 1)
            self._cell(cell_code(district, street, community, cell), 4, parent, block, street_code, officer)

    def _cell(
        self, code: str, level: int, parent: str, block: tuple[int, int, int, int], owner: str, officer: str | None
    ) -> None:
        self.cells.append(
            GridCellRow(
                self._id("cell", code),
                code,
                level,
                self._id("cell", parent) if parent else None,
                lattice.block_wkt(self.seed, *block),
                self._id("department", owner),
                officer,
                self._since,
            )
        )
