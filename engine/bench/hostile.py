"""Bench `hostile`: what becomes of every hostile file when it is checked as an upload is, and played where it runs.

Counted are: executed (a file was written, a local port was called), over the limits of the child, not named (no
finding on the element that is attacked), publishable, and unsafe XML that was not refused. All of them must be none.
"""

from __future__ import annotations

import os
import resource
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from engine.bench.hostile_files import hostile_files
from engine.bench.hostile_xml import Expected, Hostile
from engine.bench.result import Result, from_turns
from engine.bpmn.check import CPU_S, MEMORY_BYTES, Report
from engine.bpmn.expressions import check_expression
from engine.bpmn.net import Flow, Node, expressions_in
from engine.bpmn.upload import check_upload, check_upload_in_child
from engine.clock import stopwatch

CHILDREN = 2
_STOPPED = ("check.limit", "check.failed")
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
    """The check of one upload in a child, with remarks and picture, and what is wrong about the answer."""
    name, content, expected = hostile
    began = stopwatch()
    upload = check_upload_in_child({"hostile.bpmn": content}, dressed=True)
    seconds = stopwatch() - began
    reports = list(upload.reports.values())
    if any(finding.rule in _STOPPED for report in reports for finding in report.findings):
        return Outcome(name, seconds, "over the limits")
    return Outcome(name, seconds, fault_of_upload(reports, expected))


def fault_of_upload(reports: Iterable[Report], expected: Expected) -> str:
    """What is wrong about the reports on an upload; it is refused as a whole where one of its files is."""
    faults = [fault_of(report, expected) for report in reports]
    if expected == "refused" and "" in faults:
        return ""
    return next(filter(None, faults), "")


def read_here(content: bytes) -> list[Report]:
    """The reports on an upload, made in this process."""
    return list(check_upload({"hostile.bpmn": content}, {}).reports.values())


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
            if any(check_expression(each.source, each.spelling, _LOOP_NAMES) for each in expressions_in(held)):
                yield held.id


def judged(files: Iterable[Hostile]) -> list[Outcome]:
    """What became of `files`, each in the child that an upload has, with as many at a time as there are cores."""
    with ThreadPoolExecutor(CHILDREN) as pool:
        return list(pool.map(judge, files))


def judge_forked(hostile: Hostile) -> Outcome:
    """The same in a fork of this process under the same limits, which has nothing to load: for thousands of files."""
    name, content, expected = hostile
    began = stopwatch()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _in_fork(writing, content, expected)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    seconds = stopwatch() - began
    return Outcome(name, seconds, said.removeprefix("ok") if status == 0 and said else "over the limits")


def _in_fork(writing: int, content: bytes, expected: Expected) -> NoReturn:
    """Judges under the limits of a child and ends at once: nothing of the parent is cleaned up here."""
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        reports = [report.dressed() for report in read_here(content)]
        os.write(writing, f"ok{fault_of_upload(reports, expected)}".encode())
        os._exit(0)
    finally:
        os._exit(1)


def run() -> Result:
    """The share of files about which nothing is wrong. Raises: AssertionError where something was executed."""
    with trap() as (canary, port, secret):
        outcomes = [judge_forked(hostile) for hostile in hostile_files(canary, port, secret)]
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
