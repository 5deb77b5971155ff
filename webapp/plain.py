"""The one character that PostgreSQL cannot hold is refused at the door, whatever the database."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import BadRequest, NotFound

NUL = "\0"


def install(app: Flask) -> None:
    """Ask at every request."""
    app.before_request(_check)


def _check() -> None:
    """Refuse a NUL in address, query or form.

    Raises: BadRequest; NotFound for an address of the API, whose queries and bodies are judged by their schemas.
    """
    if request.path.startswith("/api/"):
        if NUL in request.path:
            raise NotFound
        return
    held = [request.path, *(value for _, value in request.args.items(multi=True))]
    held += [value for _, value in request.form.items(multi=True)]
    if any(NUL in text for text in held):
        raise BadRequest
