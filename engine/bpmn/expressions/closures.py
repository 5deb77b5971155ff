"""Tree to closures: each node becomes one small function, so evaluating a compiled condition costs microseconds.

The number of nodes bounds the work of everything but lists; what runs over a list spends steps of the `Run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.functions import FUNCTIONS, Function
from engine.bpmn.expressions.tokens import public_name
from engine.bpmn.expressions.tree import Tree
from engine.bpmn.expressions.values import (
    Run,
    bounded,
    combined,
    contained,
    equal,
    item_of,
    kind_of,
    ordered,
    text_of,
)

Names = Mapping[str, Any]
Closure = Callable[[Names, Run], Any]


def closure_of(node: Tree) -> Closure:
    """The closure that evaluates `node`."""
    return _BUILDERS[node[0]](node)


def _const(node: Tree) -> Closure:
    value = node[2]
    return lambda names, run: value


def _name(node: Tree) -> Closure:
    _, at, name = node

    def read(names: Names, run: Run) -> Any:
        try:
            return names[name]
        except KeyError:
            raise fault("expression.unknown_name", at, name=name) from None

    return read


def _variable(node: Tree) -> Closure:
    name = node[2]
    return lambda names, run: names.get(name)


def _field(node: Tree) -> Closure:
    _, at, target, name = node
    owner = closure_of(target)

    def read(names: Names, run: Run) -> Any:
        record = owner(names, run)
        if isinstance(record, dict):
            return record.get(name)
        if record is None:
            return None
        raise fault("expression.wrong_kind", at, operation=f".{name}", wanted="a record", found=kind_of(record))

    return read


def _index(node: Tree) -> Closure:
    _, at, target, key = node
    if key[0] == "const" and isinstance(key[2], str):
        public_name(key[2], key[1])
    container, position = closure_of(target), closure_of(key)
    return lambda names, run: item_of(at, container(names, run), position(names, run))


def _list(node: Tree) -> Closure:
    items = [closure_of(item) for item in node[2]]
    return lambda names, run: [item(names, run) for item in items]


def _call(node: Tree) -> Closure:
    _, at, name, arguments = node
    function = FUNCTIONS[name]
    parts = [closure_of(argument) for argument in arguments]
    return lambda names, run: _result(run, at, name, function, [part(names, run) for part in parts])


def _result(run: Run, at: int, name: str, function: Function, arguments: Sequence[Any]) -> Any:
    """The result of a listed function. Raises: ExpressionError when an argument is missing or of a wrong kind."""
    for position, value in enumerate(arguments):
        wanted = function.kinds_at(position)
        if wanted and (kind := kind_of(value)) not in wanted:
            if kind == "null":
                raise fault("expression.missing_value", at, operation=name)
            raise fault("expression.wrong_kind", at, operation=name, wanted=" or ".join(sorted(wanted)), found=kind)
        bounded(value, at)
    try:
        return function.do(run, at, *arguments)
    except ExpressionError as refusal:
        raise refusal.located(at) from None


def _not(node: Tree) -> Closure:
    _, at, operand = node
    part = closure_of(operand)

    def negate(names: Names, run: Run) -> bool | None:
        value = part(names, run)
        return None if value is None else not truth(value, at)

    return negate


def _minus(node: Tree) -> Closure:
    _, at, operand = node
    part = closure_of(operand)
    return lambda names, run: combined(run, "*", at, part(names, run), -1)


def _junction(node: Tree) -> Closure:
    """`and` and `or` in three values: the decisive value wins over null, null over the rest."""
    kind, at, operands = node
    decisive = kind == "or"
    parts = tuple(closure_of(operand) for operand in operands)

    def join(names: Names, run: Run) -> bool | None:
        verdict: bool | None = not decisive
        for part in parts:
            value = part(names, run)
            if value is decisive:
                verdict = decisive
                break
            if value is None:
                verdict = None
            elif type(value) is not bool:
                raise _not_boolean(value, at)
        return verdict

    return join


def _if(node: Tree) -> Closure:
    _, at, condition, then, otherwise = node
    test, yes, no = closure_of(condition), closure_of(then), closure_of(otherwise)

    def choose(names: Names, run: Run) -> Any:
        return yes(names, run) if truth(test(names, run), at) else no(names, run)

    return choose


def _equality(node: Tree) -> Closure:
    kind, at, left, right = node
    one, two = closure_of(left), closure_of(right)
    wanted = kind == "equal"

    def compare(names: Names, run: Run) -> bool:
        first, second = one(names, run), two(names, run)
        if type(first) is str and type(second) is str:
            return (first == second) is wanted
        return equal(run, at, first, second) is wanted

    return compare


def _in(node: Tree) -> Closure:
    _, at, left, right = node
    item, container = closure_of(left), closure_of(right)
    return lambda names, run: contained(run, at, item(names, run), container(names, run))


def _order(node: Tree) -> Closure:
    _, at, operator, left, right = node
    one, two = closure_of(left), closure_of(right)

    def compare(names: Names, run: Run) -> bool:
        first, second = one(names, run), two(names, run)
        if type(first) is int and type(second) is int:
            if operator == "<":
                return first < second
            if operator == ">=":
                return first >= second
            return first > second if operator == ">" else first <= second
        return ordered(operator, at, first, second)

    return compare


def _arith(node: Tree) -> Closure:
    _, at, operator, left, right = node
    one, two = closure_of(left), closure_of(right)
    return lambda names, run: combined(run, operator, at, one(names, run), two(names, run))


def _text(node: Tree) -> Closure:
    _, at, pieces = node
    parts = [closure_of(piece) for piece in pieces]

    def join(names: Names, run: Run) -> str:
        return cast(str, bounded("".join(text_of(part(names, run), at) for part in parts), at))

    return join


def truth(value: Any, at: int | None) -> bool:
    """`value` as a condition: null counts as false. Raises: ExpressionError for any other kind but boolean."""
    if value is True or value is False:
        return value
    if value is None:
        return False
    raise _not_boolean(value, at)


def _not_boolean(value: Any, at: int | None) -> Exception:
    return fault("expression.not_boolean", at, found=kind_of(value))


_BUILDERS: Final[dict[str, Callable[[Tree], Closure]]] = {
    "const": _const,
    "name": _name,
    "variable": _variable,
    "field": _field,
    "index": _index,
    "list": _list,
    "call": _call,
    "not": _not,
    "minus": _minus,
    "and": _junction,
    "or": _junction,
    "if": _if,
    "equal": _equality,
    "unequal": _equality,
    "in": _in,
    "order": _order,
    "arith": _arith,
    "text": _text,
}
