"""The proof of a draft against what is published: outside of any transaction, for it plays every course of events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn.findings import Finding
from engine.bpmn.net import Call, Net
from engine.bpmn.net_codec import net_from_bytes
from engine.bpmn.proof import installation_of, prove
from engine.bpmn.proof_messages import hearing
from engine.bpmn.proof_terms import ProofKind
from engine.domain.access import Actor
from engine.domain.events import DefinitionProved
from engine.domain.lifecycle import DEFINITION
from engine.storage.prepared import update_row
from engine.storage.tables.processes import definition
from engine.storage.types import canonical_json
from engine.storage.uow import UnitOfWork

from .callees import callee
from .definitions import CERTIFICATE
from .desk import Desk
from .draft_rows import UPLOAD, DraftRow, changed, draft_row, require
from .engine import Engine

Forms = Mapping[str, Any]
Drawn = Mapping[str, tuple[Net, Forms]]
"""The nets that are uploaded together, by process, with their forms."""
_CERTIFICATE = update_row(definition, "certificate", "kind", where=("id", "revision"))


def certificate(
    engine: Engine,
    net: Net | None,
    kind: ProofKind,
    *,
    drawn: Drawn,
    findings: Iterable[Finding],
    deployment_id: str | None = None,
) -> dict[str, Any]:
    """The proof of `net` as this kind, as it is stored with its version; nothing is proved of what does not run.

    A call means the published version that it would reach now, else one of those `drawn` together.
    """
    if net is None:
        return {**CERTIFICATE, "kind": kind}
    known: dict[str, tuple[Net, Forms]] = {net.id: drawn.get(net.id, (net, {}))}

    def net_of(process: str, call: Call | None) -> Net | None:
        if process not in known:
            found = engine.read(_published, deployment_id, call or Call(process))
            known.update({} if found is None else {process: found})
        found = known.get(process) or drawn.get(process)
        return None if found is None else found[0]

    def forms_of(process: str) -> Forms:
        return (known.get(process) or drawn.get(process) or (net, {}))[1]

    city = hearing(installation_of(engine.city.profile), [each for each, _ in drawn.values()])
    proof = prove(net, kind, net_of=net_of, forms_of=forms_of, findings=tuple(findings), installation=city)
    return proof.to_json()


def _published(uow: UnitOfWork, deployment_id: str | None, call: Call) -> tuple[Net, Forms] | None:
    id = callee(uow, deployment_id, call)
    if id is None:
        return None
    row = draft_row(uow, id)
    return net_from_bytes(row.net), row.forms


def is_stale(uow: UnitOfWork, deployment_id: str | None, net: Net, proved: Mapping[str, Any]) -> bool:
    """Whether a process that `net` calls is another one now than when the certificate was made."""
    digests = proved.get("digests", {})
    for node in net.nodes:
        if node.call is None or node.call.process == net.id:
            continue
        found = _published(uow, deployment_id, node.call)
        if found is not None and digests.get(node.call.process) != found[0].digest:
            return True
    return False


def prove_again(engine: Engine, actor: Actor, id: str, revision: int, kind: ProofKind | None = None) -> dict[str, Any]:
    """Prove a draft or a version in review once more, as it stands among the processes of now; the certificate.

    A draft may be proved as another kind than its marks say: a loop published as plain, that is bound to nothing.

    Raises: NotAllowed; InvalidMove (`definition.not_draft`); Conflict (`definition.changed`).
    """
    row = engine.read(draft_row, id)
    _require_open(row, kind or row.kind)
    if row.revision != revision:  # what is proved is what it will be stored with
        raise changed(row)
    chosen: ProofKind = kind or row.kind
    net = net_from_bytes(row.net) if row.net else None
    asked = [Finding(**each) for each in _open_findings(row)]
    drawn = {} if net is None else {net.id: (net, row.forms)}
    proved = certificate(engine, net, chosen, drawn=drawn, findings=asked, deployment_id=row.deployment_id)
    engine.command(_keep, actor, id, revision, chosen, proved)
    return proved


def _require_open(row: DraftRow, kind: ProofKind) -> None:
    """Refuse a version that stands, and another kind for one that is no draft. Raises: InvalidMove."""
    if row.state not in ("draft", "in_review") or (row.state != "draft" and kind != row.kind):
        DEFINITION.decide(row.state, "edit")


def _open_findings(row: DraftRow) -> Iterable[dict[str, Any]]:
    """What the report of a version leaves open, as findings; what it says beside is no matter of the proof."""
    for each in row.report.get("findings", ()):
        if each.get("question") or each["severity"] == "error":
            names = ("rule", "severity", "element", "line", "message")
            yield {**{name: each[name] for name in names}, "question": bool(each.get("question"))}


def _keep(desk: Desk, id: str, revision: int, kind: ProofKind, proved: dict[str, Any]) -> None:
    require(desk, UPLOAD)
    row = draft_row(desk.uow, id)
    _require_open(row, kind)
    values = {"id": id, "seen_revision": revision, "certificate": proved, "kind": kind}
    if desk.uow.run(_CERTIFICATE, values) != 1:
        raise changed(row)
    digest = hashlib.sha256(canonical_json(proved).encode()).hexdigest()
    fact = DefinitionProved(
        at=desk.now, subject_id=id, actor_id=desk.actor_id, kind=kind, proved=bool(proved["proved"]), digest=digest
    )
    desk.record(fact, f"definition:{id}")
