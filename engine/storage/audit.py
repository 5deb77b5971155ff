"""Verifies the ledger: rows, chains, seals and anchor file, so that a changed, removed, inserted or swapped row and a
cut tail are found. Reads in two passes with constant memory."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from engine.errors import Unavailable
from engine.sealing import Keys
from engine.storage.anchor import read_lines
from engine.storage.ledger import START, Root, row_mac, seal_mac
from engine.storage.tables.ledger import ledger, seal
from engine.storage.types import instant_text
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Verification:
    """What the check found: whether all is whole, the first thing that is not, and how much was looked at.

    `unsealed` rows are protected by their chain alone; `unanchored` seals are newer than the file.
    """

    ok: bool
    first_broken: str | None
    rows: int
    subjects: int
    seals: int
    unsealed: int
    unanchored: int


class _Broken(Exception):
    """The first thing that does not fit; its text says which and how."""


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    subjects: int = 0
    seals: int = 0
    unsealed: int = 0
    unanchored: int = 0


def verify(uow: UnitOfWork, keys: Keys, anchor: Path | None) -> Verification:
    """Whether the ledger is as it was written; `anchor` is the seal file, None where none is kept."""
    counts = _Counts()
    broken: str | None = None
    try:
        _check_chains(uow, keys, counts)
        seals = _check_seals(uow, keys, counts)
        if anchor is not None:
            _check_anchor(anchor, seals, counts)
    except _Broken as problem:
        broken = str(problem)
    except (ValueError, TypeError, OverflowError) as problem:
        broken = f"A value was changed to one that does not read: {problem}"
    return Verification(
        broken is None,
        broken,
        rows=counts.rows,
        subjects=counts.subjects,
        seals=counts.seals,
        unsealed=counts.unsealed,
        unanchored=counts.unanchored,
    )


def _stream(uow: UnitOfWork, statement: Select[Any]) -> Iterator[Any]:
    return iter(uow.execute(statement.execution_options(yield_per=1_000)))


def _key(keys: Keys, key_id: str, what: str) -> bytes:
    try:
        return keys.ledger.key(key_id)
    except Unavailable:
        raise _Broken(f"{what} names the key {key_id!r}, which the keys file does not hold") from None


def _check_chains(uow: UnitOfWork, keys: Keys, counts: _Counts) -> None:
    """Every row's MAC, and that each chain counts up from 1 without a gap."""
    c = ledger.c
    order = select(c.subject, c.n, c.at, c.key_id, c.prev, c.content, c.mac, c.seal_n).order_by(c.subject, c.n)
    subject, expected, last = None, 1, START
    for row in _stream(uow, order):
        if row.subject != subject:
            subject, expected, last = row.subject, 1, START
            counts.subjects += 1
        what = f"Row {row.n} of {row.subject}"
        if row.n != expected:
            raise _Broken(f"Row {expected} of {row.subject} is missing")
        if row.prev != last:
            raise _Broken(f"{what} does not follow the row before it")
        key = _key(keys, row.key_id, what)
        mac = row_mac(key, row.key_id, row.subject, row.n, instant_text(row.at), row.prev, row.content)
        if not hmac.compare_digest(mac, row.mac):
            raise _Broken(f"{what} was changed: its MAC does not fit")
        expected, last = row.n + 1, row.mac
        counts.rows += 1
        counts.unsealed += row.seal_n is None


def _check_seals(uow: UnitOfWork, keys: Keys, counts: _Counts) -> dict[int, str]:
    """Every seal's MAC, chain and rows; the MACs of the seals by number."""
    rows = _sealed_rows(uow)
    macs: dict[int, str] = {}
    last, pending = START, next(rows, None)
    for found in uow.execute(select(seal).order_by(seal.c.n)).all():
        what = f"Seal {found.n}"
        if found.n != len(macs) + 1:
            raise _Broken(f"Seal {len(macs) + 1} is missing")
        if found.prev != last:
            raise _Broken(f"{what} does not follow the seal before it")
        key = _key(keys, found.key_id, what)
        at = instant_text(found.at)
        mac = seal_mac(key, found.key_id, found.n, at, found.prev, found.root, found.row_count)
        if not hmac.compare_digest(mac, found.mac):
            raise _Broken(f"{what} was changed: its MAC does not fit")
        root = Root()
        while pending is not None and pending[0] == found.n:
            root.add(pending[1], pending[2])
            pending = next(rows, None)
        if root.count != found.row_count:
            raise _Broken(f"{what} covers {found.row_count} rows, but {root.count} are there")
        if root.value() != found.root:
            raise _Broken(f"{what} does not fit its rows")
        macs[found.n], last = found.mac.hex(), found.mac
        counts.seals += 1
    if pending is not None:
        raise _Broken(f"A ledger row names seal {pending[0]}, which is missing")
    return macs


def _sealed_rows(uow: UnitOfWork) -> Iterator[tuple[int, int, bytes]]:
    c = ledger.c
    rows: Iterable[Any] = _stream(
        uow, select(c.seal_n, c.id, c.mac).where(c.seal_n.is_not(None)).order_by(c.seal_n, c.id)
    )
    return ((row.seal_n, row.id, row.mac) for row in rows)


def _check_anchor(anchor: Path, seals: dict[int, str], counts: _Counts) -> None:
    """That the database still has every seal the file knows."""
    newest = 0
    try:
        for line in read_lines(anchor):
            newest += 1
            if line.n != newest:
                raise _Broken(f"The seal file {anchor.name} misses seal {newest}")
            if line.n not in seals:
                raise _Broken(f"Seal {line.n} of the seal file is no longer in the database: its tail was cut")
            if seals[line.n] != line.mac:
                raise _Broken(f"Seal {line.n} of the seal file is another than in the database")
    except FileNotFoundError:
        if seals:
            raise _Broken(f"The seal file {anchor.name} is missing") from None
    except ValueError as problem:
        raise _Broken(f"The seal file {anchor.name} does not read: {problem}") from None
    counts.unanchored = len(seals) - newest
