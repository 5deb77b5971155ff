"""Tree to closures for literals, names and arithmetic.

Nothing here raises for a value that does not fit: the fault is noted in the run and the result is null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.bpmn.expressions.faults import ExpressionError
from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.run import FeelRun, stopped_by
from engine.bpmn.expressions.feel.values import UNBOUNDED, Range, from_engine
from engine.bpmn.expressions.tree import Tree

MISSING: Final = object()


class Env:
    """The names of one level at run time, and the level around it."""

    __slots__ = ("names", "parent")

    def __init__(self, names: dict[str, Any], parent: Env | None) -> None:
        self.names = names
        self.parent = parent

    def find(self, name: str) -> Any:
        """The value of the nearest level that has the name, else MISSING."""
        level: Env | None = self
        while level is not None:
            if name in level.names:
                return level.names[name]
            level = level.parent
        return MISSING


Closure = Callable[[Env, FeelRun], Any]
_BUILDERS: Final[dict[str, Callable[[Tree], Closure]]] = {}


def closure_of(node: Tree) -> Closure:
    """The closure that evaluates `node`."""
    return _BUILDERS[node[0]](node)


def builds(*kinds: str) -> Callable[[Callable[[Tree], Closure]], Callable[[Tree], Closure]]:
    """Registers the builder of some kinds of node."""

    def register(builder: Callable[[Tree], Closure]) -> Callable[[Tree], Closure]:
        _BUILDERS.update(dict.fromkeys(kinds, builder))
        return builder

    return register


@builds("const")
def _const(node: Tree) -> Closure:
    value = node[2]
    return lambda env, run: value


@builds("name")
def _name(node: Tree) -> Closure:
    _, at, name = node
    return lambda env, run: read_variable(run, at, name)


@builds("local")
def _local(node: Tree) -> Closure:
    _, at, name = node

    def read(env: Env, run: FeelRun) -> Any:
        value = env.find(name)
        return read_variable(run, at, name) if value is MISSING else value

    return read


def read_variable(run: FeelRun, at: int, name: str) -> Any:
    """A variable of the caller as a FEEL value, null with a fault where there is none. Raises: Stopped."""
    if name not in run.converted:
        if name not in run.names:
            return run.fail("expression.unknown_name", at, name=name)
        try:
            run.converted[name] = from_engine(run, run.names[name])
        except ExpressionError as refusal:
            raise stopped_by(refusal.located(at)) from None
    return run.converted[name]


@builds("list")
def _list(node: Tree) -> Closure:
    items = [closure_of(item) for item in node[2]]
    return lambda env, run: [item(env, run) for item in items]


@builds("context")
def _context(node: Tree) -> Closure:
    entries = [(entry[2], closure_of(entry[3])) for entry in node[2]]

    def build(env: Env, run: FeelRun) -> dict[str, Any]:
        found: dict[str, Any] = {}
        inner = Env(found, env)
        for key, entry in entries:
            found[key] = entry(inner, run)
        return dict(found)

    return build


@builds("interval")
def _interval(node: Tree) -> Closure:
    _, at, low, low_closed, high, high_closed = node
    first, last = low and closure_of(low), high and closure_of(high)

    def build(env: Env, run: FeelRun) -> Any:
        start = first(env, run) if first else UNBOUNDED
        end = last(env, run) if last else UNBOUNDED
        kinds = {type(value) for value in (start, end) if value is not UNBOUNDED and value is not None}
        if len(kinds) > 1 or (kinds and operators.key_of(start if type(start) in kinds else end) is None):
            wanted = "two ends of one ordered kind"
            return run.fail("expression.wrong_kind", at, operation="..", wanted=wanted, found="others")
        return Range(start, low_closed, end, high_closed)

    return build


@builds("minus")
def _minus(node: Tree) -> Closure:
    _, at, target = node
    value = closure_of(target)
    return lambda env, run: operators.negated(run, at, value(env, run))


@builds("chain")
def _chain(node: Tree) -> Closure:
    """Operators of one binding from left to right."""
    first = closure_of(node[2])
    steps = [(at, sign, closure_of(part)) for _, at, sign, part in node[3]]

    def combine(env: Env, run: FeelRun) -> Any:
        value = first(env, run)
        for at, sign, part in steps:
            value = operators.combined(run, sign, at, value, part(env, run))
        return value

    return combine
