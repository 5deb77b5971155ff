"""Forms that only our own pages can send: the browser's word on where a request comes from, and a value in the form."""

from __future__ import annotations

import secrets
from hmac import compare_digest
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from markupsafe import Markup

from engine.errors import EngineError

from .session import host_bound, person, set_cookie

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE = "cityloop-form"
_FIELD = "csrf"


class Forged(EngineError):
    """Expected a form of this site, but the request did not come from one. Load the page again and send it."""

    code = "csrf.not_ours"


def install(app: Flask) -> None:
    """Check every unsafe request that a cookie could speak for, and give visitors without a session a value."""
    app.before_request(_check)
    app.after_request(_hand_out)
    app.jinja_env.globals.update(csrf=field, once=once)


def _check() -> None:
    if request.method in _SAFE or request.path.startswith("/api/"):
        return  # the API takes tokens alone, which no other site can make a browser send
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forged
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is not None and not _is_ours(origin):
        raise Forged
    session = person()
    expected = session.csrf if session is not None else request.cookies.get(host_bound(_COOKIE), "")
    given = request.form.get(_FIELD) or request.headers.get("X-CSRF", "")
    if not expected or not compare_digest(expected.encode(), given.encode()):
        raise Forged


def _is_ours(origin: str) -> bool:
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:  # no address at all
        return False


def value() -> str:
    """The value that forms of this page carry."""
    session = person()
    if session is not None:
        return str(session.csrf)
    if "form_value" not in g:
        g.form_value = request.cookies.get(host_bound(_COOKIE)) or secrets.token_urlsafe(24)
    return str(g.form_value)


def field() -> Markup:
    """The hidden field of a form."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(_FIELD, value())


def once() -> Markup:
    """The hidden key under which a form's request is carried out once, however often it is sent."""
    return Markup('<input type="hidden" name="once" value="{}">').format(secrets.token_urlsafe(18))


def _hand_out(response: Response) -> Response:
    if "form_value" in g and request.cookies.get(host_bound(_COOKIE)) != g.form_value:
        set_cookie(response, host_bound(_COOKIE), g.form_value)
    return response
