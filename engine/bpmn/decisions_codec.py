"""Decisions as plain values and back, so that a net carries them: what was compiled goes as its text.

What is read back is compiled again from the same texts against the same names; no XML is parsed.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.decisions_model import Decision, Decisions, Input, Output, Rule, Table
from engine.bpmn.expressions.feel.language import CompiledFeel, compile_feel, compile_unary_tests

_Row = list[Any]


def decisions_to_plain(graph: Decisions) -> _Row:
    """`graph` as lists and texts; equal graphs give equal ones."""
    return [
        [_decision(one) for one in graph.decisions.values()],
        [_decision(one) for one in graph.models.values()],
        list(graph.inputs),
    ]


def decisions_from_plain(plain: _Row) -> Decisions:
    """The graph that `decisions_to_plain` wrote. Raises: ValueError, TypeError or ExpressionError for anything else."""
    decisions, models, inputs = plain
    return Decisions(
        {row[0]: _decision_of(row) for row in decisions}, {row[0]: _decision_of(row) for row in models}, tuple(inputs)
    )


def _decision(one: Decision) -> _Row:
    logic = one.logic
    if isinstance(logic, CompiledFeel):
        return [one.id, one.name, list(one.requires), _text(logic)]
    inputs = [[c.id, c.label, _text(c.expression), _text(c.allowed)] for c in logic.inputs]
    outputs = [[c.id, c.name, [_text(value) for value in c.values], _text(c.default)] for c in logic.outputs]
    rules = [[rule.id, [_text(t) for t in rule.tests], [_text(a) for a in rule.answers]] for rule in logic.rules]
    return [one.id, one.name, list(one.requires), None, logic.hit_policy, logic.aggregation, inputs, outputs, rules]


def _decision_of(row: _Row) -> Decision:
    id, name, requires, literal, *table = row
    logic: Table | CompiledFeel
    if literal is not None:
        logic = _compiled(literal)
    else:
        hit_policy, aggregation, inputs, outputs, rules = table
        logic = Table(
            hit_policy,
            aggregation,
            tuple(Input(c[0], c[1], _compiled(c[2]), _maybe(c[3])) for c in inputs),
            tuple(Output(c[0], c[1], tuple(_compiled(value) for value in c[2]), _maybe(c[3])) for c in outputs),
            tuple(Rule(r[0], tuple(map(_compiled, r[1])), tuple(map(_compiled, r[2]))) for r in rules),
        )
    return Decision(id, name, logic, tuple(requires))


def _text(compiled: CompiledFeel | None) -> _Row | None:
    if compiled is None:
        return None
    known = None if compiled.known is None else sorted(compiled.known)
    return [compiled.source, known, compiled.is_open, compiled.is_tests]


def _compiled(row: _Row) -> CompiledFeel:
    source, known, is_open, is_tests = row
    compile_text = compile_unary_tests if is_tests else compile_feel
    return compile_text(source, known, is_open=is_open)


def _maybe(row: _Row | None) -> CompiledFeel | None:
    return None if row is None else _compiled(row)
