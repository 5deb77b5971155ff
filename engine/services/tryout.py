"""A dry run and a proof of what is being drawn: nets and forms that nobody has stored yet, in a bounded child.

Calls resolve to the drawing itself, then to what this installation has published. Run as a module it is the child: the
request as JSON on standard input, `Driven.to_json` or `Proof.to_json` on standard output.
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
from engine.bpmn.check import CPU_S, MEMORY_BYTES, WALL_S
from engine.bpmn.net import Kind, Net, Node
from engine.bpmn.net_codec import net_from_bytes, net_to_bytes
from engine.bpmn.proof import prove
from engine.bpmn.proof_terms import ProofKind
from engine.errors import Rejected
from engine.forms import example_answers
from engine.storage.tables.processes import definition
from engine.storage.uow import UnitOfWork

from .drive import Drive

Forms = Mapping[str, Mapping[str, Any]]
Called = Mapping[str, tuple[Net, Forms]]


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


def drive_drawing(
    nets: Mapping[str, Net], forms: Forms, called: Called, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """How a dry run of the first process ends, as `cityloop drive --json` says it. Raises: Rejected (`drive.limit`)."""
    return _in_child("drive", nets, forms, called, variables)


def prove_drawing(nets: Mapping[str, Net], forms: Forms, called: Called) -> dict[str, Any]:
    """What is proved of the first process, as its certificate would say it. Raises: Rejected (`drive.limit`)."""
    return _in_child("prove", nets, forms, called, {})


def _in_child(
    wanted: str, nets: Mapping[str, Net], forms: Forms, called: Called, variables: Mapping[str, Any]
) -> dict[str, Any]:
    everything = [*((net, forms) for net in nets.values()), *called.values()]
    request = {
        "wanted": wanted,
        "process": next(iter(nets)),
        "nets": [b64encode(net_to_bytes(net)).decode() for net, _ in everything],
        "forms": {net.id: dict(its_forms) for net, its_forms in reversed(everything)},
        "variables": dict(variables),
    }
    content = json.dumps(request, ensure_ascii=False).encode()
    limits = {"memory_bytes": MEMORY_BYTES, "cpu_s": CPU_S}
    try:
        done = run_bounded("engine.services.tryout", content, **limits, wall_s=WALL_S)
    except OverTheLimit:
        done = None
    if done is None or done.returncode != 0:
        raise Rejected("drive.limit", f"Expected an answer within {CPU_S} s, but it takes more.", cpu_s=CPU_S)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    nets = {net.id: net for net in (net_from_bytes(b64decode(each)) for each in reversed(request["nets"]))}
    net = nets[request["process"]]
    forms: Mapping[str, Forms] = request["forms"]
    if request["wanted"] == "prove":
        kind: ProofKind = "loop" if any(node.loop or node.action for node in net.nodes) else "plain"
        return prove(net, kind, net_of=lambda id, _: nets.get(id), forms_of=lambda id: forms.get(id, {})).to_json()

    def answers(net: Net, node: Node) -> Mapping[str, Any] | None:
        schema = forms.get(net.id, {}).get(node.form) if node.form else None
        return None if schema is None else example_answers(schema)

    return Drive(nets.get, answers).run(net, request["variables"]).to_json()


def main() -> int:
    """Tries out what stands on standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        json.dump(_answer(json.load(sys.stdin.buffer)), sys.stdout, default=str)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
