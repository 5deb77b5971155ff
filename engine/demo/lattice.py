"""The demo city's ground: 12 × 12 cells over a rectangle near 120° E 30° N, their inner corners moved a little.

Neighbours share corners, so cells, communities, streets and districts tile the rectangle without gap or overlap.
"""

from __future__ import annotations

from engine.demo.names import number

SIDE = 12
WEST, SOUTH = 120.0, 30.0
STEP_LON, STEP_LAT = 0.01, 0.009
"""Unit: degrees; about one kilometre either way."""

_MOST_MOVED = 0.25
"""Share of a step by which an inner corner may move; under a half, so that no cell folds over."""


def corner(seed: int, column: int, row: int) -> tuple[float, float]:
    """Longitude and latitude of a lattice corner, column and row from 0 to `SIDE`."""
    lon, lat = WEST + column * STEP_LON, SOUTH + row * STEP_LAT
    if 0 < column < SIDE:
        lon += _moved(seed, f"lon/{column}/{row}") * STEP_LON if 0 < row < SIDE else 0.0
    if 0 < row < SIDE:
        lat += _moved(seed, f"lat/{column}/{row}") * STEP_LAT if 0 < column < SIDE else 0.0
    return round(lon, 6), round(lat, 6)


def block_wkt(seed: int, west: int, south: int, columns: int, rows: int) -> str:
    """The outline of a block of cells as a WKT polygon, along the corners of all cells at its edge."""
    east, north = west + columns, south + rows
    path = [(column, south) for column in range(west, east)]
    path += [(east, row) for row in range(south, north)]
    path += [(column, north) for column in range(east, west, -1)]
    path += [(west, row) for row in range(north, south, -1)]
    corners = [corner(seed, column, row) for column, row in [*path, path[0]]]
    return "POLYGON ((" + ", ".join(f"{lon} {lat}" for lon, lat in corners) + "))"


def middle(seed: int, column: int, row: int) -> tuple[float, float]:
    """A point well inside the cell whose south-west corner is at column and row."""
    corners = [corner(seed, column + right, row + up) for right in (0, 1) for up in (0, 1)]
    return round(sum(lon for lon, _ in corners) / 4, 6), round(sum(lat for _, lat in corners) / 4, 6)


def _moved(seed: int, key: str) -> float:
    return (number(seed, key, 2001) / 1000 - 1) * _MOST_MOVED
