"""Grid cells 网格: areas with an owner department and an officer, in four levels, valid for a time.

The geometry itself is `engine.geo`'s; here a cell is its code, its place in the grid and who answers for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.errors import Rejected

CODE_PARTS: tuple[int, ...] = (6, 3, 3, 3)
"""Digits for county, street, community and the cell's order within it."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell. `level` is 1 for a district down to 4 for the cell an officer walks; a cell's parent is coarser."""

    id: str
    code: str
    level: int
    polygon_wkt: str
    owner_department_id: str
    officer_person_id: str | None = None
    parent_id: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether the cell's boundary is in force at that instant."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


def check_code(code: str) -> str:
    """The code, when it has the 15 digits of the scheme.

    Raises: Rejected `grid.code`.
    """
    if len(code) != sum(CODE_PARTS) or not (code.isascii() and code.isdigit()):
        raise Rejected("grid.code", f"Expected a grid code of {sum(CODE_PARTS)} digits, but it is {code!r}.", grid=code)
    return code


def code_parts(code: str) -> tuple[str, str, str, str]:
    """County, street, community and order of a grid code.

    Raises: Rejected `grid.code`.
    """
    checked = check_code(code)
    return checked[:6], checked[6:9], checked[9:12], checked[12:]


def grid_path(cell_id: str, cells: Mapping[str, GridCell]) -> tuple[str, ...]:
    """The ids from the cell up to the coarsest one above it, itself first.

    Raises: Rejected `grid.cycle`, `grid.unknown_parent`.
    """
    path = [cell_id]
    while True:
        cell = cells.get(path[-1])
        if cell is None:
            raise Rejected("grid.unknown_parent", f"Expected a known cell, but {path[-1]!r} is none.", grid=path[-1])
        if cell.parent_id is None:
            return tuple(path)
        if cell.parent_id in path:
            raise Rejected("grid.cycle", f"Expected a tree of cells, but {cell.parent_id} is above itself.")
        path.append(cell.parent_id)
