"""The ledger: chains, seals and the anchor file as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from engine.errors import Conflict
from engine.storage.anchor import SealLine, append_lines, last_line, read_lines
from engine.storage.audit import verify
from engine.storage.ledger import START, append, seal_pending
from engine.storage.tables.ledger import ledger, seal
from engine.storage.uow import Database
from engine.testing import ManualClock


def _write(database: Database, clock: ManualClock, subject: str, count: int = 1) -> None:
    with database.write(clock.now()) as uow:
        for number in range(count):
            append(uow, subject, {"code": "task.signed", "number": number})


def test_append_chains_the_rows_of_each_subject(database: Database, clock: ManualClock) -> None:
    """Each row names the MAC before it, and subjects do not know of each other."""
    _write(database, clock, "task:1", 2)
    _write(database, clock, "task:2")
    with database.read() as uow:
        rows = uow.execute(select(ledger).order_by(ledger.c.subject, ledger.c.n)).all()
    assert [(row.subject, row.n) for row in rows] == [("task:1", 1), ("task:1", 2), ("task:2", 1)]
    assert [row.prev for row in rows] == [START, rows[0].mac, START]


@pytest.mark.parametrize("content", [{"name": "王小明"}, {"text": "call me back"}], ids=["chinese", "blanks"])
def test_append_of_text_is_refused(sqlite_database: Database, clock: ManualClock, content: dict[str, str]) -> None:
    """What enters the ledger stays for ever, so no name and no sentence may."""
    with pytest.raises(ValueError, match="ids, codes"), sqlite_database.write(clock.now()) as uow:
        append(uow, "task:1", content)


def test_seal_pending_covers_every_row_once_and_repeats_its_seal_in_the_file(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """After a seal the history up to it is fixed, inside the database and outside."""
    anchor = tmp_path / "seals"
    _write(database, clock, "task:1", 3)
    assert seal_pending(database, clock.now(), anchor, limit=2) == 2
    assert seal_pending(database, clock.now(), anchor, limit=2) == 1
    assert seal_pending(database, clock.now(), anchor) == 0
    with database.read() as uow:
        found = verify(uow, database.keys, anchor)
    assert (found.ok, found.rows, found.subjects, found.seals) == (True, 3, 1, 2)
    assert (found.unsealed, found.unanchored) == (0, 0)
    assert [line.n for line in read_lines(anchor)] == [1, 2]
    assert anchor.stat().st_mode & 0o777 == 0o600


def test_seal_pending_after_a_crash_before_the_file_catches_up(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """A process that died between commit and file leaves a seal that the next run anchors."""
    anchor, elsewhere = tmp_path / "seals", tmp_path / "lost"
    _write(database, clock, "task:1")
    seal_pending(database, clock.now(), elsewhere)
    with database.read() as uow:
        found = verify(uow, database.keys, elsewhere)
    assert found.ok
    anchor.touch()
    with database.read() as uow:
        assert verify(uow, database.keys, anchor).unanchored == 1
    assert seal_pending(database, clock.now(), anchor) == 0
    assert [line.n for line in read_lines(anchor)] == [1]


def test_seal_pending_over_a_cut_history_is_refused(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """New seals must not paper over missing ones."""
    anchor = tmp_path / "seals"
    _write(sqlite_database, clock, "task:1")
    seal_pending(sqlite_database, clock.now(), anchor)
    with sqlite_database.write(clock.now()) as uow:
        for trigger in ("ledger_no_delete", "seal_no_delete"):
            uow.execute(text(f"DROP TRIGGER {trigger}"))
        uow.execute(delete(ledger))
        uow.execute(delete(seal))
    _write(sqlite_database, clock, "task:1")
    with pytest.raises(Conflict) as refusal:
        seal_pending(sqlite_database, clock.now(), anchor)
    assert refusal.value.code == "ledger.anchor_differs"


def test_verify_without_the_file_that_seals_need_is_not_whole(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """Removing the file is no way around it."""
    _write(sqlite_database, clock, "task:1")
    seal_pending(sqlite_database, clock.now(), tmp_path / "seals")
    with sqlite_database.read() as uow:
        assert "missing" in (verify(uow, sqlite_database.keys, tmp_path / "other").first_broken or "")
        assert verify(uow, sqlite_database.keys, None).ok


def test_verify_with_other_keys_is_not_whole(sqlite_database: Database, clock: ManualClock, tmp_path: Path) -> None:
    """Who does not hold the key cannot make rows that pass."""
    from engine.sealing import new_keys

    _write(sqlite_database, clock, "task:1")
    with sqlite_database.read() as uow:
        assert not verify(uow, new_keys(), None).ok


def test_anchor_file_with_a_half_line_goes_on_with_a_whole_one(tmp_path: Path) -> None:
    """A crash in the middle of a line costs that line only, and the database still has it."""
    anchor = tmp_path / "seals"
    lines = [SealLine(n, "ab", "cd", 1, "2026-03-02T08:00:00.000000Z") for n in (1, 2)]
    append_lines(anchor, lines[:1])
    anchor.write_text(anchor.read_text() + '{"n": 2, "ma')
    assert last_line(anchor) == lines[0]
    append_lines(anchor, lines)
    assert list(read_lines(anchor)) == lines


@pytest.mark.parametrize("line", ["{}", "[]", "not json"])
def test_verify_with_a_broken_file_is_not_whole(
    sqlite_database: Database, clock: ManualClock, tmp_path: Path, line: str
) -> None:
    """A file that does not read proves nothing."""
    anchor = tmp_path / "seals"
    _write(sqlite_database, clock, "task:1")
    seal_pending(sqlite_database, clock.now(), anchor)
    anchor.write_text(line + "\n")
    with sqlite_database.read() as uow:
        assert not verify(uow, sqlite_database.keys, anchor).ok
