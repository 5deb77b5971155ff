"""A dry run of what is being drawn: nets, forms and decisions that nobody has stored yet, played in a bounded child.

Calls resolve to the drawing itself, then to what this installation has published. Run as a module it is the child: the
request as JSON on standard input, `Driven.to_json` on standard output.
"""

from __future__ import annotations

import json
import resource
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine.bounded import OUT_OF_MEMORY, OverTheLimit, run_bounded
from engine.bpmn.check import CPU_S, MEMORY_BYTES, WALL_S, check_in_child
from engine.bpmn.net import Kind, Net, Node
from engine.bpmn.net_codec import net_from_bytes, net_to_bytes
from engine.errors import NotFound, Rejected
from engine.forms import example_answers
from engine.storage.tables.processes import definition
from engine.storage.uow import UnitOfWork

from .drive import Drive

Forms = Mapping[str, Mapping[str, Any]]


def nets_to_drive(content: bytes) -> dict[str, Net]:
    """The nets of a drawing. Raises: Rejected (`definition.refused`) with findings for one that does not run yet."""
    report = check_in_child(content)
    if not report.nets or report.grade == "refused":
        raise Rejected(
            "definition.refused",
            f"Expected a file that runs, but the check says {report.grade}.",
            findings=tuple(finding for finding in report.findings if finding.severity == "error"),
        )
    return dict(report.nets)


def called_nets(uow: UnitOfWork, nets: Mapping[str, Net]) -> dict[str, tuple[Net, Forms]]:
    """The newest published versions of what these nets call, and of what those call in turn."""
    found: dict[str, tuple[Net, Forms]] = {}
    asked = _calls(nets.values())
    while asked:
        c = definition.c
        rows = uow.found(
            select(c.process_id, c.net, c.forms)
            .where(c.process_id.in_(asked), c.state == "published")
            .order_by(c.process_id, c.version)
        )
        new = {str(row[0]): (net_from_bytes(bytes(row[1])), row[2]) for row in rows}
        found |= new
        asked = _calls(net for net, _ in new.values()) - found.keys() - nets.keys()
    return found


def _calls(nets: Any) -> set[str]:
    return {node.call.process for net in nets for node in net.nodes if node.kind is Kind.CALL and node.call}


def drive_draft(
    nets: Mapping[str, Net],
    process_id: str | None,
    forms: Forms,
    called: Mapping[str, tuple[Net, Forms]],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """How a dry run of a drawing ends, as `cityloop drive --json` says it.

    Raises: NotFound (`process.unknown`); Rejected (`drive.limit`) for one that needs more than a child may have.
    """
    chosen = process_id or next(iter(nets))
    if chosen not in nets:
        raise NotFound("process.unknown", f"Expected one of {', '.join(nets)}, but got “{chosen}”.", process=chosen)
    everything = [*((net, forms) for net in nets.values()), *called.values()]
    request = {
        "process": chosen,
        "nets": [b64encode(net_to_bytes(net)).decode() for net, _ in everything],
        "forms": {net.id: dict(its_forms) for net, its_forms in reversed(everything)},
        "variables": dict(variables),
    }
    try:
        content = json.dumps(request, ensure_ascii=False).encode()
        limits = {"memory_bytes": MEMORY_BYTES, "cpu_s": CPU_S}
        done = run_bounded("engine.services.drive_draft", content, **limits, wall_s=WALL_S)
    except OverTheLimit:
        done = None
    if done is None or done.returncode != 0:
        raise Rejected("drive.limit", f"Expected a dry run of at most {CPU_S} s, but this one needs more.", cpu_s=CPU_S)
    driven: dict[str, Any] = json.loads(done.stdout)
    return driven


def _driven(request: Mapping[str, Any]) -> dict[str, Any]:
    nets = {net.id: net for net in (net_from_bytes(b64decode(each)) for each in reversed(request["nets"]))}

    def answers(net: Net, node: Node) -> Mapping[str, Any] | None:
        schema = request["forms"].get(net.id, {}).get(node.form) if node.form else None
        return None if schema is None else example_answers(schema)

    return Drive(nets.get, answers).run(nets[request["process"]], request["variables"]).to_json()


def main() -> int:
    """Drives what stands on standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        json.dump(_driven(json.load(sys.stdin.buffer)), sys.stdout, default=str)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
