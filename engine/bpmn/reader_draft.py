"""The process while it is read: nodes, flows and scopes that are still being filled, and how they become final."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml.etree import _Element

from engine.bpmn.net import HUMAN, Event, Expression, Flow, Kind, Node, Scope
from engine.bpmn.reader_lanes import Lane
from engine.bpmn.tree import MODEL, attribute, documentation_of, id_of


@dataclass(slots=True)
class NodeDraft:
    """A node whose connections are not all known yet; `more` holds the fields its kind adds."""

    element: _Element
    index: int
    kind: Kind
    scope: int
    incoming: list[int] = field(default_factory=list)
    outgoing: list[int] = field(default_factory=list)
    boundaries: list[int] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The element's id."""
        return id_of(self.element)


@dataclass(slots=True)
class ScopeDraft:
    """A scope with the element it is read from; `depth` counts from 0, the process."""

    element: _Element
    index: int
    node: int | None
    parent: int | None
    depth: int


class Draft:
    """One process under reading. `elements` holds every flow node by id, also those that became no node."""

    def __init__(self, process: _Element) -> None:
        self.process = process
        self.nodes: list[NodeDraft] = []
        self.flows: list[Flow] = []
        self.undecided: set[int] = set()  # flows in whose element no condition stands
        self.unreadable: set[int] = set()  # flows whose condition is asked about
        self.scopes: list[ScopeDraft] = []
        self.elements: dict[str, _Element] = {}
        self.scope_of: dict[str, int] = {}  # the scope of every flow node, also of those that became no node
        self.by_id: dict[str, NodeDraft] = {}
        self.links: list[tuple[NodeDraft, str, bool]] = []  # link events: their name, and whether they throw
        self.made_for: dict[str, str] = {}  # nodes that the file does not draw, each with the element it stands for
        self.notes: dict[str, Mapping[str, str]] = {}  # extensions of made nodes

    def open_scope(self, element: _Element, node: int | None, parent: int | None) -> ScopeDraft:
        """A new scope for the inside of `element`."""
        depth = 0 if parent is None else self.scopes[parent].depth + 1
        scope = ScopeDraft(element, len(self.scopes), node, parent, depth)
        self.scopes.append(scope)
        return scope

    def add(self, element: _Element, kind: Kind, scope: int, **more: Any) -> NodeDraft:
        """A new node for `element`."""
        node = NodeDraft(element, len(self.nodes), kind, scope, more=more)
        self.nodes.append(node)
        self.by_id[node.id] = node
        return node

    def make(self, beside: NodeDraft, what: str, tag: str, kind: Kind, name: str = "", **more: Any) -> NodeDraft:
        """A node that the file does not draw, in the scope and the lane of the node it stands for."""
        return self._make(beside.element, beside.scope, what, tag, kind, name, **more)

    def make_start(self, scope: ScopeDraft, event: Event) -> NodeDraft:
        """A start event for a scope in which none is drawn."""
        return self._make(scope.element, scope.index, "start", "startEvent", Kind.START, event=event)

    def _make(
        self, beside: _Element, scope: int, what: str, tag: str, kind: Kind, name: str = "", **more: Any
    ) -> NodeDraft:
        id = f"{id_of(beside)}_{what}"
        while id in self.elements or id in self.made_for:
            id += "_"
        element = beside.makeelement(f"{{{MODEL}}}{tag}", {"id": id, "name": name} if name else {"id": id})
        element.sourceline = beside.sourceline  # type: ignore[misc]  # lxml lets it be set
        self.made_for[id] = id_of(beside)
        return self.add(element, kind, scope, **more)

    def connect(self, source: NodeDraft, target: NodeDraft) -> Flow:
        """A flow that the file does not draw."""
        flow = Flow(len(self.flows), f"{source.id}-{target.id}", source.index, target.index)
        self.flows.append(flow)
        source.outgoing.append(flow.index)
        target.incoming.append(flow.index)
        return flow

    def hand_over(self, source: NodeDraft, to: NodeDraft) -> None:
        """Lets the flows out of `source` begin at `to`."""
        to.outgoing, source.outgoing = source.outgoing, []
        for index in to.outgoing:
            self.flows[index] = replace(self.flows[index], source=to.index)

    def put_before(self, node: NodeDraft, made: NodeDraft) -> None:
        """Lets the flows into `node` lead to `made`, and on from there."""
        made.incoming, node.incoming = node.incoming, []
        for index in made.incoming:
            self.flows[index] = replace(self.flows[index], target=made.index)
        self.connect(made, node)

    @property
    def is_rewritten(self) -> bool:
        """Whether the net holds more than the file draws."""
        return bool(self.made_for or self.links)

    def finished_nodes(self, lanes: Mapping[str, Lane]) -> tuple[Node, ...]:
        """The nodes with their connections and lanes; a node without a lane has that of the node around it."""
        lane_of: list[Lane | None] = []
        finished: list[Node] = []
        for draft in self.nodes:
            around = self.scopes[draft.scope].node
            lane = lanes.get(self.made_for.get(draft.id, draft.id)) or (None if around is None else lane_of[around])
            lane_of.append(lane)
            finished.append(
                Node(
                    index=draft.index,
                    id=draft.id,
                    kind=draft.kind,
                    scope=draft.scope,
                    name=attribute(draft.element, "name") or "",
                    line=draft.element.sourceline or 0,
                    incoming=tuple(draft.incoming),
                    outgoing=tuple(draft.outgoing),
                    boundaries=tuple(draft.boundaries),
                    lane=lane.name if lane else None,
                    role=lane.role if lane else None,
                    documentation=documentation_of(draft.element),
                    **_in_lane(draft, lane),
                )
            )
        return tuple(finished)

    def finished_scopes(self) -> tuple[Scope, ...]:
        """The scopes with their nodes."""
        nodes: list[list[int]] = [[] for _ in self.scopes]
        starts: list[list[int]] = [[] for _ in self.scopes]
        event_subprocesses: list[list[int]] = [[] for _ in self.scopes]
        for draft in self.nodes:
            nodes[draft.scope].append(draft.index)
            if draft.kind is Kind.START:
                starts[draft.scope].append(draft.index)
            elif draft.kind is Kind.EVENT_SUBPROCESS:
                event_subprocesses[draft.scope].append(draft.index)
        return tuple(
            Scope(s.index, s.node, s.parent, tuple(nodes[i]), tuple(starts[i]), tuple(event_subprocesses[i]))
            for i, s in enumerate(self.scopes)
        )


def _in_lane(draft: NodeDraft, lane: Lane | None) -> dict[str, Any]:
    """What a node says, with the department of its lane among the candidates of a person's step."""
    if lane is None or lane.department is None or draft.kind not in HUMAN:
        return draft.more
    department = Expression(json.dumps(lane.department, ensure_ascii=False))
    return {**draft.more, "candidates": (*draft.more.get("candidates", ()), department)}
