"""Files in forms: what was uploaded becomes evidence before its form is carried out, so that nothing is lost."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from engine.errors import Rejected
from engine.services.evidence_files import take_evidence
from engine.storage.evidence import Evidence

from .session import actor, settings, the_engine

MOST_FILES = 10


def uploaded(name: str, *, kind: str, subject_id: str) -> list[str]:
    """Take in the files of one field; their ids. Raises: Rejected (`evidence.…`) for the first that is refused."""
    files = [file for file in request.files.getlist(name) if file.filename]
    if len(files) > MOST_FILES:
        raise Rejected("evidence.too_many", f"Expected at most {MOST_FILES} files, but there are {len(files)}.")
    folder = settings().effective_evidence_folder
    return [
        take_evidence(the_engine(), folder, actor(), file.read(), kind=kind, subject_id=subject_id) for file in files
    ]


def download(found: tuple[Evidence, bytes]) -> Response:
    """A piece of evidence as a download that no browser opens as a page."""
    evidence, content = found
    suffix = evidence.media_type.rsplit("/", 1)[1]
    headers: dict[str, Any] = {
        "Content-Disposition": f'attachment; filename="evidence-{evidence.id}.{suffix}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, mimetype=evidence.media_type, headers=headers)
