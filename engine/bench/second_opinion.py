"""Bench `second_opinion`: faults put into nets that our reader made, over real files and shipped processes.

A fault counts where the library can read the file at all: there each must be found as a difference. Beside it stands
how many files of all are called different although nothing was changed: none may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from lxml.etree import _Element

from engine import shipped
from engine.bench.faults import faulty
from engine.bench.real_files import real_files
from engine.bench.result import Result, from_turns
from engine.bpmn.guard import guard
from engine.bpmn.net import Net
from engine.bpmn.normalise import normalise
from engine.bpmn.reader import read
from engine.bpmn.second_opinion import SecondReading, second_opinion
from engine.bpmn.second_opinion_facts import unread_events
from engine.clock import cpu_seconds
from engine.safe_xml import UnsafeXml

OF_ONE_KIND = 2  # faults of each kind in one net


def nets() -> Iterator[tuple[str, _Element, Net]]:
    """Every net that was made without rewriting, with its tree. Raises: NotFound."""
    files = [*sorted(shipped.path("processes").glob("loops/*/*.bpmn")), *real_files()]
    for file in files:
        try:
            root = normalise(guard(file.read_bytes()).root).root
        except UnsafeXml:
            continue
        reading = read(root, "digest")
        for id, net in reading.nets.items():
            if id not in reading.rewritten:
                yield f"{file.name} {id}", root, net


def chosen(net: Net) -> Iterator[tuple[str, Net]]:
    """The first faults of each kind in `net`, but none about an event that the library never reads."""
    unread = unread_events(net)
    made: Counter[str] = Counter()
    for what, wrong, id in faulty(net):
        kind = what.split()[0]
        if id not in unread and made[kind] < OF_ONE_KIND:
            made[kind] += 1
            yield what, wrong


def run() -> Result:
    """The share of faults that are found, and as a detail how often a right reading is called different."""
    found = alarms = readable = 0
    missed: Counter[str] = Counter()
    turn: list[float] = []
    for _, root, net in nets():
        read = SecondReading(root, net.id)
        if read.reason is not None:
            continue
        readable += 1
        alarms += second_opinion(root, net).verdict == "differs"
        for what, wrong in chosen(net):
            began = cpu_seconds()
            is_found = read.difference(wrong) is not None
            turn.append(cpu_seconds() - began)
            found += is_found
            missed[what.split()[0]] += not is_found
    details = (
        _count("false alarms", readable, alarms, 0.0),
        *(_count(f"missed {what}", len(turn), count, None) for what, count in missed.most_common() if count),
    )
    return replace(
        from_turns("second_opinion", [turn]), ratio=found / len(turn), goal=1.0, passed=found, details=details
    )


def _count(name: str, n: int, count: int, goal: float | None) -> Result:
    return Result(f"second_opinion.{name}", n, 0.0, 0.0, 0.0, 0.0, ratio=float(count), goal=goal, at_most=True)
