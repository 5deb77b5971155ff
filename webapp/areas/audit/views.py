"""The ledger for the auditor: its rows, the chain of a subject, and whether all of it is whole."""

from __future__ import annotations

from flask import render_template, request

from engine.services.questions.ledger import ledger_page
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.session import the_engine

area = Area("audit", url_prefix="/audit", menu=(MenuItem("audit.ledger", "ledger", 40),))
PAGE = 50


@area.page("/", permission="audit:ledger:read")
def ledger() -> str:
    """One page of rows, the newest first; with `subject` the chain of one subject."""
    subject = request.args.get("subject", "")[:120]
    before = decode(request.args.get("after"), "number")
    rows = the_engine().read(
        ledger_page, subject=subject or None, before=None if before is None else before[0], limit=PAGE
    )
    more = encode(rows[PAGE - 1].id) if len(rows) > PAGE else None
    return render_template(
        "audit/ledger.html", rows=rows[:PAGE], more=more, is_first=before is None, subject=subject, found=None
    )


@area.action("/verify", permission="audit:ledger:verify")
def verify() -> str:
    """Check every row, chain and seal, and the anchor file."""
    engine = the_engine()
    rows = engine.read(ledger_page, limit=PAGE)
    more = encode(rows[PAGE - 1].id) if len(rows) > PAGE else None
    return render_template(
        "audit/ledger.html", rows=rows[:PAGE], more=more, is_first=True, subject="", found=engine.verify()
    )
