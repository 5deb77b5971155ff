"""Dry runs of files: which process, where its calls and forms are found, what to answer.

Files are read in the bounded child, as an upload is; what comes back is nets, which hold no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine import shipped
from engine.bpmn.check import Report, check_in_child
from engine.bpmn.decisions_link import link_decisions
from engine.bpmn.decisions_model import Decisions
from engine.bpmn.decisions_reader import read_decisions
from engine.bpmn.net import Kind, Net, Node
from engine.errors import NotFound, Rejected
from engine.forms import example_answers
from engine.safe_xml import UnsafeXml

from .definitions import read_source
from .drive import Drive, Driven


def drive_file(file: Path, process_id: str | None, variables: Mapping[str, Any]) -> Driven:
    """Play a process of a file; calls and decisions resolve to files of the same folder, calls then to what is shipped.

    Raises: Rejected (`definition.refused`) with findings for a file that does not run; NotFound (`process.unknown`).
    """
    return drive_checked(file, check_in_child(file.read_bytes()), process_id, variables)


def drive_checked(
    file: Path, report: Report, process_id: str | None, variables: Mapping[str, Any], *, reload: bool = True
) -> Driven:
    """The same for a file with its report. Raises: as `drive_file`."""
    if not report.nets or report.grade == "refused":
        raise Rejected(
            "definition.refused",
            f"Expected a file that runs, but the check says {report.grade}.",
            findings=tuple(f for f in report.findings if f.severity == "error"),
        )
    chosen = process_id or next(iter(report.nets))
    if chosen not in report.nets:
        raise NotFound(
            "process.unknown", f"Expected one of {', '.join(report.nets)}, but got “{chosen}”.", process=chosen
        )
    library = _Library(file, report)
    net = library.net(chosen)
    assert net is not None
    return Drive(library.net, library.answers, reload=reload).run(net, variables)


class _Library:
    """Where called processes and forms are looked for: the file itself, its folder, the shipped catalogue."""

    def __init__(self, file: Path, report: Report) -> None:
        self.file = file
        self.nets: dict[str, Net | None] = dict(report.nets)
        beside = read_source(file.parent).forms if _is_source(file) else {}
        self.forms: dict[str, Mapping[str, Any]] = {**report.forms, **beside}

    def net(self, process_id: str) -> Net | None:
        """The process with this id, or None."""
        if process_id not in self.nets:
            self.nets[process_id] = self._search(process_id)
        net = self.nets[process_id]
        if net is not None and not net.decisions and any(node.kind is Kind.RULE for node in net.nodes):
            net = self.nets[process_id] = link_decisions(net, self._decisions())
        return net

    def _decisions(self) -> list[Decisions]:
        """The decisions of the folder; one that is not there or broken leaves its node to a person, as proposed."""
        found = []
        for path in sorted(self.file.parent.glob("*.dmn")):
            with suppress(UnsafeXml):
                found.append(read_decisions(path.read_bytes())[0])
        return [each for each in found if each is not None]

    def _search(self, process_id: str) -> Net | None:
        beside = sorted(path for path in self.file.parent.iterdir() if path.suffix == ".bpmn" and path != self.file)
        catalogue = sorted(shipped.path("processes").glob(f"*/{process_id}/{process_id}.bpmn"))
        beside.sort(key=lambda path: path.stem != process_id)
        for path in [*beside, *catalogue]:
            found = check_in_child(path.read_bytes()).nets.get(process_id)
            if found is not None:
                return found
        return None

    def answers(self, net: Net, node: Node) -> Mapping[str, Any] | None:
        """Proposed answers for a human node with a form."""
        schema = self.forms.get(node.form) if node.form else None
        return None if schema is None else example_answers(schema)


def _is_source(file: Path) -> bool:
    return file.stem == file.parent.name and (file.parent / "forms").is_dir()
