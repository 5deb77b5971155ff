"""Bench `hostile`: what becomes of every hostile file when it is checked as an upload is, and played where it runs.

Counted are: executed (a file was written, a local port was called), over the limits of the child, not named (no
finding on the element that is attacked), publishable, and unsafe XML that was not refused. All of them must be none.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.bench.hostile_files import hostile_files
from engine.bench.hostile_xml import Expected, Hostile
from engine.bench.result import Result, from_turns
from engine.bpmn.check import CPU_S, Report, check_in_child
from engine.bpmn.expressions import check_expression
from engine.bpmn.net import Expression, Flow, Node
from engine.clock import stopwatch
from engine.errors import Rejected

CHILDREN = 2
MOST_S = float(CPU_S)
_LOOP_NAMES = frozenset({"loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; `fault` is the first thing that went wrong, empty where nothing did."""

    name: str
    seconds: float
    fault: str = ""


@contextmanager
def trap() -> Iterator[tuple[Path, int, Path]]:
    """A canary file that nobody may write, a port that nobody may call, and a file that nobody may read.

    Raises: AssertionError on leaving, when something was executed.
    """
    with TemporaryDirectory(prefix="cityloop-canary-") as folder, socket.socket() as listener:
        canary, secret = Path(folder) / "executed", Path(folder) / "secret"
        secret.write_text("a secret that no report may hold", "utf-8")
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield canary, listener.getsockname()[1], secret
        assert not canary.exists(), "a hostile file wrote the canary"
        try:
            caller, _ = listener.accept()
        except BlockingIOError:
            return
        caller.close()
        raise AssertionError("a hostile file called a port")


def judge(hostile: Hostile) -> Outcome:
    """The check of one file in a child, and what is wrong about the answer."""
    name, content, expected = hostile
    began = stopwatch()
    try:
        report = check_in_child(content)
    except Rejected as refusal:
        return Outcome(name, stopwatch() - began, refusal.code)
    return Outcome(name, stopwatch() - began, fault_of(report, expected))


def fault_of(report: Report, expected: Expected) -> str:
    """What is wrong about a report, empty where nothing is."""
    if "a secret that no report may hold" in repr(report):
        return "secret told"
    if expected == "refused":
        return "" if report.grade == "refused" and not report.nets else "unsafe and not refused"
    if expected == "harmless":
        return ""
    if not is_blocked(report):
        return "publishable"
    named = {finding.element or "" for finding in report.findings} | set(_unpublishable(report))
    return "" if any(id.startswith("target") for id in named) else "not named"


def is_blocked(report: Report) -> bool:
    """Whether no version of the file could be published as it is."""
    return report.grade != "runs" or any(_unpublishable(report))


def _unpublishable(report: Report) -> Iterator[str]:
    """The nodes and flows that publishing refuses: they use a name that is never defined, or want what is not there."""
    for net in report.nets.values():
        for node in net.nodes:
            wants = node.form or node.decision or (node.call and node.call.process)
            if wants and wants not in report.nets:
                yield node.id
        parts: tuple[Node | Flow, ...] = (*net.nodes, *net.flows)
        for held in parts:
            if any(check_expression(each.source, each.spelling, _LOOP_NAMES) for each in _expressions(held)):
                yield held.id


def _expressions(held: Any) -> Iterator[Expression]:
    if isinstance(held, Expression):
        yield held
    elif isinstance(held, tuple):
        for each in held:
            yield from _expressions(each)
    elif is_dataclass(held):
        for each in fields(held):
            yield from _expressions(getattr(held, each.name))


def judged(files: Iterable[Hostile]) -> list[Outcome]:
    """What became of `files`, with as many children at a time as there are cores."""
    with ThreadPoolExecutor(CHILDREN) as pool:
        return list(pool.map(judge, files))


def run() -> Result:
    """The share of files about which nothing is wrong. Raises: AssertionError where something was executed."""
    with trap() as (canary, port, secret):
        outcomes = judged(hostile_files(canary, port, secret))
    faults = Counter(outcome.fault for outcome in outcomes)
    good = faults.pop("", 0)
    seconds = [outcome.seconds for outcome in outcomes]
    slow = sum(each > MOST_S for each in seconds)
    kinds = [("executed", 0), ("over 5 s", slow), *sorted(faults.items())]
    details = tuple(_count(*kind, len(outcomes)) for kind in kinds)
    result = from_turns("hostile", [seconds], details=details)
    return replace(result, ratio=good / len(outcomes), goal=1.0, passed=good)


def _count(name: str, count: int, n: int) -> Result:
    return Result(f"hostile.{name}", n, 0.0, 0.0, 0.0, 0.0, ratio=float(count), goal=0.0, at_most=True)
