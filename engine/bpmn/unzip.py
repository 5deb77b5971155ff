"""A zip of an upload to its files by name, in memory: nothing is written, nothing larger than it may be is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from engine.errors import Rejected

MAGIC = b"PK\x03\x04"
MOST_FILES = 50
LARGEST_ZIP = 5_000_000
LARGEST_ALL = 10_000_000  # unpacked, all files together
MOST_TIMES_LARGER = 100
_BY_SYSTEMS = ("__MACOSX", ".DS_Store", "Thumbs.db")
_PIECE = 65_536


def is_zip(content: bytes) -> bool:
    """Whether bytes begin like a zip."""
    return content.startswith(MAGIC)


def unzip(content: bytes) -> dict[str, bytes]:
    """The files of a zip by their names; folders are left out of the names, and what systems add is left out.

    Raises: Rejected with the codes `upload.too_large`, `upload.too_many`, `upload.ratio`, `upload.path`,
    `upload.twice`, `upload.nested`, `upload.encrypted`, `upload.broken`.
    """
    if len(content) > LARGEST_ZIP:
        message = f"Expected at most {LARGEST_ZIP} bytes, but the zip has {len(content)}."
        raise Rejected("upload.too_large", message, limit=LARGEST_ZIP)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as problem:
        raise Rejected("upload.broken", "Expected a zip that can be read, but this one is broken.") from problem


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    entries = [entry for entry in entries if not any(part in entry.filename.split("/") for part in _BY_SYSTEMS)]
    if len(entries) > MOST_FILES:
        message = f"Expected at most {MOST_FILES} files, but the zip has {len(entries)}."
        raise Rejected("upload.too_many", message, limit=MOST_FILES)
    found: dict[str, bytes] = {}
    left = LARGEST_ALL
    for entry in entries:
        name = _plain_name(entry)
        if name in found:
            raise Rejected("upload.twice", f"Expected names to differ, but two files are {name!r:.80}.", name=name[:80])
        found[name] = _read(archive, entry, left)
        left -= len(found[name])
        if is_zip(found[name]):
            raise Rejected("upload.nested", f"Expected no zip in the zip, but {name!r:.80} is one.", name=name[:80])
    return found


def _plain_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry without its folders. Raises: Rejected `upload.path` for one that leads outside."""
    path = PurePosixPath(entry.filename)
    outside = path.is_absolute() or ".." in path.parts or any(sign in entry.filename for sign in "\\:\0")
    if outside or not path.name.isprintable():
        message = f"Expected files inside the zip, but {entry.filename!r:.80} leads outside."
        raise Rejected("upload.path", message, name=entry.filename[:80])
    return path.name


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of an entry, counted while they are unpacked: what the zip says of its sizes is not believed."""
    if entry.flag_bits & 1:
        message = f"Expected files without a password, but {entry.filename!r:.80} has one."
        raise Rejected("upload.encrypted", message, name=entry.filename[:80])
    most_for_ratio = max(_PIECE, entry.compress_size * MOST_TIMES_LARGER)
    pieces, size = [], 0
    with archive.open(entry) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > most:
                message = f"Expected at most {LARGEST_ALL} bytes in all, but the zip holds more."
                raise Rejected("upload.too_large", message, limit=LARGEST_ALL)
            if size > most_for_ratio:
                message = f"Expected files at most {MOST_TIMES_LARGER} times larger than packed, but one is."
                raise Rejected("upload.ratio", message, limit=MOST_TIMES_LARGER)
            pieces.append(piece)
    return b"".join(pieces)
