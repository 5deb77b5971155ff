"""Bench `complete`: durable completion against raw one-row commits (G2), and bytes on disk (G9).

Three things are measured, each in turns with its baseline at the same `synchronous`: the engine step with its rows,
the same 20 to a commit as machine traffic goes, and the whole service: permission, form, step, clocks, facts, ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from engine.bench import reference
from engine.bench.disk import bytes_of
from engine.bench.raw import Raw
from engine.bench.result import Result, from_turns
from engine.bench.rows import Rows
from engine.bench.service import Service
from engine.bench.turns import INSTANCES, TURNS, play
from engine.clock import stopwatch
from engine.settings import Synchronous
from engine.storage.tables import clocks, ledger, outbox, processes

RAW_COMMITS = 3_000
GROUP = 20
STEP_GOALS: dict[Synchronous, float] = {"FULL": 0.40, "NORMAL": 0.25}
SERVICE_GOALS: dict[Synchronous, float] = {"FULL": 0.25, "NORMAL": 0.15}
GROUP_GOAL = 1.0
LIVE_GOAL, FINISHED_GOAL = 2048.0, 4096.0
LIVE = (processes.process_instance, processes.work_item, processes.timer, processes.subscription)
FINISHED = (processes.instance_history, processes.item_history)
BESIDE = (
    *(ledger.fact, ledger.ledger, ledger.seal),
    *(clocks.clock, clocks.clock_event, clocks.escalation),
    *(outbox.outbox, outbox.idempotency),
)


def run() -> Result:
    """The whole service at FULL, with everything else as details."""
    with TemporaryDirectory(prefix="cityloop-bench-") as folder:
        place = Path(folder)
        main, *others = (_service(place, mode) for mode in SERVICE_GOALS)
        steps = (_step(place, mode) for mode in STEP_GOALS)
        return replace(main, details=(*others, *steps, _grouped(place), *_sizes(place)))


def _service(place: Path, mode: Synchronous) -> Result:
    service = Service(place / f"service-{mode}", mode)
    ours, raw = _in_turns(place / f"raw-service-{mode}", mode, lambda: play(service.start, service.complete))
    service.close()
    return from_turns(f"complete.service {mode}", ours, against=raw, goal=SERVICE_GOALS[mode])


def _step(place: Path, mode: Synchronous) -> Result:
    rows = Rows(place / f"rows-{mode}.db", reference.net(), mode)
    ours, raw = _in_turns(place / f"raw-rows-{mode}", mode, lambda: play(rows.start, rows.complete_node))
    rows.database.close()
    return from_turns(f"complete.step with its rows {mode}", ours, against=raw, goal=STEP_GOALS[mode])


def _grouped(place: Path) -> Result:
    rows = Rows(place / "rows-grouped.db", reference.net(), "FULL")
    ours, raw = _in_turns(place / "raw-grouped", "FULL", lambda: play_grouped(rows))
    rows.database.close()
    name = f"complete.step with its rows FULL, {GROUP} to a commit"
    return from_turns(name, ours, per_sample=GROUP, against=raw, goal=GROUP_GOAL)


def _in_turns(
    file: Path, mode: Synchronous, turn: Callable[[], list[float]]
) -> tuple[list[list[float]], list[list[float]]]:
    raw = Raw(file, mode)
    turn()
    raw.commits(RAW_COMMITS)
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(turn())
        theirs.append(raw.commits(RAW_COMMITS))
    raw.close()
    return ours, theirs


def play_grouped(rows: Rows) -> list[float]:
    """Seconds of each commit of 20 completions."""
    started = [rows.start() for _ in range(INSTANCES)]
    seconds = []
    for node in reference.HAPPY_PATH:
        for first in range(0, INSTANCES, GROUP):
            batch = [(instance, *rows.open_items(instance)[node]) for instance in started[first : first + GROUP]]
            began = stopwatch()
            with rows.database.write(reference.NOW) as uow:
                for instance, wait, revision in batch:
                    rows.complete_in(uow, instance, wait, revision, reference.ANSWERS)
            seconds.append(stopwatch() - began)
    return seconds


def _sizes(place: Path) -> tuple[Result, ...]:
    """Bytes for each live instance, as the mean over all points at which it waits, and for each finished one."""
    service = Service(place / "service-size", "NORMAL")
    database = service.engine.database
    started = [service.start() for _ in range(INSTANCES * 5)]
    live = []
    for node in reference.HAPPY_PATH:
        live.append(bytes_of(database, LIVE) / len(started))
        for instance in started:
            service.complete(instance, node)
    finished, beside = (bytes_of(database, tables) / len(started) for tables in (FINISHED, BESIDE))
    service.close()
    return (
        _size("complete.bytes of a live instance", len(started), mean(live), LIVE_GOAL),
        _size("complete.bytes of a live instance at its fullest", len(started), max(live), None),
        _size("complete.bytes of a finished instance", len(started), finished, FINISHED_GOAL),
        _size("complete.bytes of facts, ledger, clocks and outbox beside it", len(started), beside, None),
    )


def _size(name: str, n: int, size: float, goal: float | None) -> Result:
    return Result(name, n, 0.0, 0.0, 0.0, 0.0, ratio=size, goal=goal, at_most=True)
