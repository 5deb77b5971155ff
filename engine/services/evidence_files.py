"""Commands on evidence: taking in a photo or document for a case, and handing it out again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from engine.domain.access import Actor
from engine.errors import NotFound, Rejected
from engine.evidence_check import LARGEST
from engine.evidence_child import clean_in_child
from engine.storage.evidence import Evidence, EvidenceStore
from engine.storage.prepared import Prepared
from engine.storage.tables.outbox import evidence
from engine.storage.uow import UnitOfWork

from .desk import Desk
from .engine import Engine

_OF_SUBJECT = Prepared(
    select(evidence.c.id).where(
        evidence.c.id == bindparam("id"),
        evidence.c.subject_kind == bindparam("subject_kind"),
        evidence.c.subject_id == bindparam("subject_id"),
    )
)


def take_evidence(engine: Engine, folder: Path, actor: Actor, content: bytes, *, kind: str, subject_id: str) -> str:
    """Take in a file for a subject; the id of the evidence. Decoding happens outside the transaction.

    Raises: Rejected (`evidence.…`) for what is no harmless photo or PDF.
    """
    harmless = clean_in_child(content)
    store = EvidenceStore(folder, engine.database.keys, LARGEST * 4)

    def keep(desk: Desk) -> str:
        return store.put(desk.uow, harmless, subject_kind=kind, subject_id=subject_id, created_by=desk.actor_id).id

    return engine.command(keep, actor)


def require_evidence(desk: Desk, schema: Mapping[str, Any], answers: Mapping[str, Any], kind: str, id: str) -> None:
    """Refuse answers that name as evidence what was not handed in for this subject. Raises: Rejected."""
    named = [name for name, field in schema["properties"].items() if field.get("x-cl-evidence")]
    for name in named:
        for each in answers.get(name) or ():
            if desk.uow.one(_OF_SUBJECT, {"id": str(each), "subject_kind": kind, "subject_id": id}) is None:
                raise Rejected(
                    "evidence.unknown_here",
                    f"Expected files that were handed in for this case in {name}, but one is none. Add it again.",
                    field=name,
                )


def evidence_of(uow: UnitOfWork, folder: Path, kind: str, subject_id: str, id: str) -> tuple[Evidence, bytes]:
    """A piece of evidence of that subject. Raises: NotFound (`evidence.unknown`) also for another subject's."""
    if uow.one(_OF_SUBJECT, {"id": id, "subject_kind": kind, "subject_id": subject_id}) is None:
        raise NotFound("evidence.unknown", "Expected evidence of this case, but there is none.", id=id)
    return EvidenceStore(folder, uow.keys, LARGEST * 4).get(uow, id)
