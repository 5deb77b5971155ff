"""Bench `census`: how many things of the real files have a fate that something accounts for.

The things are counted by `census_count`, which shares no code with the reading. Beside it stands the share of flow
nodes that are nothing but documentation in files that run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from engine.bench.census_count import Thing, census
from engine.bench.real_files import real_files
from engine.bench.result import Result, from_turns
from engine.bpmn.check import Report, check
from engine.bpmn.fates import UNKNOWN
from engine.clock import cpu_seconds

MOST_DOCUMENTATION = 0.01
_UNREADABLE = ("xml.", "bpmn.")


def forgotten(content: bytes, report: Report) -> Counter[Thing]:
    """What the census counts and the report has no fate for; nothing of a file that is refused unread."""
    if is_unread(report):
        return Counter()
    told: Counter[Thing] = Counter((fate.path, fate.kind, fate.name) for fate in report.fates if fate.detail != UNKNOWN)
    return Counter(census(content)) - told


def is_unread(report: Report) -> bool:
    """Whether the file is refused before anything in it is looked at."""
    return any(each.rule.startswith(_UNREADABLE) for each in report.findings if each.severity == "error")


def run() -> Result:
    """The share of things with a fate, over all real files. Raises: NotFound."""
    things = lost = 0
    fates: Counter[str] = Counter()
    nodes: Counter[str] = Counter()
    turn = []
    for path in real_files():
        content = path.read_bytes()
        began = cpu_seconds()
        report = check(content)
        turn.append(cpu_seconds() - began)
        if not is_unread(report):
            things += len(census(content))
            lost += forgotten(content, report).total()
        fates.update(fate.fate for fate in report.fates)
        if report.grade == "runs":
            nodes.update(fate.fate for fate in report.fates if fate.kind == "node")
    documentation = nodes["documentation"] / max(1, nodes.total())
    return replace(
        from_turns("census", [turn]),
        ratio=(things - lost) / things,
        goal=1.0,
        passed=things - lost,
        details=(
            _share("flow nodes that are documentation, of files that run", nodes, documentation, MOST_DOCUMENTATION),
            *(_share(f"things {word}", fates, count / fates.total(), None) for word, count in fates.most_common()),
        ),
    )


def _share(name: str, of: Counter[str], share: float, goal: float | None) -> Result:
    return Result(f"census.{name}", of.total(), 0.0, 0.0, 0.0, 0.0, ratio=share, goal=goal, at_most=True)
