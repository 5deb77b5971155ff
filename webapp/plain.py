"""What comes in is text of a fair size: the one character that PostgreSQL cannot hold is refused at the door, whatever
the database, and so is a form that is larger than any person fills in."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.sansio.utils import host_is_trusted

from .session import settings

NUL = "\0"
LOOPBACK = ("127.0.0.1", "localhost")
LARGE_FORMS = frozenset({"designer.keep", "designer.report", "designer.save", "intake.take"})
"""Forms that carry a whole table or a whole drawing; any other with so much text in it only costs time."""
LARGE, FAIR = 1_000_000, 200_000


def install(app: Flask) -> None:
    """Ask at every request."""
    app.before_request(_check)


def _check() -> None:
    """Refuse another host's name, and a NUL in address, query or form.

    Raises: BadRequest; NotFound for an address of the API, whose queries and bodies are judged by their schemas.
    """
    if not _is_ours(request.host):
        raise BadRequest
    if request.path.startswith("/api/"):
        if NUL in request.path:
            raise NotFound
        return
    most = LARGE if request.endpoint in LARGE_FORMS else FAIR
    request.max_form_memory_size = most
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = most
    held = [request.path, *(value for _, value in request.args.items(multi=True))]
    held += [value for _, value in request.form.items(multi=True)]
    if any(NUL in text for text in held):
        raise BadRequest


def _is_ours(host: str) -> bool:
    """Whether the pages answer to this name. A demo is this machine's alone, whatever name is pointed at it."""
    hosts = settings().hosts or (LOOPBACK if settings().demo else ())
    return not hosts or host_is_trusted(host, hosts)
