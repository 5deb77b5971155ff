"""Bench `game`: completions per second in memory against SpiffWorkflow (G1), and growth with rework (G5)."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from engine.bench import reference
from engine.bench.result import Result, from_turns
from engine.bench.spiff import Spiff
from engine.bench.turns import TURNS
from engine.bpmn.game import Step, advance
from engine.bpmn.net import Net
from engine.bpmn.state import ITEM
from engine.bpmn.stimuli import Complete, Start
from engine.clock import cpu_seconds, stopwatch

INSTANCES, SPIFF_INSTANCES = 1_400, 42
ROUNDS, WINDOW = 10_000, 1_000
GOAL, GROWTH_GOAL = 50.0, 1.2


def run() -> Result:
    """G1 with G5 and the baseline as details."""
    ours, theirs = _in_turns(reference.net(), Spiff())
    return from_turns(
        "game",
        ours,
        against=theirs,
        goal=GOAL,
        details=(from_turns("game.spiffworkflow", theirs), growth(reference.net(rounds=True))),
    )


def growth(net: Net) -> Result:
    """G5: CPU of a round among the last thousand of 10,000 rework rounds ÷ among the first thousand, by the median."""
    step = advance(net, None, Start(None, reference.START), reference.NOW)
    again = {**reference.ANSWERS, "decision": "again"}
    seconds, cpu = [], []
    for _ in range(ROUNDS):
        began, spent = stopwatch(), cpu_seconds()
        for node in reference.HAPPY_PATH:
            values = again if node == "evaluate" else reference.ANSWERS
            step = complete(net, step, wait_of(net, step, node), values)
        seconds.append(stopwatch() - began)
        cpu.append(cpu_seconds() - spent)
    measured = from_turns("game.growth (CPU of the last thousand rounds ÷ the first)", [seconds])
    return replace(measured, ratio=median(cpu[-WINDOW:]) / median(cpu[:WINDOW]), goal=GROWTH_GOAL, at_most=True)


def complete(net: Net, step: Step, wait: int, values: dict[str, object]) -> Step:
    """The step that completes an open item, named by the number it was opened under, as a row of an inbox names it."""
    return advance(net, step.state, Complete(wait, values), reference.NOW)


def wait_of(net: Net, step: Step, node: str) -> int:
    """The number of the open item of `node`; what an inbox holds, so found outside what is timed."""
    return next(w for w, what in step.state.waits.items() if what[0] == ITEM and net.nodes[what[1]].id == node)


def _in_turns(net: Net, spiff: Spiff) -> tuple[list[list[float]], list[list[float]]]:
    _play(net, INSTANCES // 10)
    spiff.in_memory(2)
    ours, theirs = [], []
    for _ in range(TURNS):
        ours.append(_play(net, INSTANCES // TURNS))
        theirs.append(spiff.in_memory(SPIFF_INSTANCES // TURNS))
    return ours, theirs


def _play(net: Net, instances: int) -> list[float]:
    """Seconds of each completion of that many instances, played one after the other."""
    seconds = []
    for _ in range(instances):
        step = advance(net, None, Start(None, reference.START), reference.NOW)
        for node in reference.HAPPY_PATH:
            wait = wait_of(net, step, node)
            began = stopwatch()
            step = complete(net, step, wait, reference.ANSWERS)
            seconds.append(stopwatch() - began)
        assert step.state.outcome == "completed"
    return seconds
