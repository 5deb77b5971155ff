"""Whether a value conforms to a type, as `instance of` asks."""

from __future__ import annotations

from typing import Any, Final

from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.values import UNBOUNDED, FeelFunction, Range, kind_of
from engine.bpmn.expressions.tree import Tree

_NAMES: Final = {"Null": "null"}


def conforms(run: FeelRun, value: Any, wanted: Tree, *, inside: bool) -> bool:
    """Whether `value` is of the type; null is of none but Null, yet fills any place inside a list or context."""
    run.spend(1)
    _, _, name, parts = wanted
    if value is None:
        return inside or name == "Null"
    if name == "Any":
        return True
    if kind_of(value) != _NAMES.get(name, name):
        return False
    if not parts:
        return True
    if isinstance(value, list):
        return all(conforms(run, item, parts[0], inside=True) for item in value)
    if isinstance(value, dict):
        return all(field[2] in value and conforms(run, value[field[2]], field[3], inside=True) for field in parts)
    if isinstance(value, Range):
        ends = [end for end in (value.low, value.high) if end is not UNBOUNDED]
        return all(conforms(run, end, parts[0], inside=True) for end in ends)
    return isinstance(value, FeelFunction) and len(value.parameters) == len(parts) - 1
