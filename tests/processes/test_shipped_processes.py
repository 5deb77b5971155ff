"""The shipped processes: every scenario plays, together they take every flow, and every wording and shape is there."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.bpmn.check import check
from engine.bpmn.expressions.iso import parse_duration
from engine.bpmn.net import HUMAN, Kind, Net
from engine.domain.access import ROLE_PERMISSIONS
from engine.forms import check_answers, example_answers, schema_findings
from engine.services.drive import ScratchDirective, ScratchIncident
from engine.shipped import path
from tests.processes.player import Player, ends_of
from tests.processes.variants import with_second_review, without_evaluate

pytestmark = pytest.mark.fast

FOLDERS = sorted(p.parent for p in path("processes").glob("*/*/module.toml"))
LOOP = next(folder for folder in FOLDERS if folder.name == "closed_loop_command")
FILES = [folder / f"{folder.name}.bpmn" for folder in FOLDERS]
DI = {
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}


@cache
def net_of(content: bytes, process: str) -> Net:
    """The net of a file that the check lets run without an error."""
    report = check(content)
    assert [f for f in report.findings if f.severity == "error"] == []
    assert report.grade == "runs"
    return report.nets[process]


def shipped_net(folder: Path) -> Net:
    """The net of the process in `folder`."""
    return net_of((folder / f"{folder.name}.bpmn").read_bytes(), folder.name)


def cases_of(folder: Path) -> list[dict[str, Any]]:
    """The scenarios the process ships with."""
    return tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))["case"]


def forms_of(folder: Path) -> dict[str, Any]:
    """The forms of the process by name."""
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in (folder / "forms").glob("*.json")}


def play(folder: Path, net: Net, case: dict[str, Any]) -> Player:
    """The instance at the end of a scenario; every answer has passed its form on the way."""
    module = tomllib.loads((folder / "module.toml").read_text(encoding="utf-8"))
    forms = forms_of(folder)
    given = {**dict.fromkeys(module["inputs"]), **case["given"]}
    of_order = module["subject"] == "directive"
    subject = ScratchDirective(given["legs"], given["completion_rule"]) if of_order else ScratchIncident()
    player = Player(net, module.get("legs", {}).get("element", ""), subject)
    player.start(given)
    for step in case["steps"]:
        match step:
            case {"complete": node, **more}:
                answers = check_answers(forms[net.node(node).form or node], more.get("answers", {}))
                player.complete(node, more.get("leg"), answers)
            case {"called": node, **more}:
                player.call_ended(node, more.get("subject"))
            case {"deliver": message, **more}:
                player.deliver(message, more.get("leg"), more.get("payload"))
            case {"advance": duration}:
                player.advance_clock(parse_duration(duration))
            case {"open": items}:
                assert player.open_items() == sorted(items)
            case _:
                pytest.fail(f"no such step: {step}")
    return player


ALL_CASES = [
    pytest.param(folder, case, id=f"{folder.name}-{case['id']}") for folder in FOLDERS for case in cases_of(folder)
]


@pytest.mark.parametrize(("folder", "case"), ALL_CASES)
def test_case_played_ends_as_it_expects(folder: Path, case: dict[str, Any]) -> None:
    """Every scenario ends as written, its directive too, though the state is saved and reloaded at each step."""
    net = shipped_net(folder)
    player = play(folder, net, case)
    expect = case["expect"]
    assert player.ended is not None
    assert player.ended.outcome == expect["outcome"]
    assert set(player.entered) & ends_of(net) == set(expect["ends"])
    assert player.state is not None
    assert {name: player.state.variables[name] for name in expect["values"]} == expect["values"]
    assert (player.open_items(), player.timers) == ([], {})
    assert player.subject is None or player.subject.state == expect["subject"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cases_together_take_every_flow_and_reach_every_end(folder: Path) -> None:
    """No branch of a shipped process goes out untried."""
    net = shipped_net(folder)
    players = [play(folder, net, case) for case in cases_of(folder)]
    taken = set().union(*(player.flows for player in players))
    entered = {node for player in players for node in player.entered}
    assert sorted({flow.id for flow in net.flows} - taken) == []
    assert sorted(ends_of(net) - entered) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_human_nodes_have_a_role_and_a_form_that_can_be_filled_in(folder: Path) -> None:
    """Every step a person takes has somebody who may take it and a form that is safe and can be answered."""
    net, forms = shipped_net(folder), forms_of(folder)
    human = [node for node in net.nodes if node.kind in HUMAN]
    assert {node.role for node in human} <= set(ROLE_PERMISSIONS)
    assert {node.form for node in human} == set(forms)
    for name, schema in forms.items():
        assert schema_findings(schema) == [], name
        assert isinstance(example_answers(schema), dict), name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_texts_name_every_node_form_and_choice_in_both_languages(folder: Path) -> None:
    """Nobody meets an id instead of a word, in Chinese or in English."""
    net, forms = shipped_net(folder), forms_of(folder)
    for language in ("zh", "en"):
        texts = tomllib.loads((folder / f"texts.{language}.toml").read_text(encoding="utf-8"))
        assert set(texts["nodes"]) == {node.id for node in net.nodes}
        assert set(texts["flows"]) == {flow.id for flow in net.flows if flow.name}
        assert set(texts["remedies"]) == {node.id for node in net.nodes if node.kind in HUMAN}
        assert set(texts["forms"]) == set(forms)
        for name, schema in forms.items():
            fields = schema["properties"]
            assert set(texts["forms"][name]["fields"]) == set(fields), name
            choices = {field: set(shape["enum"]) for field, shape in fields.items() if "enum" in shape}
            named = {field: set(words) for field, words in texts["forms"][name].get("choices", {}).items()}
            assert named == choices, name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_names_in_the_diagram_are_the_chinese_texts(folder: Path) -> None:
    """The drawing and the product call a step by the same name."""
    net = shipped_net(folder)
    texts = tomllib.loads((folder / "texts.zh.toml").read_text(encoding="utf-8"))
    assert {node.id: node.name for node in net.nodes} == texts["nodes"]
    assert {flow.id: flow.name for flow in net.flows if flow.name} == texts["flows"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_module_names_the_roles_messages_and_legs_of_the_diagram(folder: Path) -> None:
    """What a module promises its callers is what its diagram does."""
    net = shipped_net(folder)
    module = tomllib.loads((folder / "module.toml").read_text(encoding="utf-8"))
    assert module["id"] == module["process"] == net.id == folder.name
    assert set(module["roles"].values()) == {node.role for node in net.nodes if node.role}
    caught = {n.event.name for n in net.nodes if n.event and n.event.kind == "message" and n.kind is not Kind.SEND}
    thrown = {n.event.name for n in net.nodes if n.event and n.event.name and n.kind in (Kind.SEND, Kind.THROW)}
    assert set(module["receives"]) == caught
    assert set(module["sends"]) == thrown
    if "legs" not in module:
        assert not any(node.multi for node in net.nodes)
        return
    leg = net.node(module["legs"]["node"]).multi
    assert leg is not None
    assert leg.collection is not None
    assert (leg.collection.source, leg.element) == (module["legs"]["collection"], module["legs"]["element"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_diagram_draws_every_node_flow_and_lane_inside_its_pool(file: Path) -> None:
    """A shipped process opens in any modeller with everything on the page."""
    root = etree.parse(file).getroot()
    drawn = {
        shape.get("bpmnElement"): shape.find("dc:Bounds", DI) for shape in root.iterfind(".//bpmndi:BPMNShape", DI)
    }
    edges = {e.get("bpmnElement"): e.findall("di:waypoint", DI) for e in root.iterfind(".//bpmndi:BPMNEdge", DI)}
    nodes = {ref.text for ref in root.iterfind(".//bpmn:flowNodeRef", DI)}
    flows = {flow.get("id") for flow in root.iterfind(".//bpmn:sequenceFlow", DI)}
    lanes = {lane.get("id") for lane in root.iterfind(".//bpmn:lane", DI)}
    pools = {pool.get("id") for pool in root.iterfind(".//bpmn:participant", DI)}
    assert nodes == {e.get("id") for e in root.iter() if e.find("bpmn:incoming", DI) is not None} | {
        e.get("id") for e in root.iter() if e.find("bpmn:outgoing", DI) is not None
    } | {e.get("id") for e in root.iterfind(".//bpmn:subProcess", DI)}
    assert set(drawn) == nodes | lanes | pools
    assert set(edges) == flows
    assert all(len(points) >= 2 for points in edges.values())
    left, top, right, bottom = _box(drawn[pools.pop()])
    for element, bounds in drawn.items():
        x0, y0, x1, y1 = _box(bounds)
        assert left <= x0 < x1 <= right, element
        assert top <= y0 < y1 <= bottom, element


def _box(bounds: Any) -> tuple[float, float, float, float]:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def test_variant_without_evaluate_runs_and_has_no_such_node() -> None:
    """Deleting a node from the drawing is all it takes to remove the step."""
    net = net_of(without_evaluate().encode(), "closed_loop_command")
    assert "evaluate" not in {node.id for node in net.nodes}
    assert len(net.flows) == len(shipped_net(LOOP).flows) - 1


def test_variant_with_second_review_runs_and_asks_twice() -> None:
    """Drawing a second review is all it takes to need two."""
    net = net_of(with_second_review().encode(), "closed_loop_command")
    player = Player(net)
    player.start({"level": 4, "legs": ["water"], "issue_mode": "normal"})
    player.complete("draft")
    player.complete("review", answers={"decision": "approve"})
    assert player.open_items() == ["review_again"]
    player.complete("review_again", answers={"decision": "return_for_revision"})
    assert player.open_items() == ["draft"]
