"""Data for a dry run: each name an expression reads gets values that make it come out one way and then the other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate, spelling_of
from engine.bpmn.expressions.tree import Tree
from engine.bpmn.net import Net
from engine.bpmn.proposed_values import ProposedValues
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def split(*conditions: str) -> Net:
    """A gateway with a way for each condition."""
    diagram = Diagram().start().exclusive("g").user(*(f"t{i}" for i in range(len(conditions)))).end()
    diagram.flow("start > g")
    for number, condition in enumerate(conditions):
        diagram.flow(f"g ?{condition.replace('?', '')}? t{number} > end")
    return diagram.net()


def outcomes(condition: str) -> set[Any]:
    """What a condition comes out as over all combinations of proposed values."""
    net = split(condition)
    found = set()
    for values in ProposedValues(net).tries(net.node("g"), 64):
        try:
            found.add(evaluate(compile_expression(condition, spelling_of(condition)), values, NOW))
        except ExpressionError:
            found.add("fault")
    return found


@pytest.mark.parametrize(
    "condition",
    [
        "approved",
        "not approved",
        "amount > 500",
        "500 >= amount",
        "kind == 'fire'",
        "kind != 'fire' and amount < 3",
        "kind in ['fire', 'flood']",
        "'fire' in kinds",
        "order.total > 10 or order.lines[0].count == 2",
        "size(list) > 1",
        "${!approved && kind == 'fire'}",
        "${execution.getVariable('x') == 5}",
        "${name.startsWith('A')}",
        "= paid = true",
        "= order.total >= 10.5 and not(order.late)",
        "= list contains(kinds, 1)",
        "= some x in items satisfies x.price > 3",
        "= count(orders[item.open = true]) > 1",
        "= n in [3..5]",
        "= if a then b = 1 else b = 2",
    ],
)
def test_proposed_values_let_a_condition_hold_and_fail(condition: str) -> None:
    """Whatever is compared, some proposal opens the way and another closes it."""
    assert {True, False} <= outcomes(condition)


def test_proposed_values_of_a_turn_name_everything_that_is_read() -> None:
    """A dry run begins with a value for each name, records for what is read field by field."""
    values = ProposedValues(split("order.total > 10", "kind == 'a'", "kind == 'b'")).values()
    assert values == {"order": {"total": 11}, "kind": "a"}
    assert ProposedValues(split("kind == 'a'", "kind == 'b'")).values(2) == {"kind": "b"}


def test_proposed_elements_of_a_collection_have_what_the_legs_read() -> None:
    """A list that legs are made of holds what a leg's own expressions ask of its element."""
    diagram = Diagram().start().end()
    with diagram.subprocess("s", over="items", element="item") as inner:
        inner.start("in").exclusive("g").end("a", "b").flow("in > g", "g ?item.price > 3? a", "g ?*? b")
    values = ProposedValues(diagram.flow("start > s > end").net()).values()
    assert values["items"] == [{"price": 4}, {"price": 4}]


def test_proposed_values_never_run_away() -> None:
    """An expression as deep as the language allows is walked to a bound, not to the end of the stack."""
    deep: Tree = ("name", 0, "x")
    for _ in range(5_000):
        deep = ("not", 0, deep)
    from engine.bpmn.proposed_wishes import EITHER, Wishes

    wishes = Wishes()
    wishes.want(deep, EITHER)
    assert wishes.found == {}
