"""Points in cells and distances between places."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.geo import CellIndex, circle_wkt, distance_m, is_within_m, parse_polygon, point_in

pytestmark = pytest.mark.fast


def _square(column: int, row: int) -> tuple[str, str]:
    left, low = column, row
    corners = [(left, low), (left + 1, low), (left + 1, low + 1), (left, low + 1), (left, low)]
    return f"c{column}{row}", f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"


CELLS = [_square(column, row) for column in range(4) for row in range(4)]
INDEX = CellIndex(CELLS)


@settings(max_examples=200, deadline=None)
@given(longitude=st.integers(-4, 20), latitude=st.integers(-4, 20))
def test_point_in_or_on_the_grid_has_exactly_one_cell_whatever_the_order(longitude: int, latitude: int) -> None:
    """Inside, on shared edges and corners: one cell, the same for any order of rows; outside there is none."""
    x, y = longitude / 4, latitude / 4
    mixed = random.Random(longitude * 100 + latitude).sample(CELLS, len(CELLS))
    found = INDEX.cell_at(x, y)
    assert found == CellIndex(mixed).cell_at(x, y)
    assert (found is not None) == (0 <= x <= 4 and 0 <= y <= 4)
    if found is not None:
        assert int(found[1]) <= x <= int(found[1]) + 1
        assert int(found[2]) <= y <= int(found[2]) + 1


def test_cell_on_a_shared_edge_is_the_one_with_the_smallest_id() -> None:
    """A report on the border goes to one owner, always the same."""
    assert INDEX.cell_at(1.0, 0.5) == "c00"
    assert INDEX.cell_at(1.0, 1.0) == "c00"
    assert INDEX.cell_at(-0.001, 0.5) is None
    assert len(INDEX) == 16


def test_cells_of_an_area_are_all_it_touches() -> None:
    """A warning polygon reaches every cell it overlaps."""
    assert INDEX.cells_in("POLYGON((0.5 0.5, 1.5 0.5, 1.5 0.8, 0.5 0.8, 0.5 0.5))") == ("c00", "c10")


@pytest.mark.parametrize(
    "wkt", ["", "nonsense", "POINT(1 2)", "POLYGON EMPTY", "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))", "POLYGON((0 0, 1 1))"]
)
def test_polygon_that_encloses_nothing_is_refused(wkt: str) -> None:
    """A cell or alert area is a sound polygon or a named error, never a silent miss."""
    with pytest.raises(Rejected, match=r"geo\.polygon"):
        parse_polygon(wkt, element="cell-1")


def test_point_in_a_bent_area_lies_inside_it() -> None:
    """The place of an area alert is in the area even where its centre of gravity is not."""
    bent = "POLYGON((0 0, 4 0, 4 4, 3 4, 3 1, 0 1, 0 0))"
    x, y = point_in(bent)
    assert CellIndex([("bent", bent)]).cell_at(x, y) == "bent"


def test_distance_is_metres_on_the_globe() -> None:
    """A degree of the meridian is about 111.2 km; a circle's rim is its radius away."""
    assert distance_m(116.0, 39.0, 116.0, 40.0) == pytest.approx(111_195, rel=1e-3)
    assert distance_m(10.0, 10.0, 10.0, 10.0) == 0
    assert is_within_m((116.0, 39.0), (116.001, 39.0), 100)
    rim = parse_polygon(circle_wkt(116.0, 39.0, 5_000)).exterior.coords[0]  # type: ignore[attr-defined]
    assert distance_m(116.0, 39.0, rim[0], rim[1]) == pytest.approx(5_000, rel=1e-3)
