"""The anchor file: the seals of the ledger repeated outside the database, one JSON line each (D12).

It lies where the database's writer cannot rewrite it, or at least beside the database: a tail cut off together with
its seals is missed only if this file is cut as well.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_LONGEST_LINE = 4_096


@dataclass(frozen=True, slots=True)
class SealLine:
    """A seal as the file repeats it; digests in hexadecimal."""

    n: int
    mac: str
    root: str
    row_count: int
    at: str


def append_lines(path: Path, lines: Sequence[SealLine]) -> None:
    """Adds the lines that the file does not have yet, durably.

    Two processes may do this at once: the file is locked, and a number it already has is skipped.
    """
    if not lines:
        return
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _drop_half_line(descriptor)
        known = last_line(path)
        newest = 0 if known is None else known.n
        text = "".join(json.dumps(asdict(line)) + "\n" for line in lines if line.n > newest)
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _sync_folder(path.parent)


def _drop_half_line(descriptor: int) -> None:
    """Cuts what a crash left of a line without its end; the database still has that seal."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _LONGEST_LINE)
    tail = os.pread(descriptor, _LONGEST_LINE, start)
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, start + tail.rfind(b"\n") + 1)


def last_line(path: Path) -> SealLine | None:
    """The newest seal the file knows, or None where there is no file or no line yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LONGEST_LINE))
            whole = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    for line in reversed(whole):
        if line.endswith(b"\n"):
            return SealLine(**json.loads(line))
    return None


def read_lines(path: Path) -> Iterator[SealLine]:
    """Every seal the file knows, oldest first.

    Raises: ValueError for a line that is no seal; a last line without its end was cut by a crash and is left out.
    """
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                try:
                    yield SealLine(**json.loads(line))
                except TypeError:
                    raise ValueError(f"Expected a seal in {path}, but a line is none.") from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
