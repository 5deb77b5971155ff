"""The inbox: what a person can do now, the most urgent first."""

from __future__ import annotations

from flask import render_template, request

from engine.services.questions.work import InboxRow, inbox_page
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.session import actor, the_engine

area = Area("inbox", url_prefix="/inbox", menu=(MenuItem("inbox.inbox", "inbox", 10),))
PAGE = 50


@area.page("/", permission="work:item:read")
def inbox() -> str:
    """One page of the open items, and the way to the next."""
    engine = the_engine()
    after = decode(request.args.get("after"), "moment", "text", "number")
    rows: list[InboxRow] = engine.read(inbox_page, engine.city, actor(), limit=PAGE, after=after)
    more = encode(*rows[PAGE - 1].place) if len(rows) > PAGE else None
    return render_template("inbox/inbox.html", rows=rows[:PAGE], more=more, is_first=after is None)
