"""What an expression wants of the names in it, so that it can be evaluated and comes out one way or the other.

The tree of an expression is walked once, of whichever spelling; nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from engine.bpmn.expressions.tree import Tree

Path = tuple[str | int, ...]
Values = Sequence[Any]

EITHER: Final[Values] = (True, False)
TIMES: Final[Mapping[str, Values]] = {
    "duration": ("PT1H",),
    "date": ("2026-01-05T02:00:00Z",),
    "cycle": ("R2/PT10M",),
}
SOMETHING: Final[Values] = ("x", 1)
_NUMBERS: Final[Values] = (1, 0, 2)
LISTS: Final[Values] = (["a", "b"], [])
_TEXT_CALLS = frozenset({"lower", "upper", "trim", "lower case", "upper case", "substring", "split", "replace"})
_LIST_CALLS = frozenset({"size", "count", "all", "any", "sum", "max", "min", "length", "is_empty", "is empty"})
_MOST_VALUES, _MOST_DEPTH = 6, 40


@dataclass
class Wishes:
    """The values wanted of each path of a name; `locals` are the paths that names of an expression's own stand for."""

    found: dict[Path, list[Any]] = field(default_factory=dict)
    locals: dict[str, Path] = field(default_factory=dict)

    def want(self, tree: Tree, values: Values) -> None:
        """Notes that `tree` should have one of `values`."""
        _visit(self, tree, values, 0)

    def note(self, path: Path, values: Values) -> None:
        """Adds values of a path, each once."""
        kept = self.found.setdefault(path, [])
        kept.extend(value for value in values if value not in kept and len(kept) < _MOST_VALUES)


def _visit(wishes: Wishes, tree: Tree, values: Values, depth: int) -> None:
    """Notes what the names in `tree` should be for it to have one of `values`."""
    if depth > _MOST_DEPTH:
        return
    path = path_of(wishes, tree)
    if path is not None:
        wishes.note(path, values)
        return
    inside = depth + 1
    match tree:
        case ("and" | "or", _, operands):
            for operand in operands:
                _visit(wishes, operand, values, inside)
        case ("not", _, operand) | ("call", _, "not", (operand,)):
            _visit(wishes, operand, tuple(reversed(values)) if values == EITHER else (False, True), inside)
        case ("call", _, "coalesce" | "get or else", (first, *_)):
            _visit(wishes, first, values, inside)
        case ("equal" | "unequal" as kind, _, left, right):
            _visit_compared(wishes, "=" if kind == "equal" else "!=", left, right, inside)
        case ("order" | "compare", _, operator, left, right):
            _visit_compared(wishes, operator, left, right, inside)
        case ("in", _, left, right):
            _visit_member(wishes, left, right, inside)
        case ("if", _, condition, then, otherwise):
            _visit(wishes, condition, EITHER, inside)
            _visit(wishes, then, values, inside)
            _visit(wishes, otherwise, values, inside)
        case ("call", _, name, arguments):
            _visit_call(wishes, name, arguments, inside)
        case ("for" | "some" | "every" as kind, _, sources, body, *_):
            for _, _, name, source, *_ in sources:
                _visit_list(wishes, name, source, inside)
            _visit(wishes, body, SOMETHING if kind == "for" else EITHER, inside)
        case ("filter", _, source, condition):
            _visit_list(wishes, "item", source, inside)
            _visit(wishes, condition, EITHER, inside)
        case ("arith" | "minus" | "text" | "chain" | "step", *_):
            texts = tree[0] != "text" and any(isinstance(each[2], str) for each in _constants(tree))
            for part in _parts(tree):
                _visit(wishes, part, ("x",) if texts or values == ("x",) else _NUMBERS, inside)
        case _:
            for part in _parts(tree):
                _visit(wishes, part, SOMETHING, inside)


def _visit_compared(wishes: Wishes, operator: str, left: Tree, right: Tree, depth: int) -> None:
    if left[0] == "const" and right[0] != "const":
        left, right = right, left
        operator = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
    if right[0] == "const":
        _visit(wishes, left, _near(operator, _plain(right[2])), depth)
        return
    for side in (left, right):
        _visit(wishes, side, _NUMBERS if operator not in ("=", "!=") else SOMETHING, depth)


def _near(operator: str, value: Any) -> Values:
    """Values that make a comparison with a constant true, then false."""
    if isinstance(value, bool):
        near: list[Any] = [value, not value]
    elif isinstance(value, int | float):
        near = {">": [value + 1, value - 1], "<": [value - 1, value + 1]}.get(operator, [value, value + 1, value - 1])
    elif isinstance(value, str):
        near = [value, f"not {value}"]
    else:
        near = [value, "x"] if value is None else [value]
    return near[1:] + near[:1] if operator == "!=" else near


def _visit_member(wishes: Wishes, left: Tree, right: Any, depth: int) -> None:
    """`left in right`: one of the listed, or a list with what is looked for."""
    if isinstance(right, tuple) and right and right[0] == "list":
        items = [_plain(item[2]) for item in right[2] if item[0] == "const"]
        _visit(wishes, left, (*items, "x") if items else SOMETHING, depth)
    elif isinstance(right, tuple) and right and isinstance(right[0], str):
        wanted = [_plain(left[2])] if left[0] == "const" else ["a"]
        _visit(wishes, right, (wanted, []), depth)
        _visit(wishes, left, ("a",), depth)
    else:
        constants = [_plain(each[2]) for test in right for each in _constants(test)]
        other = -1 if any(isinstance(each, int | float) for each in constants) else "x"
        _visit(wishes, left, (*constants, other) if constants else SOMETHING, depth)


def _visit_call(wishes: Wishes, name: str, arguments: Sequence[Tree], depth: int) -> None:
    constants = [_plain(each[2]) for each in arguments if each[0] == "const"]
    if name in ("contains", "list contains"):
        wanted: Values = (list(constants) or ["a"], [])
    elif name in _LIST_CALLS:
        wanted = ([1, 2], [])
    elif name in _TEXT_CALLS or name.startswith(("starts", "ends")):
        wanted = (*(each for each in constants if isinstance(each, str)), "x")
    elif name in ("duration", "date", "datetime", "date and time"):
        wanted = TIMES["duration" if name == "duration" else "date"]
    elif name in ("number", "abs", "floor", "ceiling", "round", "modulo", "string"):
        wanted = _NUMBERS
    else:
        wanted = SOMETHING
    for argument in arguments:
        _visit(wishes, argument, wanted, depth)


def _visit_list(wishes: Wishes, name: str, source: Tree, depth: int) -> None:
    """A source of a loop: its elements are what the loop's own name stands for."""
    path = path_of(wishes, source)
    if path is None:
        _visit(wishes, source, LISTS, depth)
        return
    wishes.locals[name] = (*path, 0)
    wishes.note((*path, 0), ())


def path_of(wishes: Wishes, tree: Tree) -> Path | None:
    """The path that `tree` is, `("order", "items", 0)` for `order.items[0]`; None where it is anything else."""
    match tree:
        case ("name" | "variable", _, str(name)):
            return (name,)
        case ("local", _, name):
            return wishes.locals.get(name)
        case ("field" | "path", _, holder, str(name)):
            around = path_of(wishes, holder)
            return None if around is None else (*around, name)
        case ("index", _, holder, ("const", _, key)) if isinstance(key, str | int) and not isinstance(key, bool):
            around = path_of(wishes, holder)
            return None if around is None else (*around, min(key, 9) if isinstance(key, int) else key)
    return None


def _plain(value: Any) -> Any:
    """A constant as the engine holds it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _parts(tree: Tree) -> Iterator[Tree]:
    """The trees directly in `tree`."""
    for part in tree[2:]:
        if isinstance(part, tuple) and part:
            if isinstance(part[0], str) and len(part) > 1 and isinstance(part[1], int):
                yield part
            else:
                yield from (each for each in part if isinstance(each, tuple) and each and isinstance(each[0], str))


def _constants(tree: Tree) -> Iterator[Tree]:
    """The constants anywhere in a small tree."""
    if tree[0] == "const":
        yield tree
    else:
        for part in _parts(tree):
            yield from _constants(part)
