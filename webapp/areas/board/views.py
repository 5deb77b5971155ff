"""The supervisor's board: what is overdue, who holds it, and why."""

from __future__ import annotations

from flask import render_template, request

from engine.services.questions.board import BOARD, BoardRow, board_counts, board_page
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.session import actor, the_engine

area = Area("board", url_prefix="/board", menu=(MenuItem("board.board", "board", 5),))
PAGE = 50


@area.page("/", permission=BOARD)
def board() -> str:
    """One page of the running clocks, the longest overdue first, and how many there are."""
    engine = the_engine()
    after = decode(request.args.get("after"), "moment", "text")
    rows: list[BoardRow] = engine.read(board_page, engine.city, actor(), limit=PAGE, after=after)
    counts = engine.read(board_counts, engine.city, actor())
    more = encode(*rows[PAGE - 1].place) if len(rows) > PAGE else None
    return render_template("board/board.html", rows=rows[:PAGE], counts=counts, more=more, is_first=after is None)
