"""Work the game does itself: business rule nodes decide, script nodes evaluate; both are over at once.

Source: BPMN 2.0.2, 13.3.3; DMN 1.5, 8.2.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .decisions import decide
from .decisions_model import Decisions, Table
from .mapping import mapped, sees
from .net import Node
from .play import Play

UNNAMED = "decisionResult"
"""The name under which the outputs of a node see the result of a decision that is kept under no name."""
_MANY = frozenset({"COLLECT", "RULE ORDER", "OUTPUT ORDER"})


def decide_now(play: Play, node: Node, scope: int, inputs: dict[str, Any] | None) -> dict[str, Any]:
    """The result of a business rule node. Raises: Rejected for a decision that is not there or cannot be made."""
    graph = play.program.decisions.get(node.decision or "")
    if graph is None:
        raise Rejected(
            "decision.missing",
            f"Expected the decision “{node.decision}” to have come with the process, but it did not.",
            element=node.id,
        )
    decided = decide(graph, str(node.decision), sees(play, scope, inputs), play.now)
    if decided.value is None and decided.faults:
        raise decided.faults[0]
    value = _shaped(graph, str(node.decision), decided.value, node.map_result)
    if node.result is None and not node.outputs and isinstance(value, dict):
        return value
    return {node.result or UNNAMED: value} if node.result or node.outputs else {}


def evaluate_now(play: Play, node: Node, scope: int, inputs: dict[str, Any] | None) -> dict[str, Any]:
    """The result of a script node: each of its outputs, which sees those before it. Raises: ExpressionError."""
    return mapped(play, node.outputs, sees(play, scope, inputs))


def _shaped(graph: Decisions, decision: str, value: Any, shape: str | None) -> Any:
    """The value of a decision in the shape that a file of the Camunda family asks for; without one as DMN says."""
    if shape is None:
        return value
    made = graph.decisions[decision]
    table = made.logic if isinstance(made.logic, Table) else None
    names = [made.name] if table is None else [output.name or made.name for output in table.outputs]
    many = table is not None and table.hit_policy in _MANY and table.aggregation is None
    found = (value if isinstance(value, list) else [value]) if many else [value]
    answers = [] if value is None else found
    rows = answers if len(names) > 1 else [{names[0]: answer} for answer in answers]
    if shape == "resultList":
        return rows
    if shape == "singleResult":
        return rows[0] if rows else None
    entries = [next(iter(row.values()), None) if isinstance(row, dict) else row for row in rows]
    if shape == "collectEntries":
        return entries
    return entries[0] if entries else None
