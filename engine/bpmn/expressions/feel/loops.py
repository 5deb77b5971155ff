"""Tree to closures for what runs over lists: loops, quantifiers, filters, paths.

Each round costs as many steps as the body has nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.bpmn.expressions.faults import LIST_LIMIT
from engine.bpmn.expressions.feel.closures import Closure, Env, builds, closure_of
from engine.bpmn.expressions.feel.properties import property_of
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.temporal import Date, date_of_number, day_number
from engine.bpmn.expressions.feel.values import UNBOUNDED, Range, kind_of, number, whole
from engine.bpmn.expressions.tree import Tree, walk

_Domain = Callable[[Env, FeelRun], Any]
"""A sequence of values, None where there is none."""


def cost_of(node: Tree) -> int:
    """The steps of one round."""
    return 1 + sum(1 for _ in walk(node))


def _domain(node: Tree) -> _Domain:
    """What an iteration runs over: a list, a range, the values from one number or date to another."""
    _, at, _, domain, end = node
    first = closure_of(domain)
    last = closure_of(end) if end else None

    def values(env: Env, run: FeelRun) -> Any:
        start = first(env, run)
        if last is not None:
            return _span(run, at, start, last(env, run))
        if isinstance(start, list):
            return start
        if isinstance(start, Range):
            if not (start.low_closed and start.high_closed):
                return run.fail("expression.wrong_kind", at, operation="for", wanted="closed ends", found="range")
            return _span(run, at, start.low, start.high)
        if start is None:
            return run.fail("expression.missing_value", at, operation="for")
        return [start]

    return values


def _span(run: FeelRun, at: int, start: Any, end: Any) -> Any:
    """Whole numbers or days from `start` to `end`, both included, up or down."""
    if kind_of(start) == kind_of(end) == "number":
        low, high, make = whole(start), whole(end), number
    elif isinstance(start, Date) and isinstance(end, Date):
        low, high, make = day_number(start), day_number(end), date_of_number  # type: ignore[assignment]
    else:
        found = "others" if UNBOUNDED in (start, end) else f"{kind_of(start)} and {kind_of(end)}"
        return run.fail("expression.wrong_kind", at, operation="..", wanted="two numbers or dates", found=found)
    count = abs(high - low) + 1
    if count > LIST_LIMIT:
        return run.fail("expression.list_too_long", at, limit=LIST_LIMIT, found=count)
    run.spend(count)
    step = 1 if high >= low else -1
    return [make(place) for place in range(low, high + step, step)]


def _rounds(iterations: tuple[Tree, ...]) -> Callable[[Env, FeelRun, int], Iterator[Env | None]]:
    """The levels of names of all rounds, the last iteration turning fastest; None where a domain is none."""
    parts = [(node[2], _domain(node)) for node in iterations]

    def rounds(env: Env, run: FeelRun, place: int) -> Iterator[Env | None]:
        name, domain = parts[place]
        values = domain(env, run)
        if values is None:
            yield None
            return
        for value in values:
            run.spend(1)
            inner = Env({name: value}, env)
            if place + 1 < len(parts):
                yield from rounds(inner, run, place + 1)
            else:
                yield inner

    return rounds


@builds("for")
def _for(node: Tree) -> Closure:
    _, at, iterations, body, mentions_partial = node
    rounds, part, cost = _rounds(iterations), closure_of(body), cost_of(body)

    def loop(env: Env, run: FeelRun) -> Any:
        found: list[Any] = []
        for inner in rounds(env, run, 0):
            if inner is None:
                return None
            if len(found) >= LIST_LIMIT:
                return run.fail("expression.list_too_long", at, limit=LIST_LIMIT, found=len(found))
            run.spend(cost)
            if mentions_partial:
                # A copy: a list that could hold itself would have no end.
                run.spend(len(found) // 10)
                inner.names["partial"] = list(found)
            found.append(part(inner, run))
        return found

    return loop


@builds("some", "every")
def _quantified(node: Tree) -> Closure:
    kind, _, iterations, body = node
    rounds, part, cost = _rounds(iterations), closure_of(body), cost_of(body)
    decisive: bool = kind == "some"

    def judge(env: Env, run: FeelRun) -> bool | None:
        verdict: bool | None = not decisive
        for inner in rounds(env, run, 0):
            if inner is None:
                return None
            run.spend(cost)
            value = part(inner, run)
            if value is decisive:
                return decisive is True
            if not isinstance(value, bool):
                verdict = None
        return verdict

    return judge


@builds("filter")
def _filter(node: Tree) -> Closure:
    _, at, target, condition = node
    source, test, cost = closure_of(target), closure_of(condition), cost_of(condition)
    constant = condition[2] if condition[0] == "const" else None

    def from_nothing(env: Env, run: FeelRun) -> Any:
        """Without an element only the kind of the condition says whether one or several were asked for."""
        faults = len(run.faults)
        verdict = test(Env({"item": None}, env), run)
        del run.faults[faults:]
        return None if kind_of(verdict) == "number" else []

    def select(env: Env, run: FeelRun) -> Any:
        value = source(env, run)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if kind_of(constant) == "number":
            return _item(run, at, values, constant)
        found: list[Any] = []
        for place, item in enumerate(values):
            run.spend(cost)
            names = {"item": item, **item} if isinstance(item, dict) else {"item": item}
            verdict = test(Env(names, env), run)
            if place == 0 and kind_of(verdict) == "number":
                return _item(run, at, values, verdict)
            if verdict is True:
                found.append(item)
        return found if values else from_nothing(env, run)

    return select


def _item(run: FeelRun, at: int, values: list[Any], position: Any) -> Any:
    """The element at a position counted from 1, or from the end by -1; null with a fault where there is none."""
    place = whole(position)
    if 1 <= place <= len(values):
        return values[place - 1]
    if -len(values) <= place <= -1:
        return values[place]
    return run.fail("expression.index", at, found=str(position))


@builds("path")
def _path(node: Tree) -> Closure:
    _, at, target, name = node
    source = closure_of(target)

    def read(env: Env, run: FeelRun) -> Any:
        value = source(env, run)
        if isinstance(value, list):
            run.spend(len(value))
            return [None if item is None else property_of(run, at, item, name) for item in value]
        return property_of(run, at, value, name)

    return read
