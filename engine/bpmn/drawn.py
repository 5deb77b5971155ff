"""What is being drawn, checked as an upload of it would be, with what is wrong in every form and every cell of a table.

Run as a module it is the bounded child: the parts as JSON on standard input, the answer as JSON on standard output.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from engine.bounded import OUT_OF_MEMORY, OverTheLimit, run_bounded
from engine.bpmn.check import (
    CPU_S,
    MEMORY_BYTES,
    WALL_S,
    Report,
    over_the_limit,
    refused,
    report_from_json,
    report_to_json,
)
from engine.bpmn.decisions_reader import read_decisions
from engine.bpmn.findings import Finding
from engine.bpmn.upload import check_upload
from engine.errors import EngineError, Rejected
from engine.forms import FormFinding, compile_form

FILE = "drawing.bpmn"
Forms = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The report on a drawing; what is wrong with its forms by name; the findings on its DMN files by file name."""

    report: Report
    forms: Mapping[str, tuple[FormFinding, ...]] = field(default_factory=dict)
    decisions: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)


def check_drawn(source: str, forms: Forms, decisions: Mapping[str, str]) -> Drawn:
    """The answer on a drawing, made in a bounded child; what breaks its limits is a refused report."""
    limits = {"memory_bytes": MEMORY_BYTES, "cpu_s": CPU_S}
    envelope = json.dumps({"source": source, "forms": dict(forms), "decisions": dict(decisions)}).encode()
    try:
        done = run_bounded("engine.bpmn.drawn", envelope, **limits, wall_s=WALL_S)
    except OverTheLimit:
        return Drawn(refused(over_the_limit(**limits)))
    if done.returncode != 0:
        stopped = "Expected a file that can be checked, but the check stopped at this one."
        return Drawn(refused(Rejected("check.failed", stopped)))
    whole = json.loads(done.stdout)
    return Drawn(
        report_from_json(whole["report"]),
        {name: tuple(FormFinding(*row) for row in rows) for name, rows in whole["forms"].items()},
        {name: tuple(Finding(*row) for row in rows) for name, rows in whole["decisions"].items()},
    )


def _checked(drawing: Mapping[str, Any]) -> dict[str, Any]:
    forms, decisions = drawing["forms"], drawing["decisions"]
    files = {FILE: drawing["source"].encode()}
    files |= {f"{name}.json": json.dumps(form, ensure_ascii=False).encode() for name, form in forms.items()}
    files |= {name: text.encode() for name, text in decisions.items()}
    return {
        "report": report_to_json(check_upload(files, {}).reports[FILE]),
        "forms": {name: [astuple(found) for found in _on_form(form)] for name, form in forms.items()},
        "decisions": {name: [astuple(found) for found in _on_decisions(text)] for name, text in decisions.items()},
    }


def _on_form(form: Mapping[str, Any]) -> tuple[FormFinding, ...]:
    try:
        compile_form(form)
    except Rejected as refusal:
        return tuple(found for found in refusal.findings if isinstance(found, FormFinding))
    return ()


def _on_decisions(text: str) -> list[Finding]:
    try:
        return read_decisions(text.encode())[1]
    except EngineError as refusal:
        return list(refused(refusal).findings)


def main() -> int:
    """Checks standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        json.dump(_checked(json.load(sys.stdin.buffer)), sys.stdout)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
