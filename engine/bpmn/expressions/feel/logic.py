"""Tree to closures for conditions, with FEEL's three truth values: logic, comparison, membership, types."""

from __future__ import annotations

from typing import Any

from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.closures import Closure, Env, builds, closure_of
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.types import conforms
from engine.bpmn.expressions.feel.values import Range, kind_of
from engine.bpmn.expressions.tree import Tree, walk


@builds("if")
def _if(node: Tree) -> Closure:
    test, yes, no = (closure_of(part) for part in node[2:])
    return lambda env, run: yes(env, run) if test(env, run) is True else no(env, run)


@builds("and", "or")
def _junction(node: Tree) -> Closure:
    """`and` and `or`: the decisive value wins over null, and what is not boolean counts as null."""
    decisive: bool = node[0] == "or"
    parts = tuple(closure_of(part) for part in node[2])

    def join(env: Env, run: FeelRun) -> bool | None:
        verdict: bool | None = not decisive
        for part in parts:
            value = part(env, run)
            if value is decisive:
                return decisive is True
            if value is not (not decisive):
                verdict = None
        return verdict

    return join


@builds("unless")
def _unless(node: Tree) -> Closure:
    part = closure_of(node[2])

    def negate(env: Env, run: FeelRun) -> bool | None:
        value = part(env, run)
        return (not value) if isinstance(value, bool) else None

    return negate


@builds("compare")
def _compare(node: Tree) -> Closure:
    _, at, sign, left, right = node
    one, two = closure_of(left), closure_of(right)
    return lambda env, run: compared(run, at, sign, one(env, run), two(env, run))


def compared(run: FeelRun, at: int, sign: str, left: Any, right: Any) -> bool | None:
    """Whether `left sign right` holds; null with a fault where the two cannot be compared."""
    if sign in ("=", "!="):
        verdict = operators.equal(run, left, right)
        if verdict is not None:
            return verdict is (sign == "=")
    else:
        order = operators.compare(left, right)
        if order is not None:
            return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[sign]
    found = f"{kind_of(left)} and {kind_of(right)}"
    run.fail("expression.wrong_kind", at, operation=sign, wanted="two values of one kind", found=found)
    return None


@builds("between")
def _between(node: Tree) -> Closure:
    at = node[1]
    value, low, high = (closure_of(part) for part in node[2:])

    def test(env: Env, run: FeelRun) -> bool | None:
        found = value(env, run)
        above = compared(run, at, ">=", found, low(env, run))
        below = compared(run, at, "<=", found, high(env, run))
        return None if above is None or below is None else above and below

    return test


@builds("in")
def _in(node: Tree) -> Closure:
    """Whether a value passes one of several unary tests; null where that hangs on a test that gives none."""
    _, at, target, tests = node
    value = closure_of(target)
    parts = [(test[2], closure_of(test[3]), _mentions_input(test[3])) for test in tests]

    def test_all(env: Env, run: FeelRun) -> bool | None:
        found = value(env, run)
        verdict: bool | None = False
        for sign, part, is_condition in parts:
            wanted = part(env, run)
            if sign is not None:
                passed = compared(run, at, sign, found, wanted)
            elif is_condition and (wanted is None or isinstance(wanted, bool)):
                passed = wanted
            else:
                passed = passes(run, at, found, wanted)
            if passed is True:
                return True
            if passed is None:
                verdict = None
        return verdict

    return test_all


def _mentions_input(node: Tree) -> bool:
    return any(part[0] in ("local", "name") and part[2] == "?" for part, _ in walk(node))


def passes(run: FeelRun, at: int, found: Any, wanted: Any) -> bool | None:
    """Whether `found` is `wanted`, lies in it, or is or lies in one of its elements."""
    if isinstance(wanted, Range):
        return found == wanted if isinstance(found, Range) else _inside(run, at, found, wanted)
    if isinstance(wanted, list):
        run.spend(len(wanted))
        if isinstance(found, list) and operators.equal(run, found, wanted) is True:
            return True
        return any(
            operators.contains(item, found) is True
            if isinstance(item, Range) and not isinstance(found, Range)
            else operators.equal(run, found, item) is True
            for item in wanted
        )
    return compared(run, at, "=", found, wanted)


def _inside(run: FeelRun, at: int, found: Any, wanted: Range) -> bool | None:
    verdict = operators.contains(wanted, found)
    if verdict is None:
        kind = kind_of(found)
        run.fail("expression.wrong_kind", at, operation="in", wanted="a value of the range's kind", found=kind)
    return verdict


@builds("instance")
def _instance(node: Tree) -> Closure:
    _, _, target, wanted = node
    value = closure_of(target)
    return lambda env, run: conforms(run, value(env, run), wanted, inside=False)
