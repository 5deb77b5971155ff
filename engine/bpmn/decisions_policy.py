"""Hit policies of decision tables: what the matching rules together answer (DMN 1.5, 8.2.8)."""

from __future__ import annotations

from typing import Any

from engine.bpmn.decisions_model import Rule, Table
from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.aggregates import AGGREGATES
from engine.bpmn.expressions.feel.language import value_in
from engine.bpmn.expressions.feel.operators import equal
from engine.bpmn.expressions.feel.run import FeelRun


def answer_of(run: FeelRun, table: Table, matching: list[Rule]) -> Any:
    """The answer of the table; null with a fault where the rules that match break its policy."""
    policy = table.hit_policy
    if not matching and policy not in ("COLLECT", "RULE ORDER", "OUTPUT ORDER"):
        return _default(run, table)
    if policy == "UNIQUE" and len(matching) > 1:
        return run.note(fault("expression.decision_not_unique", found=len(matching)), None)
    if policy in ("UNIQUE", "FIRST"):
        return _shaped(table, _row(run, matching[0]))
    rows = [_row(run, rule) for rule in matching]
    if policy == "ANY":
        if any(equal(run, row, rows[0]) is not True for row in rows[1:]):
            return run.note(fault("expression.decision_not_any"), None)
        return _shaped(table, rows[0])
    if policy in ("PRIORITY", "OUTPUT ORDER"):
        rows = _by_priority(run, table, rows)
        if policy == "PRIORITY":
            return _shaped(table, rows[0])
    if table.aggregation is not None:
        return _aggregated(run, table, [row[0] for row in rows])
    if not rows and (default := _default(run, table)) is not None:
        return default
    return [_shaped(table, row) for row in rows]


def _row(run: FeelRun, rule: Rule) -> list[Any]:
    return [value_in(run, answer) for answer in rule.answers]


def _shaped(table: Table, row: list[Any]) -> Any:
    """The value itself where there is one output, else a context by the names of the outputs."""
    if len(table.outputs) == 1:
        return row[0]
    return {output.name: value for output, value in zip(table.outputs, row, strict=True)}


def _default(run: FeelRun, table: Table) -> Any:
    if not any(output.default for output in table.outputs):
        return None
    return _shaped(table, [value_in(run, output.default) if output.default else None for output in table.outputs])


def _by_priority(run: FeelRun, table: Table, rows: list[list[Any]]) -> list[list[Any]]:
    """The rows ordered by the places of their values in the lists of the outputs, the first output weighing most."""
    ranked = [[value_in(run, value) for value in output.values] for output in table.outputs]

    def rank(value: Any, values: list[Any]) -> int:
        run.spend(1)
        places = (place for place, known in enumerate(values) if equal(run, value, known) is True)
        return next(places, len(values))

    ranks = [tuple(rank(value, values) for value, values in zip(row, ranked, strict=True)) for row in rows]
    places = sorted(range(len(rows)), key=lambda place: ranks[place])
    return [rows[place] for place in places]


def _aggregated(run: FeelRun, table: Table, values: list[Any]) -> Any:
    name = str(table.aggregation).lower()
    if not values and name != "count":
        return _default(run, table)
    try:
        return AGGREGATES[name].apply(run, 0, [values], (), name)
    except ExpressionError as refusal:
        return run.note(refusal, None)
