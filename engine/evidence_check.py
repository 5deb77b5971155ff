"""What people hand in as evidence, made harmless before it is stored: decided by content, never by name.

Images are decoded and written anew, so that nothing but pixels survives: no metadata, no place of the camera, nothing
behind the last byte. A PDF is read as far as its structure and refused with anything active in it; it is stored as it
came and only ever handed out as a download. Everything else is refused. Limits: 10 MB, 40 million pixels. What the
check of a PDF does not do: it does not render it, and it cannot know what a reader with a fault would do.

Position in the house: a library room beside `sealing`.
"""

from __future__ import annotations

import io
import logging
import re
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from engine.errors import Rejected

LARGEST = 10_000_000
MOST_PIXELS = 40_000_000
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_ACTIVE = frozenset(
    {"/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA",
     "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}
)  # fmt: skip
_MOST_OBJECTS = 20_000
MOST_SCANS = 64
"""Passes in which a JPEG builds up its picture: cameras write one, the web about ten, each as much work as the first.
A pass may take 60 bytes, so without a limit a small file holds a core for hours."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_ALONE = frozenset({0x01, *range(0x02, 0xC0), *range(0xD0, 0xD9)})
"""Markers without a length behind them, and those that no JPEG has: what follows these is looked at byte by byte."""

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it reports what it repairs; here a file is taken or refused


def clean(content: bytes) -> bytes:
    """The content as it may be stored.

    Raises: Rejected `evidence.empty`, `evidence.too_large`, `evidence.media_type`, `evidence.too_many_pixels`,
    `evidence.broken`, `evidence.active`.
    """
    if not content:
        raise Rejected("evidence.empty", "Expected a file with content, but it is empty.")
    if len(content) > LARGEST:
        raise Rejected("evidence.too_large", "Expected at most 10 MB, but the file is larger.", size=len(content))
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return content
    return _encoded_anew(content)


def _encoded_anew(content: bytes) -> bytes:
    """The picture alone, in its own format. Formats that are not asked for are never decoded."""
    if content.startswith(b"\xff\xd8") and _scans(content) > MOST_SCANS:
        raise Rejected("evidence.broken", f"Expected at most {MOST_SCANS} scans in a JPEG, but there are more.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=list(_FORMATS)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise _too_many(image.width, image.height)
                kind, mode = str(image.format), "RGBA" if _is_clear(image) else "RGB"
                ImageOps.exif_transpose(image, in_place=True)
                image.load()
                upright = image.convert(mode)
        except UnidentifiedImageError as problem:
            raise Rejected(
                "evidence.media_type", "Expected a JPEG, PNG, WebP or PDF, but the content is none of them."
            ) from problem
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
            raise _too_many() from problem
        except (OSError, SyntaxError, ValueError, EOFError) as problem:
            raise Rejected("evidence.broken", "Expected a whole picture, but it cannot be read.") from problem
    out = io.BytesIO()
    if kind == "JPEG":
        upright.convert("RGB").save(out, "JPEG", quality=88, optimize=True)
    else:
        # As good as with more effort, for a fifth of the time: whoever sends it waits, and others wait behind.
        upright.save(out, kind, **({"method": 0} if kind == "WEBP" else {"compress_level": 3}))
    return out.getvalue()


def _scans(content: bytes) -> int:
    """How many scans the first picture of a JPEG has; what its segments hold, a preview say, is none of them."""
    scans, at = 0, 2
    while (marker := _MARKER.search(content, at)) is not None:
        kind, at = marker[1][0], marker.end()
        if kind == 0xD9 or scans > MOST_SCANS:
            break
        scans += kind == 0xDA
        if kind not in _ALONE:
            at += int.from_bytes(content[at : at + 2])
    return scans


def _is_clear(image: Image.Image) -> bool:
    return image.format != "JPEG" and ("A" in image.getbands() or "transparency" in image.info)


def _too_many(width: int = 0, height: int = 0) -> Rejected:
    return Rejected(
        "evidence.too_many_pixels",
        f"Expected at most {MOST_PIXELS // 1_000_000} million pixels, but the picture has more. Make it smaller.",
        width=width,
        height=height,
    )


def _check_pdf(content: bytes) -> None:
    """Refuse a PDF that is broken, encrypted, or holds anything that acts."""
    if b"%%EOF" not in content[-1024:]:
        raise Rejected("evidence.broken", "Expected a whole PDF, but its end is missing or followed by other data.")
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Rejected("evidence.active", "Expected a PDF that can be read, but it is encrypted.")
        pages = len(reader.pages)
        found = _active_part(reader)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError) as problem:
        raise Rejected("evidence.broken", "Expected a whole PDF, but it cannot be read.") from problem
    if not pages:
        raise Rejected("evidence.broken", "Expected a PDF with pages, but it has none.")
    if found is not None:
        raise Rejected(
            "evidence.active", f"Expected a PDF that only shows something, but it holds {found}.", part=found.strip("/")
        )


def _active_part(reader: PdfReader) -> str | None:
    """The name of the first active part among everything the document reaches; None without one."""
    waiting: list[object] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    looked_at = 0
    while waiting:
        looked_at += 1
        if looked_at > _MOST_OBJECTS:
            return "too many objects"
        each = waiting.pop()
        if isinstance(each, IndirectObject):
            place = (each.idnum, each.generation)
            if place not in seen:
                seen.add(place)
                waiting.append(each.get_object())
        elif isinstance(each, DictionaryObject):
            for name, value in each.raw_items() if hasattr(each, "raw_items") else each.items():
                if name in _ACTIVE or (name == "/S" and str(value) in _ACTIVE):
                    return str(name if name in _ACTIVE else value)
                waiting.append(value)
        elif isinstance(each, ArrayObject):
            waiting.extend(each)
    return None
