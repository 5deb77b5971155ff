"""One line of JSON for each request, without personal data: the route and not the address, ids and no texts."""

from __future__ import annotations

import json
import logging
import secrets

from flask import Flask, Response, g, request

from engine.clock import stopwatch
from engine.services.desk import REQUEST_ID

from .session import person

log = logging.getLogger("cityloop.web")


def install(app: Flask) -> None:
    """Give every request an id, which goes into the answer, the log and the ledger rows of its command."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.began = stopwatch()
    REQUEST_ID.set(g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    session = person()
    if log.isEnabledFor(logging.INFO):
        line = {
            "request": g.request_id,
            "method": request.method,
            "route": str(request.url_rule) if request.url_rule else None,
            "status": response.status_code,
            "ms": round((stopwatch() - g.began) * 1000, 1),
            "person": session.person_id if session else None,
        }
        log.info(json.dumps(line))
    return response
