"""CL-04 and CL-07: ways back end, and the time of the steps inside fits into the time of the whole.

A way back is bounded where a person on it has `cl:rounds` and `cl:exit`: after so many completions the step is put to
the role named, who holds the right to decide it. Returns of a department are bounded by the life cycle of its task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.bpmn.net import HUMAN, Net, Node
from engine.bpmn.proof_city import LEVELS, Installation
from engine.bpmn.proof_found import Found, label
from engine.bpmn.proof_path import frames_of_path
from engine.domain.level import Level
from engine.domain.policy import SlaPolicy

_WORKING_DAY = 7 * 60
_DAY = 24 * 60
_WORK_IN_A_CALENDAR_DAY = _WORKING_DAY * 5 // 7


class Rework:
    """The ways back in one net; `rights` says what is wrong with a role that is to decide a step."""

    def __init__(self, net: Net, rights: Callable[[Node, str], str | None]) -> None:
        self.net, self.rights = net, rights

    def found(self) -> Iterator[Found]:
        """Every way back without a bound or without somebody to end it."""
        for node in self.net.nodes:
            if (node.rounds is None) != (node.exit is None):
                message = f"Expected cl:rounds and cl:exit together on “{label(node)}”, but one of them is missing."
                yield Found("CL-04", "cl_04_half", node, message, {"name": label(node)})
            elif node.exit is not None and (wrong := self.rights(node, node.exit)) is not None:
                message = f"Expected somebody who may end the rework at “{label(node)}”, but {wrong}."
                yield Found("CL-04", "cl_04_no_authority", node, message, {"name": label(node), "role": node.exit})
        for way in self._open_ways():
            back = self.net.nodes[way[0]]
            names = ", ".join(dict.fromkeys(label(self.net.nodes[index]) for index in way if self._is_told(index)))
            message = (
                f"Expected a bound and somebody who ends the rework, but {names or label(back)} may go on for ever."
            )
            course = frames_of_path(self.net, (*way, way[0]))
            yield Found("CL-04", "cl_04_no_bound", self._where(way), message, {"names": names or label(back)}, course)

    def _is_told(self, index: int) -> bool:
        return self.net.nodes[index].kind in HUMAN

    def _where(self, way: Sequence[int]) -> Node:
        people = [self.net.nodes[index] for index in way if self.net.nodes[index].kind in HUMAN]
        return people[-1] if people else self.net.nodes[way[0]]

    def _open_ways(self) -> Iterator[tuple[int, ...]]:
        """A cycle for each knot of nodes that stays one when the bounded nodes are taken out."""
        free = [node.index for node in self.net.nodes if not self._is_bounded(node)]
        for knot in _knots(free, self._next):
            way = _cycle(knot, self._next)
            if way:
                yield way

    def _is_bounded(self, node: Node) -> bool:
        return (node.rounds is not None and node.exit is not None) or node.loop == "accept"

    def _next(self, index: int) -> Iterable[int]:
        node = self.net.nodes[index]
        yield from (self.net.flows[flow].target for flow in node.outgoing)
        yield from node.boundaries


def _knots(nodes: Sequence[int], following: Callable[[int], Iterable[int]]) -> Iterator[set[int]]:
    """The strongly connected parts of the graph on `nodes` that hold a cycle (Tarjan, without recursion)."""
    allowed, number, low = set(nodes), dict[int, int](), dict[int, int]()
    path: list[int] = []
    on_path: set[int] = set()
    for root in nodes:
        if root in number:
            continue
        work = [(root, iter(tuple(following(root))))]
        while work:
            index, targets = work[-1]
            if index not in number:
                number[index] = low[index] = len(number)
                path.append(index)
                on_path.add(index)
            target = next((each for each in targets if each in allowed), None)
            if target is not None:
                if target not in number:
                    work.append((target, iter(tuple(following(target)))))
                elif target in on_path:
                    low[index] = min(low[index], number[target])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[index])
            if low[index] == number[index]:
                knot = set(path[path.index(index) :])
                del path[path.index(index) :]
                on_path -= knot
                if len(knot) > 1 or index in following(index):
                    yield knot


def _cycle(knot: set[int], following: Callable[[int], Iterable[int]]) -> tuple[int, ...]:
    """A shortest cycle in a knot, from its first node."""
    first = min(knot)
    came = {first: -1}
    queue = [first]
    for index in queue:
        for target in following(index):
            if target == first:
                way = [index]
                while came[way[-1]] >= 0:
                    way.append(came[way[-1]])
                return tuple(reversed(way))
            if target in knot and target not in came:
                came[target] = index
                queue.append(target)
    return ()


# -- budgets -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Share:
    """How the worst path of the steps inside compares with the whole, for one type and level. Unit: minutes."""

    event_type: str
    level: Level
    inside: int
    whole: int


def budgets(net: Net, city: Installation) -> Iterator[Found]:
    """A warning for each sub-process whose steps need more time, on the worst path, than it has itself."""
    for node in net.nodes:
        if node.scope_inside is None or not node.stage:
            continue
        paths = list(_paths(net, node.scope_inside))
        worst: _Share | None = None
        for event_type in city.event_types:
            for level in LEVELS:
                share = _share(city, node.stage, paths, event_type, level)
                if share is not None and (worst is None or share.inside * worst.whole > worst.inside * share.whole):
                    worst = share
        if worst is not None and worst.inside > worst.whole:
            percent = round(100 * worst.inside / worst.whole)
            params = {
                "name": label(node),
                "percent": percent,
                "event_type": worst.event_type,
                "level": worst.level or 0,
            }
            message = (
                f"Expected the steps in “{label(node)}” to fit into its time, but their worst path needs {percent} %."
            )
            yield Found("CL-07", "cl_07_over", node, message, params, (), "warning")


def _share(
    city: Installation, stage: str, paths: list[tuple[str, ...]], event_type: str, level: Level
) -> _Share | None:
    whole = city.policy(stage, event_type, level)
    if whole is None:
        return None
    around_the_clock = whole.calendar == "7x24"
    worst = 0
    for path in paths:
        limits = [city.policy(each, event_type, level) for each in path]
        worst = max(worst, sum(_minutes(limit, around_the_clock) for limit in limits if limit is not None))
    return _Share(event_type, level, worst, _minutes(whole, around_the_clock))


def _minutes(policy: SlaPolicy, around_the_clock: bool) -> int:
    """The limit in minutes of the calendar that the whole counts in."""
    if around_the_clock:
        factors = {"minute": 1, "clock_hour": 60, "working_hour": 60, "working_day": _DAY, "calendar_day": _DAY}
    else:
        factors = {
            "minute": 1, "clock_hour": 60, "working_hour": 60, "working_day": _WORKING_DAY,
            "calendar_day": _WORK_IN_A_CALENDAR_DAY,
        }  # fmt: skip
    return policy.amount * factors[policy.unit]


def _paths(net: Net, scope: int) -> Iterator[tuple[str, ...]]:
    """The stages on each way through a scope that goes through no node twice; at most a thousand ways."""
    waiting: list[tuple[int, frozenset[int], tuple[str, ...]]] = [
        (start, frozenset(), ()) for start in net.scopes[scope].starts
    ]
    for _ in range(1_000):
        if not waiting:
            return
        index, seen, stages = waiting.pop()
        node = net.nodes[index]
        stages = (*stages, node.stage) if node.stage else stages
        following = [net.flows[flow].target for flow in node.outgoing if net.flows[flow].target not in seen | {index}]
        if not following:
            yield stages
        waiting += [(target, seen | {index}, stages) for target in following]
