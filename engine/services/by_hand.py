"""Starting a process by hand: a published plain version, with the answers of its start form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.net import Net, Node
from engine.errors import Rejected
from engine.forms import check_answers

from .desk import Desk
from .draft_rows import draft_row
from .steps import start
from .work import sealed_aside

START = "process:instance:start"
_BY_HAND = ("none", "conditional")  # a conditional start of a process is begun by hand alone


def start_of(net: Net) -> Node | None:
    """The start event at which a person begins a process; None where it begins by messages, signals or timers only."""
    return next((node for node in net.starts() if node.event is None or node.event.kind in _BY_HAND), None)


def start_process(desk: Desk, definition_id: str, department_id: str, answers: Mapping[str, Any]) -> str:
    """Begin an instance of a published plain version for a department of the actor's; the id of the instance.

    Raises: NotAllowed; NotFound (`definition.unknown`); Rejected (`definition.not_in_force`) for a version that
    is not in force, (`definition.not_yet_in_force`, `definition.not_plain`), (`definition.no_start_by_hand`),
    (`form.…`) for the answers.
    """
    desk.require(START, department_id)
    version = draft_row(desk.uow, definition_id)
    if version.state != "published":
        message = f"Expected a published version, but version {version.version} is {version.state}."
        raise Rejected("definition.not_in_force", message, state=version.state)
    if version.effective_from is not None and version.effective_from > desk.now:
        message = f"Expected a version in force, but version {version.version} begins later."
        raise Rejected("definition.not_yet_in_force", message)
    if version.kind != "plain":
        message = "Expected a plain version, but this one is a loop, which begins with an incident or an order."
        raise Rejected("definition.not_plain", message)
    played = desk.city.definition(desk.uow, definition_id)
    node = start_of(played.net)
    if node is None:
        message = "Expected a start event without a trigger, but the process begins by itself only."
        raise Rejected("definition.no_start_by_hand", message)
    id = desk.uow.new_id()
    form = played.forms.get(node.form) if node.form is not None else None
    variables = dict(answers)
    if form is not None:
        variables = sealed_aside(desk, id, node.id, form, check_answers(form, answers))
    elif answers:
        raise Rejected(
            "definition.no_start_form", "Expected no answers, for the process has no start form, but there are some."
        )
    start(desk, played, variables, department_id=department_id, node=node.id, id=id)
    return id
