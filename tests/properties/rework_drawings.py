"""Four drawings of the shape the product lives on: departments work in parallel, one verifies, some rework.

In each the departments of a round are chosen, each handles and reports, and `verify` comes after all of them. The
variable `again` sends the loop round; `in_round_…` and `units` say who is in the next round, where the drawing can
leave somebody out (a parallel gateway cannot).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.properties.model_parts import Model, Write
from tests.properties.pen import Pen

MULTI = "units"  # the collection of the multi-instance drawing


def _department(pen: Pen, writes: dict[str, tuple[Write, ...]], number: int) -> tuple[str, str]:
    handle, report = pen.node("userTask"), pen.node("userTask")
    writes[handle] = (Write(f"handled_{number}", (1, 2, 3)),)
    writes[report] = (Write(f"reported_{number}", (1, 2, 3)),)
    pen.flow(handle, report)
    return handle, report


def _gateways(pen: Pen, writes: dict[str, tuple[Write, ...]], departments: int, kind: str) -> tuple[str, str]:
    split, join = pen.node(kind), pen.node(kind)
    for number in range(departments):
        first, last = _department(pen, writes, number)
        choice = f"in_round_{number} == true" if kind == "inclusiveGateway" and number else None
        pen.flow(split, first, choice, default=kind == "inclusiveGateway" and not number)
        pen.flow(last, join)
    return split, join


def parallel_gateways(pen: Pen, writes: dict[str, tuple[Write, ...]], departments: int) -> tuple[str, str]:
    """AND gateways inside the loop: every department in every round."""
    return _gateways(pen, writes, departments, "parallelGateway")


def inclusive_gateways(pen: Pen, writes: dict[str, tuple[Write, ...]], departments: int) -> tuple[str, str]:
    """OR gateways inside the loop: the departments whose `in_round_…` is true, else the first."""
    return _gateways(pen, writes, departments, "inclusiveGateway")


def multi_instance(pen: Pen, writes: dict[str, tuple[Write, ...]], departments: int) -> tuple[str, str]:
    """A parallel multi-instance sub-process inside the loop: one leg for each of `units`."""
    legs = pen.node("subProcess")
    pen.multi(legs, sequential=False, collection=(MULTI, "unit"), output=("reports", "reported_0"))
    outside = pen.enter(legs)
    _closed(pen, writes, 0)
    pen.scope = outside
    return legs, legs


def subprocesses(pen: Pen, writes: dict[str, tuple[Write, ...]], departments: int) -> tuple[str, str]:
    """A sub-process for each department between AND gateways inside the loop."""
    split, join = pen.node("parallelGateway"), pen.node("parallelGateway")
    for number in range(departments):
        department = pen.node("subProcess")
        outside = pen.enter(department)
        _closed(pen, writes, number)
        pen.scope = outside
        pen.flow(split, department)
        pen.flow(department, join)
    return split, join


def _closed(pen: Pen, writes: dict[str, tuple[Write, ...]], number: int) -> None:
    start = pen.node("startEvent")
    first, last = _department(pen, writes, number)
    pen.flow(start, first)
    pen.flow(last, pen.node("endEvent"))


Drawing = Callable[[Pen, dict[str, tuple[Write, ...]], int], tuple[str, str]]
DRAWINGS: tuple[Drawing, ...] = (parallel_gateways, inclusive_gateways, multi_instance, subprocesses)


def rework_model(drawing: Drawing, departments: int) -> Model:
    """The loop around one of the drawings, with its `verify` task."""
    pen = Pen()
    writes: dict[str, tuple[Write, ...]] = {}
    start, back, verify = pen.node("startEvent"), pen.node("exclusiveGateway"), pen.node("userTask")
    units = [f"department {number}" for number in range(departments)]
    some = tuple(units[i:j] for j in range(1, departments + 1) for i in range(j))
    in_round = (Write(f"in_round_{number}", (True, False)) for number in range(departments))
    writes[verify] = (Write("again", (True, False)), Write(MULTI, some), *in_round)
    first, last = drawing(pen, writes, departments)
    passed = pen.node("exclusiveGateway")
    pen.flow(start, back)
    pen.flow(back, first)
    pen.flow(last, verify)
    pen.flow(verify, passed)
    pen.flow(passed, back, "again == true")
    pen.flow(passed, pen.node("endEvent"), default=True)
    variables: dict[str, Any] = {f"in_round_{number}": True for number in range(departments)}
    variables[MULTI] = units
    return Model(0, pen.xml(), variables, writes, {})


def verify_of(model: Model) -> str:
    """The id of the verifying task."""
    return next(node for node, writes in model.writes.items() if writes[0].name == "again")


def answers(model: Model, node: str, chance: random.Random, *, again: bool) -> dict[str, Any]:
    """Random answers for a task; only `verify` has `again`."""
    values = {write.name: chance.choice(write.values) for write in model.writes[node]}
    return {name: again if name == "again" else value for name, value in values.items()}
