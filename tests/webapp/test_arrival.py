"""Requests that are sent slowly, in part, or without end: they keep nobody from working."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from webapp.arrival import LARGEST, Arrival


class Silent(io.RawIOBase):
    """A client that says nothing until it is let go."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.asked = threading.Event()

    def read(self, size: int = -1, /) -> bytes:
        """Wait for what does not come."""
        self.asked.set()
        self.gone.wait()
        return b""


class Endless(io.RawIOBase):
    """A client that never ends what it sends."""

    sent = 0

    def read(self, size: int = -1, /) -> bytes:
        """As much as is asked for."""
        self.sent += size
        return b"a" * size


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answers with what arrived."""
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def ask(arrival: Arrival, stream: Any, length: str | None, address: str = "a", **more: str) -> tuple[int, bytes]:
    """Status and answer of a request that carries what the stream gives."""
    statuses: list[str] = []
    environ = {"wsgi.input": stream, "REMOTE_ADDR": address, "REQUEST_METHOD": "POST", **more}
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    body = b"".join(arrival(environ, lambda status, headers: statuses.append(status)))  # type: ignore[arg-type]
    return int(statuses[0][:3]), body


@pytest.fixture
def silent() -> Iterator[list[Silent]]:
    """Clients that say nothing; they go when the test ends."""
    clients = [Silent() for _ in range(8)]
    yield clients
    for each in clients:
        each.gone.set()


def test_whole_form_is_handed_on_as_it_came() -> None:
    """Whoever sends what they announced notices nothing."""
    arrival = Arrival(app, 4)
    for sent in (b"a=1", b"x" * 2_000_000):
        assert ask(arrival, io.BytesIO(sent), str(len(sent))) == (200, sent)
    assert ask(arrival, io.BytesIO(b"a=1"), None, HTTP_TRANSFER_ENCODING="chunked") == (200, b"a=1")
    assert ask(arrival, io.BytesIO(b""), "0") == (200, b"")


def test_form_that_was_cut_off_is_not_carried_out() -> None:
    """Half a form is not what anybody wanted to send."""
    assert ask(Arrival(app, 4), io.BytesIO(b"f-reason=not y"), "40")[0] == 400
    assert ask(Arrival(app, 4), io.BytesIO(b""), "40")[0] == 400


def test_what_has_no_end_is_not_kept() -> None:
    """No more is read than may come, whatever the client says of its length."""
    endless = Endless()
    assert ask(Arrival(app, 4), endless, None, HTTP_TRANSFER_ENCODING="chunked")[0] == 413
    assert endless.sent == LARGEST + 1
    unread = Endless()
    ask(Arrival(lambda environ, start: app({"wsgi.input": io.BytesIO()}, start), 4), unread, str(LARGEST + 1))  # type: ignore[arg-type]
    assert unread.sent == 0


def test_one_address_has_a_quarter_of_the_places_and_pages_need_none(silent: list[Silent]) -> None:
    """Slow clients of one address leave places for others, and whoever only reads needs no place at all."""
    arrival = Arrival(app, 8)
    slow = [threading.Thread(target=ask, args=(arrival, each, "40")) for each in silent[:2]]
    for thread in slow:
        thread.start()
    for each in silent[:2]:
        each.asked.wait()
    assert ask(arrival, io.BytesIO(b"a=1"), "3")[0] == 503
    assert ask(arrival, io.BytesIO(b"a=1"), "3", "b") == (200, b"a=1")
    assert ask(arrival, io.BytesIO(b""), "0") == (200, b"")
    for each in silent[:2]:
        each.gone.set()
    for thread in slow:
        thread.join()
    assert ask(arrival, io.BytesIO(b"a=1"), "3") == (200, b"a=1")
