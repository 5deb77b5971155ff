"""Open boards as browsers hold them: each with its stream, and a page that is asked for again when the stream says so.

Run as a process of its own, so that its work is not the load's: `python -m engine.bench.http_boards HOST PORT FILE`,
where FILE holds the cookie of one supervisor in each line. It says on standard output, one JSON object a line, when all
streams are open. `mark` on standard input asks how long after that line each board held a page it had asked for since;
`count` asks for the totals since the last `count`; the end of the input ends it.
"""

from __future__ import annotations

import heapq
import json
import selectors
import socket
import sys
from pathlib import Path
from typing import Any

from engine.bench.http_city import browser
from engine.bench.http_load import Address, Connection, Unanswered, request
from engine.clock import stopwatch

DEBOUNCE_S = 0.1
"""How long a page waits for more to move, as `webapp/static/app.js` does."""
_GIVEN_UP_AFTER_S = 20.0


class Board:
    """One open board."""

    def __init__(self, address: Address, host: str, token: str) -> None:
        self.is_open = False
        self.is_asking = False
        self.asked_at = 0.0
        self.fresh_since = 0.0
        self.stream = Connection(address)
        self._address = address
        self.page = Connection(address)
        headers = browser(host, token)
        self.stream.ask(request("GET", "/live", {**headers, "Accept": "text/event-stream"}), 0.0)
        self._again = request("GET", "/board/", {**headers, "X-Part": "live"})

    def hear_stream(self) -> bytes:
        """What the stream says now."""
        said = self.stream.socket.recv(65_536)
        self.is_open = self.is_open or b"retry:" in said
        return said

    def connect_again(self) -> None:
        """Replace a connection that the server has hung up, as it does with idle ones."""
        self.page.socket.close()
        self.page = Connection(self._address)
        if self.is_asking:
            self.ask_again()

    def ask_again(self) -> None:
        """Ask for the page."""
        self.is_asking, self.asked_at = True, stopwatch()
        self.page.ask(self._again, self.asked_at)


class Boards:
    """All boards in one thread."""

    def __init__(self, address: Address, tokens: list[str]) -> None:
        host = f"{address[0]}:{address[1]}"
        self._selector = selectors.DefaultSelector()
        self._boards = [Board(address, host, token) for token in tokens]
        for board in self._boards:
            self._selector.register(board.stream.socket, selectors.EVENT_READ, (self._stream, board))
            self._selector.register(board.page.socket, selectors.EVENT_READ, (self._page, board))
        self._selector.register(sys.stdin, selectors.EVENT_READ, (self._command, None))
        self._due: list[tuple[float, int]] = []
        self._places = {id(board): place for place, board in enumerate(self._boards)}
        self._waiting: set[int] = set()
        self._mark: float | None = None
        self._count: dict[str, int] = {}
        self._is_said = self._is_over = False

    def run(self) -> None:
        """Until the input ends."""
        while not self._is_over:
            wait = max(0.0, self._due[0][0] - stopwatch()) if self._due else 1.0
            for key, _ in self._selector.select(wait):
                act, board = key.data
                act(board)
            self._ask_due()
            self._answer_mark()

    def _stream(self, board: Board) -> None:
        said = board.hear_stream()
        if not said:
            self._selector.unregister(board.stream.socket)
            self._tell({"lost": "a stream ended"})
        if b"event: full" in said:
            self._add("full")
        if b"event: moved" in said:
            self._add("moved")
            self._ask_soon(self._places[id(board)])
        if not self._is_said and all(each.is_open for each in self._boards):
            self._is_said = True
            self._tell({"open": len(self._boards)})

    def _page(self, board: Board) -> None:
        try:
            status = board.page.hear()
        except (OSError, Unanswered):
            self._selector.unregister(board.page.socket)
            board.connect_again()
            self._selector.register(board.page.socket, selectors.EVENT_READ, (self._page, board))
            return
        if status is None:
            return
        board.is_asking, board.fresh_since = False, board.asked_at
        self._add("pages" if status == 200 and b'data-live="board"' in board.page.given else "wrong")

    def _ask_soon(self, place: int) -> None:
        if place not in self._waiting:
            self._waiting.add(place)
            heapq.heappush(self._due, (stopwatch() + DEBOUNCE_S, place))

    def _ask_due(self) -> None:
        while self._due and self._due[0][0] <= stopwatch():
            place = heapq.heappop(self._due)[1]
            self._waiting.discard(place)
            board = self._boards[place]
            if board.is_asking:
                self._ask_soon(place)
            else:
                board.ask_again()

    def _command(self, _: None) -> None:
        line = sys.stdin.readline().strip()
        if not line:
            self._is_over = True
        elif line == "mark":
            self._mark = stopwatch()
            self._heard: dict[int, float] = {}
        elif line == "count":
            self._tell(self._count)
            self._count = {}

    def _answer_mark(self) -> None:
        if self._mark is None:
            return
        now = stopwatch()
        for place, board in enumerate(self._boards):
            if place not in self._heard and board.fresh_since > self._mark:
                self._heard[place] = now - self._mark
        if len(self._heard) == len(self._boards) or now - self._mark > _GIVEN_UP_AFTER_S:
            self._tell({"seconds": sorted(self._heard.values())})
            self._mark = None

    def _add(self, what: str) -> None:
        self._count[what] = self._count.get(what, 0) + 1

    def _tell(self, what: dict[str, Any]) -> None:
        print(json.dumps(what), flush=True)


def main() -> None:
    """Open the boards that the command line names."""
    host, port, file = sys.argv[1:]
    socket.setdefaulttimeout(30)
    Boards((host, int(port)), Path(file).read_text("utf-8").split()).run()


if __name__ == "__main__":
    main()
