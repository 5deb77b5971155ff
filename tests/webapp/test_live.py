"""The stream of live pages: it says that something moved, has so many places, and is for those signed in."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.services.play import Play
from tests.webapp.site import Site
from webapp.live import MOST, MOST_OF_ONE, Live, live_of
from webapp.turnstile import Turnstile, waits_outside

NEVER = 3_600.0
OPENED = "retry: 3000\n\n"
FULL = "event: full\ndata: \n\n"


@pytest.fixture
def live(sqlite_city: Play) -> Live:
    """The streams of a tiny city, whose reader looks when the test says so."""
    return Live(sqlite_city.engine, looks_every_s=NEVER)


def open_stream(live: Live, person_id: str = "somebody") -> Iterator[str]:
    """A stream of a person that has said its first word."""
    stream = live.stream(person_id)
    assert next(stream) == OPENED
    return stream


def no_pause(seconds: float) -> None:
    """Tell the next ones at once."""


def look(live: Live) -> bool:
    """What the reader does at each look."""
    moved = live.look()
    if moved:
        live.tell(no_pause)
    return moved


def test_stream_says_moved_once_after_facts_and_to_everybody(live: Live, sqlite_city: Play) -> None:
    """Whoever has a page open is told that something happened, with the number of the last fact."""
    first, second = open_stream(live), open_stream(live)
    assert not look(live)
    sqlite_city.city.incident()
    assert look(live)
    assert not look(live)
    said = next(first)
    assert said.startswith("event: moved\nid: ")
    assert next(second) == said


def test_stream_that_opens_later_is_told_of_later_facts_alone(live: Live, sqlite_city: Play) -> None:
    """A page that has just been loaded is not asked to load again."""
    sqlite_city.city.incident()
    stream = open_stream(live)
    assert not look(live)
    sqlite_city.city.incident()
    look(live)
    assert "event: moved" in next(stream)


def test_reader_tells_a_waiting_stream_by_itself(sqlite_city: Play) -> None:
    """The thread that looks for facts really runs while somebody listens."""
    live = Live(sqlite_city.engine, looks_every_s=0.001)
    stream = open_stream(live)
    sqlite_city.city.incident()
    assert "event: moved" in next(stream)
    stream.close()
    assert live.streams == 0


def test_stream_beyond_the_last_place_is_told_full_and_a_place_left_is_taken_again(live: Live) -> None:
    """The threads of the server are not used up; who leaves, by whatever way, frees the place."""
    streams = [open_stream(live, str(number)) for number in range(MOST)]
    late = live.stream("late")
    assert next(late) == FULL
    assert list(late) == []
    streams.pop().close()
    assert live.streams == MOST - 1
    streams.append(open_stream(live))
    assert next(live.stream("late")) == FULL
    for stream in streams:
        stream.close()
    assert live.streams == 0


def test_stream_beyond_one_persons_share_is_told_full(live: Live) -> None:
    """Nobody takes the places of all the others."""
    mine = [open_stream(live, "me") for _ in range(MOST_OF_ONE)]
    assert next(live.stream("me")) == FULL
    other = open_stream(live, "other")
    mine.pop().close()
    mine.append(open_stream(live, "me"))
    for stream in (*mine, other):
        stream.close()
    assert live.streams == 0


def test_stream_of_a_client_that_is_gone_is_closed_by_the_server(site: Site) -> None:
    """Closing the answer, as a server does when nobody takes it, frees the place."""
    live = live_of(site.app.extensions, site.city.engine)
    answer = site.client("water.clerk").get("/live", buffered=False)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    assert next(iter(answer.response)) == OPENED.encode()
    assert live.streams == 1
    answer.close()
    assert live.streams == 0


def test_stream_needs_somebody_who_is_signed_in(site: Site) -> None:
    """What happens in the city, and when, is told to nobody outside."""
    answer = site.visitor().get("/live")
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_board_is_drawn_once_for_all_who_see_the_same_until_something_moves(site: Site) -> None:
    """Two hundred open boards cost one drawing for each move, and a board never shows less than it was told of."""
    site.app.extensions["live"] = live = Live(site.city.engine, looks_every_s=NEVER)
    stream = open_stream(live)
    board = site.client("centre.supervisor")
    empty = part(board.get("/board/", headers={"X-Part": "live"}).text)
    site.city.city.incident()
    assert part(board.get("/board/", headers={"X-Part": "live"}).text) == empty
    assert part(board.get("/board/").text) != empty
    look(live)
    assert part(board.get("/board/", headers={"X-Part": "live"}).text) == part(board.get("/board/").text) != empty
    stream.close()


def test_board_of_other_rights_or_another_language_is_another_drawing(site: Site) -> None:
    """What one may see is never shown to another because both asked at the same moment."""
    site.app.extensions["live"] = live = Live(site.city.engine, looks_every_s=NEVER)
    stream = open_stream(live)
    site.city.issued("water")
    site.city.newcomer("water.watcher")
    site.city.appoint("water.watcher", "water", "supervisor")
    site.city.newcomer("fire.watcher")
    site.city.appoint("fire.watcher", "fire", "supervisor")
    shown = {
        (who, language): part(site.client(who, language).get("/board/", headers={"X-Part": "live"}).text)
        for who in ("water.watcher", "fire.watcher")
        for language in ("zh", "en")
    }
    assert len(set(shown.values())) == 4
    stream.close()


def part(page: str) -> str:
    """The live part of a page."""
    return " ".join(page[page.index('<div data-live="board"') :].split("<nav", 1)[0].split("</main>", 1)[0].split())


def test_drawing_is_kept_only_while_somebody_looks_for_facts(live: Live) -> None:
    """Without a stream nobody would notice that a drawing is old."""
    drawn = iter("abc")
    assert [live.shared("key", lambda: next(drawn)) for _ in range(2)] == ["a", "b"]
    stream = open_stream(live)
    assert [live.shared("key", lambda: next(drawn)) for _ in range(2)] == ["c", "c"]
    stream.close()


def test_turnstile_lets_in_so_many_and_the_others_in_the_order_they_came() -> None:
    """More requests than places wait their turn, and none waits for ever."""
    inside, leave, order = threading.Semaphore(0), threading.Semaphore(0), []

    def work(environ: dict[str, str], start_response: object) -> list[bytes]:
        order.append(environ["name"])
        inside.release()
        leave.acquire()
        return [b""]

    turnstile = Turnstile(work, 2)
    threads = []
    for count, name in enumerate("abcde", start=1):
        threads.append(threading.Thread(target=turnstile, args=({"name": name}, None)))
        threads[-1].start()
        if count <= 2:
            inside.acquire()
        else:
            until_waiting(turnstile, count - 2)
    assert order == ["a", "b"]
    for _ in "cde":
        leave.release()
        inside.acquire()
    assert order == ["a", "b", "c", "d", "e"]
    leave.release(2)
    for thread in threads:
        thread.join()
    assert turnstile.waiting == 0


@pytest.mark.parametrize(
    ("method", "path", "kind", "waits"),
    [
        ("POST", "/sign-in", "application/x-www-form-urlencoded", True),
        ("POST", "/library/", "multipart/form-data; boundary=b", True),
        ("POST", "/work/1/1/complete", "application/x-www-form-urlencoded", False),
        ("GET", "/sign-in", "", False),
    ],
)
def test_whoever_signs_in_or_sends_a_file_takes_no_place_of_those_who_work(
    method: str, path: str, kind: str, waits: bool
) -> None:
    """A password's hash takes a quarter of a second without Python: two people who sign in must not stop the city."""
    entered, leave = threading.Semaphore(0), threading.Event()

    def work(environ: dict[str, str], start_response: object) -> list[bytes]:
        entered.release()
        leave.wait()
        return [b""]

    turnstile = Turnstile(work, 1, waits=waits_outside)
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": kind}
    first = threading.Thread(target=turnstile, args=({**environ, "PATH_INFO": "/inbox/", "CONTENT_TYPE": ""}, None))
    first.start()
    entered.acquire()
    second = threading.Thread(target=turnstile, args=(environ, None))
    second.start()
    if waits:
        entered.acquire()
    else:
        until_waiting(turnstile, 1)
    leave.set()
    first.join()
    second.join()


def until_waiting(turnstile: Turnstile, count: int) -> None:
    """Give way until so many wait."""
    passed = threading.Event()
    while turnstile.waiting < count:
        passed.wait(0)
