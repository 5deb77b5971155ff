"""The JUEL spelling: holes, words, listed methods, and the refusal of what only a Java program could do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate, spelling_of

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
NAMES: dict[str, Any] = {
    "hours": 2.0,
    "half": 2.5,
    "name": "Ada",
    "approved": None,
    "done": True,
    "items": ["a", "b"],
    "order": {"price": 150, "tags": []},
    "continue": True,
    "var": 1,
    "nrOfCompletedInstances": 2,
    "nrOfInstances": 3,
    "due": NOW,
    "budget": timedelta(hours=1, minutes=30),
}

VALUES = [
    ("${true}", True),
    ("#{done}", True),
    ("  ${done}\n", True),
    ("${done && !approved}", True),
    ("${not done or false}", False),
    ("${!approved == done}", True),
    ("${empty approved and empty order.tags and not empty items}", True),
    ("${order.price > 100 && order.price lt 250}", True),
    ("${order.price eq 150 and order['price'] ne 1 and 1 le 1 and 2 ge 2 and 3 gt 2}", True),
    ("${1 < 2 == true}", True),
    ("${nrOfCompletedInstances/nrOfInstances >= 0.6 }", True),
    ("${7 div 2}", 3.5),
    ("${-7 mod 3}", -1),
    ("${-7.5 % 2}", -1.5),
    ("${done ? 'Mr.' : 'Mrs.' }", "Mr."),
    ("${approved ? 1 : done ? 2 : 3}", 2),
    ("${continue}", True),
    ("${execution.getVariable('name') == \"Ada\"}", True),
    ("${execution.getVariable('nobody') == null}", True),
    ("${name.equals('Ada') and name.equalsIgnoreCase('aDA')}", True),
    ("${name.toUpperCase().startsWith('A') && name.toLowerCase().endsWith('a')}", True),
    ("${items.contains('a') and items.size() == 2 and !items.isEmpty() and order.containsKey('price')}", True),
    ("${items.get(1)}", "b"),
    ("${name.trim().length()}", 3),
    ("${name.concat('!')}", "Ada!"),
    ("${var:equals(name, 'Ada') && var:notEquals('name', 'Bob') && var:gt(hours, 1)}", True),
    ("${var:getOrDefault('nobody', 7) + var:get(hours)}", 9.0),
    ("${var:isEmpty(approved) && var:isNotEmpty(name)}", True),
    ("${fn:length(name) + fn:length(items)}", 5),
    ("${done ? var : 2}", 1),
    ("${done ? var : size(items)}", 1),
    ("${size(items) == 2 and at_least(2, 'III')}", True),
    ("PT${hours}H", "PT2H"),
    ("PT${half}H", "PT2.5H"),
    ("R${hours + 1}/${budget}", "R3/PT1H30M"),
    ("${due}", NOW),
    ("until ${due}, ${done}${approved}", "until 2026-05-01T08:00:00Z, true"),
    ("${' '} x", "  x"),
    (r"\${name} is ${name}", "${name} is Ada"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[source for source, _ in VALUES])
def test_juel_text_over_values_gives_its_value(source: str, expected: object) -> None:
    """Holes, words, ternary and listed methods mean what designers of other engines mean by them."""
    value = evaluate(compile_expression(source, "juel"), NAMES, NOW)
    assert value == expected
    assert type(value) is type(expected)


REFUSALS = [
    ("${genderBean.getGenderString(gender)}", "method", "genderBean.getGenderString()"),
    ("${execution.setVariable('a', 1)}", "method", "execution.setVariable()"),
    ("${dateTime(hours).plusDays(2)}", "unknown_function", None),
    ("${dateTime().plusMonths(2)}", "method", ".plusMonths()"),
    ("${order.tags.add(1)}", "method", ".add()"),
    ("${var:increment(hours)}", "method", "var:increment()"),
    ("${name.equals()}", "method", "name.equals()"),
    ("${execution.getVariable(name + 'x')}", "syntax", None),
    ("${execution.getVariable('_x')}", "private_name", None),
    ("${a & b}", "operator", None),
    ("${1 < 2 < 3}", "chained", None),
    ("${${name}}", "character", None),
    ("${name", "unclosed", None),
    ("${}", "empty", None),
    ("", "empty", None),
    ("x${order}", "wrong_kind", None),
    ("${nobody}", "unknown_name", None),
]


@pytest.mark.parametrize(("source", "code", "method"), REFUSALS, ids=[source for source, *_ in REFUSALS])
def test_juel_text_outside_the_language_is_refused_by_name(source: str, code: str, method: str | None) -> None:
    """A method of a program is named in its refusal, so the designer knows which operation to register."""
    with pytest.raises(ExpressionError) as refusal:
        evaluate(compile_expression(source, "juel"), NAMES, NOW)
    assert refusal.value.code == f"expression.{code}"
    if method is not None:
        assert refusal.value.params["method"] == method


def test_spelling_is_recognised_by_its_holes() -> None:
    """A text with a hole is JUEL wherever the hole stands; anything else is plain."""
    assert [spelling_of(text) for text in ("${a}", "PT#{a}H", "a == 'b'", "a # b")] == [
        "juel",
        "juel",
        "plain",
        "plain",
    ]
