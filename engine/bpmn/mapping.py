"""What the work of a node sees beside the variables, and what is written when it is done: inputs and outputs.

Inputs are evaluated one after the other when the work begins, each sees those before it, and nothing else sees them.
Where a node has outputs, they are written in place of its whole result, or beside it where it `keeps_result`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .expressions import evaluate
from .net import Mappings, Node
from .play import Play


def inputs_of(play: Play, node: Node, scope: int) -> dict[str, Any] | None:
    """The inputs of `node`, None where it has none. Raises: ExpressionError."""
    if not node.inputs:
        return None
    return mapped(play, node.inputs, play.state.seen_from(scope))


def sees(play: Play, scope: int, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of what the work of a node in `scope` sees."""
    seen = dict(play.state.seen_from(scope))
    if inputs:
        seen.update(inputs)
    return seen


def mapped(play: Play, mappings: Mappings, seen: Mapping[str, Any]) -> dict[str, Any]:
    """The targets of `mappings` with their values; each sees those before it. Raises: ExpressionError."""
    around = dict(seen)
    found: dict[str, Any] = {}
    for expression, target in mappings:
        around[target] = found[target] = evaluate(play.program.expression(expression), around, play.now)
    return found


def written(play: Play, node: Node, scope: int, result: Mapping[str, Any], inputs: Any = None) -> Mapping[str, Any]:
    """What is written of the `result` of `node`: its outputs, else, or beside them, all of it.

    Raises: ExpressionError.
    """
    if not node.outputs:
        return result
    seen = sees(play, scope, inputs if isinstance(inputs, dict) else None)
    outputs = mapped(play, node.outputs, {**seen, **result})
    return {**result, **outputs} if node.keeps_result else outputs


def named(node: Node, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `result` of a program under the result variable of `node`, if it has one and there is any result.

    A program gives names with values: one alone, or the one that bears the name of the variable, is the value; else
    all of it is, as an object. Outputs that take the place of the result see the names too.
    """
    if node.result is None or not result:
        return result
    whole = next(iter(result.values())) if len(result) == 1 else dict(result)
    value = result.get(node.result, whole)
    return {**result, node.result: value} if node.outputs and not node.keeps_result else {node.result: value}
