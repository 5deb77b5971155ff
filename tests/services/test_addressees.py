"""Whom an open item is put to: the lane's role and department, over them the candidates and assignee of the node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.services.play import Play, drawing, node, path

CL = 'xmlns:cl="urn:cityloop:bpmn:1"'
LANES = node(
    "laneSet",
    "lane_set",
    inner="".join(
        f'<bpmn:lane id="lane_{code}" name="{code}" {CL} cl:role="department_clerk" cl:department="{code}">'
        f"<bpmn:flowNodeRef>{step}</bpmn:flowNodeRef></bpmn:lane>"
        for code, step in (("water", "a"), ("traffic", "b"))
    ),
)


def opened(city: Play, folder: Path, marks: str = "", **variables: Any) -> dict[str, Any]:
    """The open items of a process whose first step is in a lane of water and second in one of traffic, by node."""
    body = LANES + node("startEvent", "s") + node("parallelGateway", "g") + node("userTask", "a", f"{CL} {marks}")
    body += node("userTask", "b") + node("endEvent", "e") + path("s", "g", "a", "e") + path("g", "b") + path("b", "e")
    city.play(drawing("lanes", body), "lanes", **variables)
    return {item.node_id: item for item in city.items()}


def test_item_is_put_to_the_role_and_the_department_of_its_lane(sqlite_city: Play, tmp_path: Path) -> None:
    """Two departments work on one process: each finds its own step in its own inbox."""
    items = opened(sqlite_city, tmp_path)
    assert (items["a"].role, items["a"].department_id) == ("department_clerk", "water")
    assert (items["b"].role, items["b"].department_id) == ("department_clerk", "traffic")
    assert items["a"].claimed_by is None


def test_candidates_of_a_node_go_before_its_lane(sqlite_city: Play, tmp_path: Path) -> None:
    """Roles and departments by their codes, or as an expression over the variables of the instance."""
    items = opened(sqlite_city, tmp_path, 'cl:candidates="supervisor,${whose}"', whose="fire")
    assert (items["a"].role, items["a"].department_id) == ("supervisor", "fire")


@pytest.mark.parametrize("candidates", ["nobody", "${missing}", "${level}"])
def test_candidates_that_are_none_leave_it_to_the_lane(sqlite_city: Play, tmp_path: Path, candidates: str) -> None:
    """A name that is no role and no department here, or no text at all, keeps nobody from the work."""
    items = opened(sqlite_city, tmp_path, f'cl:candidates="{candidates}"', level=3)
    assert (items["a"].role, items["a"].department_id) == ("department_clerk", "water")


def test_assignee_has_the_item_from_the_start(sqlite_city: Play, tmp_path: Path) -> None:
    """Whom the process names has it in hand; a name that is nobody's leaves it to whoever takes it."""
    items = opened(sqlite_city, tmp_path, 'cl:assignee="${who}"', who="water.clerk")
    assert items["a"].claimed_by == "water.clerk"
    assert items["b"].claimed_by is None
