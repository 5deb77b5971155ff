"""How a decision of DMN is made: tables, literal expressions, and what they require.

Pure: `decide` is a function of the graph, the variables and the instant. All of a decision shares one budget. What
FEEL calls an error gives null with a fault, and the matching rules are named so that a decision can be explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bpmn.decisions_model import Decision, Decisions, Input, Rule
from engine.bpmn.decisions_policy import answer_of
from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.language import CompiledFeel, value_in
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.texts import format_value
from engine.bpmn.expressions.feel.values import to_engine
from engine.errors import NotFound


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided: the value as a variable of the engine, the rules that matched, and the faults met."""

    value: Any
    rules: Mapping[str, tuple[str, ...]]
    """Ids of the rules that matched, by decision."""
    faults: tuple[ExpressionError, ...]


def decide(graph: Decisions, decision: str, names: Mapping[str, Any], now: datetime) -> Decided:
    """The value of the decision with that id, those it requires made first.

    Raises: NotFound (`decision.unknown`); ExpressionError out of budget or for a value the engine has no variable for.
    """
    if decision not in graph.decisions:
        raise NotFound("decision.unknown", f"Expected a decision of the file, but none has the id {decision!r:.200}.")
    run = FeelRun(dict(names), now)
    rules: dict[str, tuple[str, ...]] = {}
    value: Any = None
    for required in _in_order(graph, decision):
        value = _made(run, required, rules)
        run.converted[required.name] = run.converted[required.id] = value
    return Decided(to_engine(run, value), rules, tuple(run.faults))


def _in_order(graph: Decisions, decision: str) -> list[Decision]:
    """The decisions and models behind `decision`, each after those it requires; the reader has refused cycles."""
    nodes = {**graph.models, **graph.decisions}
    found: dict[str, Decision] = {}
    waiting = [(decision, False)]
    while waiting:
        id, is_ready = waiting.pop()
        if id in found:
            continue
        if is_ready:
            found[id] = nodes[id]
        else:
            waiting.append((id, True))
            waiting.extend((required, False) for required in nodes[id].requires)
    return list(found.values())


def _made(run: FeelRun, decision: Decision, rules: dict[str, tuple[str, ...]]) -> Any:
    if isinstance(decision.logic, CompiledFeel):
        return value_in(run, decision.logic)
    table = decision.logic
    asked = [_asked(run, column) for column in table.inputs]
    if asked.count(_REFUSED):
        return None
    matching = [rule for rule in table.rules if _matches(run, rule, asked)]
    rules[decision.id] = tuple(rule.id for rule in matching)
    return answer_of(run, table, matching)


_REFUSED = object()


def _asked(run: FeelRun, column: Input) -> Any:
    """The value of an input column; refused with a fault where it is none of the allowed ones."""
    value = value_in(run, column.expression)
    if column.allowed is None or value is None or value_in(run, column.allowed, value) is True:
        return value
    run.note(fault("expression.decision_input_value", name=column.label, found=format_value(run, value)), None)
    return _REFUSED


def _matches(run: FeelRun, rule: Rule, asked: list[Any]) -> bool:
    return all(value_in(run, test, value) is True for test, value in zip(rule.tests, asked, strict=True))
