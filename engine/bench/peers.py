"""Bench `peers`: the engine step with its rows against SpiffWorkflow saved as JSON, and against measured figures.

SpiffWorkflow runs beside us in turns. The other engines were measured once on another day: their figures are scaled by
SpiffWorkflow's rate in this run ÷ its rate on that day, so a faster or busier machine moves all alike.
Source: performance.md 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.bench import reference
from engine.bench.result import Result, from_turns
from engine.bench.rows import Rows
from engine.bench.spiff import SavedSpiff
from engine.bench.turns import TURNS, play

SPIFF_INSTANCES = 6
GOAL = 10.0
SPIFF_THEN = 174.0
PEERS: Mapping[str, tuple[float, float]] = {
    "django-viewflow 2.4.0": (77.0, 25.0),
    "npm bpmn-engine 25.0.1, saved per step": (61.0, 30.0),
    "spiff-arena backend": (10.1, 150.0),
}
"""Completions per second then, on SQLite FULL, and how many times that we want to reach."""


def run() -> Result:
    """Our rate against SpiffWorkflow's in the same run, with the scaled figures of other engines as details."""
    with TemporaryDirectory(prefix="cityloop-bench-") as folder:
        ours, theirs = _in_turns(Path(folder))
    spiff = from_turns("peers.SpiffWorkflow + JSON + SQLite", theirs)
    measured = from_turns("peers", ours, against=theirs, goal=GOAL)
    scale = spiff.per_s / SPIFF_THEN
    against = (_scaled(measured, name, then * scale, goal) for name, (then, goal) in PEERS.items())
    return replace(measured, details=(spiff, *against))


def _scaled(measured: Result, name: str, rate: float, goal: float) -> Result:
    return replace(measured, name=f"peers.{name} (scaled)", ratio=measured.per_s / rate, goal=goal, baseline=rate)


def _in_turns(folder: Path) -> tuple[list[list[float]], list[list[float]]]:
    rows = Rows(folder / "ours.db", reference.net(), "FULL")
    spiff = SavedSpiff(folder / "spiff.db", "FULL")
    play(rows.start, rows.complete_node)
    play(spiff.start, spiff.complete_node, SPIFF_INSTANCES)
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(play(rows.start, rows.complete_node))
        theirs.append(play(spiff.start, spiff.complete_node, SPIFF_INSTANCES))
    rows.database.close()
    spiff.close()
    return ours, theirs
