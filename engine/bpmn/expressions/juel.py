"""What only the JUEL spelling has: listed methods, prefixed functions, and its way with null.

Each listed method stands for a pure function of the language; every other method belongs to a program we do not run
and is refused by name. `!` reads null as false, as JUEL does, so `${!approved}` holds where nobody approved yet.
"""

from __future__ import annotations

from typing import Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.tokens import public_name
from engine.bpmn.expressions.tree import Tree

PREFIXES: Final = frozenset({"fn", "var", "vars", "variables"})

_FUNCTION_METHODS: Final = {
    ("contains", 1): "contains",
    ("containsKey", 1): "contains",
    ("endsWith", 1): "ends_with",
    ("isEmpty", 0): "is_empty",
    ("length", 0): "size",
    ("size", 0): "size",
    ("startsWith", 1): "starts_with",
    ("toLowerCase", 0): "lower",
    ("toUpperCase", 0): "upper",
    ("trim", 0): "trim",
}
_LATER: Final = {
    f"{way}{unit}": text
    for way in ("plus", "minus")
    for unit, text in (
        *(("Seconds", "PT1S"), ("Minutes", "PT1M"), ("Hours", "PT1H")),
        *(("Days", "P1D"), ("Weeks", "P7D")),
    )
}
"""Methods of the instant that `now()` and `dateTime()` give, with the duration that each counts in."""
MOMENTS: Final = {"dateTime": "now"}
_FN_FUNCTIONS: Final = {
    ("contains", 2): "contains",
    ("endsWith", 2): "ends_with",
    ("length", 1): "size",
    ("startsWith", 2): "starts_with",
    ("toLowerCase", 1): "lower",
    ("toUpperCase", 1): "upper",
    ("trim", 1): "trim",
}
_VARIABLE_TESTS: Final = {
    **dict.fromkeys(("equals", "eq"), "equal"),
    **dict.fromkeys(("notEquals", "ne"), "unequal"),
    **dict.fromkeys(("lowerThan", "lessThan", "lt"), "<"),
    **dict.fromkeys(("lowerThanOrEquals", "lessThanOrEquals", "lte"), "<="),
    **dict.fromkeys(("greaterThan", "gt"), ">"),
    **dict.fromkeys(("greaterThanOrEquals", "gte"), ">="),
}


def is_empty(at: int, operand: Tree) -> Tree:
    """The tree of `empty operand`."""
    return ("call", at, "is_empty", (operand,))


def negated(at: int, operand: Tree) -> Tree:
    """The tree of `!operand`, where null counts as false."""
    return ("not", at, ("call", at, "coalesce", (operand, ("const", at, False))))


def method(at: int, target: Tree, name: str, arguments: tuple[Tree, ...]) -> Tree:
    """The tree that stands for `target.name(arguments)`. Raises: ExpressionError for a method that is not listed."""
    count = len(arguments)
    if target[0] == "name" and target[2] == "execution":
        if name in ("getVariable", "getVariableLocal") and count == 1:
            return _variable(at, arguments[0])
    elif (name, count) in _FUNCTION_METHODS:
        return ("call", at, _FUNCTION_METHODS[name, count], (target, *arguments))
    elif name == "equals" and count == 1:
        return ("equal", at, target, arguments[0])
    elif name == "equalsIgnoreCase" and count == 1:
        return ("equal", at, ("call", at, "lower", (target,)), ("call", at, "lower", (arguments[0],)))
    elif name == "get" and count == 1:
        return ("index", at, target, arguments[0])
    elif name in _LATER and count == 1:
        one = ("call", at, "duration", (("const", at, _LATER[name]),))
        sign = "-" if name.startswith("minus") else "+"
        return ("arith", at, sign, target, ("arith", at, "*", one, arguments[0]))
    elif name == "toDate" and not count:
        return target
    elif name == "concat" and count == 1:
        return ("arith", at, "+", target, arguments[0])
    owner = f"{target[2]}." if target[0] == "name" else "."
    raise fault("expression.method", at, method=f"{owner}{name}()")


def prefixed(at: int, name: str, arguments: tuple[Tree, ...]) -> Tree:
    """The tree that stands for `fn:…(…)` or `var:…(…)`. Raises: ExpressionError for one that is not listed."""
    prefix, _, plain = name.partition(":")
    count = len(arguments)
    if prefix == "fn":
        if (plain, count) in _FN_FUNCTIONS:
            return ("call", at, _FN_FUNCTIONS[plain, count], arguments)
    elif plain == "get" and count == 1:
        return _variable(at, arguments[0])
    elif plain == "getOrDefault" and count == 2:
        return ("call", at, "coalesce", (_variable(at, arguments[0]), arguments[1]))
    elif plain in ("isEmpty", "empty") and count == 1:
        return is_empty(at, _variable(at, arguments[0]))
    elif plain in ("isNotEmpty", "notEmpty") and count == 1:
        return ("not", at, is_empty(at, _variable(at, arguments[0])))
    elif plain in _VARIABLE_TESTS and count == 2:
        return _variable_test(at, _VARIABLE_TESTS[plain], _variable(at, arguments[0]), arguments[1])
    raise fault("expression.method", at, method=f"{name}()")


def _variable_test(at: int, test: str, variable: Tree, value: Tree) -> Tree:
    if test in ("equal", "unequal"):
        return (test, at, variable, value)
    return ("order", at, test, variable, value)


def _variable(at: int, named: Tree) -> Tree:
    """The variable whose name stands in a text or, as Flowable allows, as a bare name."""
    if named[0] == "name":
        return ("variable", at, named[2])
    if named[0] == "const" and isinstance(named[2], str) and named[2]:
        return ("variable", at, public_name(named[2], named[1]))
    raise fault("expression.syntax", at, wanted="the name of a variable in quotation marks", found="another expression")
