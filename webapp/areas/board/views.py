"""The supervisor's board: what is overdue, who holds it, and why."""

from __future__ import annotations

from flask import current_app, render_template, request

from engine.services.questions.board import BOARD, BoardRow, Place, board_counts, board_page, board_rights
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.live import live_of
from webapp.session import actor, the_engine
from webapp.text import language

area = Area("board", url_prefix="/board", menu=(MenuItem("board.board", "board", 5),))
PAGE = 50


@area.page("/", permission=BOARD)
def board() -> str:
    """One page of the running clocks, the longest overdue first, and how many there are."""
    after = decode(request.args.get("after"), "moment", "text")
    if request.headers.get("X-Part") != "live":
        return _drawn("board/board.html", after)
    if after is not None:
        return _drawn("board/part.html", after)
    # Every open board asks again when something moves: those who see the same share one drawing of it.
    key = ("board", board_rights(actor()), language())
    return live_of(current_app.extensions, the_engine()).shared(key, lambda: _drawn("board/part.html", None))


def _drawn(template: str, after: Place | None) -> str:
    engine = the_engine()
    rows: list[BoardRow] = engine.read(board_page, engine.city, actor(), limit=PAGE, after=after)
    counts = engine.read(board_counts, engine.city, actor())
    more = encode(*rows[PAGE - 1].place) if len(rows) > PAGE else None
    return render_template(template, rows=rows[:PAGE], counts=counts, more=more, is_first=after is None)
