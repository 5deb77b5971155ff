"""What was uploaded together: BPMN files, the DMN files and forms beside them, and the report on each BPMN file.

`check_upload_in_child` is for files nobody has seen yet: everything, the unpacking too, happens in a bounded child.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.bounded import OverTheLimit, run_bounded
from engine.bpmn.answers import NO_ANSWERS, Answers
from engine.bpmn.beside import Beside
from engine.bpmn.check import (
    CPU_S,
    MEMORY_BYTES,
    WALL_S,
    Report,
    check,
    over_the_limit,
    refused,
    report_from_json,
    report_to_json,
)
from engine.bpmn.decisions_model import Decisions
from engine.bpmn.decisions_reader import read_decisions
from engine.bpmn.unzip import is_zip, unzip
from engine.errors import EngineError, Rejected

AnswersByFile = Mapping[str, Answers]
ZIP_CPU_S = 20
_DECISION_ID = re.compile(rb"""<(?:[\w.-]+:)?decision\b[^>]*?\bid\s*=\s*["']([^"']{1,200})["']""")


@dataclass(frozen=True, slots=True)
class Upload:
    """The report on each BPMN file by name, their bytes, and what came beside them and is right.

    Shape: `forms` are schemas by form name, `decisions` DMN files by file name; `broken` are those that are not right,
    by file name; `ignored` names files of other kinds.
    """

    reports: Mapping[str, Report]
    sources: Mapping[str, bytes] = field(default_factory=dict)
    forms: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, bytes] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def dressed(self) -> Upload:
        """The upload with a reviewer's remarks on each file, and a picture where it has none."""
        return replace(self, reports={name: report.dressed() for name, report in self.reports.items()})

    @property
    def is_refused(self) -> bool:
        """Whether a file of the upload is refused: then none of them becomes a version."""
        return any(report.grade == "refused" for report in self.reports.values())


def check_upload(files: Mapping[str, bytes], answers: AnswersByFile) -> Upload:
    """The reports on files that came together; a single zip is unpacked. A refusal is a report too.

    Raises: Rejected for an answer that does not fit its question.
    """
    alone = len(files) == 1
    try:
        if alone and is_zip(next(iter(files.values()))):
            files, alone = unzip(next(iter(files.values()))), False
    except Rejected as refusal:
        return Upload({next(iter(files)): refused(refusal)})
    kinds = {name: _kind(name, content, alone=alone) for name, content in files.items()}
    forms, wrong_forms = _forms({name: files[name] for name, kind in kinds.items() if kind == "form"})
    decisions, made, models = _decisions({name: files[name] for name, kind in kinds.items() if kind == "dmn"})
    beside = Beside({**wrong_forms, **dict.fromkeys(forms)}, made, models)
    drawings = {name: files[name] for name, kind in kinds.items() if kind == "bpmn"}
    if not drawings:
        missing = Rejected("upload.nothing", "Expected a BPMN file, but there is none.")
        return Upload({next(iter(files), ""): refused(missing)})
    reports = {name: check(content, answers.get(name, NO_ANSWERS), beside) for name, content in drawings.items()}
    twice = _processes_twice(reports)
    if twice is not None:
        name, process = twice
        message = f"Expected each process in one file, but {process!r:.80} is in two."
        reports[name] = refused(Rejected("upload.process_twice", message, name=process[:80]))
    drawn = {name: form for report in reports.values() for name, form in report.forms.items()}
    ignored = tuple(name for name, kind in kinds.items() if kind is None)
    broken = {
        name: files[name]
        for name, kind in kinds.items()
        if (kind == "form" and form_name(name) not in forms) or (kind == "dmn" and name not in decisions)
    }
    return Upload(reports, drawings, {**drawn, **forms}, decisions, broken, ignored)


def form_name(file: str) -> str:
    """What a form is called by the steps that use it."""
    return file.rpartition(".")[0].removesuffix(".schema")


def _kind(name: str, content: bytes, *, alone: bool) -> str | None:
    """What a file is: bpmn, dmn, form or, with None, nothing of ours. A file that comes alone is taken as BPMN."""
    ending = name.lower().rpartition(".")[2]
    if ending == "dmn" or (ending == "xml" and b"/DMN/" in content[:2_000]):
        return "dmn"
    if ending in ("json", "form"):
        return "form"
    return "bpmn" if alone or ending in ("bpmn", "bpmn2", "xml") else None


def _forms(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, str]]:
    """The right forms by name, and what is wrong with the others."""
    if not files:
        return {}, {}
    from engine.forms import compile_form  # here, because most uploads bring no form and its import costs 60 ms

    right: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for file, content in files.items():
        name = form_name(file)
        try:
            text = content.decode("utf-8-sig")
            compile_form(text)
            right[name] = json.loads(text)
        except UnicodeDecodeError:
            wrong[name] = "it is not UTF-8"
        except EngineError as refusal:
            found = getattr(refusal, "findings", ())
            wrong[name] = f"{found[0].field or 'the form'}: {found[0].reason}"[:300] if found else refusal.message
    return right, wrong


def _decisions(
    files: Mapping[str, bytes],
) -> tuple[dict[str, str], dict[str, str | None], tuple[Decisions, ...]]:
    """The texts of the right DMN files by file name, every decision's id with what is wrong with it, and the models."""
    models: list[Decisions] = []
    right: dict[str, str] = {}
    made: dict[str, str | None] = {}
    for file, content in files.items():
        fault = "it cannot be read"
        try:
            graph, findings = read_decisions(content)
            if graph is not None:
                right[file] = content.decode("utf-8-sig")
                made.update(dict.fromkeys(graph.decisions))
                models.append(graph)
                continue
            fault = next((each.message for each in findings if each.severity == "error"), fault)
        except UnicodeDecodeError:
            fault = "it is not UTF-8"
        except EngineError as refusal:
            fault = refusal.message
        ids = {id.decode("utf-8", "replace") for id in _DECISION_ID.findall(content)}
        made.update({id: f"{file}: {fault}"[:300] for id in ids if id not in made})
    return right, made, tuple(models)


def _processes_twice(reports: Mapping[str, Report]) -> tuple[str, str] | None:
    """A file and its process that another file before it has too; None where there is none."""
    seen: set[str] = set()
    for name, report in reports.items():
        for process in report.processes:
            if process in seen:
                return name, process
            seen.add(process)
    return None


def check_upload_in_child(
    files: Mapping[str, bytes], answers: AnswersByFile | None = None, *, dressed: bool = False
) -> Upload:
    """`check_upload` in a bounded child process; what breaks its limits is a refused report.

    `dressed` adds a reviewer's remarks and a picture to each report.

    Raises: Rejected for an answer that does not fit its question.
    """
    packed = {name: b64encode(content).decode() for name, content in files.items()}
    envelope = json.dumps({"files": packed, "answers": answers or {}, "dressed": dressed}).encode()
    cpu_s = CPU_S if len(files) == 1 and not is_zip(next(iter(files.values()))) else ZIP_CPU_S
    limits = {"memory_bytes": MEMORY_BYTES, "cpu_s": cpu_s}
    first = next(iter(files), "")
    try:
        done = run_bounded("engine.bpmn.upload_child", envelope, **limits, wall_s=WALL_S * cpu_s / CPU_S)
    except OverTheLimit:
        return Upload({first: refused(over_the_limit(**limits))})
    if done.returncode != 0:
        stopped = "Expected a file that can be checked, but the check stopped at this one."
        return Upload({first: refused(Rejected("check.failed", stopped))})
    whole = json.loads(done.stdout)
    if "refusal" in whole:
        code, message, element, params = whole["refusal"]
        raise Rejected(code, message, element=element, **params)
    return upload_from_json(whole)


def upload_to_json(upload: Upload) -> dict[str, Any]:
    """The whole upload, as the child hands it over."""
    return {
        "reports": {name: report_to_json(report) for name, report in upload.reports.items()},
        "sources": {name: b64encode(content).decode() for name, content in upload.sources.items()},
        "forms": dict(upload.forms),
        "decisions": dict(upload.decisions),
        "broken": {name: b64encode(content).decode() for name, content in upload.broken.items()},
        "ignored": list(upload.ignored),
    }


def upload_from_json(whole: Mapping[str, Any]) -> Upload:
    """The upload that `upload_to_json` wrote."""
    return Upload(
        {name: report_from_json(report) for name, report in whole["reports"].items()},
        {name: b64decode(content) for name, content in whole["sources"].items()},
        whole["forms"],
        whole["decisions"],
        {name: b64decode(content) for name, content in whole["broken"].items()},
        tuple(whole["ignored"]),
    )
