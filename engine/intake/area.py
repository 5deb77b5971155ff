"""Areas of alerts: CAP writes latitude first, everything behind this file longitude first (WGS 84)."""

from __future__ import annotations

import math
import re
from itertools import pairwise

Point = tuple[float, float]
"""Longitude, latitude in degrees."""

_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{1,15})?|\.\d{1,15})"
_PAIR = re.compile(rf"({_NUMBER}),({_NUMBER})", re.ASCII)
_CIRCLE = re.compile(rf"({_NUMBER}),({_NUMBER})\s+(\d{{1,5}}(?:\.\d{{1,15}})?)", re.ASCII)
_MOST_CORNERS = 10_000


def read_polygon(text: str) -> tuple[Point, ...]:
    """The ring of a CAP polygon `lat,lon lat,lon …`, first corner = last corner.

    Raises: ValueError saying what is wrong.
    """
    pairs = text.split()
    if not 4 <= len(pairs) <= _MOST_CORNERS:
        raise ValueError(f"at least four corners, the last like the first, but there are {len(pairs)}")
    corners = []
    for pair in pairs:
        found = _PAIR.fullmatch(pair)
        if found is None:
            raise ValueError(f"corners like 30.25,120.17, but one is {pair[:40]!r}")
        corners.append(_point(found.group(1), found.group(2)))
    if corners[0] != corners[-1]:
        raise ValueError("a ring, but the last corner is not the first")
    return tuple(corners)


def read_circle(text: str) -> tuple[Point, float]:
    """Centre and radius of a CAP circle `lat,lon radius`.

    Unit: kilometres.
    Raises: ValueError saying what is wrong.
    """
    found = _CIRCLE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"a circle like 30.25,120.17 5, but it is {text[:40]!r}")
    return _point(found.group(1), found.group(2)), float(found.group(3))


def centroid(ring: tuple[Point, ...]) -> Point:
    """The centre of gravity of a ring's area, or the mean corner of a ring without area."""
    x0, y0 = ring[0]
    twice_area = x = y = 0.0
    for (ax, ay), (bx, by) in pairwise(ring):
        ax, ay, bx, by = ax - x0, ay - y0, bx - x0, by - y0
        cross = ax * by - bx * ay
        twice_area += cross
        x += (ax + bx) * cross
        y += (ay + by) * cross
    if math.isclose(twice_area, 0.0, abs_tol=1e-12):
        corners = ring[:-1]
        return sum(lon for lon, _ in corners) / len(corners), sum(lat for _, lat in corners) / len(corners)
    return x0 + x / (3 * twice_area), y0 + y / (3 * twice_area)


def to_wkt(rings: list[tuple[Point, ...]]) -> str | None:
    """The rings as a WKT polygon, as a multipolygon where there are several, None where there is none."""
    bodies = ["((" + ", ".join(f"{lon!r} {lat!r}" for lon, lat in ring) + "))" for ring in rings]
    if len(bodies) == 1:
        return f"POLYGON {bodies[0]}"
    return f"MULTIPOLYGON ({', '.join(bodies)})" if bodies else None


def _point(latitude: str, longitude: str) -> Point:
    lat, lon = float(latitude), float(longitude)
    if abs(lat) > 90 or abs(lon) > 180:
        raise ValueError(f"latitude,longitude within ±90,±180, but it is {latitude},{longitude}")
    return lon, lat
