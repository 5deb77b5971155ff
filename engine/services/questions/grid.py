"""The grid as GeoJSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from engine.geo import outline
from engine.storage.tables.grid import grid_cell
from engine.storage.uow import UnitOfWork


def cells(uow: UnitOfWork) -> dict[str, Any]:
    """The cells in force as a FeatureCollection; each feature carries its code."""
    c = grid_cell.c
    in_force = select(c.code, c.polygon_wkt).where(
        c.level == 4, c.valid_from <= uow.now, or_(c.valid_to.is_(None), c.valid_to > uow.now)
    )
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": outline(wkt)} for code, wkt in uow.found(in_force)
    ]
    return {"type": "FeatureCollection", "features": features}
