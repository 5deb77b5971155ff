"""The demo city: a whole and plausible organisation on a whole grid, the same every time."""

from __future__ import annotations

import dataclasses
import tomllib
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import shapely

from engine import shipped
from engine.demo.city import City, build_city, cell_code, row_id
from engine.demo.names import reporter
from engine.domain.grid import check_code
from engine.domain.org import Department, DepartmentTree, DutyShift, Post, PostHolding, Roster
from engine.domain.roles import ROLES
from engine.geo import CellIndex
from engine.storage.tables import grid, org

pytestmark = pytest.mark.fast

TODAY = date(2026, 7, 1)
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def city() -> City:
    """The city of the day the tests look at."""
    return build_city(TODAY)


@pytest.fixture(scope="module")
def roster(city) -> Roster:
    """The domain's view of who is where."""
    return Roster(
        [Post(p.id, p.department_id, p.role) for p in city.posts],
        [PostHolding(h.post_id, h.person_id, h.valid_from, h.valid_to, h.deputy_of) for h in city.holdings],
        [DutyShift(s.department_id, s.person_id, s.on_from, s.on_to) for s in city.shifts],
    )


def tree_of(city: City) -> DepartmentTree:
    """The domain's view of the departments; refuses cycles and unknown parents."""
    return DepartmentTree(
        Department(d.id, d.code, d.name_zh, d.name_en, d.parent_id, d.kind, d.level, d.calendar)
        for d in city.departments
    )


def test_city_of_one_seed_is_the_same_every_time():
    """Screenshots, tests and addresses of demo rows stay valid from run to run."""
    assert build_city(TODAY) == build_city(TODAY)
    moved = build_city(TODAY + timedelta(days=30))
    assert [row.id for row in moved.people] == [row.id for row in build_city(TODAY).people]
    assert build_city(TODAY, seed=7).people != build_city(TODAY).people


@pytest.mark.parametrize(("level", "count"), [(1, 3), (2, 12), (3, 36), (4, 144)])
def test_cells_of_each_level_tile_the_city(city, level, count):
    """Every point of the city has exactly one cell, so no report falls between two owners."""
    shapes = [shapely.from_wkt(cell.polygon_wkt) for cell in city.cells if cell.level == level]
    assert len(shapes) == count
    assert all(shape.is_valid for shape in shapes)
    whole = shapely.box(120.0, 30.0, 120.12, 30.108)
    assert shapely.union_all(shapes).symmetric_difference(whole).area < 1e-12
    assert sum(shape.area for shape in shapes) == pytest.approx(whole.area, rel=1e-9)


def test_cells_lie_in_their_parents_and_have_owner_and_officer(city):
    """Responsibility climbs with the grid: a cell's parent covers it and its people exist."""
    by_id = {cell.id: cell for cell in city.cells}
    departments = {row.id for row in city.departments}
    people = {row.id for row in city.people}
    for cell in city.cells:
        check_code(cell.code)
        assert cell.owner_department_id in departments
        assert (cell.officer_person_id in people) == (cell.level == 4)
        if cell.parent_id:
            parent = by_id[cell.parent_id]
            assert parent.level == cell.level - 1
            outside = shapely.from_wkt(cell.polygon_wkt).difference(shapely.from_wkt(parent.polygon_wkt))
            assert outside.area < 1e-12


def test_cells_are_slightly_irregular(city):
    """A grid of perfect squares would hide mistakes with shared borders."""
    areas = {round(shapely.from_wkt(cell.polygon_wkt).area, 9) for cell in city.cells if cell.level == 4}
    assert len(areas) > 100


def test_cell_index_finds_the_cell_of_a_point(city):
    """The lookup that intake uses works on the demo grid."""
    index = CellIndex((cell.id, cell.polygon_wkt) for cell in city.cells if cell.level == 4)
    assert index.cell_at(120.005, 30.004) == row_id("cell", cell_code(1, 1, 1, 1))
    assert index.cell_at(121.0, 30.0) is None


def test_departments_are_one_tree_with_what_the_domain_names(city):
    """One root, no cycle, the four centres, the bureaus, enterprises, districts, streets and communities."""
    tree = tree_of(city)
    roots = [row for row in city.departments if row.parent_id is None]
    assert [row.code for row in roots] == ["city"]
    assert tree.subtree(roots[0].id) == {row.id for row in city.departments}
    assert Counter(row.level for row in city.departments) == {"city": 36, "district": 3, "street": 12, "community": 36}
    assert {centre.kind for centre in city.centres} == {"command", "monitoring", "hotline", "data"}
    assert sum(centre.status == "online" for centre in city.centres) >= 2
    places = [row.id for row in city.departments]
    for row in city.departments:
        for above in (row.parent_id, row.fallback_department_id):
            assert above is None or places.index(above) < places.index(row.id)


def test_event_types_name_departments_of_the_city(city):
    """Whoever the profile makes responsible exists here."""
    types = tomllib.loads((shipped.path("processes") / "tables" / "event_types.toml").read_text("utf-8"))["event_type"]
    named = {code for each in types for code in (each["lead"], *each["co"]) if not code.startswith("@")}
    assert named <= {row.code for row in city.departments}


def test_every_department_has_clerk_head_and_duty_officer(city, roster):
    """A leg or a rung in any department finds somebody, on every hour around today."""
    for row in city.departments:
        assert len(city.people_of(row.code, "clerk")) == 2
        assert roster.holder(row.id, "department_clerk", NOON) is not None
        assert roster.holder(row.id, "department_head", NOON) is not None
        for hours in range(-36, 60):
            assert roster.on_duty(row.id, NOON + timedelta(hours=hours)) is not None


def test_command_centre_has_every_role_of_the_loop(city):
    """Draft, review, issue, verify, evaluate and supervise by different people."""
    for post, least in {
        "intake_clerk": 2, "shift_leader": 1, "dispatcher": 2, "drafter": 1, "reviewer": 1, "commander": 1,
        "verifier": 2, "evaluator": 2, "supervisor": 1, "auditor": 1, "admin": 1, "process_designer": 2,
    }.items():  # fmt: skip
        assert len(city.people_of("command_centre", post)) >= least
    assert {row.role for row in city.posts} <= set(ROLES)


def test_people_and_rows_have_unique_keys(city):
    """Accounts log in, ids join: neither may occur twice."""
    for rows in (city.departments, city.people, city.posts, city.holdings, city.shifts, city.cells):
        assert len({row.id for row in rows}) == len(rows)
    assert len({person.account for person in city.people}) == len(city.people)
    assert len({row.code for row in city.departments}) == len(city.departments)


def test_rows_have_the_columns_of_their_tables(city):
    """The rows can be inserted as they are."""
    for rows, table in (
        (city.departments, org.department),
        (city.centres, org.centre),
        (city.people, org.person),
        (city.posts, org.post),
        (city.holdings, org.post_holding),
        (city.shifts, org.duty_shift),
        (city.cells, grid.grid_cell),
    ):
        assert {field.name for field in dataclasses.fields(rows[0])} == set(table.c.keys())


def test_reporters_share_no_name_with_staff(city):
    """A byte search for reporters must not be fooled by a clerk of the same name."""
    reporters = [reporter(1, n) for n in range(288)]
    assert len({name for name, _ in reporters}) == len({phone for _, phone in reporters}) == 288
    assert not {name for name, _ in reporters} & {person.name for person in city.people}
    assert all(len(phone) == 11 and phone.startswith("100") for _, phone in reporters)
