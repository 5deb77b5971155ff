"""Encryption of what must not be read without the keys: personal data and free text (D13), and the keys themselves.

AES-256-GCM with the key's id in front and the place of the value (table, column, row) as associated data, so that a
sealed value copied to another row or column does not open. A blind index makes exact search possible. The keys of the
ledger travel in the same file; the ledger itself is at home in `engine.storage.ledger`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import Rejected, Unavailable

KEY_BYTES = 32
FEWEST_DISTINCT_BYTES = 12
"""32 random bytes hold fewer distinct values than this once in more than 10^20 keys; a typed pattern does."""
_NONCE_BYTES = 12
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that only `Keys.open` can read, with the place it was sealed for. Its text never shows the content."""

    table: str
    column: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys of one purpose by id; `current` is the one that new values get."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def key(self, key_id: str) -> bytes:
        """The key with this id.

        Raises: Unavailable `keys.unknown` when the file no longer holds it.
        """
        try:
            return self.keys[key_id]
        except KeyError:
            raise Unavailable(
                "keys.unknown", f"Expected key {key_id!r} in the keys file, but it is not there.", key_id=key_id
            ) from None


class Keys:
    """What seals, opens and indexes; made from three key rings: sealing, ledger, index."""

    def __init__(self, sealing: KeyRing, ledger: KeyRing, index: KeyRing) -> None:
        self.sealing = sealing
        self.ledger = ledger
        self.index = index
        self._ciphers = {key_id: AESGCM(key) for key_id, key in sealing.keys.items()}
        self._head = _head(sealing.current)
        self._current = self._ciphers[sealing.current]

    def seal(self, table: str, column: str, row_id: str, text: str) -> Sealed:
        """`text` sealed for exactly this table, column and row."""
        return self.seal_bytes(table, column, row_id, text.encode())

    def seal_bytes(self, table: str, column: str, row_id: str, content: bytes) -> Sealed:
        """`content` sealed for exactly this table, column and row."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher_text = self._current.encrypt(nonce, content, _place(self._head, table, column, row_id))
        return Sealed(table, column, self._head + nonce + cipher_text)

    def open(self, sealed: Sealed, row_id: str) -> str:
        """The text of a value sealed for row `row_id`.

        Raises: Rejected `sealed.broken` when value, place or row is not the one it was sealed for.
        """
        return self.open_bytes(sealed, row_id).decode()

    def open_bytes(self, sealed: Sealed, row_id: str) -> bytes:
        """The bytes of a value sealed for row `row_id`.

        Raises: Rejected `sealed.broken`; Unavailable `keys.unknown`.
        """
        content = sealed.content
        if len(content) < 2 or content[0] != _FORMAT:
            raise _broken(sealed)
        end = 2 + content[1]
        head = content[:end]
        key_id = head[2:].decode("ascii", "replace")
        self.sealing.key(key_id)
        nonce, cipher_text = content[end : end + _NONCE_BYTES], content[end + _NONCE_BYTES :]
        try:
            return self._ciphers[key_id].decrypt(nonce, cipher_text, _place(head, sealed.table, sealed.column, row_id))
        except (InvalidTag, ValueError):
            raise _broken(sealed) from None

    def blind_index(self, table: str, column: str, text: str) -> str:
        """A keyed digest under which equal texts of one column are found without opening any.

        Shape: 32 hexadecimal digits.
        """
        message = "\x1f".join((table, column, text)).encode()
        return hmac.digest(self.index.key(self.index.current), message, "sha256")[:16].hex()


def _head(key_id: str) -> bytes:
    name = key_id.encode("ascii")
    return bytes((_FORMAT, len(name))) + name


def _place(head: bytes, table: str, column: str, row_id: str) -> bytes:
    return head + "\x1f".join((table, column, row_id)).encode()


def _broken(sealed: Sealed) -> Rejected:
    return Rejected(
        "sealed.broken",
        f"Expected a value sealed for this row of {sealed.table}.{sealed.column}, but it does not open.",
        table=sealed.table,
        column=sealed.column,
    )


def new_keys() -> Keys:
    """Fresh random keys that are in no file: for tests and scratch runs."""
    return Keys(*(KeyRing(f"{name[0]}1", {f"{name[0]}1": secrets.token_bytes(KEY_BYTES)}) for name in _RINGS))


_RINGS = ("sealing", "ledger", "index")


def make_keys(path: Path) -> Keys:
    """Fresh keys, written to a new file at `path` that only its owner may read.

    Raises: FileExistsError: existing keys are never overwritten.
    """
    keys = new_keys()
    rings = (keys.sealing, keys.ledger, keys.index)
    document = {
        name: {
            "current": ring.current,
            "keys": {key_id: base64.b64encode(key).decode() for key_id, key in ring.keys.items()},
        }
        for name, ring in zip(_RINGS, rings, strict=True)
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return keys


def load_keys(path: Path) -> Keys:
    """The keys of the file at `path`.

    Raises: Unavailable `keys.missing`; Rejected `keys.open_to_others`, `keys.malformed` or `keys.weak`.
    """
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as problem:
        raise Unavailable(
            "keys.missing", f"Expected a readable keys file at {path}, but {problem.strerror}.", path=str(path)
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise Rejected(
            "keys.open_to_others",
            f"Expected {path} with mode 0600, but others may read it ({stat.S_IMODE(mode):04o}).",
            path=str(path),
        )
    rings = [_read_ring(path, name, content) for name in _RINGS]
    every = [key for ring in rings for key in ring.keys.values()]
    digests = {hashlib.sha256(key).digest() for key in every}
    if len(digests) < len(every):
        raise _weak(path, "one key serves two purposes")
    return Keys(*rings)


def _read_ring(path: Path, name: str, content: bytes) -> KeyRing:
    try:
        section: dict[str, Any] = json.loads(content)[name]
        current = str(section["current"])
        keys = {str(key_id): base64.b64decode(text, validate=True) for key_id, text in section["keys"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Rejected(
            "keys.malformed", f"Expected a keys file with a {name!r} section at {path}, but found none.", path=str(path)
        ) from None
    if current not in keys or not all(key_id.isascii() and 0 < len(key_id) < 32 for key_id in keys):
        raise Rejected(
            "keys.malformed",
            f"Expected the current {name} key among the keys of {path}, but it is not.",
            path=str(path),
        )
    for key_id, key in keys.items():
        if len(key) != KEY_BYTES:
            raise _weak(path, f"key {key_id!r} has {len(key)} bytes instead of {KEY_BYTES}")
        if len(set(key)) < FEWEST_DISTINCT_BYTES:
            raise _weak(path, f"key {key_id!r} is a pattern")
    return KeyRing(current, keys)


def _weak(path: Path, why: str) -> Rejected:
    return Rejected("keys.weak", f"Expected random keys in {path}, but {why}.", path=str(path), why=why)
