"""What plain expressions mean: values, missing data, errors by name, limits, and the cost of a condition."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate, faults, is_true, spelling_of

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
NAMES: dict[str, Any] = {
    "level": 3,
    "dept": "fire",
    "overdue": 31,
    "hours": 2.0,
    "approved": None,
    "legs": ["fire", "health"],
    "order": {"amount": 5, "lines": [{"price": 2.5}, {"price": 4}], "note": ""},
    "class": "A",
    "continue": True,
    "类型": "火灾",
    "host": object(),
    "naive": datetime(2026, 5, 1, 8, 0),  # noqa: DTZ001 - the case is an instant without an offset
    "long_text": "x" * 20_000,
    "numbers": list(range(10_000)),
    "too_many": list(range(10_001)),
}


def value_of(source: str) -> Any:
    """The value of `source` over the names above."""
    return evaluate(compile_expression(source, spelling_of(source)), NAMES, NOW)


VALUES = [
    ("1 + 2 * 3 - 4", 3),
    ("-2 * -(3)", 6),
    ("7 % 3", 1),
    ("-7 % 3", 2),
    ("6 / 2", 3),
    ("7 / 2", 3.5),
    ("1.5e2", 150.0),
    ("'a' + \"b\"", "ab"),
    ("'it\\'s \\\\ \\n'", "it's \\ \n"),
    ("[1, 2] + ['x']", [1, 2, "x"]),
    ("[]", []),
    ("level >= 3 and dept == 'fire'", True),
    ("not dept == 'fire'", False),
    ("not (true and false) or false", True),
    ("1 == 1.0", True),
    ("[1, [true, null]] == [1.0, [true, null]]", True),
    ("[1] == [true]", False),
    ("order != {}".replace("{}", "null"), True),
    ("'fire' in legs", True),
    ("'ire' not in 'fire'", False),
    ("'amount' in order", True),
    ("order in [order]", True),
    ("if level == 3 then 'three' else 'other'", "three"),
    ("if approved then 1 else if continue then 2 else 3", 2),
    ("order.lines[1].price", 4),
    ("order['lines'][0]['price']", 2.5),
    ("order.nothing.at.all", None),
    ("legs[7]", None),
    ("approved == null and approved != false", True),
    ("class == 'A' and continue and 类型 == '火灾'", True),
    ("True and not False and None == null", True),
    ("at_least(level, 'III')", True),
    ("at_least(level, 2)", False),
    ("at_least(approved, 'IV')", False),
    ("is_empty(order.note) and is_empty([]) and is_empty(null) and not is_empty(0)", True),
    ("size(legs) + len('four')", 6),
    ("lower('AB') + upper('c') + trim(' d ')", "abCd"),
    ("contains(legs, 'fire') and starts_with('fire', 'fi') and ends_with('fire', 're')", True),
    ("min(3, 1, 2) + max([3, 9])", 10),
    ("min([]) == null", True),
    ("sum([1, 2.5]) + sum([])", 3.5),
    ("sum([duration('PT1H'), duration('PT30M')]) == duration('PT90M')", True),
    ("abs(-3) + floor(-2.5) + round(2.5)", 3),
    ("round(-2.345, 2)", -2.35),
    ("coalesce(approved, order.nothing, 'x')", "x"),
    ("all([true, true]) and any([false, true]) and all([])", True),
    ("all([true, null]) == null and any([false, null]) == null and all([null, false]) == false", True),
    ("now()", NOW),
    ("now() + duration('P1D') - now()", timedelta(days=1)),
    ("datetime('2026-05-01T16:00:00+08:00') == now()", True),
    ("date('2026-05-01') + duration('P2D')", date(2026, 5, 3)),
    ("duration('PT1H') / duration('PT30M')", 2.0),
    ("duration('PT1H') * 2 > duration('PT90M')", True),
    # three-valued logic: the decisive value wins over null, null over the rest
    ("approved and false", False),
    ("approved and true", None),
    ("approved or true", True),
    ("approved or false", None),
    ("not approved", None),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[source for source, _ in VALUES])
def test_expression_over_values_gives_its_value(source: str, expected: object) -> None:
    """Operators, reads, functions and three-valued logic mean what the language says."""
    value = value_of(source)
    assert value == expected
    assert type(value) is type(expected)


REFUSALS = [
    ("x" * 2_001, "source_too_long"),
    ("[" + "1," * 300 + "1]", "too_many_nodes"),
    ("(" * 26 + "1" + ")" * 26, "too_deep"),
    ("1" + "+1" * 25, "too_deep"),
    ("  ", "empty"),
    ("${ }", "empty"),
    ("a § b", "character"),
    ("_hidden", "private_name"),
    ("order['_hidden']", "private_name"),
    ("'open", "unclosed"),
    ("${a", "unclosed"),
    (r"'\d'", "escape"),
    ("2 ** 3", "operator"),
    ("a && b", "operator"),
    ("level = 3", "operator"),
    ("1 +", "syntax"),
    ("(1", "syntax"),
    ("order.(1)", "syntax"),
    ("lambda x: 1", "operator"),
    ("lambda x", "syntax"),
    ("1 < 2 < 3", "chained"),
    ("1 == 1 == true", "chained"),
    ("legs.append(1)", "method"),
    ("format('x')", "unknown_function"),
    ("size()", "arguments"),
    ("min()", "arguments"),
    ("round(1, 2, 3)", "arguments"),
    ("nobody == 1", "unknown_name"),
    ("1 and true", "not_boolean"),
    ("if 'x' then 1 else 2", "not_boolean"),
    ("dept == 3", "wrong_kind"),
    ("level == true", "wrong_kind"),
    ("dept < 3", "wrong_kind"),
    ("true < false", "wrong_kind"),
    ("dept * 3", "wrong_kind"),
    ("dept.length", "wrong_kind"),
    ("dept[0]", "wrong_kind"),
    ("3 in 4", "wrong_kind"),
    ("sum(['a'])", "wrong_kind"),
    ("max(1, 'a')", "wrong_kind"),
    ("all([1])", "wrong_kind"),
    ("round(1.5, 99)", "wrong_kind"),
    ("upper(3)", "wrong_kind"),
    ("approved < 3", "missing_value"),
    ("approved + 3", "missing_value"),
    ("size(approved)", "missing_value"),
    ("1 in approved", "missing_value"),
    ("max(1, approved)", "missing_value"),
    ("at_least(level, null)", "missing_value"),
    ("host == 1", "foreign_value"),
    ("[host] == [host] or host in legs", "foreign_value"),
    ("at_least(5, 'II')", "level"),
    ("at_least(level, 'V')", "level"),
    ("legs[-1]", "index"),
    ("legs[true]", "index"),
    ("1 / 0", "division_by_zero"),
    ("1 % 0", "division_by_zero"),
    ("1000000000000000001", "number_too_large"),
    ("1000000000000000000 + 1", "number_too_large"),
    ("1e999", "number_too_large"),
    ("1e308 * 10", "number_too_large"),
    ("long_text + 'x'", "text_too_long"),
    ("too_many", "list_too_long"),
    ("numbers + [1]", "list_too_long"),
    ("sum(numbers) + sum(numbers) + sum(numbers)", "too_many_steps"),
    ("now() + duration('P366D') * 1000000000", "out_of_range"),
    ("now() > naive", "naive_instant"),
    ("now() - naive", "naive_instant"),
    ("duration('2 hours')", "duration_syntax"),
    ("date('1 May')", "date_syntax"),
]


@pytest.mark.parametrize(("source", "code"), REFUSALS, ids=[source[:40] for source, _ in REFUSALS])
def test_expression_that_cannot_be_carried_out_is_refused_by_name(source: str, code: str) -> None:
    """Each kind of mistake has its own code and a sentence that says what was expected and what was found."""
    with pytest.raises(ExpressionError) as refusal:
        value_of(source)
    assert refusal.value.code == f"expression.{code}"
    assert refusal.value.message.startswith("Expected ")
    assert ", but " in refusal.value.message
    assert len(refusal.value.message) < 400


def test_refusal_of_a_part_names_its_place() -> None:
    """A designer is shown the character a mistake stands at, also for what a function refuses."""
    for source, at in (("1 + _x", 4), ("level == 3 and dept < 3", 20), ("  upper(3)", 2), ("1 == at_least(9, 'I')", 5)):
        with pytest.raises(ExpressionError) as refusal:
            value_of(source)
        assert refusal.value.params["at"] == at


def test_condition_that_is_missing_is_false_and_other_kinds_are_refused() -> None:
    """A condition is true, false or missing; a number is never taken for true."""
    assert is_true(compile_expression("level == 3"), NAMES, NOW)
    assert not is_true(compile_expression("approved"), NAMES, NOW)
    with pytest.raises(ExpressionError) as refusal:
        is_true(compile_expression("level"), NAMES, NOW)
    assert refusal.value.code == "expression.not_boolean"


def test_compiled_expression_names_what_it_reads() -> None:
    """The free names are the top-level ones, not fields and not functions."""
    assert compile_expression("a.b + size(c[d]) == 1").names == {"a", "c", "d"}
    assert compile_expression("${execution.getVariable('x') == y}", "juel").names == {"x", "y"}
    assert compile_expression("1 + 1") is compile_expression("1 + 1")


def test_every_code_has_a_sentence_in_the_grammar() -> None:
    """Every refusal reads "Expected …, but …", so a translation can rely on it."""
    for code, sentence in faults.SENTENCES.items():
        assert code.startswith("expression.")
        assert sentence.startswith("Expected ")
        assert ", but " in sentence
