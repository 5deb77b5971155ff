"""Bench `peers`: the engine step with its rows against SpiffWorkflow saved as JSON, and against measured figures.

SpiffWorkflow runs beside us in turns. The other engines were measured once on another day: their figures are scaled by
SpiffWorkflow's rate in this run ÷ its rate on that day, so a faster or busier machine moves all alike.
Source: performance.md 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from engine.bench import reference
from engine.bench.result import Result, from_turns
from engine.bench.rows import Rows
from engine.bench.service import Service
from engine.bench.spiff import SavedSpiff
from engine.bench.turns import TURNS, play
from engine.clock import cpu_seconds

SPIFF_INSTANCES = 6
GOAL = 10.0
SPIFF_THEN = 174.0
PEERS: Mapping[str, tuple[float, float]] = {
    "django-viewflow 2.4.0": (77.0, 25.0),
    "npm bpmn-engine 25.0.1, saved per step": (61.0, 30.0),
    "spiff-arena backend": (10.1, 150.0),
}
"""Completions per second then, on SQLite FULL, and how many times that we want to reach."""


@dataclass(slots=True)
class _Side:
    """One side of the comparison: how a turn is played, and what its turns took."""

    play: Callable[[], list[float]]
    turns: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def take_turn(self) -> None:
        """Plays a turn; notes seconds for each completion, and CPU seconds for one with its share of a start."""
        spent = cpu_seconds()
        self.turns.append(self.play())
        self.cpu.append((cpu_seconds() - spent) / len(self.turns[-1]))


def run() -> Result:
    """Our rate against SpiffWorkflow's in the same run.

    As details: the rate with every duty of a service, CPU seconds, and the scaled figures of other engines.
    """
    with TemporaryDirectory(prefix="cityloop-bench-") as folder:
        step, service, spiff = _in_turns(Path(folder))
    measured = from_turns("peers", step.turns, against=spiff.turns, goal=GOAL)
    baseline = from_turns("peers.SpiffWorkflow + JSON + SQLite", spiff.turns)
    duties = from_turns("peers.with every duty of the service", service.turns, against=spiff.turns)
    cpu = median(theirs / ours for ours, theirs in zip(step.cpu, spiff.cpu, strict=True))
    by_cpu = replace(measured, name="peers.CPU of SpiffWorkflow ÷ ours", ratio=cpu, goal=None, baseline=None)
    scale = baseline.per_s / SPIFF_THEN
    others = (_scaled(measured, name, then * scale, goal) for name, (then, goal) in PEERS.items())
    return replace(measured, details=(baseline, duties, by_cpu, *others))


def _scaled(measured: Result, name: str, rate: float, goal: float) -> Result:
    return replace(measured, name=f"peers.{name} (scaled)", ratio=measured.per_s / rate, goal=goal, baseline=rate)


def _in_turns(folder: Path) -> tuple[_Side, _Side, _Side]:
    rows = Rows(folder / "rows.db", reference.net(), "FULL")
    service = Service(folder / "service", "FULL")
    spiff = SavedSpiff(folder / "spiff.db", "FULL")
    sides = (
        _Side(lambda: play(rows.start, rows.complete_node)),
        _Side(lambda: play(service.start, service.complete)),
        _Side(lambda: play(spiff.start, spiff.complete_node, SPIFF_INSTANCES)),
    )
    for side in sides:
        side.play()
    for _ in range(TURNS):
        for side in sides:
            side.take_turn()
    rows.database.close()
    service.close()
    spiff.close()
    return sides
