"""What a refusal looks like: the only place with status codes. A page for people, a problem document for the API."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from engine.errors import Conflict, EngineError, InvalidMove, NotAllowed, NotFound, Rejected, Unavailable
from engine.services.people import names_of

from .csrf import Forged
from .guard import NotSignedIn
from .logs import failure
from .session import the_engine
from .text import t, t_or

_BY_CODE = {"limit.reached": 429, "account.wrong": 401, "account.locked": 429, "storage.busy": 503}
_BY_CLASS: tuple[tuple[type[EngineError], int], ...] = (
    (NotSignedIn, 401), (Forged, 400), (NotFound, 404), (NotAllowed, 403), (Conflict, 409), (InvalidMove, 409),
    (Rejected, 422), (Unavailable, 503),
)  # fmt: skip
_UNTYPED = frozenset({"csrf", "once", "revision", "password"})


def status_of(error: EngineError) -> int:
    """The HTTP status of a refusal."""
    found = _BY_CODE.get(error.code)
    return found or next((status for kind, status in _BY_CLASS if isinstance(error, kind)), 400)


def sentence(error: EngineError) -> str:
    """The refusal in the reader's language; in the engine's own words where no translation knows the code."""
    return t_or(f"error.{error.code}", error.message, **error.params)


def install(app: Flask) -> None:
    """Answer every refusal and every failure."""
    app.register_error_handler(EngineError, _refused)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, _failed)


def is_api() -> bool:
    """Whether the request speaks to the API."""
    return request.path.startswith("/api/")


def _refused(error: EngineError) -> Response:
    status = status_of(error)
    if is_api():
        response = jsonify(problem(error, status))
        response.status_code, response.mimetype = status, "application/problem+json"
    elif isinstance(error, NotSignedIn) and request.method == "GET":
        back = request.full_path.rstrip("?") if request.endpoint else None
        response = make_response(redirect(url_for("account.sign_in", next=back)))
    else:
        response = _page(status, sentence(error), error)
    if "retry_after_s" in error.params:
        response.headers["Retry-After"] = str(error.params["retry_after_s"])
    return response


def problem(error: EngineError, status: int) -> dict[str, Any]:
    """The problem document of a refusal (RFC 9457) with our code, parameters, element and the request's id."""
    found = {"type": f"urn:cityloop:error:{error.code}", "title": sentence(error), "status": status}
    found |= {"code": error.code, "params": dict(error.params), "element": error.element, "request": g.request_id}
    if isinstance(error, Rejected) and error.findings:
        found["findings"] = [_told(finding) for finding in error.findings]
    return found


def _told(finding: object) -> dict[str, Any]:
    """A finding as an object, with the fields of its kind."""
    names = ("field", "path", "element", "line", "rule", "severity", "reason", "remedy", "message")
    return {name: getattr(finding, name) for name in names if getattr(finding, name, None) is not None}


def _page(status: int, said: str, error: EngineError | None = None) -> Response:
    """The page of a refusal. What was typed stays on it: nobody writes a report twice."""
    typed = _typed()
    who = _who(error) if isinstance(error, Conflict) else {}
    page = render_template("fault/fault.html", status=status, said=said, typed=typed, who=who, request_id=g.request_id)
    return make_response(page, status)


def _typed() -> list[tuple[str, str]]:
    """The fields that were filled in, with every value of those that take several."""
    try:
        fields = list(request.form.items(multi=True))
    except HTTPException:  # too large or broken to be read: that is what is being refused
        return []
    return [(name, value) for name, value in fields if name not in _UNTYPED and value.strip()]


def _who(error: Conflict) -> dict[str, Any]:
    """Who did what was faster, and when, as far as the conflict knows."""
    by, holder = error.params.get("by"), error.params.get("claimed_by")
    if error.code == "work.claimed":
        by, holder = None, by
    names = the_engine().read(names_of, [by, holder])
    return {"by_name": names.get(str(by)), "claimed_by_name": names.get(str(holder)), "at": error.params.get("at")}


def answer_http(error: HTTPException) -> Response:
    """Werkzeug's own refusals: unknown addresses and methods, too much content."""
    status = error.code or 500
    said = t_or(f"fault.http_{status}", t("fault.http_400" if status < 500 else "fault.http_500"))
    if is_api():
        document = {"type": f"urn:cityloop:error:http.{status}", "title": said, "status": status}
        document |= {"code": f"http.{status}", "params": {}, "element": None, "request": g.get("request_id")}
        messages = getattr(error, "data", {}).get("messages")
        if messages:
            document["findings"] = [{"in": place, "said": said} for place, said in sorted(messages.items())]
        response = jsonify(document)
        response.status_code, response.mimetype = status, "application/problem+json"
    elif 300 <= status < 400:
        response = make_response(error.get_response())
    else:
        response = _page(status, said)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _failed(error: Exception) -> Response:
    """A bug: logged with its place under the request's id, told without any detail."""
    failure(error)
    if is_api():
        document = {"type": "urn:cityloop:error:fault", "title": t("fault.http_500"), "status": 500}
        document |= {"code": "fault", "params": {}, "element": None, "request": g.get("request_id")}
        response = jsonify(document)
        response.status_code, response.mimetype = 500, "application/problem+json"
        return response
    return _page(500, t("fault.http_500"))
