"""Live pages: one reader in each web process follows the numbers of the facts and tells every open stream.

A stream says only that something moved; the page asks for itself again, with its own rights. At most `MOST` streams:
whoever comes later is told so and asks by time. No page needs the stream to be right.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import func, select

from engine.errors import EngineError
from engine.services.engine import Engine
from engine.storage.prepared import Prepared
from engine.storage.tables.ledger import fact
from engine.storage.uow import UnitOfWork

MOST = 200
LOOKS_EVERY_S = 1.0
SIGN_OF_LIFE_S = 15.0
log = logging.getLogger("cityloop.web")
_LAST = Prepared(select(func.max(fact.c.id)))


def _last_fact(uow: UnitOfWork) -> int:
    row = uow.one(_LAST)
    return 0 if row is None or row[0] is None else int(row[0])


class Live:
    """The reader and its streams. The reader runs only while somebody listens."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._moved = threading.Condition()
        self._last = 0
        self._streams = 0
        self._stop = threading.Event()

    def stream(self) -> Iterator[str]:
        """Server-sent events: `moved` with the number of the last fact, `full` where there is no room."""
        with self._moved:
            if self._streams >= MOST:
                yield "event: full\ndata: \n\n"
                return
            self._streams += 1
            if self._streams == 1:
                self._begin()
            seen = self._last
        try:
            yield "retry: 3000\n\n"
            while True:
                with self._moved:
                    self._moved.wait_for(partial(self._is_past, seen), timeout=SIGN_OF_LIFE_S)
                    moved, seen = self._last != seen, self._last
                yield f"event: moved\nid: {seen}\ndata: {seen}\n\n" if moved else ": here\n\n"
        finally:
            with self._moved:
                self._streams -= 1
                if not self._streams:
                    self._stop.set()

    def _is_past(self, seen: int) -> bool:
        return self._last != seen

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._last = self._engine.read(_last_fact)
        threading.Thread(target=self._follow, args=(self._stop,), name="live", daemon=True).start()

    def _follow(self, stop: threading.Event) -> None:
        while not stop.wait(LOOKS_EVERY_S):
            try:
                last = self._engine.read(_last_fact)
            except EngineError:
                log.exception("live pages could not look for facts; the next look tries again")
                continue
            with self._moved:
                if last != self._last:
                    self._last = last
                    self._moved.notify_all()


def live_of(extensions: dict[str, Any], engine: Engine) -> Live:
    """The reader of an application, made when first asked for."""
    found: Live = extensions.setdefault("live", Live(engine))
    return found
