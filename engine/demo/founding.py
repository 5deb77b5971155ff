"""Founds the demo city in a prepared database: the only rows of the demo that no service writes."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import insert

from engine.demo.rows import City
from engine.services.desk import Desk
from engine.storage.tables import grid, org


def found_city(desk: Desk, city: City) -> None:
    """Write the organisation and the grid of the city."""
    for table, rows in (
        (org.department, city.departments),
        (org.centre, city.centres),
        (org.person, city.people),
        (org.post, city.posts),
        (org.post_holding, city.holdings),
        (org.duty_shift, city.shifts),
        (grid.grid_cell, city.cells),
    ):
        desk.uow.execute(insert(table), [asdict(row) for row in rows])
    desk.city.forget()
