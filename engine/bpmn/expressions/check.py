"""The static check: what can be said about an expression before it meets a value. It never raises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from engine.bpmn.expressions import iso
from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.values import kind_of as kind_of_value
from engine.bpmn.expressions.functions import FUNCTIONS, level_number
from engine.bpmn.expressions.language import compile_expression, compiled_feel, evaluate
from engine.bpmn.expressions.tree import Tree, walk
from engine.bpmn.expressions.values import RESULT_KINDS, kind_of
from engine.bpmn.net import Spelling

LEVEL_NAMES: Final = frozenset({"level", "event_level", "response_level"})

_SOME_DAY: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_PASSING_LEVELS_ON: Final = frozenset({"abs", "coalesce", "floor", "max", "min", "round", "sum"})
_FEEL_KINDS: Final = {
    **{kind: kind for kind in ("list", "context")},
    **{"interval": "range", "lambda": "function", "chain": "a computed value", "minus": "a computed value"},
}
_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "duration": iso.parse_duration,
    "datetime": iso.parse_datetime,
    "date": iso.parse_date,
}


@dataclass(frozen=True, slots=True)
class ExpressionFinding:
    """What is wrong with an expression, where (`at`, counted from 0, None for the whole), and what would be right."""

    code: str
    message: str
    at: int | None
    params: Mapping[str, Any]


def check_expression(
    source: str, spelling: Spelling, known: Collection[str] | None, *, boolean: bool = False
) -> list[ExpressionFinding]:
    """The findings on `source` in order of their place: syntax, unknown names, ordered levels, kinds that cannot fit.

    `known` lists the names that exist, None where nobody can say; `boolean` asks for a condition. A text that does
    not compile has exactly one finding, and so has one that reads no name and has no value.
    """
    if spelling == "feel":
        found = _check_feel(source, known, boolean=boolean)
    else:
        found = _check_ours(source, spelling, known, boolean=boolean)
    return found or _check_constant(source, spelling, known)


def _check_constant(source: str, spelling: Spelling, known: Collection[str] | None) -> list[ExpressionFinding]:
    """What happens whenever a text without names is evaluated, found by doing so once."""
    compiled = compiled_feel(source, known) if spelling == "feel" else compile_expression(source, spelling)
    if compiled.names:
        return []
    try:
        evaluate(compiled, {}, _SOME_DAY)
    except ExpressionError as refusal:
        return [_finding(refusal)]
    return []


def _check_ours(
    source: str, spelling: Spelling, known: Collection[str] | None, *, boolean: bool
) -> list[ExpressionFinding]:
    try:
        tree = compile_expression(source, spelling).tree
    except ExpressionError as refusal:
        return [_finding(refusal)]
    found = [_finding(refusal) for node, _ in walk(tree) for refusal in _refusals(node, known)]
    kind = _kind(tree)
    if boolean and kind not in (None, "boolean", "null"):
        found.append(_finding(fault("expression.not_boolean", tree[1], found=kind)))
    return sorted(found, key=lambda finding: (finding.at or 0, finding.code))


def _check_feel(source: str, known: Collection[str] | None, *, boolean: bool) -> list[ExpressionFinding]:
    """The first finding on a FEEL text, whose names only who knows them can read; of kinds, only the outermost."""
    try:
        tree = compiled_feel(source, known).tree
    except ExpressionError as refusal:
        if refusal.code == "expression.unknown_name" and known is not None:
            return [_finding(_unknown(refusal.params["at"], refusal.params["name"], known))]
        return [_finding(refusal)]
    kind = kind_of_value(tree[2]) if tree[0] == "const" else _FEEL_KINDS.get(tree[0], "boolean")
    if boolean and kind not in ("boolean", "null"):
        return [_finding(fault("expression.not_boolean", tree[1], found=kind))]
    return []


def _finding(refusal: ExpressionError) -> ExpressionFinding:
    params = dict(refusal.params)
    return ExpressionFinding(refusal.code, refusal.message, params.pop("at", None), params)


def _refusals(node: Tree, known: Collection[str] | None) -> Iterator[ExpressionError]:
    """What is wrong with `node` itself, its children taken for granted."""
    match node:
        case ("name" | "variable", at, name) if known is not None and name not in known:
            yield _unknown(at, name, known)
        case ("not", at, operand):
            yield from _not_condition(at, operand)
        case ("and" | "or", at, operands):
            for operand in operands:
                yield from _not_condition(at, operand)
        case ("if", at, condition, _, _):
            yield from _not_condition(at, condition)
        case ("order", at, operator, left, right):
            yield from _order(at, operator, left, right)
        case ("equal" | "unequal" as kind, at, left, right):
            yield from _equality(at, "==" if kind == "equal" else "!=", _kind(left), _kind(right))
        case ("arith", at, operator, left, right):
            yield from _arithmetic(at, operator, left, right)
        case ("minus", at, operand):
            yield from _arithmetic(at, "*", operand, ("const", at, -1))
        case ("call", at, name, arguments):
            yield from _call(at, name, arguments)


def _unknown(at: int, name: str, known: Collection[str]) -> ExpressionError:
    refusal = fault("expression.unknown_name", at, name=name)
    near = get_close_matches(name, known, n=1)
    if near:
        refusal.message += f" Did you mean '{near[0]}'?"
        refusal.params = {**refusal.params, "suggestion": near[0]}
    return refusal


def _not_condition(at: int, operand: Tree) -> Iterator[ExpressionError]:
    kind = _kind(operand)
    if kind not in (None, "boolean", "null"):
        yield fault("expression.not_boolean", at, found=kind)


def _order(at: int, operator: str, left: Tree, right: Tree) -> Iterator[ExpressionError]:
    if _is_level(left) or _is_level(right):
        yield fault("expression.level_order", at, operator=operator)
        return
    kinds = {_kind(left), _kind(right)}
    if "null" in kinds:
        yield fault("expression.missing_value", at, operation=operator)
    elif kinds & {"boolean", "list", "record"} or len(kinds - {None}) > 1:
        wanted = "two numbers, texts, instants, dates or durations"
        yield fault("expression.wrong_kind", at, operation=operator, wanted=wanted, found=_named(kinds))


def _equality(at: int, operator: str, left: str | None, right: str | None) -> Iterator[ExpressionError]:
    kinds = {left, right} - {None, "null"}
    if len(kinds) > 1:
        yield fault(
            "expression.wrong_kind", at, operation=operator, wanted="two values of one kind", found=_named(kinds)
        )


def _arithmetic(at: int, operator: str, left: Tree, right: Tree) -> Iterator[ExpressionError]:
    one, two = _kind(left), _kind(right)
    if one == "null" or two == "null":
        yield fault("expression.missing_value", at, operation=operator)
    elif not any(_fitting_rules(operator, one, two)):
        yield fault("expression.wrong_kind", at, operation=operator, wanted="fitting values", found=_named({one, two}))
    elif operator in ("/", "%", "rem") and right[0] == "const" and right[2] == 0:
        yield fault("expression.division_by_zero", at, operation=operator)


def _call(at: int, name: str, arguments: tuple[Tree, ...]) -> Iterator[ExpressionError]:
    function = FUNCTIONS[name]
    for position, argument in enumerate(arguments):
        kind, wanted = _kind(argument), function.kinds_at(position)
        if kind is not None and wanted and kind not in wanted:
            yield fault("expression.wrong_kind", at, operation=name, wanted=" or ".join(sorted(wanted)), found=kind)
        elif argument[0] == "const":
            yield from _constant(at, name, argument[2])


def _constant(at: int, name: str, value: Any) -> Iterator[ExpressionError]:
    """What a function that reads a text or level would refuse about a constant."""
    try:
        if name in _PARSERS:
            _PARSERS[name](value)
        elif name == "at_least":
            level_number(value)
    except ExpressionError as refusal:
        yield refusal.located(at)


def _is_level(node: Tree) -> bool:
    """Whether the value of `node` is a level or is computed from one."""
    match node:
        case ("name" | "variable", _, name) | ("field", _, _, name) | ("index", _, _, ("const", _, name)):
            return name in LEVEL_NAMES
        case ("minus", _, operand):
            return _is_level(operand)
        case ("arith", _, _, left, right) | ("if", _, _, left, right):
            return _is_level(left) or _is_level(right)
        case ("list", _, items):
            return any(map(_is_level, items))
        case ("call", _, name, arguments) if name in _PASSING_LEVELS_ON:
            return any(map(_is_level, arguments))
    return False


def _kind(node: Tree) -> str | None:
    """The kind every value of `node` has, None where that hangs on the values."""
    match node:
        case ("const", _, value):
            return kind_of(value)
        case ("text", _, _):
            return "text"
        case ("list", _, _):
            return "list"
        case (("not" | "and" | "or" | "equal" | "unequal" | "in" | "order"), *_):
            return "boolean"
        case ("call", _, name, _):
            return FUNCTIONS[name].result
        case ("minus", _, operand):
            return _result_kind("*", _kind(operand), "number")
        case ("if", _, _, then, otherwise):
            kind = _kind(then)
            return kind if kind == _kind(otherwise) else None
        case ("arith", _, operator, left, right):
            return _result_kind(operator, _kind(left), _kind(right))
    return None


def _result_kind(operator: str, left: str | None, right: str | None) -> str | None:
    """The only kind `left operator right` can have, None where there are several or none."""
    kinds = {RESULT_KINDS[rule] for rule in _fitting_rules(operator, left, right)}
    return kinds.pop() if len(kinds) == 1 else None


def _fitting_rules(operator: str, left: str | None, right: str | None) -> Iterator[tuple[str, str, str]]:
    """The rules of arithmetic that operands of these kinds, None for any, could obey."""
    for rule in RESULT_KINDS:
        if rule[0] == operator and left in (None, rule[1]) and right in (None, rule[2]):
            yield rule


def _named(kinds: Collection[str | None]) -> str:
    return " and ".join(sorted(kind or "any value" for kind in kinds))
