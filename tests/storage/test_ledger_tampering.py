"""1,000 random tamperings of sealed rows of five kinds, each found by `verify`."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from engine.storage.audit import verify
from engine.storage.ledger import append, seal_pending
from engine.storage.tables.ledger import ledger, seal
from engine.storage.uow import Database, UnitOfWork
from engine.testing import ManualClock

ROWS = 60
SUBJECTS = 7
EACH = 200

_COLUMNS = ("subject", "n", "at", "key_id", "prev", "content", "mac", "seal_n", "id")


class _Undo(Exception):
    """Leaves the savepoint of one tampering."""


def _other(value: Any, rng: random.Random) -> Any:
    """A value of the same kind that is another."""
    if isinstance(value, bytes):
        position = rng.randrange(len(value))
        return value[:position] + bytes([value[position] ^ rng.randrange(1, 256)]) + value[position + 1 :]
    if isinstance(value, int):
        return value + rng.choice((-1, 1)) * rng.randrange(1_000, 2_000)
    if isinstance(value, str):
        return value + rng.choice("x0:")
    return value.replace(microsecond=(value.microsecond + rng.randrange(1, 10**6)) % 10**6)


def _ids(uow: UnitOfWork) -> list[int]:
    return list(uow.execute(select(ledger.c.id).where(ledger.c.seal_n.is_not(None)).order_by(ledger.c.id)).scalars())


def _row(uow: UnitOfWork, row_id: int) -> dict[str, Any]:
    return dict(uow.execute(select(ledger).where(ledger.c.id == row_id)).one()._mapping)


def _change(uow: UnitOfWork, rng: random.Random) -> str:
    row = _row(uow, rng.choice(_ids(uow)))
    column = rng.choice(_COLUMNS)
    value = None if column == "seal_n" and rng.random() < 0.5 else _other(row[column], rng)
    uow.execute(update(ledger).where(ledger.c.id == row["id"]).values({column: value}))
    return f"{column} of row {row['id']} to {value!r}"


def _remove(uow: UnitOfWork, rng: random.Random) -> str:
    chosen = rng.sample(_ids(uow), rng.randrange(1, 4))
    uow.execute(delete(ledger).where(ledger.c.id.in_(chosen)))
    return f"rows {chosen}"


def _insert(uow: UnitOfWork, rng: random.Random) -> str:
    """A copy of a row under a new number, or a forged one behind a chain's end."""
    row = _row(uow, rng.choice(_ids(uow)))
    last = uow.execute(select(func.max(ledger.c.n)).where(ledger.c.subject == row["subject"])).scalar_one()
    row["n"] = rng.choice((0, -1, last + 1, last + 2))
    row["id"] = 10_000 + rng.randrange(1_000)
    row["seal_n"] = rng.choice((row["seal_n"], None))
    if rng.random() < 0.3:
        row["subject"] += "-copy"
    uow.execute(insert(ledger).values(row))
    return f"row {row['n']} of {row['subject']}"


def _swap(uow: UnitOfWork, rng: random.Random) -> str:
    """Two rows change places: everything but a random set of columns that stays."""
    first, second = (_row(uow, row_id) for row_id in rng.sample(_ids(uow), 2))
    columns = rng.choice((("content",), ("mac",), ("content", "mac"), ("subject", "n"), ("id",), ("content", "at")))
    if all(first[column] == second[column] for column in columns):
        columns = ("content", "mac")
    for row_id, place in ((first["id"], -1), (second["id"], -2)):
        uow.execute(update(ledger).where(ledger.c.id == row_id).values(id=place, subject=f"moving {place}"))
    for place, row, other in ((-1, first, second), (-2, second, first)):
        values = {**row, **{column: other[column] for column in columns}}
        uow.execute(update(ledger).where(ledger.c.id == place).values(values))
    return f"{columns} of {first['id']} and {second['id']}"


def _cut(uow: UnitOfWork, rng: random.Random) -> str:
    """The newest seals with every row they cover, and all that is younger."""
    newest = uow.execute(select(func.max(seal.c.n))).scalar_one()
    left = rng.randrange(newest)
    uow.execute(delete(ledger).where((ledger.c.seal_n > left) | ledger.c.seal_n.is_(None)))
    uow.execute(delete(seal).where(seal.c.n > left))
    return f"the tail after seal {left}"


KINDS: dict[str, Callable[[UnitOfWork, random.Random], str]] = {
    "change": _change,
    "remove": _remove,
    "insert": _insert,
    "swap": _swap,
    "cut": _cut,
}


@pytest.fixture
def sealed(sqlite_database: Database, clock: ManualClock, tmp_path: Path) -> tuple[Database, Path]:
    """A ledger with ten seals and no triggers, as an attacker with the database's password has it."""
    rng = random.Random(1)
    anchor = tmp_path / "seals"
    for _ in range(10):
        with sqlite_database.write(clock.now()) as uow:
            for number in range(ROWS // 10):
                append(uow, f"task:{rng.randrange(SUBJECTS)}", {"code": "task.signed", "number": number})
        seal_pending(sqlite_database, clock.now(), anchor)
    with sqlite_database.write(clock.now()) as uow:
        names = uow.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            uow.execute(text(f"DROP TRIGGER {name}"))
    return sqlite_database, anchor


@pytest.mark.parametrize("kind", KINDS)
def test_ledger_tampered_with_is_never_whole(sealed: tuple[Database, Path], clock: ManualClock, kind: str) -> None:
    """200 random tamperings of each of five kinds: 1,000 made, 1,000 found, and the untouched ledger is whole."""
    database, anchor = sealed
    rng = random.Random(kind)
    missed: list[str] = []

    def tamper(uow: UnitOfWork) -> None:
        with uow.savepoint():
            what = KINDS[kind](uow, rng)
            found = verify(uow, database.keys, anchor)
            if found.ok or not found.first_broken:
                missed.append(what)
            raise _Undo

    with database.write(clock.now()) as uow:
        for _ in range(EACH):
            with pytest.raises(_Undo):
                tamper(uow)
        assert missed == []
        assert verify(uow, database.keys, anchor).ok
