"""The ledger as an auditor reads it: its newest rows, and the chain of one subject."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.services.people import names_of
from engine.storage.tables.ledger import ledger
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One link of a chain: what it says, and under which seal it lies."""

    id: int
    subject: str
    n: int
    at: datetime
    facts: tuple[tuple[str, str, str | None, dict[str, Any]], ...]
    """Code, subject, name of who did it, payload, of each fact."""
    request: str | None
    mac: str
    seal_n: int | None


def ledger_page(
    uow: UnitOfWork, *, subject: str | None = None, before: int | None = None, limit: int = 50
) -> list[LedgerRow]:
    """The newest rows, or those before the row with the id `before`; one more than `limit` if there are more."""
    c = ledger.c
    found = select(c.id, c.subject, c.n, c.at, c.content, c.mac, c.seal_n).order_by(c.id.desc()).limit(limit + 1)
    if subject:
        found = found.where(c.subject == subject)
    if before is not None:
        found = found.where(c.id < before)
    rows = [(*row[:4], json.loads(bytes(row[4])), *row[5:]) for row in uow.found(found)]
    names = names_of(uow, [fact[3] for row in rows for fact in row[4].get("facts", ())])
    return [
        LedgerRow(
            row[0],
            row[1],
            row[2],
            row[3],
            tuple((f[0], f"{f[1]}:{f[2]}", names.get(f[3] or ""), f[4]) for f in row[4].get("facts", ())),
            row[4].get("request"),
            bytes(row[5]).hex(),
            row[6],
        )
        for row in rows
    ]
