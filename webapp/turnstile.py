"""How many requests work at the same time. Python runs one thread at a time: more at once only slow each other down.

An answer that is sent piece by piece is outside once its first piece is due: an open stream takes nobody's place.
What waits without Python (a password's hash, an upload that a child process checks) has places of its own, so that
people who sign in hold up nobody who works.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def waits_outside(environ: WSGIEnvironment) -> bool:
    """Whether answering a request means waiting for something else than Python: signing in, and forms with files."""
    if environ["REQUEST_METHOD"] != "POST":
        return False
    kind: str = environ.get("CONTENT_TYPE", "")
    return environ["PATH_INFO"] == "/sign-in" or kind.startswith("multipart/")


def _never(environ: WSGIEnvironment) -> bool:
    return False


class Turnstile:
    """A WSGI application behind so many places; whoever finds none waits, and who came first goes first.

    Shape: requests for which `waits` says so have as many places of their own.
    A semaphore of the standard library lets newcomers pass those who wait: with sixteen clerks one waited for seconds.
    """

    def __init__(self, app: WSGIApplication, places: int, *, waits: Callable[[WSGIEnvironment], bool] = _never) -> None:
        self._app = app
        self._waits = waits
        self._beside = None if waits is _never else Turnstile(app, places)
        self._free = places
        self._waiting: deque[threading.Lock] = deque()
        self._guard = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request when its turn has come."""
        if self._beside is not None and self._waits(environ):
            return self._beside(environ, start_response)
        self._enter()
        try:
            return self._app(environ, start_response)
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._guard:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
