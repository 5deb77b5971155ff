"""Decisions of DMN as immutable values: tables, literal expressions, functions, and what they require."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.bpmn.expressions.feel.language import CompiledFeel

HitPolicy = Literal["UNIQUE", "ANY", "FIRST", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"]
Aggregation = Literal["SUM", "COUNT", "MIN", "MAX"]


@dataclass(frozen=True, slots=True)
class Input:
    """A column that is asked: its expression, and the tests its value must pass before any rule is looked at."""

    id: str
    label: str
    expression: CompiledFeel
    allowed: CompiledFeel | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A column that answers; `values` are the allowed values, the one of highest priority first."""

    id: str
    name: str
    values: tuple[CompiledFeel, ...] = ()
    default: CompiledFeel | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: a test for each input, an expression for each output."""

    id: str
    tests: tuple[CompiledFeel, ...]
    answers: tuple[CompiledFeel, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table."""

    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision: its logic, the name of its value, and the ids of the decisions and models it requires."""

    id: str
    name: str
    logic: Table | CompiledFeel
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of one file, and the names of the data that must be given."""

    decisions: Mapping[str, Decision]
    models: Mapping[str, Decision] = field(default_factory=dict)
    """Business knowledge models, whose values are functions."""
    inputs: tuple[str, ...] = ()
