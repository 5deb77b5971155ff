"""Places: which grid cell a point lies in, and how far places are apart (shapely; WGS 84 longitude and latitude)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from engine.errors import Rejected

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth. Source: IUGG."""


class CellIndex:
    """The polygons of grid cells behind an STRtree: every point inside lies in exactly one cell.

    Shape: rows of (cell id, polygon as WKT). Where cells share an edge or overlap, the smallest id has the point.
    Raises: Rejected `geo.polygon` for a row that is no valid polygon.
    """

    def __init__(self, cells: Iterable[tuple[str, str]]) -> None:
        # In the order of ids, so that the smallest position is the smallest id.
        rows = sorted(cells)
        self._ids = [id_ for id_, _ in rows]
        self._tree = shapely.STRtree([parse_polygon(wkt, element=id_) for id_, wkt in rows])

    def __len__(self) -> int:
        return len(self._ids)

    def cell_at(self, longitude: float, latitude: float) -> str | None:
        """The id of the cell the point lies in; None outside the grid."""
        found = self._tree.query(shapely.Point(longitude, latitude), predicate="intersects")
        return self._ids[int(found.min())] if len(found) else None

    def cells_in(self, polygon_wkt: str) -> tuple[str, ...]:
        """The ids of all cells that the area touches, smallest first: for alerts about an area."""
        found = self._tree.query(parse_polygon(polygon_wkt), predicate="intersects")
        return tuple(self._ids[position] for position in sorted(int(each) for each in found))


def parse_polygon(wkt: str, *, element: str | None = None) -> BaseGeometry:
    """The polygon (or several) that a WKT text describes.

    Raises: Rejected `geo.polygon`.
    """
    try:
        shape = shapely.from_wkt(wkt)
    except shapely.errors.ShapelyError as problem:
        raise Rejected("geo.polygon", f"Expected a polygon as WKT, but {problem}.", element=element) from problem
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        raise Rejected("geo.polygon", "Expected a polygon that encloses an area, but it does not.", element=element)
    return shape


def point_in(polygon_wkt: str) -> tuple[float, float]:
    """A point (longitude, latitude) that is certainly inside the area, near its middle.

    Raises: Rejected `geo.polygon`.
    """
    inside = shapely.point_on_surface(parse_polygon(polygon_wkt))
    return float(shapely.get_x(inside)), float(shapely.get_y(inside))


def circle_wkt(longitude: float, latitude: float, radius_m: float) -> str:
    """The area within `radius_m` of a point, as a polygon of 64 corners; for CAP circles."""
    per_degree = math.radians(EARTH_RADIUS_M)
    corners = []
    for step in range(64):
        angle = 2 * math.pi * step / 64
        east = radius_m * math.cos(angle) / (per_degree * max(math.cos(math.radians(latitude)), 1e-6))
        north = radius_m * math.sin(angle) / per_degree
        corners.append((longitude + east, latitude + north))
    return str(shapely.Polygon(corners).wkt)


def distance_m(from_longitude: float, from_latitude: float, to_longitude: float, to_latitude: float) -> float:
    """Metres along the great circle between two points (haversine)."""
    south, north = math.radians(from_latitude), math.radians(to_latitude)
    turn = math.radians(to_longitude - from_longitude)
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def is_within_m(first: tuple[float, float], second: tuple[float, float], radius_m: float) -> bool:
    """Whether two points (longitude, latitude) are at most `radius_m` apart: for finding likely duplicates."""
    return distance_m(*first, *second) <= radius_m


def outline(polygon_wkt: str) -> dict[str, Any]:
    """A polygon as the geometry of a GeoJSON feature. Raises: Rejected `geo.polygon`."""
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(parse_polygon(polygon_wkt)))
    return geometry
