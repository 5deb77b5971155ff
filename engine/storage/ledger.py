"""The ledger: one chain of rows for each subject, seals over batches of rows, and the anchor file (D12).

A row's MAC covers everything in it and the MAC before it; a seal's MAC covers the numbers and MACs of its rows and the
seal before it; the anchor file repeats the seals outside the database. Contents are ids, codes and digests: what is
written here can never be taken back, so nothing personal may enter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

from engine.errors import Conflict
from engine.storage.anchor import SealLine, append_lines, last_line
from engine.storage.prepared import Prepared, Row, insert_into
from engine.storage.tables.ledger import ledger, seal
from engine.storage.types import canonical_json, instant_text
from engine.storage.uow import Database, UnitOfWork

START = bytes(32)
"""What the first row of a chain, and the first seal, name as the MAC before them."""

MOST_SEALED_AT_ONCE = 5_000

_latest = Prepared(
    select(ledger.c.n, ledger.c.mac)
    .where(ledger.c.subject == bindparam("subject"))
    .order_by(ledger.c.n.desc())
    .limit(literal_column("1"))
)
_append = insert_into(ledger, "subject", "n", "at", "key_id", "prev", "content", "mac")
_last_seal = Prepared(select(seal.c.n, seal.c.mac).order_by(seal.c.n.desc()).limit(literal_column("1")))
_insert_seal = insert_into(seal)
_claim_rows = Prepared(
    update(ledger)
    .where(
        ledger.c.seal_n.is_(None),
        ledger.c.id.in_(
            select(ledger.c.id).where(ledger.c.seal_n.is_(None)).order_by(ledger.c.id).limit(bindparam("limit"))
        ),
    )
    .returning(ledger.c.id, ledger.c.mac),
    ("seal_n",),
)
_seals_after = Prepared(
    select(seal.c.n, seal.c.mac, seal.c.root, seal.c.row_count, seal.c.at)
    .where(seal.c.n > bindparam("n"))
    .order_by(seal.c.n)
)
_seal_mac = Prepared(select(seal.c.mac).where(seal.c.n == bindparam("n")))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row as appended."""

    subject: str
    n: int
    mac: bytes


def append(uow: UnitOfWork, subject: str, content: Mapping[str, Any]) -> LedgerRow:
    """Adds `content` to the chain of `subject`: one read by index and one insert.

    Raises: ValueError for a content with blanks or characters beyond ASCII, which is text and not ids and codes;
    Conflict `storage.busy` when another transaction is writing the same chain.
    """
    text = canonical_json(content)
    if not text.isascii() or " " in text:
        raise ValueError(f"Expected ids, codes and digests for the ledger, but the content of {subject} is text.")
    encoded = text.encode()
    found = uow.one(_latest, {"subject": subject})
    n, prev = (1, START) if found is None else (found[0] + 1, found[1])
    ring = uow.keys.ledger
    now = uow.now
    mac = row_mac(ring.keys[ring.current], ring.current, subject, n, instant_text(now), prev, encoded)
    uow.run(
        _append,
        {
            "subject": subject,
            "n": n,
            "at": now,
            "key_id": ring.current,
            "prev": prev,
            "content": encoded,
            "mac": mac,
        },
    )
    return LedgerRow(subject, n, mac)


def row_mac(key: bytes, key_id: str, subject: str, n: int, at: str, prev: bytes, content: bytes) -> bytes:
    """The MAC of a row: over all it says and the MAC before it."""
    head = f"{key_id}\x1f{subject}\x1f{n}\x1f{at}\x1f".encode()
    return hmac.digest(key, head + prev + content, "sha256")


def seal_mac(key: bytes, key_id: str, n: int, at: str, prev: bytes, root: bytes, row_count: int) -> bytes:
    """The MAC of a seal: over all it says and the MAC of the seal before it."""
    head = f"seal\x1f{key_id}\x1f{n}\x1f{at}\x1f{row_count}\x1f".encode()
    return hmac.digest(key, head + prev + root, "sha256")


class Root:
    """The digest over the rows of one seal, fed in the order of their ids."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def add(self, row_id: int, mac: bytes) -> None:
        """Takes the next row."""
        self._digest.update(row_id.to_bytes(8, "big", signed=True) + mac)
        self.count += 1

    def value(self) -> bytes:
        """The digest over the rows so far."""
        return self._digest.digest()


def seal_pending(database: Database, now: datetime, anchor: Path, limit: int = MOST_SEALED_AT_ONCE) -> int:
    """Seals up to `limit` rows that no seal covers yet, and brings the anchor file up to date after the commit.

    Shape: how many rows were sealed; 0 when none was left.
    Raises: Conflict `ledger.anchor_differs` when the file knows a seal that the database does not have: nothing is
    sealed over a history that was cut or replaced.
    """
    with database.write(now) as uow:
        _require_same_history(uow, anchor)
        count = _seal(uow, limit)
    with database.read() as uow:
        known = last_line(anchor)
        rows = uow.rows(_seals_after, {"n": 0 if known is None else known.n})
    append_lines(anchor, [_line(row) for row in rows])
    return count


def _seal(uow: UnitOfWork, limit: int) -> int:
    found = uow.one(_last_seal)
    n, prev = (1, START) if found is None else (found[0] + 1, found[1])
    claimed = uow.rows(_claim_rows, {"seal_n": n, "limit": limit})
    if not claimed:
        return 0
    root = Root()
    for row_id, mac in sorted(claimed):
        root.add(row_id, mac)
    ring, at, digest = uow.keys.ledger, uow.now, root.value()
    mac = seal_mac(ring.keys[ring.current], ring.current, n, instant_text(at), prev, digest, root.count)
    uow.run(
        _insert_seal,
        {
            "n": n,
            "at": at,
            "key_id": ring.current,
            "prev": prev,
            "root": digest,
            "row_count": root.count,
            "mac": mac,
        },
    )
    return root.count


def _require_same_history(uow: UnitOfWork, anchor: Path) -> None:
    known = last_line(anchor)
    if known is None:
        return
    found = uow.one(_seal_mac, {"n": known.n})
    if found is None or found[0].hex() != known.mac:
        raise Conflict(
            "ledger.anchor_differs",
            f"Expected seal {known.n} of {anchor} in the database, but it is missing or another.",
            n=known.n,
        )


def _line(row: Row) -> SealLine:
    n, mac, root, row_count, at = row
    return SealLine(n, mac.hex(), root.hex(), row_count, instant_text(at))
