"""The static check: what an upload is told about an expression before any value exists."""

from __future__ import annotations

import pytest

from engine.bpmn.expressions import check_expression, spelling_of

pytestmark = pytest.mark.fast

KNOWN = {"level", "event_level", "department", "order", "legs", "hours"}

FINDINGS = [
    ("department == 'fire' and at_least(level, 'II')", []),
    ("level == 'II' or event_level != 3", []),
    ("hours + 1 > 2 and order.price < 3", []),
    ("max(hours, 1) > 1 and size(legs) > 0", []),
    ("department ==", ["syntax"]),
    ("_x", ["private_name"]),
    ("deprtment == 'fire'", ["unknown_name"]),
    ("a == b", ["unknown_name", "unknown_name"]),
    ("${execution.getVariable('nobody') == 1}", ["unknown_name"]),
    ("level > 2", ["level_order"]),
    ("2 >= order.event_level", ["level_order"]),
    ("order['response_level'] < 3", ["level_order"]),
    ("-level <= -2 or level + 1 > 2", ["level_order", "level_order"]),
    ("max(level, 1) > 1", ["level_order"]),
    ("${execution.getVariable('level') lt 3}", ["level_order"]),
    ("hours < null", ["missing_value"]),
    ("hours + null == 1", ["missing_value"]),
    ("'a' < 1", ["wrong_kind"]),
    ("legs < [1]", ["wrong_kind"]),
    ("(hours > 1) < 2", ["wrong_kind"]),
    ("size(legs) == '2'", ["wrong_kind"]),
    ("hours * 'x' == 1", ["wrong_kind"]),
    ("-'x' == 1", ["wrong_kind"]),
    ("hours / 0 == 1", ["division_by_zero"]),
    ("size(3) == 1", ["wrong_kind"]),
    ("not 5", ["not_boolean"]),
    ("hours > 1 and 'x'", ["not_boolean"]),
    ("if 1 then true else false", ["not_boolean"]),
    ("now() > datetime('2026-05-01T08:00:00')", ["instant_offset"]),
    ("duration('P1M') > duration('-PT1H')", ["duration_calendar", "duration_negative"]),
    ("at_least(level, 'V')", ["level"]),
    ("at_least(level, 7)", ["level"]),
    ("hours + 1", ["not_boolean"]),
    ("PT${hours}H", ["not_boolean"]),
    ("order.done", []),
    ("order.a * order.b == order.c", []),
]


@pytest.mark.parametrize(("source", "codes"), FINDINGS, ids=[source for source, _ in FINDINGS])
def test_check_of_a_condition_finds_what_cannot_work(source: str, codes: list[str]) -> None:
    """Unknown names, ordered levels and kinds that never fit are found at upload; what may fit passes."""
    findings = check_expression(source, spelling_of(source), KNOWN, boolean=True)
    assert [finding.code for finding in findings] == [f"expression.{code}" for code in codes]
    for finding in findings:
        assert finding.message.startswith("Expected ")


def test_check_of_an_unknown_name_says_where_and_what_was_meant() -> None:
    """A slip of the pen is answered with the place and the name that was probably meant."""
    (finding,) = check_expression("hours > 1 and deprtment == 'x'", "plain", KNOWN)
    assert finding.at == 14
    assert finding.params == {"name": "deprtment", "suggestion": "department"}
    assert finding.message.endswith("Did you mean 'department'?")


def test_check_without_known_names_accepts_any_name() -> None:
    """Where nobody can say which names exist, a name alone is no finding."""
    assert check_expression("anything", "plain", None) == []
    assert check_expression("hours + 1", "plain", KNOWN) == []
