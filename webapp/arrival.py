"""What a request carries arrives before the request is let in: a client that sends slowly keeps nobody from working.

Without this, a handful of connections that announce a form and never send it would take every place of the turnstile,
and so the whole city's work, without an account. One address has only some of the places to arrive.

What this does not do: end the wait for a client that falls silent. The server cannot be asked to, and answering while
it reads stops it altogether (granian 2.8); the proxy that brings TLS closes such connections.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

LARGEST = 40_000_000
"""Three photos as large as evidence may be, so that one too many or too large comes back with what was typed."""
_PIECE = 65_536
_HEADERS = (
    ("Content-Type", "text/plain"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
_IN_MEMORY = 1_000_000


class Arrival:
    """A WSGI application that is called once what a request carries has arrived.

    Shape: at most `places` requests arrive at the same time, a quarter of them from one address.
    """

    def __init__(self, app: WSGIApplication, places: int) -> None:
        self._app = app
        self._places = places
        self._guard = threading.Lock()
        self._arriving: Counter[str] = Counter()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; one that carries nothing at once, one that announces too much without reading it."""
        length = _announced(environ)
        if length == 0 or (length is not None and length > LARGEST):
            return self._app(environ, start_response)
        with io.BytesIO() if length is not None and length < _IN_MEMORY else tempfile.TemporaryFile() as body:
            with self._place(environ.get("REMOTE_ADDR", "")) as is_free:
                if not is_free:
                    return _refuse(start_response, HTTPStatus.SERVICE_UNAVAILABLE)
                size = _read(environ["wsgi.input"], body)
            if size > LARGEST:
                return _refuse(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if length is not None and size != length:  # cut off: half a form is not what anybody wanted to send
                return _refuse(start_response, HTTPStatus.BAD_REQUEST)
            body.seek(0)
            environ["wsgi.input"] = body
            return self._app(environ, start_response)

    @contextmanager
    def _place(self, address: str) -> Iterator[bool]:
        """A place to arrive, and whether there is one."""
        with self._guard:
            is_free = self._arriving.total() < self._places and self._arriving[address] < max(1, self._places // 4)
            self._arriving[address] += is_free
        try:
            yield is_free
        finally:
            with self._guard:
                self._arriving[address] -= is_free
                self._arriving += Counter()  # forgets addresses without any


def _announced(environ: WSGIEnvironment) -> int | None:
    """How much the request says it carries; None where it does not say how much."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    given = environ.get("CONTENT_LENGTH") or "0"
    return int(given) if given.isascii() and given.isdigit() else 0


def _read(stream: InputStream, body: IO[bytes]) -> int:
    """Take what comes to its end, but no more than may come; how much it was."""
    size = 0
    while size <= LARGEST and (piece := stream.read(min(_PIECE, LARGEST + 1 - size))):
        size += body.write(piece)
    return size


def _refuse(start_response: StartResponse, status: HTTPStatus) -> Iterable[bytes]:
    """An answer without a page: it goes to a client that does not send what it announced, or to one too many."""
    said = f"{status.value} {status.phrase}"
    start_response(said, [*_HEADERS, ("Connection", "close"), ("Retry-After", "5")])
    return [said.encode()]
