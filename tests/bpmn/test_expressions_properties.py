"""Random expressions against an independent oracle, and random text against everything that may not happen."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bench.attack_expressions import ATTACKS
from engine.bpmn.expressions import ExpressionError, check_expression, compile_expression, evaluate, spelling_of

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
NAMES: dict[str, Any] = {
    "a": 1,
    "b": "text",
    "c": [1, 2, None],
    "d": {"x": 1, "y": {"z": True}},
    "e": None,
    "f": True,
    "g": 2.5,
    "level": 2,
    "class": NOW,
}

# -- the oracle: a tree with its own two writers and its own meaning, independent of the engine's ----------------------

Node = tuple[Any, ...]
_BINDING = {"or": 1, "and": 2, "not": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4}
_BINDING |= {"+": 5, "-": 5, "*": 6, "/": 6, "neg": 7, "atom": 8}
_JUEL_WORDS = {"or": "||", "and": "&&", "==": "eq", "!=": "ne", "<": "lt", "<=": "<=", ">": "gt", ">=": ">="}


def written(node: Node, juel: bool) -> str:
    """`node` as source with as few parentheses as its spelling allows."""
    kind = node[0]
    binding = 7 if juel and kind == "not" else _BINDING[kind]
    if kind == "atom":
        return (
            {True: "true", False: "false", None: "null"}.get(node[1], str(node[1])) if _is_truth(node[1]) else node[1]
        )
    if kind in ("not", "neg"):
        operand = _wrapped(node[1], binding, juel)
        return f"-{operand}" if kind == "neg" else f"!{operand}" if juel else f"not {operand}"
    right_binding = binding if kind in ("and", "or") else binding + 1
    left_binding = binding + 1 if binding == 4 else binding
    sign = _JUEL_WORDS.get(kind, "div" if kind == "/" else kind) if juel else kind
    return f"{_wrapped(node[1], left_binding, juel)} {sign} {_wrapped(node[2], right_binding, juel)}"


def _wrapped(node: Node, least: int, juel: bool) -> str:
    binding = 7 if juel and node[0] == "not" else _BINDING[node[0]]
    return written(node, juel) if binding >= least else f"({written(node, juel)})"


def _is_truth(value: object) -> bool:
    return value is None or isinstance(value, bool)


def meaning(node: Node, juel: bool) -> Any:
    """What `node` means: exact fractions for numbers; 0, ½ and 1 for false, null and true, joined by min and max."""
    kind = node[0]
    if kind == "atom":
        return node[1] if _is_truth(node[1]) else Fraction(node[1])
    if kind == "not":
        truth = _truth(meaning(node[1], juel))
        return _from_truth(1 - (0 if juel and truth == Fraction(1, 2) else truth))
    if kind == "neg":
        return -meaning(node[1], juel)
    one, two = meaning(node[1], juel), meaning(node[2], juel)
    if kind in ("and", "or"):
        return _from_truth((min if kind == "and" else max)(_truth(one), _truth(two)))
    results = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__"}
    if kind in results:
        return getattr(one, results[kind])(two)
    comparisons = {"==": one == two, "!=": one != two}
    return comparisons[kind] if kind in comparisons else {
        "<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two
    }[kind]  # fmt: skip


def _truth(value: bool | None) -> Fraction:
    return Fraction(1, 2) if value is None else Fraction(int(value))


def _from_truth(truth: Fraction) -> bool | None:
    return None if truth == Fraction(1, 2) else bool(truth)


_atom_numbers = st.integers(0, 99).map(lambda number: ("atom", str(number)))
numbers = st.recursive(
    _atom_numbers,
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner) | st.tuples(st.just("neg"), inner),
    max_leaves=9,
)
quotients = st.tuples(st.just("/"), numbers, numbers)
comparisons = st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers, numbers)
truths = st.recursive(
    st.sampled_from([("atom", True), ("atom", False), ("atom", None)]) | comparisons,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=9,
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(numbers | quotients | truths)
def test_random_arithmetic_and_logic_agrees_with_the_oracle(node: Node) -> None:
    """Precedence, arithmetic and three-valued logic mean the same in both spellings as in the oracle."""
    for juel in (False, True):
        source = written(node, juel)
        compiled = compile_expression("${" + source + "}", "juel") if juel else compile_expression(source)
        try:
            expected = meaning(node, juel)
        except ZeroDivisionError:
            with pytest.raises(ExpressionError, match="divides by zero"):
                evaluate(compiled, {}, NOW)
            continue
        value = evaluate(compiled, {}, NOW)
        if _is_truth(expected):
            assert value is expected, source
        else:
            assert not isinstance(value, bool)
            assert value == (expected if isinstance(value, int) else float(expected)), source


# -- fuzz: nothing but a value or an expression error may come out ---------------------------------------------------

FRAGMENTS = [
    *"abcdefg", "level", "class", "x", "y", "z", "nobody", "_p", "类型", "１",
    "0", "1", "25", "2.5", "1e3", "999999999999999999", "'t'", '"u"', "'\\n'", "'PT1H'", "'II'", "'", '"', "\\",
    "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "=", "!", "&&", "||", "?", ":", "**", "<<", "&", "@",
    "(", ")", "[", "]", "{", "}", ",", ".", "${", "#{", "and", "or", "not", "in", "if", "then", "else", "true",
    "false", "null", "eq", "ne", "lt", "empty", "div", "mod", "size(", "sum(", "max(", "coalesce(", "at_least(",
    "duration(", "datetime(", "now()", "round(", "upper(", "contains(", ".equals(", ".size()", ".get(", ".foo(",
    "execution.getVariable(", "var:equals(", "§", "\x00", "\n",
]  # fmt: skip


def refused_or_valued(source: str) -> None:
    """Take `source` through every door; anything but a value or an `ExpressionError` passes through as a failure."""
    before = repr(NAMES)
    for spelling in {"plain", spelling_of(source)}:
        findings = check_expression(source, spelling, NAMES.keys(), boolean=True)
        assert all(finding.code.startswith("expression.") for finding in findings)
        with suppress(ExpressionError):
            evaluate(compile_expression(source, spelling), NAMES, NOW)
    assert repr(NAMES) == before


_sources = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join) | st.text(max_size=60)


@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_sources)
def test_random_text_is_valued_or_refused(source: str) -> None:
    """No text makes the language fail in another way than by naming what is wrong, and none changes a variable."""
    refused_or_valued(source)


@pytest.mark.long
def test_ninety_thousand_random_texts_are_valued_or_refused() -> None:
    """The same over far more texts: random words, and attacks with pieces cut, doubled and exchanged."""
    chance = random.Random(20_260_501)
    seeds = [text for attack in ATTACKS for text in (attack.plain, attack.juel) if len(text) < 200]
    for _ in range(90_000):
        if chance.random() < 0.5:
            source = " ".join(chance.choices(FRAGMENTS, k=chance.randrange(1, 20)))
        else:
            source = chance.choice(seeds)
            for _ in range(chance.randrange(1, 4)):
                start = chance.randrange(len(source) + 1)
                end = min(len(source), start + chance.randrange(6))
                source = source[:start] + chance.choice(FRAGMENTS) * chance.randrange(3) + source[end:]
        refused_or_valued(source)
