"""What an instance is bound to, as far as a proof needs it: the life cycle of a directive or an incident, no rows.

A subject never changes: each move makes another, so that a marking can be left in several ways. The tables that
dispose are those of the domain, and what a node proposes is asked of `coupling`, as when an instance really runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Any, Literal

from engine.bpmn.coupling import completed, completed_for_incident, entered, entered_for_incident, on_record
from engine.bpmn.net import Net, Node
from engine.domain.directive import Leg
from engine.domain.incident import SETTLED, check_evaluation, move_on_source_cancel, moves_allowed_by_directives
from engine.domain.lifecycle import CHANGE_REQUEST, DIRECTIVE, INCIDENT, TASK
from engine.errors import InvalidMove

DEPARTMENTS = ("department_1", "department_2")
"""An order of the proof goes to one department or to these two: what holds for two that overtake each other in every
order holds for more."""

GIVEN: Mapping[str, Any] = MappingProxyType({"reason": "proof"})
GIVEN_NAMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "directive": frozenset({"directive_id", "level", "legs", "issue_mode", "completion_rule"}),
        "incident": frozenset({"incident_id"}),
    }
)
"""The variables that whoever begins a bound process always gives."""
_EVERYTHING = frozenset().union(*(move.needs for move in INCIDENT.moves))
SubjectKind = Literal["directive", "incident"]


def subject_kind(net: Net) -> SubjectKind | None:
    """What a process is bound to: an order where nodes carry `cl:loop`, an incident where one accepts it; else None."""
    if any(node.loop for node in net.nodes):
        return "directive"
    return "incident" if any(node.action == "accept" for node in net.nodes) else None


@dataclass(frozen=True, slots=True)
class Directive:
    """An order: its state and that of the task of each department it goes to, lead first."""

    state: str = DIRECTIVE.start
    tasks: tuple[str, ...] = (TASK.start,)
    recorded: frozenset[str] = frozenset()
    departments: tuple[str, ...] = DEPARTMENTS

    @property
    def is_settled(self) -> bool:
        """Whether its process may end."""
        return self.state in DIRECTIVE.final_states

    def entered(
        self, node: Node, department: str | None, given: Mapping[str, Any], *, authorised: bool = False
    ) -> Directive:
        """The order after a token entered `node`; `authorised` says that an approved request led here.

        Raises: InvalidMove, Rejected.
        """
        if not node.loop and not node.action:
            return self
        moving = _MovingDirective(self, authorised)
        entered(moving, node, department, given)
        return moving.after()

    def completed(self, node: Node, department: str | None, answers: Mapping[str, Any]) -> Directive:
        """The order after a person completed `node`. Raises: InvalidMove, Rejected."""
        if not node.loop and not node.action:
            return self
        moving = _MovingDirective(self, authorised=False)
        completed(moving, node, department, answers)
        return moving.after()


class _MovingDirective:
    """An order in the middle of a step, as `coupling.BoundSubject` asks for it."""

    completion_rule = "all"

    def __init__(self, before: Directive, authorised: bool) -> None:
        self.authorised = frozenset({CHANGE_REQUEST}) if authorised else frozenset()
        self.state = before.state
        self.recorded = set(before.recorded)
        self.departments = before.departments
        self.tasks = dict(zip(before.departments, before.tasks, strict=False))

    def after(self) -> Directive:
        """The order as it is now."""
        return Directive(self.state, tuple(self.tasks.values()), frozenset(self.recorded), self.departments)

    def legs(self) -> Mapping[str, Leg]:
        """Every task by department."""
        return {code: Leg(code, "co" if i else "lead", state) for i, (code, state) in enumerate(self.tasks.items())}

    def move(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the order by its table."""
        given = on_record(action, answers, self.recorded)
        if action == "withdraw" and any(state != TASK.start for state in self.tasks.values()):
            raise InvalidMove(
                "directive.already_signed", "Expected an order that nobody has signed for, but somebody did."
            )
        self.state = DIRECTIVE.decide(self.state, action, given | self.authorised).target
        self.recorded |= given - {"reason"}

    def move_task(self, department: str, action: str, answers: Mapping[str, Any]) -> None:
        """Move the task of `department` by its table."""
        given = on_record(action, answers, ()) | self.authorised
        self.tasks[department] = TASK.decide(self.tasks[department], action, given).target


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident: its state, the states in which the loops of its orders ended, and how many go on.

    `drafted` orders wait for a call that plays their loop, `running` ones are at work in one.
    """

    state: str = INCIDENT.start
    orders: frozenset[str] = frozenset()
    running: int = 0
    drafted: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether its process may end."""
        return self.state in SETTLED

    @property
    def all_orders(self) -> list[str]:
        """A state for each of its orders."""
        return [*self.orders, *["executing"] * self.running, *["draft"] * self.drafted]

    def entered(
        self, node: Node, department: str | None, given: Mapping[str, Any], *, authorised: bool = False
    ) -> Incident:
        """The incident after a token entered `node`. Raises: InvalidMove."""
        moving = _MovingIncident(self)
        entered_for_incident(moving, node, given)
        return moving.incident

    def completed(self, node: Node, department: str | None, answers: Mapping[str, Any]) -> Incident:
        """The incident after a person completed `node`. Raises: InvalidMove."""
        moving = _MovingIncident(self)
        completed_for_incident(moving, node, answers)
        return moving.incident

    def order_drafted(self) -> Incident:
        """One more order is drafted; more than two that nobody plays are as bad as two."""
        return replace(self, drafted=min(self.drafted + 1, 2))

    def order_begun(self) -> Incident:
        """One of its orders is at work: the one that was drafted, else one that came with a message."""
        return replace(self, running=self.running + 1, drafted=max(self.drafted - 1, 0))

    def order_ended(self, state: str) -> Incident:
        """The loop of an order ended in `state`; what follows from its orders is moved as the services do."""
        ended = replace(self, orders=self.orders | {state}, running=self.running - 1)
        after = self.state
        for action in moves_allowed_by_directives(after, ended.all_orders):
            after = INCIDENT.decide(after, action, _EVERYTHING).target
        return replace(ended, state=after)


_MOVES_NOTHING = frozenset(product(("dispatch",), set(INCIDENT.states) - {"filed"})) | frozenset(
    product(("rehandle",), ("handling", "stabilised"))
)
"""Where an action of a process moves nothing: a further order, a case that is at work already."""


class _MovingIncident:
    """An incident in the middle of a step, as `coupling.ActingSubject` asks for it."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident

    def act(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the incident as the action does. Raises: InvalidMove."""
        state = self.incident.state
        if action == "assign":
            if state == "accepted":
                self._move("file")
            self.act("dispatch", answers)
        elif action == "call_off":
            move = move_on_source_cancel(state)
            if move is None:
                raise InvalidMove("incident.called_off_late", "Expected an incident nobody acted on, but somebody has.")
            self._move(move)
        elif (action, state) not in _MOVES_NOTHING and action != "retype":
            if action == "evaluate":
                check_evaluation(self.incident.all_orders)
            self._move("reject" if action == "answer" else action)
        if action == "dispatch":
            self.incident = self.incident.order_drafted()

    def _move(self, action: str) -> None:
        target = INCIDENT.decide(self.incident.state, action, _EVERYTHING).target
        self.incident = replace(self.incident, state=target)


Bound = Directive | Incident
