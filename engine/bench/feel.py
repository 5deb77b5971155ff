"""Bench `feel`: how many literal-expression cases of the DMN TCK our FEEL answers as expected.

The cases are data beside the checkout, not part of it. A case holds when the value is equal in kind and content; where
an error is expected, when the result is null and a fault was named. A number that is given with eight decimals or more
is a rounded one and may differ from ours by 10^-8, as in the runner of the TCK.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from engine.bench.reference import NOW
from engine.bench.result import Result, from_turns
from engine.bpmn.expressions import ExpressionError
from engine.bpmn.expressions.feel import Outcome, compile_feel, evaluate_feel
from engine.clock import cpu_seconds
from engine.errors import NotFound

CASES: Final = Path(__file__).parents[2].parent / "shared" / "data" / "feel" / "literal-expressions.json"
GOAL: Final = 0.95
_CLOSE: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: texts bound to names one after the other, of which the last gives the result."""

    name: str
    bindings: tuple[tuple[str, str], ...]
    expected: str
    is_error: bool


def read_cases(file: Path = CASES) -> list[Case]:
    """The cases of the file. Raises: NotFound (`bench.no_data`)."""
    if not file.is_file():
        raise NotFound("bench.no_data", f"Expected the cases in {file}, but there is no such file.", file=str(file))
    return [
        Case(
            f"{case['model']} {case['id']}",
            tuple((name, text) for name, text in (*case["inputs"], *case["chain"])),
            case["expected"],
            case["error"],
        )
        for case in json.loads(file.read_text("utf-8"))["cases"]
    ]


def outcome_of(bindings: Sequence[tuple[str, str]]) -> Outcome:
    """What the last text gives; a text that does not compile gives null with its fault."""
    names: dict[str, Any] = {}
    outcome = Outcome(None, ())
    for name, text in bindings:
        try:
            outcome = evaluate_feel(compile_feel(text, names), names, NOW)
        except ExpressionError as refusal:
            return Outcome(None, (refusal,))
        names[name] = outcome.value
    return outcome


def holds(case: Case) -> bool:
    """Whether the case gives what is expected of it."""
    found = outcome_of(case.bindings)
    if case.is_error:
        return found.value is None and bool(found.faults)
    expected = outcome_of([("expected", case.expected)])
    return not expected.faults and _is_same(found.value, expected.value)


def _is_same(found: Any, expected: Any) -> bool:
    if type(found) is not type(expected):
        return False
    if isinstance(found, Decimal):
        exponent = expected.as_tuple().exponent
        return bool(found == expected or (exponent <= -8 and abs(found - expected) <= _CLOSE))
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    if isinstance(found, dict):
        return found.keys() == expected.keys() and all(_is_same(found[key], expected[key]) for key in found)
    return bool(found == expected)


def run() -> Result:
    """The share of the cases that hold, and how fast they are evaluated once compiled. Raises: NotFound."""
    cases = read_cases()
    passed = sum(holds(case) for case in cases)
    turn = []
    for case in cases:
        began = cpu_seconds()
        outcome_of(case.bindings)
        turn.append(cpu_seconds() - began)
    return replace(from_turns("feel", [turn]), ratio=passed / len(cases), goal=GOAL, passed=passed)
