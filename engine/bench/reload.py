"""Bench `reload`: every process of the real files that can be driven, with its state saved and read again at each wait.

A dry run that keeps its state in memory is the measure: trace, frames, outcome and variables must be the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from engine.bench.real_files import real_files
from engine.bench.result import Result, from_turns
from engine.bpmn.check import Report, check
from engine.clock import cpu_seconds
from engine.services.drive import Driven
from engine.services.drive_files import drive_checked


def driven(file: Path, report: Report, process: str) -> tuple[Driven, Driven]:
    """How a process goes on when its state is saved and read again at every wait, and when it is kept in memory."""
    saved, kept = (drive_checked(file, report, process, {}, reload=reload) for reload in (True, False))
    return saved, kept


def run() -> Result:
    """The share of processes with the same continuation. Raises: NotFound."""
    outcomes: Counter[str] = Counter()
    turn, different = [], 0
    for file in real_files():
        report = check(file.read_bytes())
        for process in report.nets if report.grade != "refused" else ():
            began = cpu_seconds()
            saved, kept = driven(file, report, process)
            turn.append(cpu_seconds() - began)
            different += saved != kept
            outcomes[saved.outcome] += 1
    same = (len(turn) - different) / len(turn)
    told = tuple(
        Result(f"reload.{outcome}", count, 0.0, 0.0, 0.0, 0.0, ratio=count / len(turn))
        for outcome, count in outcomes.items()
    )
    return replace(from_turns("reload", [turn]), ratio=same, goal=1.0, passed=len(turn) - different, details=told)


def _share(outcome: str, count: int, n: int) -> Result:
    return Result(f"reload.{outcome}", count, 0.0, 0.0, 0.0, 0.0, ratio=count / n)
