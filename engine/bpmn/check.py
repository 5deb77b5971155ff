"""What an upload would answer: the steps of the reading in their order, and one report of them.

`check_in_child` does the same for bytes nobody has seen yet: in a process of its own with bounds on memory and time.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

from lxml.etree import _Element, tostring

from engine.bounded import OverTheLimit, run_bounded
from engine.bpmn.answers import NO_ANSWERS, Answers, apply, settle, wants
from engine.bpmn.beside import Beside, missing_beside, with_beside
from engine.bpmn.dressing import Dressing, dress, dressing_from_json
from engine.bpmn.fates import Fate, count_fates, fates_of, unknown_things
from engine.bpmn.findings import Finding
from engine.bpmn.guard import guard
from engine.bpmn.inventory import Thing, take_inventory
from engine.bpmn.net import Net
from engine.bpmn.net_codec import net_from_bytes, net_to_bytes
from engine.bpmn.normalise import Change, Normalised, normalise
from engine.bpmn.opinion import Opinion, gravest
from engine.bpmn.reader import Reading, read
from engine.bpmn.schema import schema_findings
from engine.bpmn.tree import children, id_of
from engine.errors import EngineError, Rejected
from engine.safe_xml import UnsafeXml

Grade = Literal["runs", "answers", "refused"]

_REWRITTEN = Opinion("cannot", "because our net holds what the file does not draw: its findings say what")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_S = 5
WALL_S = 20  # a child may wait for a core before it spends its CPU seconds


@dataclass(frozen=True, slots=True)
class Report:
    """What a file is: its grade, what was changed on reading, every finding, and the net of each clean process.

    `asked` are all questions of the file, those that the given answers settle included; `normalised` is the file after
    changes and answers; `forms` are schemas, by name, of the forms that the file draws itself.
    """

    grade: Grade
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    nets: Mapping[str, Net] = field(default_factory=dict)
    processes: tuple[str, ...] = ()
    opinion: Opinion = field(default_factory=lambda: Opinion("cannot", "because the file is refused"))
    fates: tuple[Fate, ...] = ()
    asked: tuple[Finding, ...] = ()
    normalised: bytes = b""
    forms: Mapping[str, Any] = field(default_factory=dict)
    dressing: Dressing | None = None

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
        if self.dressing is not None:
            shown |= self.dressing.to_json()
        return shown

    def dressed(self) -> Report:
        """The report with a reviewer's remarks, and a picture where the file has none; a refused file has neither."""
        return replace(self, dressing=dress(self.normalised, self.nets)) if self.normalised else self


def check(content: bytes, answers: Answers = NO_ANSWERS, beside: Beside | None = None) -> Report:
    """The report on a BPMN file with `answers` to its questions; a refused file is a report too, never an exception.

    `beside` are the forms and decisions that came along, None where nobody can say.

    Raises: Rejected `answer.not_taken` or `answer.invalid` for an answer that does not fit its question.
    """
    try:
        safe = guard(content)
    except UnsafeXml as refusal:
        return refused(refusal)
    things = take_inventory(safe.root)
    normalised = normalise(safe.root)
    notes = tuple(Change("", "dropped", note, None) for note in safe.notes)
    schema = schema_findings(normalised.root)
    if beside is not None:
        beside = replace(beside, forms={**dict.fromkeys(normalised.forms), **beside.forms})
    drawing = _Drawing(normalised, things, beside)
    (reading, fates), asked, written = drawing.read_answered(answers)
    findings, settled = settle(reading.findings, answers)
    opinions = [
        _REWRITTEN if id in reading.rewritten else _second_opinion(normalised.root, net)
        for id, net in reading.nets.items()
    ]
    if not opinions or len(opinions) < len(reading.processes):
        opinions.append(Opinion("cannot", "because the file holds an error of its own"))
    return Report(
        grade=grade_of(findings),
        changes=(*notes, *normalised.changes, *written, *settled),
        findings=tuple(sorted((*findings, *schema), key=lambda finding: finding.line or 0)),
        nets=with_beside(reading.nets, drawing.beside, reading.findings, answers),
        processes=reading.processes,
        opinion=gravest(opinions),
        fates=fates,
        asked=asked,
        normalised=tostring(normalised.root, encoding="UTF-8", xml_declaration=True),
        forms=normalised.forms,
    )


def _second_opinion(root: _Element, net: Net) -> Opinion:
    from engine.bpmn.second_opinion import second_opinion  # here, because half of all files need no second reader

    return second_opinion(root, net)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A normalised file, everything that stands in its original, and what came beside it."""

    normalised: Normalised
    things: Sequence[Thing]
    beside: Beside | None

    def read_answered(
        self, answers: Answers
    ) -> tuple[tuple[Reading, tuple[Fate, ...]], tuple[Finding, ...], tuple[Change, ...]]:
        """The reading with the values among `answers` written into the file, all questions, and what was written."""
        before = self._read()
        answered = [question for question in before[0].questions if question.key in answers]
        written = apply(self.normalised.root, answered, answers)
        after = self._read(answered) if written else before
        asked = {question.key: question for question in (*answered, *after[0].questions)}
        return after, tuple(asked.values()), written

    def _read(self, answered: Iterable[Finding] = ()) -> tuple[Reading, tuple[Fate, ...]]:
        """The reading as the file stands now, each finding with its process and what it takes, and every fate.

        What was asked about keeps this fate when it is answered.
        """
        root = self.normalised.root
        reading = read(root, sha256(tostring(root)).hexdigest())
        said = (*reading.findings, *answered)
        fates = fates_of(self.things, reading.drawn, self.normalised.changes, said)
        found = [*reading.findings, *unknown_things(fates), *missing_beside(reading.nets, self.beside)]
        owners = {id_of(each): id_of(process) for process in children(root, "process") for each in process.iter()}
        findings = [
            replace(each, process=owners.get(each.element or ""), wants=wants(root, each) if each.question else None)
            for each in found
        ]
        return replace(reading, findings=tuple(findings)), fates


def refused(refusal: EngineError) -> Report:
    """The report on a file that is refused as a whole."""
    where = (refusal.element, refusal.params.get("line"))
    finding = Finding(refusal.code, "error", *where, refusal.message, params=_plain(refusal.params))
    return Report("refused", findings=(finding,))


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a refusal as JSON can hold them."""
    return {name: value if isinstance(value, int | float) else str(value) for name, value in params.items()}


def grade_of(findings: Iterable[Finding]) -> Grade:
    """What a file with these findings needs."""
    asked = [finding.question for finding in findings if finding.question or finding.severity == "error"]
    if not all(asked):
        return "refused"
    return "answers" if asked else "runs"


def check_in_child(
    content: bytes,
    *,
    dressed: bool = False,
    memory_bytes: int = MEMORY_BYTES,
    cpu_s: int = CPU_S,
    wall_s: float = WALL_S,
) -> Report:
    """The report on a BPMN file nobody has seen yet, made in a bounded child process that inherits no settings.

    `dressed` adds a reviewer's remarks and a picture.

    Raises: Rejected with code check.limit where the child needed more than its memory or its time, check.failed
    where it stopped for another reason.
    """
    limits = {"memory_bytes": memory_bytes, "cpu_s": cpu_s}
    try:
        done = run_bounded(
            "engine.bpmn.check_child", content, *(["dressed"] if dressed else []), **limits, wall_s=wall_s
        )
    except OverTheLimit:
        raise over_the_limit(**limits) from None
    if done.returncode != 0:
        raise Rejected("check.failed", "Expected a file that can be checked, but the check stopped at this one.")
    return report_from_json(json.loads(done.stdout))


def over_the_limit(memory_bytes: int, cpu_s: int) -> Rejected:
    """The refusal of a file that needed more than its memory or its time."""
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
    whole["asked"] = [astuple(question) for question in report.asked]
    whole["normalised"] = b64encode(report.normalised).decode()
    whole["forms"] = dict(report.forms)
    whole["dressing"] = None if report.dressing is None else report.dressing.to_json()
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
        asked=tuple(Finding(*row) for row in whole["asked"]),
        normalised=b64decode(whole["normalised"]),
        forms=whole["forms"],
        dressing=dressing_from_json(whole["dressing"]),
    )
