"""What every answer tells the browser, whatever its status."""

from __future__ import annotations

from flask import Flask, Response, request

from .session import settings

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
"""Strict: no inline script or style, nothing from elsewhere. `data:` is for the marks of the map, drawn as images."""
_NAMED = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HEADERS = {name.lower(): (name, value) for name, value in _NAMED.items()}
_KEPT_BY_BROWSER = "public, max-age=3600"


def install(app: Flask) -> None:
    """Set them on every answer."""
    app.after_request(_set)


def _set(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    response.headers.extend([header for lower, header in _HEADERS.items() if lower not in given])
    response.headers["Cache-Control"] = _KEPT_BY_BROWSER if request.endpoint == "static" else "no-store"
    if settings().https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response
