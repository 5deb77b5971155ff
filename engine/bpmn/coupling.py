"""The process proposes, the life-cycle table disposes: what entering and completing a marked node moves.

An instance is bound to a directive, whose loop marks say what moves, or to an incident, whose moves stand on the nodes
as `cl:action`.

One set of rules for both who plays an instance: the services, whose subject are rows, and the dry run, whose subject
is in memory. A refused move raises and so refuses the whole step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from engine.bpmn.net import HUMAN, Node
from engine.domain.access import LOOP_DUTIES
from engine.domain.directive import Leg, Proposal, is_complete, on_complete, on_enter
from engine.domain.lifecycle import DIRECTIVE, TASK
from engine.errors import InvalidMove, Rejected


class BoundSubject(Protocol):
    """The directive an instance is bound to, and its tasks by the code of their department."""

    @property
    def state(self) -> str:
        """The directive's state."""
        ...

    @property
    def completion_rule(self) -> Any:
        """all, lead or quorum."""
        ...

    def legs(self) -> Mapping[str, Leg]:
        """Every task of the directive by department."""
        ...

    def move(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the directive by its table."""
        ...

    def move_task(self, department: str, action: str, answers: Mapping[str, Any]) -> None:
        """Move the task of `department` by its table."""
        ...


class ActingSubject(Protocol):
    """The incident an instance is bound to."""

    def act(self, action: str, answers: Mapping[str, Any]) -> None:
        """Carry out an action of the incident by its table."""
        ...


def entered_for_incident(subject: ActingSubject, node: Node, given: Mapping[str, Any]) -> None:
    """A token entered `node` of an incident's process; `given` is what came with the message or answers."""
    if node.action and node.kind not in HUMAN:
        subject.act(node.action, given)


def completed_for_incident(subject: ActingSubject, node: Node, answers: Mapping[str, Any]) -> None:
    """A person completed `node` of an incident's process with these answers."""
    if node.action:
        subject.act(node.action, answers)


def entered(
    subject: BoundSubject, node: Node, department: str | None, given: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """A token entered `node`; `department` is the leg's addressee, if the node is inside a leg.

    Shape: `given` is what came with the message or answers that led here.
    Raises: InvalidMove from the table.
    """
    if node.loop:
        proposal = on_enter(node.loop, subject.state)
        if proposal is not None:
            _carry_out(subject, proposal, node, department, given)
    elif node.action and node.kind not in HUMAN:  # a human node acts when it is completed
        _named_action(subject, node, department, given)


def completed(subject: BoundSubject, node: Node, department: str | None, answers: Mapping[str, Any]) -> None:
    """A person completed `node` with these answers.

    Raises: InvalidMove from the table; Rejected for a decision the node's role does not know.
    """
    if node.loop:
        for proposal in on_complete(node.loop, answers.get("decision")):
            _carry_out(subject, proposal, node, department, answers)
    elif node.action:
        _named_action(subject, node, department, answers)


def _carry_out(
    subject: BoundSubject, proposal: Proposal, node: Node, department: str | None, answers: Mapping[str, Any]
) -> None:
    if proposal.when == "completion_rule" and not is_complete(subject.completion_rule, subject.legs().values()):
        return
    if proposal.subject == "directive":
        if proposal.applies_in(subject.state):
            subject.move(proposal.action, answers)
        return
    for code in _departments(subject, proposal, node, department, answers):
        subject.move_task(code, proposal.action, answers)


def _departments(
    subject: BoundSubject, proposal: Proposal, node: Node, department: str | None, answers: Mapping[str, Any]
) -> Collection[str]:
    legs = subject.legs()
    if proposal.tasks == "submitted":
        return [code for code, leg in legs.items() if leg.state == "submitted"]
    if proposal.tasks == "named":
        named: list[str] = answers.get("legs") or []
        strangers = sorted(set(named) - set(legs))
        if strangers or not named:
            raise Rejected(
                "directive.unknown_leg",
                f"Expected departments this order addresses ({', '.join(sorted(legs))}), but got "
                f"{', '.join(strangers) or 'none'}.",
                element=node.id,
                departments=strangers,
            )
        return named
    if department is None or department not in legs:
        raise InvalidMove(
            "directive.no_leg",
            f"Expected “{node.name or node.id}” to belong to one addressee of the order, but it stands outside a leg "
            "or its leg is for somebody else. Put it into a multi-instance over the addressees.",
            element=node.id,
            department=department,
        )
    return [department]


def _named_action(subject: BoundSubject, node: Node, department: str | None, answers: Mapping[str, Any]) -> None:
    """`cl:action` names a move of the leg's task where the node is in a leg and TASK knows it, else the directive's."""
    action = str(node.action)
    if department is not None and action in TASK.actions:
        subject.move_task(department, action, answers)
    elif action in DIRECTIVE.actions:
        subject.move(action, answers)
    else:
        raise InvalidMove(
            "directive.unknown_action",
            f"Expected an action of the life cycle of a directive or task, but “{node.name or node.id}” names "
            f"{action!r}.",
            element=node.id,
            action=action,
        )


def duty(node: Node) -> str | None:
    """The duty of the loop that completing `node` takes on, for the separation of duties."""
    return LOOP_DUTIES.get(node.loop) if node.loop else None


def on_record(action: str, answers: Mapping[str, Any], recorded: Collection[str]) -> frozenset[str]:
    """What is there for a move that needs something: what the subject holds already, and what this step brings.

    Shape: names as in the `needs` of the life-cycle tables.
    """
    brought = {"reason"} if answers.get("reason") else set()
    if action in _BRINGS:
        brought.add(_BRINGS[action])
    return frozenset(brought.union(recorded))


_BRINGS = {
    "submit": "feedback",
    "receive_feedback": "feedback",
    "pass": "verification",
    "verify": "verification",
    "evaluate": "evaluation",
}
