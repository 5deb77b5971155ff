"""A layout for drawings without one: everything has a place of its own, and what was drawn is left alone."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from lxml import etree

from engine import shipped
from engine.bpmn.check import check
from engine.bpmn.layout import DC, DI, laid_out
from tests.bpmn.drawing import END, START, chain, drawing, flow, task

pytestmark = pytest.mark.fast

Sides = tuple[float, float, float, float]


def places(content: bytes) -> dict[str, Sides]:
    """Left, top, right and bottom of every shape by element."""
    found = {}
    for shape in etree.fromstring(content).iter(f"{{{DI}}}BPMNShape"):
        bounds = shape.find(f"{{{DC}}}Bounds")
        assert bounds is not None
        x, y, width, height = (float(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement", "")] = (x, y, x + width, y + height)
    return found


def overlap(one: Sides, other: Sides) -> bool:
    """Whether two shapes share room."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


BRANCHES = (
    START
    + END
    + '<bpmn:exclusiveGateway id="g"/>'
    + "".join(task(id)[1] for id in "abc")
    + "".join(flow(*ends) for ends in (("start", "g"), ("g", "a"), ("g", "b"), ("a", "end"), ("b", "c"), ("c", "g")))
)
BOUNDARY = task("t", more='attachedToRef="a"', kind="boundaryEvent")[1]
INSIDE = f'<bpmn:subProcess id="s">{task("s1")[1]}{task("x")[1]}{flow("s1", "x")}</bpmn:subProcess>'


def test_layout_gives_every_node_a_place_of_its_own() -> None:
    """Branches, ways back and boundary events are told apart; time runs from left to right."""
    content, is_new = laid_out(drawing(BRANCHES + BOUNDARY))
    found = places(content)
    assert is_new
    assert set(found) == {"start", "end", "g", "a", "b", "c", "t"}
    nodes = [sides for id, sides in found.items() if id != "t"]
    assert not any(overlap(one, other) for n, one in enumerate(nodes) for other in nodes[:n])
    assert found["start"][0] < found["g"][0] < found["a"][0] < found["end"][0]
    assert overlap(found["t"], found["a"])
    edges = etree.fromstring(content).iter(f"{{{DI}}}BPMNEdge")
    assert all(len(edge) >= 2 for edge in edges)


def test_layout_puts_what_is_inside_inside() -> None:
    """A sub-process is as large as what it holds."""
    content, _ = laid_out(drawing(START + END + INSIDE + flow("start", "s") + flow("s", "end")))
    found = places(content)
    for id in ("s1", "x"):
        assert found["s"][0] < found[id][0]
        assert found[id][2] < found["s"][2]
        assert found["s"][1] < found[id][1]
        assert found[id][3] < found["s"][3]


def test_layout_leaves_a_drawn_file_alone() -> None:
    """Where somebody put things is where they stay, to the byte."""
    content = (shipped.path("processes") / "loops" / "closed_loop_command" / "closed_loop_command.bpmn").read_bytes()
    assert laid_out(content) == (content, False)


def test_layout_changes_nothing_of_what_runs() -> None:
    """The laid out file is read as the same net."""
    before, after = (check(file).nets["p"] for file in (drawing(BRANCHES), laid_out(drawing(BRANCHES))[0]))
    assert [replace(node, line=0) for node in before.nodes] == [replace(node, line=0) for node in after.nodes]
    assert [replace(flow, line=0) for flow in before.flows] == [replace(flow, line=0) for flow in after.flows]


def test_layout_begins_with_the_process_that_is_asked_for() -> None:
    """A page about one process of a file shows that one."""
    other = b'<bpmn:process id="q"><bpmn:startEvent id="q1"/></bpmn:process></bpmn:definitions>'
    both = drawing(chain(task("a"))).replace(b"</bpmn:definitions>", other)
    planes = etree.fromstring(laid_out(both, "q")[0]).iter(f"{{{DI}}}BPMNPlane")
    assert [plane.get("bpmnElement") for plane in planes] == ["q", "p"]


def test_layout_of_drawings_by_chance_never_overlaps() -> None:
    """However tangled, every node can be seen and pointed at."""
    chance = random.Random(3)
    for _ in range(150):
        ids = [f"n{n}" for n in range(chance.randint(2, 14))]
        inside = "".join(task(id)[1] for id in ids)
        pairs = {(chance.choice(ids), chance.choice(ids)) for _ in range(chance.randint(1, 20))}
        inside += "".join(flow(*ends) for ends in sorted(pairs))
        found = list(places(laid_out(drawing(inside))[0]).values())
        assert len(found) == len(ids)
        assert not any(overlap(one, other) for n, one in enumerate(found) for other in found[:n])
