"""What an upload would answer: the steps of the reading in their order, and one report of them.

`check_in_child` does the same for bytes nobody has seen yet: in a process of its own with bounds on memory and time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

from lxml.etree import tostring

from engine.bounded import OverTheLimit, run_bounded
from engine.bpmn.fates import Fate, count_fates, fates_of, unknown_things
from engine.bpmn.findings import Finding
from engine.bpmn.guard import guard
from engine.bpmn.inventory import take_inventory
from engine.bpmn.net import Net
from engine.bpmn.net_codec import net_from_bytes, net_to_bytes
from engine.bpmn.normalise import Change, normalise
from engine.bpmn.opinion import Opinion, gravest
from engine.bpmn.reader import Reading, read
from engine.bpmn.schema import schema_findings
from engine.bpmn.second_opinion import second_opinion
from engine.errors import Rejected
from engine.safe_xml import UnsafeXml

Grade = Literal["runs", "answers", "refused"]

_REWRITTEN = Opinion("cannot", "because our net holds what the file does not draw: its findings say what")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_S = 5
WALL_S = 20  # a child may wait for a core before it spends its CPU seconds


@dataclass(frozen=True, slots=True)
class Report:
    """What a file is: its grade, what was changed on reading, every finding, and the net of each clean process."""

    grade: Grade
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    nets: Mapping[str, Net] = field(default_factory=dict)
    processes: tuple[str, ...] = ()
    opinion: Opinion = field(default_factory=lambda: Opinion("cannot", "because the file is refused"))
    fates: tuple[Fate, ...] = ()

    def to_json(self, *, with_fates: bool = False) -> dict[str, Any]:
        """The report without its nets, as `cityloop check --json` prints it; the fates are counted, or listed too."""
        shown: dict[str, Any] = {
            "grade": self.grade,
            "second_opinion": {"verdict": self.opinion.verdict, "reason": self.opinion.reason},
            "changes": [asdict(change) for change in self.changes],
            "findings": [finding.to_json() for finding in self.findings],
            "processes": list(self.processes),
            "fates": count_fates(self.fates),
        }
        if with_fates:
            shown["things"] = [asdict(fate) for fate in self.fates]
        return shown


def check(content: bytes) -> Report:
    """The report on a BPMN file; a refused file is a report too, never an exception."""
    try:
        safe = guard(content)
    except UnsafeXml as refusal:
        line = refusal.params.get("line")
        finding = Finding(refusal.code, "error", refusal.element, line, refusal.message, params=_plain(refusal.params))
        return Report("refused", findings=(finding,))
    things = take_inventory(safe.root)
    normalised = normalise(safe.root)
    digest = sha256(tostring(normalised.root)).hexdigest()
    notes = tuple(Change("", "dropped", note, None) for note in safe.notes)
    schema = schema_findings(normalised.root)
    reading = read(normalised.root, digest)
    fates = fates_of(things, reading.drawn, normalised.changes, reading.findings)
    reading = replace(reading, findings=(*reading.findings, *unknown_things(fates)))
    opinions = [
        _REWRITTEN if id in reading.rewritten else second_opinion(normalised.root, net)
        for id, net in reading.nets.items()
    ]
    if not opinions or len(opinions) < len(reading.processes):
        opinions.append(Opinion("cannot", "because the file holds an error of its own"))
    return Report(
        grade=_grade(reading),
        changes=notes + normalised.changes,
        findings=tuple(sorted((*reading.findings, *schema), key=lambda finding: finding.line or 0)),
        nets=reading.nets,
        processes=reading.processes,
        opinion=gravest(opinions),
        fates=fates,
    )


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a refusal as JSON can hold them."""
    return {name: value if isinstance(value, int | float) else str(value) for name, value in params.items()}


def _grade(reading: Reading) -> Grade:
    if any(finding.severity == "error" and not finding.question for finding in reading.findings):
        return "refused"
    return "answers" if reading.questions else "runs"


def check_in_child(
    content: bytes, *, memory_bytes: int = MEMORY_BYTES, cpu_s: int = CPU_S, wall_s: float = WALL_S
) -> Report:
    """The report on a BPMN file nobody has seen yet, made in a bounded child process that inherits no settings.

    Raises: Rejected with code check.limit where the child needed more than its memory or its time, check.failed
    where it stopped for another reason.
    """
    limits = {"memory_bytes": memory_bytes, "cpu_s": cpu_s}
    try:
        done = run_bounded("engine.bpmn.check_child", content, **limits, wall_s=wall_s)
    except OverTheLimit:
        raise _over_the_limit(**limits) from None
    if done.returncode != 0:
        raise Rejected("check.failed", "Expected a file that can be checked, but the check stopped at this one.")
    return report_from_json(json.loads(done.stdout))


def _over_the_limit(memory_bytes: int, cpu_s: int) -> Rejected:
    return Rejected(
        "check.limit",
        f"Expected a file that is read within {cpu_s} s and {memory_bytes // 1024**2} MB, but this one is not.",
        cpu_s=cpu_s,
        memory_bytes=memory_bytes,
    )


def report_to_json(report: Report) -> dict[str, Any]:
    """The whole report, nets included, as the child hands it over."""
    whole = {name: getattr(report, name) for name in ("grade", "processes")}
    whole["changes"] = [astuple(change) for change in report.changes]
    whole["findings"] = [astuple(finding) for finding in report.findings]
    whole["nets"] = {id: b64encode(net_to_bytes(net)).decode() for id, net in report.nets.items()}
    whole["opinion"] = astuple(report.opinion)
    whole["fates"] = [astuple(fate) for fate in report.fates]
    return whole


def report_from_json(whole: Mapping[str, Any]) -> Report:
    """The report that `report_to_json` wrote."""
    return Report(
        grade=whole["grade"],
        changes=tuple(Change(*row) for row in whole["changes"]),
        findings=tuple(Finding(*row) for row in whole["findings"]),
        nets={id: net_from_bytes(b64decode(net)) for id, net in whole["nets"].items()},
        processes=tuple(whole["processes"]),
        opinion=Opinion(*whole["opinion"]),
        fates=tuple(Fate(*row) for row in whole["fates"]),
    )
