"""What a hostile file would write in FEEL: the attacks on the other spellings, and those only FEEL makes possible."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bench.attack_expressions import ATTACKS, attack_names
from engine.bpmn.expressions import ExpressionError, check_expression
from engine.bpmn.expressions.feel import (
    compile_feel,
    compile_unary_tests,
    evaluate_feel,
    evaluate_to_engine,
    passes_unary_tests,
)
from engine.clock import cpu_seconds
from tests.bpmn.test_expressions_attacks import audited

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SLOWEST_ALLOWED_S = 0.25
REFUSED = object()

ESCAPES = (
    'string("x").__class__',
    '"x".join(["id"])',
    "canary.system",
    "canary[1]",
    "string(canary)",
    "canary = 1",
    'canary("id")',
    "[canary]",
    'context put({}, "__class__", canary)',
    'get value(canary, "__class__")',
    'function(x) external {java: {class: "java.lang.Runtime", method signature: "exec(java.lang.String)"}}',
    '{f: function(c: string) external {java: {class: "java.lang.Runtime"}}}.f("id")',
    'get value(string, "__globals__")',
    "string.__globals__",
    'matches("x", "(?{system})")',
    'replace("x", "x", "\\g<0>")',
    'time("10:00:00@../../../../etc/passwd")',
    'date and time("2026-01-01T00:00:00@/etc/passwd")',
)
LEAKS = (
    "_secret",
    "order._secret",
    'get value(order, "_secret")',
    'get value(order, "_" + "secret")',
    'get entries(order)[key = "_secret"].value',
    '[order][_secret = "hidden"]',
    "get entries(context merge([order])).value[3]",
)
EXHAUSTIONS = (
    "9**9**9**9",
    "9**9**9**9**9**9",
    "1e6000 * 1e6000",
    "1e999999",
    "9" * 1_900,
    "for i in 1..1000000000 return i",
    "for i in 1..10000, j in 1..10000 return i",
    "for i in 1..200, j in 1..200, k in 1..200 return i",
    "count(for i in 1..9999 return for j in 1..9999 return 1)",
    "some i in 1..9000, j in 1..9000 satisfies i + j = 0",
    "every i in 1..9000, j in 1..9000 satisfies i + j > 0",
    "{f: function(g) g(g), r: f(f)}.r",
    "(function(f) f(f))(function(f) f(f))",
    "(function(f) [f(f), f(f)])(function(f) [f(f), f(f)])",
    "for i in 1..1000 return [partial, partial]",
    "for i in 1..9000 return partial",
    "string(for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]])",
    "flatten(for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]])",
    "(for i in 1..60 return if i = 1 then 1 else [partial[-1], partial[-1]]) = []",
    "text + text",
    "[text, text, text + text]",
    'for i in 1..9000 return text + ""',
    'string join(for i in 1..900 return text, "")',
    'replace(text, "x", text)',
    'replace(text, "x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")',
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|a)*$")',
    'matches(text, "(x*)*(x*)*(x*)*(x*)*y")',
    'matches("a", "((((a{30}){30}){30}){30}){30}")',
    'matches("a", "(a{1,600}){1,600}")',
    'split(text, "x")',
    'replace(text, "x*y|x", "z")',
    "upper case(sharp)",
    "upper case(huge)",
    "sum(many)",
    "+".join(["sum(numbers)"] * 30),
    " or ".join(["list contains(numbers, -1)"] * 20),
    " and ".join(["numbers = same_numbers"] * 20),
    "distinct values(numbers)",
    "union(numbers, same_numbers)",
    "sort(numbers, function(x, y) x > y)",
    "numbers[item in numbers]",
    "deep = twin",
    "string(deep)",
    "concatenate(numbers, numbers)",
    "(" * 990 + "1" + ")" * 990,
    "[" * 1_000,
    "{a:" * 600,
    "-" * 1_900 + "1",
    "not(" * 400 + "true" + ")" * 400,
    "1+" * 900 + "1",
    "order" + ".lines" * 300,
    "true and " * 400 + "true",
    "if true then " * 150 + "1",
    "[1]" * 600,
    'date("2026-01-01") + duration("P999999999999999Y")',
    'duration("P999999999999999D") * 1e6000',
    "decimal(1e6000, 6176)",
    "round up(1e-6000, 6000)",
    "modulo(1e6144, 1e-6143)",
    "1e6144 + 1e-6143",
    "string(1e6144) + string(1e6144) + string(1e6144) + string(1e6144)",
    "[1..1e6144]",
    "numbers[1e6144]",
    "substring(text, 1e6144)",
    'range("[" + text + "]")',
    "number(text)",
    "date(text)",
    "duration(text)",
)
SIDE_EFFECTS = (
    "order.amount = 0",
    "append(items, 9)",
    'context put(order, "amount", 0)',
    "sort(items, function(x, y) x > y)",
    "reverse(items)",
    "remove(items, 1)",
)


def _entered(source: str, names: dict[str, Any]) -> object:
    """What comes out at every door: as an expression with and without known names, as a cell, as a variable."""
    found: object = REFUSED
    for known in (None, frozenset(names)):
        for enter in (evaluate_feel, evaluate_to_engine):
            try:
                found = enter(compile_feel(source, known), names, NOW)
            except ExpressionError:
                found = REFUSED
    with suppress(ExpressionError):
        passes_unary_tests(compile_unary_tests(source, None), None, names, NOW)
    check_expression(source, "feel", frozenset(names))
    return found


NAMES = attack_names()
UNTOUCHED = attack_names()


def _attacked(source: str) -> object:
    """What the attack got. Nothing was executed, imported or opened, nothing changed, and it took no time."""
    names, untouched = NAMES, UNTOUCHED
    began = cpu_seconds()
    with audited() as executed:
        outcome = _entered(source, names)
    took = cpu_seconds() - began
    executed = [event for event in executed if event != "open"] if "@" in source else executed
    assert executed == [], (source[:80], executed)
    assert names["canary"].touched == [], source[:80]
    compared = set(names) - {"canary", "deep", "twin"}
    assert all(names[name] == untouched[name] for name in compared), source[:80]
    assert took < SLOWEST_ALLOWED_S * 6, (source[:80], took)
    return outcome


@pytest.mark.parametrize("source", [attack.plain for attack in ATTACKS], ids=range(len(ATTACKS)))
def test_attack_on_the_plain_spelling_does_nothing_in_feel(source: str) -> None:
    """The 72 attacks of the other spellings neither run nor hang nor leak where FEEL is read."""
    assert "hidden" not in repr(_attacked(source))


@pytest.mark.parametrize("source", ESCAPES, ids=range(len(ESCAPES)))
def test_escape_is_refused(source: str) -> None:
    """Nothing of the host language is reached: attributes, globals, external functions, files by way of zones."""
    assert _attacked(source) is REFUSED, source


@pytest.mark.parametrize("source", LEAKS, ids=range(len(LEAKS)))
def test_private_entry_stays_unread(source: str) -> None:
    """A private key of a variable does not exist in FEEL, however its name is put together."""
    assert "hidden" not in repr(_attacked(source)), source


@pytest.mark.parametrize("source", EXHAUSTIONS, ids=range(len(EXHAUSTIONS)))
def test_exhaustion_stays_within_its_budget(source: str) -> None:
    """Loops, recursion, shared lists, long texts, huge numbers and slow patterns end early and small."""
    outcome = _attacked(source)
    assert outcome is REFUSED or len(repr(outcome)) < 1_000_000, source[:80]


@pytest.mark.parametrize("source", SIDE_EFFECTS, ids=range(len(SIDE_EFFECTS)))
def test_variables_stay_as_they_are(source: str) -> None:
    """What looks like a change makes a new value; the variables of the instance are untouched."""
    _attacked(source)


def test_every_budget_is_named() -> None:
    """Whoever meets a limit reads which one it was."""
    names = attack_names()
    for source, code in [
        ("1" * 2_001, "expression.source_too_long"),
        ("+".join(["1"] * 400), "expression.too_many_nodes"),
        ("(" * 30 + "1" + ")" * 30, "expression.too_deep"),
        ("for i in 1..200, j in 1..200 return i", "expression.too_many_steps"),
        ("for i in 1..2000 return -i*i-i*i-i*i-i*i-i*i", "expression.too_many_steps"),
        ("numbers[-item*item-item*item < 0]", "expression.too_many_steps"),
        ("(function(f) f(f))(function(f) f(f))", "expression.too_deep"),
        ("text + text", "expression.text_too_long"),
        ("concatenate(numbers, numbers)", "expression.list_too_long"),
        ("many", "expression.list_too_long"),
        ("1e17 * 1e17", "expression.number_too_large"),
    ]:
        with pytest.raises(ExpressionError) as refusal:
            evaluate_to_engine(compile_feel(source), names, NOW)
        assert refusal.value.code == code, source[:60]
