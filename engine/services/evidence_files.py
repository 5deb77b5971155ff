"""Commands on evidence: taking in a photo or document for a case, and handing it out again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import bindparam, select

from engine.domain.access import Actor
from engine.errors import NotFound
from engine.evidence_check import LARGEST, clean
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
    harmless = clean(content)
    store = EvidenceStore(folder, engine.database.keys, LARGEST * 4)

    def keep(desk: Desk) -> str:
        return store.put(desk.uow, harmless, subject_kind=kind, subject_id=subject_id, created_by=desk.actor_id).id

    return engine.command(keep, actor)


def evidence_of(uow: UnitOfWork, folder: Path, kind: str, subject_id: str, id: str) -> tuple[Evidence, bytes]:
    """A piece of evidence of that subject. Raises: NotFound (`evidence.unknown`) also for another subject's."""
    if uow.one(_OF_SUBJECT, {"id": id, "subject_kind": kind, "subject_id": subject_id}) is None:
        raise NotFound("evidence.unknown", "Expected evidence of this case, but there is none.", id=id)
    return EvidenceStore(folder, uow.keys, LARGEST * 4).get(uow, id)
