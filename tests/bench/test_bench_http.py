"""The bench over HTTP: its load and figures are computed rightly, and its workload really runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.bench import reference
from engine.bench.http import Boards, Turns, latencies
from engine.bench.http_city import City
from engine.bench.http_load import Address, Clients, Load, Unanswered, request, status_of
from engine.bench.http_servers import cpu_of_tree, serve_city, serve_empty

ANSWER = b"HTTP/1.1 302 FOUND\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def echo() -> Iterator[tuple[Address, list[str]]]:
    """A server that keeps connections open and remembers in which order it was asked."""
    asked: list[str] = []

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path[1:])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield ("127.0.0.1", server.server_port), asked
    server.shutdown()
    thread.join()
    server.server_close()


def asks(*names: str) -> list[bytes]:
    """A request for each name."""
    return [request("GET", f"/{name}", {"Host": "here"}) for name in names]


@pytest.mark.fast
@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_answer_that_is_cut_anywhere_is_not_an_answer_yet(cut: int) -> None:
    """A request counts as answered with its last byte, not with its first."""
    assert status_of(ANSWER[:cut]) is None
    assert status_of(ANSWER) == 302


@pytest.mark.fast
def test_request_with_a_body_says_how_long_it_is() -> None:
    """The server must not wait for more."""
    assert (
        request("POST", "/a", {"Host": "b"}, b"c=d") == b"POST /a HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nc=d"
    )


def test_closed_loop_asks_each_share_in_its_order_on_one_connection(echo: tuple[Address, list[str]]) -> None:
    """A node is asked for only after the one before it was answered."""
    address, asked = echo
    clients = Clients(address, 2)
    load = clients.closed(asks("a1", "b1", "a2", "b2", "a3"))
    clients.close()
    assert load.statuses == Counter({200: 5})
    assert [name for name in asked if name[0] == "a"] == ["a1", "a2", "a3"]
    assert [name for name in asked if name[0] == "b"] == ["b1", "b2"]
    assert len(load.seconds) == 5
    assert load.elapsed > 0


def test_open_loop_counts_a_late_answer_from_when_it_was_due(echo: tuple[Address, list[str]]) -> None:
    """Requests that wait for a free connection are slow, although the server answered them at once."""
    address, asked = echo
    clients = Clients(address, 1)
    load = clients.open(asks(*"abcde"), 1e9)
    clients.close()
    assert asked == list("abcde")
    assert load.seconds == sorted(load.seconds)


def test_server_that_hangs_up_is_told(echo: tuple[Address, list[str]]) -> None:
    """A bench never counts what was not answered."""
    clients = Clients(echo[0], 1)
    with pytest.raises((Unanswered, OSError)):
        clients.closed([b"GET /a HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"] * 2)
    clients.close()


def load_of(count: int, elapsed: float, each: float = 0.1) -> Load:
    """So many answers in so many seconds."""
    return Load([each] * count, Counter({200: count}), elapsed)


@pytest.mark.fast
def test_ratio_is_the_median_of_neighbouring_turns() -> None:
    """A burst of other work spoils a pair and not the result; the rate is that of all connections together."""
    turns = Turns([load_of(100, 1), load_of(100, 1), load_of(100, 50)], [load_of(1000, 1)] * 3)
    found = turns.rate("x", turns.ratio, 0.05)
    assert (found.per_s, found.baseline, found.ratio, found.is_met) == (100, 1000, pytest.approx(0.1), True)
    assert (found.n, found.median_ms) == (300, pytest.approx(100))


@pytest.mark.fast
def test_cpu_is_for_each_completion_and_left_out_where_it_is_not_told() -> None:
    """What the load itself costs does not touch this figure."""
    turns = Turns([load_of(100, 1)], [load_of(1000, 1)], [0.2], [0.1])
    (found,) = turns.cpu("x")
    assert (found.median_ms, found.ratio) == (pytest.approx(2.0), pytest.approx(0.05))
    assert Turns([load_of(1, 1)], [load_of(1, 1)]).cpu("x") == []


@pytest.mark.fast
def test_latencies_are_in_milliseconds() -> None:
    """Percentiles of seconds."""
    found = latencies("x", [0.003, 0.001, 0.002])
    assert (found.n, found.median_ms) == (3, pytest.approx(2.0))


def test_workload_is_completed_over_http_by_clerks_and_shown_on_boards(tmp_path: Path) -> None:
    """What is measured is real: every request completes an item, and an open board asks again when it is told."""
    city = City(tmp_path / "city", "NORMAL", clerks=2, supervisors=3)
    cookies = tmp_path / "cookies"
    cookies.write_text("\n".join(city.supervisors), encoding="utf-8")
    with serve_city(city.environment, tmp_path / "log") as server, Boards(server, cookies) as boards:
        assert boards.opened == 3
        boards.say("mark")
        clients, before = Clients(server.address, 2), city.completed()
        load = clients.closed(city.completions(server.host, 2))
        clients.close()
        assert load.statuses == Counter({302: 2 * len(reference.HAPPY_PATH)})
        assert city.completed() - before == 2 * len(reference.HAPPY_PATH)
        assert len(boards.hear()["seconds"]) == 3
        counted = boards.ask("count")
    city.close()
    assert counted["pages"] >= 3
    assert "wrong" not in counted


def test_empty_route_is_served_by_the_same_server_and_its_cpu_is_read(tmp_path: Path) -> None:
    """The baseline really runs on granian, as a process of its own that ends with the block."""
    with serve_empty(tmp_path / "log") as server:
        clients = Clients(server.address, 1)
        load = clients.closed([request("GET", "/", {"Host": server.host})] * 3)
        clients.close()
        assert load.statuses == Counter({200: 3})
        assert (server.cpu_seconds() is None) == (cpu_of_tree(1) is None)
    with pytest.raises(ConnectionRefusedError):
        Clients(server.address, 1)
