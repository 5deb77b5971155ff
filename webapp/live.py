"""Live pages: one reader in each web process follows the numbers of the facts and tells every open stream.

A stream says only that something moved; the page asks for itself again, with its own rights. At most `MOST` streams:
whoever comes later is told so and asks by time. No page needs the stream to be right.

A stream holds a thread of the server, which only waits (`serve.THREADS`). A client that has gone is noticed at the next
word to it, so a word is said every few seconds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import func, select

from engine.errors import EngineError
from engine.services.engine import Engine
from engine.storage.prepared import Prepared
from engine.storage.tables.ledger import fact
from engine.storage.uow import UnitOfWork

MOST = 200
MOST_OF_ONE = 12
"""Streams of one person: every tab in sight has one, and nobody takes the places of all."""
LOOKS_EVERY_S = 0.5
SPREAD_S, AT_ONCE = 0.75, 4
"""All streams are told within this time, a few at once: two hundred threads and pages at a stroke hold up a click."""
SIGN_OF_LIFE_S = 5.0
SHARED_FOR = timedelta(seconds=2)
log = logging.getLogger("cityloop.web")
_LAST = Prepared(select(func.max(fact.c.id)))


def _last_fact(uow: UnitOfWork) -> int:
    row = uow.one(_LAST)
    return 0 if row is None or row[0] is None else int(row[0])


@dataclass(slots=True)
class _Drawing:
    """A part of a page that was drawn for everybody who may see the same."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    text: str = ""
    after: int = -1
    at: datetime | None = None


class Live:
    """The reader, its streams, and what their pages share. The reader runs only while somebody listens."""

    def __init__(self, engine: Engine, *, looks_every_s: float = LOOKS_EVERY_S) -> None:
        self._engine = engine
        self._looks_every_s = looks_every_s
        self._lock = threading.Lock()
        self._last = 0
        self._streams: dict[SimpleQueue[int], str] = {}
        self._stop = threading.Event()
        self._drawings: dict[Hashable, _Drawing] = {}

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def stream(self, person_id: str) -> Iterator[str]:
        """Server-sent events: `moved` with the number of the last fact, `full` where there is no room."""
        told = self._enter(person_id)
        if told is None:
            yield "event: full\ndata: \n\n"
            return
        try:
            yield "retry: 3000\n\n"
            while True:
                try:
                    last = told.get(timeout=SIGN_OF_LIFE_S)
                except Empty:
                    yield ": here\n\n"
                else:
                    yield f"event: moved\nid: {last}\ndata: {last}\n\n"
        finally:
            self._leave(told)

    @contextmanager
    def listening(self, person_id: str) -> Iterator[Callable[[float], bool] | None]:
        """A way to wait for the next fact, at most so many seconds; None where there is no room to wait.

        Shape: True where something moved. Whoever waits takes the place of a stream.
        """
        told = self._enter(person_id)
        if told is None:
            yield None
            return

        def moved(within_s: float) -> bool:
            try:
                told.get(timeout=max(0.0, within_s))
            except Empty:
                return False
            return True

        try:
            yield moved
        finally:
            self._leave(told)

    def look(self) -> bool:
        """Look for facts; whether there are new ones."""
        last = self._engine.read(_last_fact)
        moved, self._last = last != self._last, last
        return moved

    def tell(self, pause: Callable[[float], object]) -> None:
        """Tell every stream, a few at once with a pause between."""
        with self._lock:
            streams = list(self._streams)
        for place, told in enumerate(streams, start=1):
            told.put(self._last)
            if place % AT_ONCE == 0:
                pause(SPREAD_S * AT_ONCE / MOST)

    def shared(self, key: Hashable, draw: Callable[[], str]) -> str:
        """What `draw` gives, drawn once for all who ask under this key until something moves.

        Shape: the key holds whatever the drawing depends on: the page, the rights, the language.
        """
        if not self._streams:  # nobody looks for facts, so nobody would notice that a drawing is old
            return draw()
        drawing = self._drawings.setdefault(key, _Drawing())
        with drawing.lock:
            after, now = self._last, self._engine.clock.now()
            if drawing.after != after or drawing.at is None or now - drawing.at >= SHARED_FOR:
                drawing.text = draw()
                drawing.after, drawing.at = after, now
            return drawing.text

    def _enter(self, person_id: str) -> SimpleQueue[int] | None:
        """A place for one more stream of this person; None where all are taken."""
        with self._lock:
            if len(self._streams) >= MOST or list(self._streams.values()).count(person_id) >= MOST_OF_ONE:
                return None
            if not self._streams:
                self._last = self._engine.read(_last_fact)
                self._stop = threading.Event()
                threading.Thread(target=self._follow, args=(self._stop,), name="live", daemon=True).start()
            told: SimpleQueue[int] = SimpleQueue()
            self._streams[told] = person_id
            return told

    def _leave(self, told: SimpleQueue[int]) -> None:
        with self._lock:
            del self._streams[told]
            if not self._streams:
                self._stop.set()
                self._drawings.clear()

    def _follow(self, stop: threading.Event) -> None:
        while not stop.wait(self._looks_every_s):
            try:
                moved = self.look()
            except EngineError:
                log.exception("live pages could not look for facts; the next look tries again")
                continue
            if moved:
                self.tell(stop.wait)


def live_of(extensions: dict[str, Any], engine: Engine) -> Live:
    """The reader of an application, made when first asked for."""
    found: Live = extensions.setdefault("live", Live(engine))
    return found
