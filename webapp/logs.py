"""One line of JSON for each request and each failure, without personal data: the route and not the address, ids and no
texts."""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from typing import Any

from flask import Flask, Response, g, request

from engine.clock import stopwatch
from engine.services.desk import REQUEST_ID

from .session import person

log = logging.getLogger("cityloop.web")
_MOST_FRAMES = 20


def install(app: Flask) -> None:
    """Give every request an id, which goes into the answer, the log and the ledger rows of its command."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


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


def _forget(_: BaseException | None) -> None:
    """What this thread does next is done for somebody else."""
    REQUEST_ID.set(None)


def failure(error: BaseException) -> None:
    """Log a bug: what was raised and where. What it says is left out: it may repeat what somebody typed."""
    raised: list[dict[str, Any]] = []
    each: BaseException | None = error
    while each is not None and len(raised) < _MOST_FRAMES:
        frames = traceback.extract_tb(each.__traceback__)[-_MOST_FRAMES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        raised.append({"kind": type(each).__name__, "trace": places})
        each = each.__cause__ or each.__context__
    log.error(json.dumps({"request": g.get("request_id"), "failed": raised}))
