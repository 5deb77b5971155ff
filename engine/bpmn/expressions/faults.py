"""Refusals of the expression language and the limits behind them.

Every refusal is an `ExpressionError` with a code `expression.…`, the place in the source (`at`, counted from 0) where
one is known, and the values a translation needs. The sentences here are the English default.
"""

from __future__ import annotations

from typing import Any, Final

from engine.errors import Rejected

SOURCE_LIMIT: Final = 2_000
NODE_LIMIT: Final = 300
DEPTH_LIMIT: Final = 25
STEP_LIMIT: Final = 20_000
INTEGER_LIMIT: Final = 10**18
TEXT_LIMIT: Final = 20_000
LIST_LIMIT: Final = 10_000

_SHOWN = 80

SENTENCES: Final[dict[str, str]] = {
    "expression.source_too_long": "Expected at most {limit} characters of source, but there are {found}.",
    "expression.too_many_nodes": "Expected at most {limit} parts in one expression, but there are {found}.",
    "expression.too_deep": "Expected nesting of at most {limit} levels, but it goes deeper.",
    "expression.empty": "Expected an expression, but the text is empty.",
    "expression.character": "Expected a name, number, text or operator, but found '{found}'.",
    "expression.private_name": "Expected a name that starts with a letter, but found '{name}'.",
    "expression.unclosed": "Expected a closing {wanted}, but the text ends before it.",
    "expression.escape": "Expected one of \\\\ \\' \\\" \\n \\t after a backslash, but found '{found}'.",
    "expression.operator": "Expected an operator of this language, but found '{found}'; write {remedy}.",
    "expression.syntax": "Expected {wanted}, but found {found}.",
    "expression.chained": "Expected one comparison, but found a chain; join two comparisons with 'and'.",
    "expression.method": "Expected a listed function, but '{method}' calls a method of a program; "
    "register a named operation and use a service node.",
    "expression.unknown_function": "Expected one of the functions {known}, but found '{name}'.",
    "expression.arguments": "Expected {wanted} for '{name}', but there are {found}.",
    "expression.unknown_name": "Expected a known name, but nothing is called '{name}'.",
    "expression.level_order": "Expected at_least(…, 'II') for a level, but found '{operator}'; level 1 is the highest.",
    "expression.not_boolean": "Expected true or false, but the value is {found}.",
    "expression.wrong_kind": "Expected {wanted} for '{operation}', but found {found}.",
    "expression.missing_value": "Expected a value for '{operation}', but it is missing (null).",
    "expression.foreign_value": "Expected null, boolean, number, text, list, record, instant, date or duration, "
    "but the value is a {found}.",
    "expression.level": "Expected one of the levels I, II, III, IV or 1 to 4, but found '{found}'.",
    "expression.index": "Expected a whole index from 0 on, but found '{found}'.",
    "expression.division_by_zero": "Expected a divisor other than zero, but '{operation}' divides by zero.",
    "expression.number_too_large": "Expected a finite number and whole numbers up to 10^18, but this one is larger.",
    "expression.text_too_long": "Expected a text of at most {limit} characters, but it has {found}.",
    "expression.list_too_long": "Expected a list of at most {limit} elements, but it has {found}.",
    "expression.too_many_steps": "Expected at most {limit} steps, but the lists in it need more.",
    "expression.out_of_range": "Expected an instant or duration inside the calendar, but '{operation}' leaves it.",
    "expression.naive_instant": "Expected an instant with an offset, but '{operation}' met one without.",
    "expression.duration_syntax": "Expected an ISO 8601 duration like PT90M or P2D, but found '{found}'.",
    "expression.duration_empty": "Expected a duration with at least one part, but '{found}' has none.",
    "expression.duration_negative": "Expected a duration forward in time, but '{found}' is negative.",
    "expression.duration_calendar": "Expected weeks, days, hours, minutes or seconds, but '{found}' counts years or "
    "months, whose length varies; write days, for example P30D.",
    "expression.duration_range": "Expected a duration from 1 second to 366 days, but '{found}' is outside.",
    "expression.instant_syntax": "Expected an instant like 2026-05-01T08:00:00+08:00, but found '{found}'.",
    "expression.instant_offset": "Expected an offset such as Z or +08:00 at the end, but '{found}' has none.",
    "expression.time_syntax": "Expected a time like 08:30:00 or 08:30:00+08:00, but found '{found}'.",
    "expression.number_syntax": "Expected a number with the given signs, but found '{found}'.",
    "expression.range_syntax": "Expected a range of two literals like [1..3], but found '{found}'.",
    "expression.pattern": "Expected a regular expression without back references, but found '{found}'.",
    "expression.unknown_type": "Expected a type of FEEL, but found {name}.",
    "expression.no_property": "Expected a value that has '{name}', but this {found} has not.",
    "expression.duplicate_key": "Expected each key once, but '{name}' stands twice.",
    "expression.decision_not_unique": "Expected at most one rule that matches (hit policy UNIQUE), but {found} do.",
    "expression.decision_not_any": "Expected all rules that match to agree (hit policy ANY), but they differ.",
    "expression.decision_input_value": "Expected one of the allowed values of '{name}', but found {found}.",
    "expression.date_syntax": "Expected a date like 2026-05-01, but found '{found}'.",
    "expression.no_such_day": "Expected a day and time that exist, but '{found}' does not.",
    "expression.year_range": "Expected a year from 2000 to 2099, but found '{found}'.",
    "expression.cycle_syntax": "Expected a cycle like R3/PT10M or R3/2026-05-01T08:00:00Z/PT10M, but found '{found}'.",
    "expression.cron_syntax": "Expected a cron text with 5, 6 or 7 fields, but found '{found}'.",
    "expression.cron_too_often": "Expected a cron text that happens at most once a minute, but '{found}' says more.",
    "expression.cron_never": "Expected a cron text that still happens, but '{found}' does not any more.",
    "expression.cycle_unbounded": "Expected a number of repetitions after R, but '{found}' has none.",
    "expression.cycle_count": "Expected 1 to 1000 repetitions, but found '{found}'.",
    "expression.cycle_interval": "Expected an interval of at least 60 seconds, but '{found}' is shorter.",
}


class ExpressionError(Rejected):
    """Expected a valid expression and fitting values, but at least one part is not."""

    code = "expression.invalid"

    def located(self, at: int) -> ExpressionError:
        """This refusal, with `at` as its place in the source where none was known."""
        if self.params.get("at") is None:
            self.params = {**self.params, "at": at}
        return self


def fault(code: str, at: int | None = None, /, **params: Any) -> ExpressionError:
    """An `ExpressionError` with the sentence of `code`; `at` is the place in the source."""
    shown: dict[str, Any] = {name: _short(value) for name, value in params.items()}
    return ExpressionError(code, SENTENCES[code].format_map(shown), at=at, **shown)


def _short(value: object) -> object:
    """`value`, cut when it is a long text, so that a refusal never carries the attack along."""
    if isinstance(value, str) and len(value) > _SHOWN:
        return value[:_SHOWN] + "…"
    return value
