"""A running instance on another version of its process: the state translated, or the reasons it cannot be.

Pure. A token stays where it is: each open wait goes to the node of the same id, or to the one chosen for it, which must
be of the same kind and stand in the same place. Boundaries and event sub-processes that the new version adds are armed,
those it no longer has are withdrawn; timers that are armed keep their instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import Rejected
from .arrivals import arrival_of
from .catching import arm_boundaries, arm_starts, boundary_dues, part_of, trigger_dues
from .effects import Effect
from .joins import round_of
from .net import Event, Kind, Net, Node
from .play import Play
from .program import Program, program_of
from .state import (
    ARMED_FOR_SCOPE,
    B_NODE,
    B_SCOPE,
    BODY,
    BROADCAST,
    CONDITION,
    FAILURE,
    INSIDE,
    MESSAGE,
    NODE,
    PARENT,
    R_INSIDE,
    R_NODE,
    TIMER,
    UNDOING,
    WRAPPER,
    State,
)

_EVENTS = (TIMER, MESSAGE, BROADCAST, CONDITION)


class Obstacle(NamedTuple):
    """Why an instance cannot move: the element it stands at, and the reason as `migrate.…`."""

    element: str
    code: str


class Moved(NamedTuple):
    """The state on the new version, and what that arms and withdraws."""

    state: State
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which node and which flow of the old version is which of the new one, by position."""

    old: Net
    new: Net
    nodes: Mapping[int, int]
    flows: Mapping[int, int]

    @property
    def renamed(self) -> dict[str, str]:
        """The nodes that have another id on the new version."""
        pairs = ((self.old.nodes[a].id, self.new.nodes[b].id) for a, b in self.nodes.items())
        return {a: b for a, b in pairs if a != b}


def plan(old: Net, new: Net, chosen: Mapping[str, str] | None = None) -> Plan:
    """The plan that takes each node to the one with the same id, or the id chosen for it; flows follow their ends.

    Raises: Rejected (`migrate.no_such_node`) for a choice that names a node of neither.
    """
    chosen = chosen or {}
    ids = {node.id: node.index for node in new.nodes}
    unknown = sorted((chosen.keys() - {node.id for node in old.nodes}) | (set(chosen.values()) - ids.keys()))
    if unknown:
        raise Rejected(
            "migrate.no_such_node",
            f"Expected nodes of the two versions, but {unknown[0]} is none.",
            element=unknown[0],
            node=unknown[0],
        )
    targets = ((node.index, ids.get(chosen.get(node.id, node.id))) for node in old.nodes)
    nodes = {index: target for index, target in targets if target is not None}
    by_id = {flow.id: flow for flow in new.flows}
    by_ends: dict[tuple[int, int], list[int]] = {}
    for flow in new.flows:
        by_ends.setdefault((flow.source, flow.target), []).append(flow.index)
    flows = {}
    for flow in old.flows:
        ends = (nodes.get(flow.source, -1), nodes.get(flow.target, -1))
        same = by_id.get(flow.id)
        if same is not None and same.target == ends[1]:
            flows[flow.index] = same.index
        elif len(by_ends.get(ends, ())) == 1:
            flows[flow.index] = by_ends[ends][0]
    return Plan(old, new, nodes, flows)


def obstacles(plan: Plan, state: State) -> list[Obstacle]:
    """What keeps an instance in this state from moving; nothing where it can. Each element is named once."""
    return list(dict.fromkeys(_Check(plan, state).found()))


def migrate(plan: Plan, state: State, now: datetime) -> Moved:
    """The state on the new version. `state` stays as it was.

    Raises: Rejected (`migrate.obstacles`) if there are any; for a timer or key the new version adds and that cannot be
    evaluated.
    """
    found = obstacles(plan, state)
    if found:
        raise Rejected(
            "migrate.obstacles",
            f"Expected every open wait to have its place on the new version, but {found[0].element} has none.",
            element=found[0].element,
            node=found[0].element,
            obstacles=[list(each) for each in found],
        )
    play = Play(program_of(plan.new, arrival_of), _translated(plan, state), now)
    _withdraw(plan, state, play)
    _arm_what_is_new(plan, play)
    return Moved(play.state, tuple(play.effects))


# -- whether it can --------------------------------------------------------------------------------------------------


class _Check:
    """Looks at everything of a state that names a node or a flow."""

    def __init__(self, plan: Plan, state: State) -> None:
        self.plan = plan
        self.state = state
        self.old = program_of(plan.old, arrival_of)
        self.new = program_of(plan.new, arrival_of)

    def found(self) -> Iterator[Obstacle]:
        """Every obstacle."""
        plan, state = self.plan, self.state
        for record in state.scopes.values():
            if record[INSIDE] == UNDOING and self._is_cancelled_alike(record[NODE]):
                continue  # a transaction that is called off is over where its cancel end event stands
            yield from self._activity(record[NODE], record[PARENT])
        for body in state.bodies.values():
            yield from self._activity(body[B_NODE], body[B_SCOPE])
        for what, index, scope, host, extra in state.waits.values():
            if host == ARMED_FOR_SCOPE or (host and host not in state.gates):
                continue  # what is armed beside an activity may go
            yield from self._activity(index, scope)
            if what in _EVENTS and not _same_event(self.old, self.new, plan, index, part_of(what, extra)):
                yield Obstacle(plan.old.nodes[index].id, "migrate.event")
            if what == FAILURE and isinstance(extra, list):
                yield from (self._flow(index, flow) for flow, _ in extra if flow not in plan.flows)
        for gate in state.gates.values():
            yield from self._activity(gate[0], gate[1])
        for (scope, index), tokens in state.joins.items():
            node = index if index >= 0 else round_of(index)
            yield from self._activity(node, scope)
            yield from (self._flow(node, flow) for flow in tokens if flow not in plan.flows)
            if node in plan.nodes and self._ways_in(node) != set(plan.new.nodes[plan.nodes[node]].incoming):
                yield Obstacle(plan.old.nodes[node].id, "migrate.join")
        yield from self._compensations()

    def _ways_in(self, node: int) -> set[int | None]:
        return {self.plan.flows.get(flow) for flow in self.plan.old.nodes[node].incoming}

    def _flow(self, node: int, flow: int) -> Obstacle:
        return Obstacle(self.plan.old.nodes[node].id, "migrate.join")

    def _compensations(self) -> Iterator[Obstacle]:
        """What can still be undone is undone on the new version by the like of its handler."""
        for records in self.state.done.values():
            yield from self._records(records)

    def _records(self, records: list[Any]) -> Iterator[Obstacle]:
        for record in records:
            index = record[R_NODE]
            if not self._is_undone_alike(index):
                yield Obstacle(self.plan.old.nodes[index].id, "migrate.compensation")
            yield from self._records(record[R_INSIDE])

    def _is_cancelled_alike(self, index: int) -> bool:
        target = self.plan.nodes.get(index)
        if target is None:
            return False
        events = self.plan.old.nodes[index].event, self.plan.new.nodes[target].event
        return all(event is not None and event.kind == "cancel" for event in events)

    def _is_offered_alike(self, old: Node, new: Node) -> bool:
        """Whether a sequential ad-hoc sub-process offers the same nodes in the same order."""
        if old.adhoc is None or not old.adhoc.sequential or old.scope_inside is None or new.scope_inside is None:
            return True
        first = [self.plan.nodes.get(index) for index in self.old.begins[old.scope_inside]]
        return first == list(self.new.begins[new.scope_inside])

    def _is_undone_alike(self, index: int) -> bool:
        target, handler = self.plan.nodes.get(index), self.old.handlers.get(index)
        if target is None or self.plan.new.nodes[target].kind is not self.plan.old.nodes[index].kind:
            return False
        wanted = None if handler is None else self.plan.nodes.get(handler, -1)
        return self.new.handlers.get(target) == wanted

    def _activity(self, index: int, scope: int) -> Iterator[Obstacle]:
        """Whether a node that stands in `scope` has its like in the like place."""
        old = self.plan.old.nodes[index]
        target = self.plan.nodes.get(index)
        if target is None:
            yield Obstacle(old.id, "migrate.gone")
            return
        new = self.plan.new.nodes[target]
        if new.kind is not old.kind or (new.scope_inside is None) != (old.scope_inside is None):
            yield Obstacle(old.id, "migrate.kind")
        elif _marker(new) != _marker(old) or not self._is_offered_alike(old, new):
            yield Obstacle(old.id, "migrate.marker")
        elif (old.loop, old.action, old.stage) != (new.loop, new.action, new.stage):
            yield Obstacle(old.id, "migrate.mark")
        elif not self._same_place(index, new, scope):
            yield Obstacle(old.id, "migrate.place")

    def _same_place(self, index: int, new: Node, scope: int) -> bool:
        record = self.state.scopes.get(scope)
        if record is None:
            return new.scope == 0
        if record[INSIDE] == WRAPPER:
            return bool(record[NODE] == index)
        if record[INSIDE] < 0:  # what is undone stands where it was done, which is over
            return self._is_undone_alike(record[NODE])
        around = self.plan.nodes.get(record[NODE])
        return around is not None and new.scope == self.plan.new.nodes[around].scope_inside


def _marker(node: Node) -> tuple[Any, ...]:
    multi = node.multi
    return (
        None if multi is None else (multi.sequential, multi.element, multi.output_collection, multi.output_element),
        node.repeat is not None,
        node.adhoc is not None and node.adhoc.sequential,
        node.transaction,
    )


def _same_event(old: Program, new: Program, plan: Plan, index: int, part: int) -> bool:
    """Whether a node waits for the same kind of event, under the same name, on both versions."""
    target = plan.nodes.get(index)
    if target is None or plan.new.nodes[target].kind is not plan.old.nodes[index].kind:
        return False
    before, after = old.parts[index], new.parts[target]
    return len(before) == len(after) and _told_by(before[part]) == _told_by(after[part])


def _told_by(event: Event) -> tuple[str, str | None]:
    return event.kind, event.name


# -- how it does -----------------------------------------------------------------------------------------------------


def _translated(plan: Plan, state: State) -> State:
    """The state with every number of a node, flow and inner scope as the new version counts them."""
    nodes, flows, new = plan.nodes, plan.flows, plan.new
    after = state.copy()
    for record in after.scopes.values():
        record[NODE] = nodes[record[NODE]]
        if record[INSIDE] >= 0:
            record[INSIDE] = new.nodes[record[NODE]].scope_inside
    for body in after.bodies.values():
        body[B_NODE] = nodes[body[B_NODE]]
    after.waits = {
        wait: (what, nodes.get(index, -1), scope, host, _resume(plan, what, extra))
        for wait, (what, index, scope, host, extra) in state.waits.items()
    }
    for gate in after.gates.values():
        gate[0] = nodes[gate[0]]
    after.done = {scope: _renumbered(records, nodes) for scope, records in state.done.items()}
    after.joins = {
        (scope, nodes[index] if index >= 0 else round_of(nodes[round_of(index)])): {
            flows[flow]: count for flow, count in tokens.items()
        }
        for (scope, index), tokens in state.joins.items()
    }
    return after


def _renumbered(records: list[Any], nodes: Mapping[int, int]) -> list[Any]:
    """Records of what is done, as the new version counts; a record is never changed, copies of a state share it."""
    made = []
    for record in records:
        twin = [*record]
        twin[R_NODE], twin[R_INSIDE] = nodes[record[R_NODE]], _renumbered(record[R_INSIDE], nodes)
        made.append(twin)
    return made


def _resume(plan: Plan, what: int, extra: Any) -> Any:
    if what == FAILURE and isinstance(extra, list):
        return [[plan.flows[flow], count] for flow, count in extra]
    return extra


def _withdraw(plan: Plan, before: State, play: Play) -> None:
    """Withdraw what was armed beside an activity or for a scope and has no like there on the new version."""
    old = program_of(plan.old, arrival_of)
    for wait, (what, index, scope, host, extra) in before.waits.items():
        if not host or host in before.gates:
            continue
        is_alike = _same_event(old, play.program, plan, index, part_of(what, extra))
        if not is_alike or not _sits_alike(play, plan.new.nodes[plan.nodes[index]], scope, host):
            play.drop_wait(wait)


def _sits_alike(play: Play, node: Node, scope: int, host: int) -> bool:
    """Whether a boundary or start is where it belongs on the new version."""
    state = play.state
    if host == ARMED_FOR_SCOPE:
        event_subprocess = play.net.scopes[node.scope].node
        inside = state.scopes[scope][INSIDE] if scope else 0
        return (
            inside >= 0
            and event_subprocess is not None
            and event_subprocess in play.net.scopes[inside].event_subprocesses
        )
    if host in state.bodies:
        return bool(node.attached_to == state.bodies[host][B_NODE])
    if host in state.scopes:
        return bool(node.attached_to == state.scopes[host][NODE])
    return host in state.waits and node.attached_to == state.waits[host][1]


def _arm_what_is_new(plan: Plan, play: Play) -> None:
    """Arm the boundaries and event sub-processes that the version before did not have."""
    state, known = play.state, set(plan.nodes.values())
    hosts = [(wait, r[1], r[2]) for wait, r in state.waits.items() if not r[3]]
    hosts += [(scope, r[NODE], r[PARENT]) for scope, r in state.scopes.items() if not r[BODY] and r[INSIDE] >= 0]
    hosts += [(body, r[B_NODE], r[B_SCOPE]) for body, r in state.bodies.items()]
    for host, index, scope in hosts:
        node = play.net.nodes[index]
        record = state.scopes.get(scope)
        if not node.boundaries or (record is not None and record[INSIDE] == WRAPPER):
            continue  # what sits on a leg sits on its body
        dues = boundary_dues(play, node, scope)
        arm_boundaries(play, node, scope, host, {i: due for i, due in dues.items() if i not in known})
    for scope, inside in [(0, 0), *((s, r[INSIDE]) for s, r in list(state.scopes.items()) if r[INSIDE] >= 0)]:
        if not _is_interrupted(play, scope):
            dues = trigger_dues(play, scope, inside)
            arm_starts(play, scope, {i: due for i, due in dues.items() if i not in known})


def _is_interrupted(play: Play, scope: int) -> bool:
    """Whether an event sub-process has taken the place of what ran in a scope: nothing else can start there."""
    for record in play.state.scopes.values():
        node = play.net.nodes[record[NODE]]
        if record[PARENT] == scope and node.kind is Kind.EVENT_SUBPROCESS and node.scope_inside is not None:
            starts = play.net.scopes[node.scope_inside].starts
            if starts and play.net.nodes[starts[0]].interrupting:
                return True
    return False
