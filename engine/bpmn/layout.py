"""A layout for a drawing that has none: columns by the distance from the start, rows by branch, flows at right angles.

Pure. What a file says about positions is never touched: only a file without any shape is laid out. Lanes, data and
notes get no place; everything that runs does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml.etree import SubElement, _Element, tostring

from engine.bpmn.guard import guard
from engine.bpmn.tree import EVENTS, FLOW_NODES, GATEWAYS, SUBPROCESSES, attribute, children, id_of, local

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
LINES = "http://www.omg.org/spec/DD/20100524/DI"
_GAP_X, _GAP_Y, _MARGIN, _HEAD = 60, 50, 40, 30
_EVENT, _GATEWAY, _TASK = (36, 36), (50, 50), (110, 80)
Point = tuple[int, int]


@dataclass(slots=True)
class _Box:
    """A node with its size and, once it is known, its place inside its scope."""

    element: _Element
    width: int
    height: int
    rank: int = 0
    row: int = 0
    x: int = 0
    y: int = 0
    inside: _Scope | None = None

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(slots=True)
class _Scope:
    """The nodes and flows of a process or sub-process, and the room they take."""

    boxes: dict[str, _Box] = field(default_factory=dict)
    boundaries: dict[str, _Box] = field(default_factory=dict)
    flows: list[tuple[str, str, str]] = field(default_factory=list)
    width: int = 0
    height: int = 0


def laid_out(content: bytes, process: str | None = None) -> tuple[bytes, bool]:
    """The file with a layout, and whether it had none; the diagram of `process` is the first one.

    Raises: UnsafeXml for what was never accepted as a file.
    """
    root = guard(content).root
    if next(root.iter(f"{{{DI}}}BPMNShape"), None) is not None:
        return content, False
    for old in list(root.iter(f"{{{DI}}}BPMNDiagram")):
        root.remove(old)
    processes = sorted(children(root, "process"), key=lambda each: id_of(each) != process)
    for number, each in enumerate(processes):
        scope = _lay_out(each)
        diagram = SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": f"layout_{number}"})
        plane = SubElement(diagram, f"{{{DI}}}BPMNPlane", {"id": f"layout_{number}_plane", "bpmnElement": id_of(each)})
        _draw(scope, plane, _MARGIN, _MARGIN)
    return tostring(root, encoding="UTF-8", xml_declaration=True), True


def _lay_out(around: _Element) -> _Scope:
    """The scope inside an element, with a place for everything in it; one level of recursion for each of nesting."""
    scope = _Scope()
    for element in children(around):
        name = local(element)
        if name == "boundaryEvent":
            scope.boundaries[id_of(element)] = _Box(element, *_EVENT)
        elif name in FLOW_NODES:
            scope.boxes[id_of(element)] = _box(element, name)
    known = scope.boxes.keys() | scope.boundaries.keys()
    for flow in children(around, "sequenceFlow"):
        source, target = attribute(flow, "sourceRef"), attribute(flow, "targetRef")
        if source in known and target in scope.boxes:
            scope.flows.append((id_of(flow), source, target))
    _rank(scope)
    _place(scope)
    return scope


def _box(element: _Element, name: str) -> _Box:
    if name in SUBPROCESSES:
        inside = _lay_out(element)
        if inside.boxes:
            return _Box(element, inside.width + 2 * _MARGIN, inside.height + 2 * _MARGIN + _HEAD, inside=inside)
    size = _EVENT if name in EVENTS else _GATEWAY if name in GATEWAYS else _TASK
    return _Box(element, *size)


def _host(scope: _Scope, id: str) -> str:
    """The node a flow leaves: of a boundary event, what it sits on."""
    boundary = scope.boundaries.get(id)
    return id if boundary is None else attribute(boundary.element, "attachedToRef") or id


def _rank(scope: _Scope) -> None:
    """Gives every node its column: one more than the farthest before it, flows that lead back left out."""
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, int] = dict.fromkeys(scope.boxes, 0)
    for _, source, target in scope.flows:
        host = _host(scope, source)
        if host in scope.boxes and host != target:
            after[host].append(target)
    forward = _without_back(scope.boxes, after)
    for targets in forward.values():
        for target in targets:
            before[target] += 1
    free = [id for id in scope.boxes if not before[id]]
    for id in free:
        for target in forward[id]:
            scope.boxes[target].rank = max(scope.boxes[target].rank, scope.boxes[id].rank + 1)
            before[target] -= 1
            if not before[target]:
                free.append(target)


def _without_back(boxes: Iterable[str], after: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The flows that lead on, those that close a circle left out: a depth-first walk without recursion."""
    forward: dict[str, list[str]] = {id: [] for id in boxes}
    done: set[str] = set()
    for root in forward:
        if root in done:
            continue
        path, stack = {root}, [(root, iter(after.get(root, ())))]
        while stack:
            id, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                path.discard(id)
                done.add(id)
            elif target not in path:
                forward[id].append(target)
                if target not in done:
                    path.add(target)
                    stack.append((target, iter(after.get(target, ()))))
    return forward


def _place(scope: _Scope) -> None:
    """Rows by branch, then coordinates: a node takes the row of what leads to it, or the next free one below."""
    taken: set[tuple[int, int]] = set()
    lead: dict[str, str] = {}
    for _, source, target in scope.flows:
        lead.setdefault(target, _host(scope, source))
    for box in sorted(scope.boxes.values(), key=lambda each: each.rank):
        first = scope.boxes.get(lead.get(id_of(box.element), ""))
        row = first.row if first is not None and first.rank < box.rank else 0
        while (box.rank, row) in taken:
            row += 1
        taken.add((box.rank, row))
        box.row = row
    columns: dict[int, int] = defaultdict(int)
    rows: dict[int, int] = defaultdict(int)
    for box in scope.boxes.values():
        columns[box.rank] = max(columns[box.rank], box.width)
        rows[box.row] = max(rows[box.row], box.height)
    lefts, scope.width = _sums(columns, _GAP_X)
    tops, scope.height = _sums(rows, _GAP_Y)
    for box in scope.boxes.values():
        box.x = lefts[box.rank] + (columns[box.rank] - box.width) // 2
        box.y = tops[box.row] + (rows[box.row] - box.height) // 2
    _seat_boundaries(scope)


def _sums(sizes: Mapping[int, int], gap: int) -> tuple[dict[int, int], int]:
    at, found = 0, {}
    for number in range(max(sizes, default=-1) + 1):
        found[number] = at
        at += sizes.get(number, 0) + gap
    return found, max(0, at - gap)


def _seat_boundaries(scope: _Scope) -> None:
    """Puts boundary events on the lower edge of what they sit on, from the right."""
    seated: dict[str, int] = defaultdict(int)
    for id, box in scope.boundaries.items():
        host = scope.boxes.get(_host(scope, id))
        if host is None:
            continue
        seated[id_of(host.element)] += 1
        box.x = host.x + max(0, host.width - 46 * seated[id_of(host.element)])
        box.y = host.y + host.height - box.height // 2


def _draw(scope: _Scope, plane: _Element, x: int, y: int) -> None:
    """Writes the shapes and edges of a scope whose upper left corner is there."""
    boxes = {**scope.boxes, **scope.boundaries}
    for id, box in boxes.items():
        shape = SubElement(plane, f"{{{DI}}}BPMNShape", {"id": f"{id}_layout", "bpmnElement": id})
        if local(box.element) in SUBPROCESSES:
            shape.set("isExpanded", "true" if box.inside else "false")
        if local(box.element) == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        sides = {"x": box.x + x, "y": box.y + y, "width": box.width, "height": box.height}
        SubElement(shape, f"{{{DC}}}Bounds", {name: str(value) for name, value in sides.items()})
        if box.inside is not None:
            _draw(box.inside, plane, x + box.x + _MARGIN, y + box.y + _MARGIN + _HEAD)
    below = scope.height + _GAP_Y // 2
    for id, source, target in scope.flows:
        edge = SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"{id}_layout", "bpmnElement": id})
        for left, top in _way(boxes[source], boxes[target], below, is_boundary=source in scope.boundaries):
            SubElement(edge, f"{{{LINES}}}waypoint", {"x": str(left + x), "y": str(top + y)})


def _way(source: _Box, target: _Box, below: int, *, is_boundary: bool) -> list[Point]:
    """The corners of a flow: straight on, down and on, or around below for one that leads back."""
    end = (target.x, target.middle)
    if is_boundary:
        down = (source.x + source.width // 2, source.y + source.height)
        if target.x > down[0]:
            under, turn = max(target.middle, down[1] + 20), target.x - 20
            return [down, (down[0], under), (turn, under), (turn, target.middle), end]
        return [down, *_back(down[0], target, below)]
    begin = (source.x + source.width, source.middle)
    if target.x <= source.x:
        low = (source.x + source.width // 2, source.y + source.height)
        return [low, *_back(low[0], target, below)]
    if source.middle == target.middle:
        return [begin, end]
    turn = target.x - _GAP_X // 2
    return [begin, (turn, begin[1]), (turn, end[1]), end]


def _back(x: int, target: _Box, below: int) -> list[Point]:
    """The rest of a way that leads back: down, under everything, and up into its target."""
    centre = target.x + target.width // 2
    return [(x, below), (centre, below), (centre, target.y + target.height)]
