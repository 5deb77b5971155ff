"""Bench `import`: how many files of other tools run, ask or are refused, and how many a dry run brings to an end.

The files lie in folders, one for each corpus, beside a table `EXPECTED.tsv` that says of each whether it must be
accepted or refused; without the table all must be accepted. Every file is read and driven in a process of a pool with
bounds on memory and CPU time, so a hostile one costs itself.
"""

from __future__ import annotations

import csv
import resource
import signal
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from engine.bench.real_files import FOLDER, real_files
from engine.bench.result import Result, from_turns
from engine.bpmn.check import Grade, Report, check
from engine.bpmn.decisions_link import link_decisions
from engine.bpmn.net import Node
from engine.clock import cpu_seconds
from engine.forms import example_answers
from engine.services.drive import Drive, Driven

ACCEPTED, REFUSED, EXECUTABLE, DRIVEN = 0.99, 1.0, 0.95, 0.97
ENGINES: Final = ("camunda7-examples", "operaton-engine", "zeebe")
MISSING: Final = frozenset(
    {
        *("call.no_process", "call.computed", "decision.missing", "task.decision", "task.decision_computed"),
        *("form.missing", "task.script", "expression.language"),
        *("service.no_operation", "service.program", "expression.method", "vendor.not_run"),
    }
)
"""Questions about what did not come with a file: a called process, a decision, a form, a script, a program."""
AWAITED: Final = frozenset({"call.elsewhere"})
"""Findings that name what a dry run may end waiting for."""
CPU_S, MEMORY_BYTES, WORKERS, REASONS = 20, 2 * 1024**3, 2, 12


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one file: its grade, the rules that refuse it and those it asks by, and its dry run."""

    corpus: str
    name: str
    expected: str
    grade: Grade
    refusing: tuple[str, ...]
    asking: tuple[str, ...]
    executable: bool
    ended: bool
    stuck: str
    seconds: float

    @property
    def is_accepted(self) -> bool:
        """Whether it runs, or does once its questions are answered."""
        return self.grade != "refused"

    @property
    def lacks_only_what_did_not_come(self) -> bool:
        """Whether it runs as it is, but for what did not come with it."""
        return self.is_accepted and MISSING.issuperset(self.asking)


def look_at(job: tuple[Path, str, str]) -> Found:
    """Check one file and drive each of its processes, within bounds."""
    path, corpus, expected = job
    began = cpu_seconds()
    content = path.read_bytes()
    executable = b'isExecutable="true"' in content
    found = Found(corpus, path.name, expected, "refused", ("check.limit",), (), executable, False, "", 0.0)
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        report = check(content)
        refusing = {each.rule for each in report.findings if each.severity == "error" and not each.question}
        asking = {each.rule for each in report.findings if each.question}
        found = replace(found, grade=report.grade, refusing=tuple(refusing), asking=tuple(asking), stuck="refused")
        if found.is_accepted:
            stuck = _stuck_at(report)
            found = replace(found, ended=not stuck, stuck=stuck)
    except (TimeoutError, MemoryError):
        found = replace(found, stuck=found.stuck or "check.limit")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return replace(found, seconds=cpu_seconds() - began)


def _stuck_at(report: Report) -> str:
    """Why the first process that does not come to an end does not; empty where all do.

    A called process of another file is waited for, and a decision that did not come is a person's, as proposed.
    """
    if not report.nets:
        return "no process without an error"
    named = {each.element for each in report.findings if each.rule in AWAITED}
    nets = {id: link_decisions(net, ()) for id, net in report.nets.items()}
    for net in nets.values():
        driven = Drive(nets.get, lambda _, node: _filled_in(report, node)).run(net, {})
        if not _comes_to_an_end(driven, named):
            return (driven.reason or f"waits for {', '.join(driven.waits_for)}")[:80]
    return ""


def _filled_in(report: Report, node: Node) -> Mapping[str, Any] | None:
    """Proposed answers to a form that the file draws itself."""
    schema = report.forms.get(node.form or "")
    return None if schema is None else example_answers(schema)


def _comes_to_an_end(driven: Driven, named: set[str | None]) -> bool:
    """Whether a dry run ended, by an error that the drawing throws out too, or waits for what the check named."""
    if driven.outcome == "waiting":
        return bool(driven.waits_for) and all(each.rpartition(" ")[2] in named for each in driven.waits_for)
    return driven.outcome == "completed" or driven.ended_with_error


def _begin_worker() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, _out_of_time)


def _out_of_time(_: int, __: FrameType | None) -> None:
    raise TimeoutError


def jobs(folder: Path, corpora: Sequence[str] = ()) -> list[tuple[Path, str, str]]:
    """Every file of the wanted corpora, with what must become of it. Raises: NotFound (`bench.no_data`)."""
    table = folder / "EXPECTED.tsv"
    expected: dict[str, str] = {}
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as rows:
            expected = {
                row["file"]: row["expected"] for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
            }
    found = []
    for path in real_files(folder):
        name = path.relative_to(folder)
        if not corpora or name.parts[0] in corpora:
            found.append((path, name.parts[0], expected.get(str(name), "either" if expected else "accept")))
    return found


def run(folder: Path = FOLDER, corpora: Sequence[str] = ()) -> Result:
    """The shares of the import over a folder of corpora. Raises: NotFound (`bench.no_data`)."""
    with ProcessPoolExecutor(WORKERS, initializer=_begin_worker) as pool:
        found = list(pool.map(look_at, jobs(folder, corpora), chunksize=8))
    return summary(found)


def summary(found: Sequence[Found]) -> Result:
    """The figures of the import: the shares, each corpus, and the reasons that stand in the way."""
    wanted = [each for each in found if each.expected == "accept"]
    unwanted = [each for each in found if each.expected == "refuse"]
    engines = [each for each in wanted if each.corpus in ENGINES and each.executable]
    whole = _share("import", [each.is_accepted for each in wanted], ACCEPTED)
    timed = from_turns("import", [[each.seconds for each in found]])
    return replace(
        timed,
        n=whole.n,
        ratio=whole.ratio,
        goal=whole.goal,
        passed=whole.passed,
        details=(
            _share("import.refuse", [not each.is_accepted for each in unwanted], REFUSED),
            _share("import.executable", [each.lacks_only_what_did_not_come for each in engines], EXECUTABLE),
            _share("import.drive", [each.ended for each in wanted], DRIVEN),
            *(_corpus(name, wanted) for name in dict.fromkeys(each.corpus for each in wanted)),
            *_reasons("refused by", (rule for each in wanted if not each.is_accepted for rule in each.refusing)),
            *_reasons("asked by", (rule for each in wanted for rule in each.asking)),
            *_reasons("not driven", (each.stuck for each in wanted if each.stuck)),
        ),
    )


def _share(name: str, held: Sequence[bool], goal: float | None) -> Result:
    """The share of what holds; of nothing all does."""
    share = sum(held) / len(held) if held else 1.0
    return Result(name, len(held), 0.0, 0.0, 0.0, 0.0, ratio=share, goal=goal, passed=sum(held))


def _corpus(name: str, wanted: Sequence[Found]) -> Result:
    own = [each for each in wanted if each.corpus == name]
    grades = Counter(each.grade for each in own)
    said = f"import.{name}: {grades['runs']} run, {grades['answers']} ask, {grades['refused']} refused"
    return _share(said, [each.is_accepted for each in own], None)


def _reasons(what: str, reasons: Iterable[str]) -> list[Result]:
    return [
        Result(f"import.{what} {reason}", count, 0.0, 0.0, 0.0, 0.0)
        for reason, count in Counter(reasons).most_common(REASONS)
    ]
