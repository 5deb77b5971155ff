"""Lanes of a process, nested ones too: which lane and which role each node belongs to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.tree import CL, attribute, children, descendants, id_of, text_of


@dataclass(frozen=True, slots=True)
class Lane:
    """The name of a lane, its role and its department; those of an outer lane hold where an inner one has none."""

    name: str
    role: str | None
    department: str | None


def read_lanes(
    process: _Element, known: Collection[str], findings: Findings, pool: Lane | None = None
) -> dict[str, Lane]:
    """The innermost lane of each node id that a lane of `process` names; `known` are the ids that exist.

    What the pool says holds for lanes that say nothing, and for the nodes of the process that lie in no lane.
    """
    found: dict[str, Lane] = {}
    if pool is not None:
        found = {id: pool for each in children(process) if (id := id_of(each)) in known}
    role, department = (None, None) if pool is None else (pool.role, pool.department)
    for lane_set in descendants(process, "laneSet"):
        for lane in children(lane_set, "lane"):
            _read_lane(lane, role, department, found, known, findings)
    return found


def _read_lane(
    lane: _Element,
    outer_role: str | None,
    outer_department: str | None,
    found: dict[str, Lane],
    known: Collection[str],
    findings: Findings,
) -> None:
    """Notes the nodes of a lane, then those of the lanes inside it, which win. The guard bounds the depth."""
    role, department = attribute(lane, "role", CL), attribute(lane, "department", CL)
    read = Lane(attribute(lane, "name") or id_of(lane), role or outer_role, department or outer_department)
    for reference in children(lane, "flowNodeRef"):
        id = text_of(reference)
        if id in known:
            found[id] = read
        else:
            message = f"Expected a node of this process in lane {read.name!r:.80}, but there is no {id!r:.80}."
            findings.add("lane.unknown_node", "warning", lane, message, lane=read.name[:80], name=id[:80])
    for inner in children(lane, "childLaneSet"):
        for child in children(inner, "lane"):
            _read_lane(child, read.role, read.department, found, known, findings)
