"""Photos and documents: sealed files named by the digest of their content, and a row that says what each belongs to.

A file is written before the row's transaction commits; one whose transaction is rolled back is an orphan that nobody
can read and the same content uses again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, select

from engine.errors import NotFound, Rejected, Unavailable
from engine.sealing import Keys, Sealed
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.outbox import evidence
from engine.storage.uow import UnitOfWork

_insert = insert_into(evidence)
_found = Prepared(
    select(evidence.c.sha256, evidence.c.size, evidence.c.media_type, evidence.c.stored_path).where(
        evidence.c.id == bindparam("id")
    )
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence on record."""

    id: str
    sha256: str
    size: int
    media_type: str
    stored_path: str


def media_type_of(content: bytes) -> str | None:
    """What the first bytes say the content is, None for anything we do not take; names and headers are not asked."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    return None


class EvidenceStore:
    """A folder of sealed files; `limit` is the largest content taken, in bytes."""

    def __init__(self, folder: Path, keys: Keys, limit: int) -> None:
        self.folder = folder
        self.keys = keys
        self.limit = limit

    def put(
        self, uow: UnitOfWork, content: bytes, *, subject_kind: str, subject_id: str, created_by: str | None
    ) -> Evidence:
        """Stores `content` for a subject; the same content is one file, however often it is given.

        Raises: Rejected `evidence.empty`, `evidence.too_large` or `evidence.media_type`.
        """
        media_type = self._checked(content)
        digest = hashlib.sha256(content).hexdigest()
        stored_path = f"{digest[:2]}/{digest}"
        path = self.folder / stored_path
        if not path.exists():
            _write_whole(path, self.keys.seal_bytes("evidence", "content", digest, content).content)
        found = Evidence(uow.new_id(), digest, len(content), media_type, stored_path)
        uow.run(
            _insert,
            {
                "id": found.id,
                "sha256": digest,
                "size": found.size,
                "media_type": media_type,
                "subject_kind": subject_kind,
                "subject_id": subject_id,
                "stored_path": stored_path,
                "created_by": created_by,
                "created_at": uow.now,
            },
        )
        return found

    def get(self, uow: UnitOfWork, evidence_id: str) -> tuple[Evidence, bytes]:
        """The row and the content of a piece of evidence.

        Raises: NotFound `evidence.unknown`; Unavailable `evidence.missing`; Rejected `sealed.broken`.
        """
        row = uow.one(_found, {"id": evidence_id})
        if row is None:
            raise NotFound("evidence.unknown", id=evidence_id)
        found = Evidence(evidence_id, *row)
        try:
            sealed = (self.folder / found.stored_path).read_bytes()
        except OSError:
            raise Unavailable(
                "evidence.missing", "Expected the file of this evidence in the store, but it is gone.", id=evidence_id
            ) from None
        return found, self.keys.open_bytes(Sealed("evidence", "content", sealed), found.sha256)

    def _checked(self, content: bytes) -> str:
        if not content:
            raise Rejected("evidence.empty", "Expected a file with content, but it is empty.")
        if len(content) > self.limit:
            raise Rejected(
                "evidence.too_large",
                f"Expected at most {self.limit} bytes, but the file has {len(content)}.",
                limit=self.limit,
                size=len(content),
            )
        media_type = media_type_of(content)
        if media_type is None:
            raise Rejected("evidence.media_type", "Expected a JPEG, PNG, WebP or PDF, but the content is none of them.")
        return media_type


def _write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all, also after a crash."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
