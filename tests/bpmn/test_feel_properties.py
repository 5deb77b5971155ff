"""FEEL against independent oracles: Python's calendar, Python's regular expressions, fractions, and its own texts."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.expressions import ExpressionError, check_expression
from engine.bpmn.expressions.feel import compile_feel, compile_unary_tests, evaluate_feel, evaluate_to_engine

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)

_DATES = st.dates(date(1, 1, 2), date(9_998, 12, 30))
_MOMENTS = st.integers(-6 * 10**16, 25 * 10**16).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
_WORDS = ["1", "2.5", '"a"', "x", "item", "[", "]", "(", ")", "{", "}", "a:", ",", "..", "+", "-", "**", "<", "=", "in"]
_WORDS += ["for", "return", "some", "satisfies", "if", "then", "else", "and", "or", "not(", "between", "instance of"]
_WORDS += ["function(x)", "date(", "count(", "sort(", '@"P1D"', "number", "null", "true", ".", "?", "/", "*", "!="]
_PATTERNS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", "."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


def _value(source: str, names: dict[str, Any] | None = None) -> Any:
    return evaluate_to_engine(compile_feel(source, names or {}), names or {}, NOW)


@given(_DATES, st.integers(-800, 800))
def test_days_are_counted_as_python_counts_them(day: date, days: int) -> None:
    """The era arithmetic agrees with the standard library over its whole calendar."""
    try:
        expected = day + timedelta(days=days)
    except OverflowError:
        return
    names = {"day": day, "span": timedelta(days=days)}
    assert _value("day + span", names) == expected
    assert _value("(day + span) - day", names) == timedelta(days=days)
    assert _value("day of year(day)", names) == day.timetuple().tm_yday
    assert _value("week of year(day)", names) == day.isocalendar().week
    assert _value("day.weekday", names) == day.isoweekday()


@given(_MOMENTS, st.timedeltas())
def test_variables_come_back_as_they_went_in(moment: datetime, span: timedelta) -> None:
    """Instants and durations pass through FEEL, and through its texts, without losing a microsecond."""
    span = span % timedelta(days=10_000)
    names = {"moment": moment, "span": span}
    assert _value("moment", names) == moment
    assert _value("date and time(string(moment))", names) == moment
    assert _value("duration(string(span))", names) == span
    assert _value("moment - (moment - span)", names) == span


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_numbers_are_exact_where_fractions_are(one: int, two: int, three: int) -> None:
    """Sums and products are exact; modulo has the sign of its divisor."""
    names = {"one": one, "two": two, "three": three}
    assert _value("(one + two) * three - one", names) == (one + two) * three - one
    assert _value("one * 0.1 + two * 0.01 = (one * 10 + two) / 100", names) is True
    assert _value("modulo(one, three)", names) == one % three
    assert _value("floor(one / three)", names) == Fraction(one, three).__floor__()


@given(_PATTERNS, st.text("abc", max_size=12))
def test_patterns_match_what_python_matches(pattern: str, text: str) -> None:
    """The side-by-side matcher finds the matches of a backtracking one, with the same groups."""
    names = {"text": text, "pattern": pattern}
    expected = re.search(pattern, text)
    assert _value("matches(text, pattern)", names) is (expected is not None)
    if re.search(pattern, "") is None:
        assert _value('replace(text, pattern, "<$0>")', names) == re.sub(pattern, r"<\g<0>>", text)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_values_round_trip_and_equal_themselves(value: Any) -> None:
    """What goes in as a variable comes out the same, and is equal to itself."""
    names = {"value": value}
    assert evaluate_feel(compile_feel("value = value", names), names, NOW).value is True
    assert _value("[value]", names) == [value]


@given(st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join))
def test_any_words_are_a_value_or_a_named_refusal(source: str) -> None:
    """No text that looks like FEEL breaks the parser, the check, a cell or an evaluation in another way."""
    names: dict[str, Any] = {"x": [1, {"a": 2}]}
    check_expression(source, "feel", names)
    with suppress(ExpressionError):
        evaluate_to_engine(compile_feel(source, names), names, NOW)
    with suppress(ExpressionError):
        evaluate_feel(compile_unary_tests(source), names, NOW)


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_named_refusal(source: str) -> None:
    """The same for text of every kind."""
    with suppress(ExpressionError):
        evaluate_to_engine(compile_feel(source), {}, NOW)
