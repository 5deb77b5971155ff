"""The one character that PostgreSQL cannot hold is refused at the door, whatever the database."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import BadRequest

NUL = "\0"


def install(app: Flask) -> None:
    """Ask at every request."""
    app.before_request(_check)


def _check() -> None:
    """Refuse a NUL in address, query or form. Raises: BadRequest. Bodies of the API are judged by their schemas."""
    held = [request.path, *(value for _, value in request.args.items(multi=True))]
    if not request.path.startswith("/api/"):
        held += [value for _, value in request.form.items(multi=True)]
    if any(NUL in text for text in held):
        raise BadRequest
