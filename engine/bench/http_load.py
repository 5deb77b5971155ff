"""Load over HTTP from one thread on raw sockets: cheap, because it shares the machine with the server it measures.

Two ways of asking: closed loop (each connection asks again when it is answered: how much fits through) and open loop
(requests are due at a fixed rate whether or not earlier ones are answered: what people feel; a late answer counts from
the moment it was due, not from the moment it could be sent).
"""

from __future__ import annotations

import selectors
import socket
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.clock import stopwatch

Address = tuple[str, int]
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_PATIENCE_S = 30.0


class Unanswered(RuntimeError):
    """The server hung up or did not answer."""


@dataclass(slots=True)
class Load:
    """What became of the requests: seconds of each, answers by status, seconds of all together."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    elapsed: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.elapsed


def request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def status_of(answer: bytes) -> int | None:
    """The status of a whole answer; None while some of it is missing."""
    end = answer.find(_END)
    if end < 0:
        return None
    at = answer[:end].lower().find(_LENGTH)
    length = 0 if at < 0 else int(answer[at + len(_LENGTH) : end + 2].split(b"\r\n", 1)[0])
    return int(answer[9:12]) if len(answer) - end - len(_END) >= length else None


class Connection:
    """A connection that stays open and carries one request at a time."""

    __slots__ = ("due", "given", "socket")

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self.given = b""

    def ask(self, sent: bytes, due: float) -> None:
        """Send a request that was due then."""
        self.due, self.given = due, b""
        self.socket.sendall(sent)

    def hear(self) -> int | None:
        """Take what came; the status once the answer is whole. Raises: Unanswered."""
        came = self.socket.recv(262_144)
        if not came:
            raise Unanswered("Expected an answer, but the server hung up.")
        self.given += came
        return status_of(self.given)


class Clients:
    """So many open connections to one server."""

    def __init__(self, address: Address, count: int) -> None:
        self._connections = [Connection(address) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for each in self._connections:
            self._selector.register(each.socket, selectors.EVENT_READ, each)

    def closed(self, requests: Sequence[bytes]) -> Load:
        """Every connection asks its share, one request after the other: of n connections each has every n-th."""
        count = len(self._connections)
        shares = {each: deque(requests[place::count]) for place, each in enumerate(self._connections)}

        def go_on(idle: deque[Connection], now: float) -> bool:
            for connection in [each for each in idle if shares[each]]:
                idle.remove(connection)
                connection.ask(shares[connection].popleft(), now)
            return not any(shares.values())

        return self._play(go_on, lambda: _PATIENCE_S)

    def open(self, requests: Sequence[bytes], per_s: float) -> Load:
        """A request every `1 / per_s` seconds, on whichever connection is free; none free: it waits and is late."""
        began = stopwatch()
        due = deque((began + place / per_s, sent) for place, sent in enumerate(requests))

        def go_on(idle: deque[Connection], now: float) -> bool:
            while due and idle and due[0][0] <= now:
                at, sent = due.popleft()
                idle.popleft().ask(sent, at)
            return not due

        def until_next() -> float:
            return max(0.0, due[0][0] - stopwatch()) if due else _PATIENCE_S

        return self._play(go_on, until_next)

    def close(self) -> None:
        """Hang up."""
        self._selector.close()
        for each in self._connections:
            each.socket.close()

    def _play(self, go_on: Callable[[deque[Connection], float], bool], pause: Callable[[], float]) -> Load:
        """Ask and hear until `go_on` says that all is asked and every answer came."""
        load, idle = Load(), deque(self._connections)
        began = heard = stopwatch()
        while not (go_on(idle, stopwatch()) and len(idle) == len(self._connections)):
            wait = pause() if idle else _PATIENCE_S
            for key, _ in self._selector.select(wait):
                connection: Connection = key.data
                status = connection.hear()
                if status is None:
                    continue
                heard = stopwatch()
                load.seconds.append(heard - connection.due)
                load.statuses[status] += 1
                idle.append(connection)
            if stopwatch() - heard > _PATIENCE_S:
                raise Unanswered(f"Expected an answer within {_PATIENCE_S:g} s, but none came.")
        load.elapsed = heard - began
        return load
