"""Sealing, the blind index and the keys file."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected, Unavailable
from engine.sealing import KeyRing, Keys, Sealed, load_keys, make_keys, new_keys

pytestmark = pytest.mark.fast

KEYS = new_keys()


@given(st.text())
def test_sealed_text_opens_to_itself_and_hides_it(text: str) -> None:
    """Every text survives, and none is found in the bytes."""
    sealed = KEYS.seal("signal", "text", "row-1", text)
    assert KEYS.open(sealed, "row-1") == text
    assert len(text) < 4 or text.encode() not in sealed.content


@pytest.mark.parametrize(
    ("place", "row"),
    [(("signal", "text"), "row-2"), (("signal", "address"), "row-1"), (("incident", "text"), "row-1")],
)
def test_sealed_text_moved_to_another_place_does_not_open(place: tuple[str, str], row: str) -> None:
    """Copying a sealed value between rows, columns or tables is found."""
    moved = Sealed(*place, KEYS.seal("signal", "text", "row-1", "x").content)
    with pytest.raises(Rejected) as refusal:
        KEYS.open(moved, row)
    assert refusal.value.code == "sealed.broken"


def test_sealed_text_with_any_byte_changed_does_not_open() -> None:
    """No byte of the stored value is unprotected, its key id included."""
    content = KEYS.seal("signal", "text", "row-1", "thirteen").content
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        with pytest.raises((Rejected, Unavailable)):
            KEYS.open(Sealed("signal", "text", bytes(changed)), "row-1")


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01\x02s1", b"\x01\x02s1short"])
def test_sealed_text_cut_short_is_refused_by_name(content: bytes) -> None:
    """A torn value is a named refusal and no crash."""
    with pytest.raises(Rejected):
        KEYS.open(Sealed("signal", "text", content), "row-1")


def test_sealed_text_of_an_older_key_still_opens() -> None:
    """A change of keys seals new values with the new one and keeps the old readable."""
    old = KEYS.seal("signal", "text", "row-1", "before")
    fresh = new_keys().sealing.keys["s1"]
    changed = Keys(KeyRing("s2", {**KEYS.sealing.keys, "s2": fresh}), KEYS.ledger, KEYS.index)
    assert changed.open(old, "row-1") == "before"
    with pytest.raises(Unavailable):
        KEYS.open(changed.seal("signal", "text", "row-1", "after"), "row-1")


def test_blind_index_finds_equal_texts_of_one_column_only() -> None:
    """A phone is found again, but not across columns and not without the key."""
    index = KEYS.blind_index("signal", "reporter_phone", "13800000000")
    assert index == KEYS.blind_index("signal", "reporter_phone", "13800000000")
    assert index != KEYS.blind_index("signal", "reporter_name", "13800000000")
    assert index != new_keys().blind_index("signal", "reporter_phone", "13800000000")


def test_keys_file_is_private_and_reads_back(tmp_path: Path) -> None:
    """The keys survive a restart and nobody else may read them."""
    path = tmp_path / "keys.json"
    made = make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path).open(made.seal("a", "b", "c", "x"), "c") == "x"
    assert load_keys(path).ledger == made.ledger


def test_make_keys_over_existing_ones_is_refused(tmp_path: Path) -> None:
    """Overwriting keys would make everything sealed so far unreadable."""
    make_keys(tmp_path / "keys.json")
    with pytest.raises(FileExistsError):
        make_keys(tmp_path / "keys.json")


def test_load_keys_readable_by_others_is_refused(tmp_path: Path) -> None:
    """A keys file that the group can read protects nothing."""
    path = tmp_path / "keys.json"
    make_keys(path)
    path.chmod(0o640)
    with pytest.raises(Rejected) as refusal:
        load_keys(path)
    assert refusal.value.code == "keys.open_to_others"


def _file_with(path: Path, change: object) -> Path:
    make_keys(path)
    document = json.loads(path.read_text())
    change(document)  # type: ignore[operator]
    path.write_text(json.dumps(document))
    return path


def _encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["sealing"]["keys"].update(s1=_encoded(b"short")), "keys.weak"),
        (lambda d: d["ledger"]["keys"].update(l1=_encoded(bytes(32))), "keys.weak"),
        (lambda d: d["ledger"]["keys"].update(l1=_encoded(b"passwordpasswordpasswordpassword")), "keys.weak"),
        (lambda d: d["ledger"]["keys"].update(l1=d["sealing"]["keys"]["s1"]), "keys.weak"),
        (lambda d: d["sealing"].update(current="s9"), "keys.malformed"),
        (lambda d: d.pop("index"), "keys.malformed"),
        (lambda d: d["sealing"]["keys"].update(s1="not base64!"), "keys.malformed"),
        (lambda d: d["sealing"].update(keys=[]), "keys.malformed"),
    ],
    ids=["short", "zeros", "pattern", "shared", "no current", "no section", "no base64", "no keys"],
)
def test_load_keys_weak_or_malformed_are_refused(tmp_path: Path, change: object, code: str) -> None:
    """Short, patterned, shared or missing keys never come into use."""
    with pytest.raises(Rejected) as refusal:
        load_keys(_file_with(tmp_path / "keys.json", change))
    assert refusal.value.code == code


def test_load_keys_without_a_file_says_so(tmp_path: Path) -> None:
    """A missing file is a named refusal, not a traceback."""
    with pytest.raises(Unavailable) as refusal:
        load_keys(tmp_path / "none")
    assert refusal.value.code == "keys.missing"
