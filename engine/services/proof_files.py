"""The proofs of the processes of an upload for `cityloop check`: against the files themselves and what ships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.net import Call, Net
from engine.bpmn.proof import prove_both
from engine.bpmn.proof_city import shipped_installation
from engine.bpmn.proof_messages import hearing
from engine.bpmn.upload import Upload

from .definitions import shipped_loop


def proofs_of(upload: Upload, file: str) -> dict[str, dict[str, Any]]:
    """For each process of a file that has a net, its proof as a loop and as a plain process, as JSON.

    A call means a process that came along, else a shipped one, as in a city that has published nothing else.
    """
    report = upload.reports[file]
    drawn = {id: net for each in upload.reports.values() for id, net in each.nets.items()}

    def net_of(process: str, call: Call | None) -> Net | None:
        return drawn.get(process) or (shipped_loop(process) or (None,))[0]

    def forms_of(process: str) -> Mapping[str, Any]:
        if process in drawn:
            return upload.forms
        found = shipped_loop(process)
        return found[1] if found is not None else {}

    city = hearing(shipped_installation(), drawn.values())
    shown: dict[str, dict[str, Any]] = {}
    for process, net in report.nets.items():
        findings = [finding for finding in report.findings if finding.process in (None, process)]
        proofs = prove_both(net, net_of=net_of, forms_of=forms_of, findings=findings, installation=city)
        shown[process] = {str(kind): proof.to_json() for kind, proof in proofs.items()}
    return shown
