"""The evidence store: what is taken, how it lies on disk, and that it comes back unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NotFound, Rejected, Unavailable
from engine.storage.evidence import EvidenceStore, media_type_of
from engine.storage.uow import Database, UnitOfWork
from engine.testing import ManualClock

PNG = b"\x89PNG\r\n\x1a\n" + b"a flooded underpass"
LIMIT = 1_000


@pytest.fixture
def store(sqlite_database: Database, tmp_path: Path) -> EvidenceStore:
    """An empty store."""
    return EvidenceStore(tmp_path / "evidence", sqlite_database.keys, LIMIT)


def _files(store: EvidenceStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def _put(store: EvidenceStore, uow: UnitOfWork, content: bytes) -> str:
    return store.put(uow, content, subject_kind="task", subject_id="1", created_by=None).id


def test_evidence_comes_back_and_is_not_readable_on_disk(
    store: EvidenceStore, sqlite_database: Database, clock: ManualClock
) -> None:
    """A stolen disk shows no photo."""
    with sqlite_database.write(clock.now()) as uow:
        found, content = store.get(uow, _put(store, uow, PNG))
    assert content == PNG
    assert (found.media_type, found.size) == ("image/png", len(PNG))
    (file,) = _files(store)
    assert b"underpass" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert file.name == found.sha256


def test_evidence_given_twice_is_one_file_and_two_rows(
    store: EvidenceStore, sqlite_database: Database, clock: ManualClock
) -> None:
    """The same photo for two tasks takes room once."""
    with sqlite_database.write(clock.now()) as uow:
        first, second = _put(store, uow, PNG), _put(store, uow, PNG)
        assert first != second
        assert store.get(uow, first)[1] == store.get(uow, second)[1]
    assert len(_files(store)) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence.empty"),
        (PNG + bytes(LIMIT), "evidence.too_large"),
        (b"<svg onload='x'/>", "evidence.media_type"),
        (b"MZ\x90", "evidence.media_type"),
        (b"RIFF1234WAVE", "evidence.media_type"),
    ],
    ids=["empty", "large", "svg", "program", "sound"],
)
def test_evidence_of_another_kind_is_refused_without_a_file(
    store: EvidenceStore, sqlite_database: Database, clock: ManualClock, content: bytes, code: str
) -> None:
    """Only photos and documents within the limit enter, whatever they are called."""
    with pytest.raises(Rejected) as refusal, sqlite_database.write(clock.now()) as uow:
        _put(store, uow, content)
    assert refusal.value.code == code
    assert _files(store) == []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b" %PDF-1.7\n", None),
    ],
    ids=["jpeg", "png", "webp", "pdf", "pdf after a blank"],
)
def test_media_type_is_read_from_the_content(content: bytes, media_type: str | None) -> None:
    """A name or a header that lies changes nothing."""
    assert media_type_of(content) == media_type


def test_evidence_changed_on_disk_is_refused_and_lost_is_said(
    store: EvidenceStore, sqlite_database: Database, clock: ManualClock
) -> None:
    """A photo that was exchanged is never shown as the one on record."""
    with sqlite_database.write(clock.now()) as uow:
        found = _put(store, uow, PNG)
        (file,) = _files(store)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        with pytest.raises(Rejected):
            store.get(uow, found)
        file.unlink()
        with pytest.raises(Unavailable):
            store.get(uow, found)
        with pytest.raises(NotFound):
            store.get(uow, "unknown")
