"""The intake desk: what waits for acceptance with what it may be a duplicate of, and tables of reports dropped here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from flask import Response, make_response, render_template, request

from engine.errors import Rejected
from engine.intake import Finding
from engine.intake.table import MAX_BYTES, Table, read_table, tickets_of
from engine.intake.ticket import FIELDS, REQUIRED
from engine.services import limits
from engine.services.ingest import receive_all
from engine.services.questions.triage import Waiting, waiting_for_acceptance
from webapp.guard import Area, MenuItem
from webapp.session import actor, person, the_engine
from webapp.text import t_or

TRIAGE = "signal:report:triage"
area = Area("intake", url_prefix="/intake", menu=(MenuItem("intake.desk", "intake", 20),))
PAGE = 50
SHOWN = 5


@area.page("/", permission=TRIAGE)
def desk() -> str:
    """What waits for acceptance, the most urgent first, each with its likely duplicates."""
    return _desk()


@area.action("/preview", permission=TRIAGE)
def preview() -> Response:
    """Read a table, show its first rows and the column proposed for each field; nothing is taken in yet."""
    file = request.files.get("table")
    content = file.read(MAX_BYTES + 1) if file else b""
    table, findings = read_table(content)
    if table is None:
        return make_response(_desk(said=_refusal(findings)), 422)
    return make_response(_preview(table, content, table.proposed))


@area.action("/take", permission=TRIAGE)
def take() -> Response:
    """Take the rows in by the columns that were chosen; each gets its own answer."""
    me = person()
    assert me is not None
    limits.take(the_engine(), limits.IMPORT, me.person_id)
    try:
        content = base64.b64decode(request.form.get("content", ""), validate=True)
    except (ValueError, binascii.Error) as problem:
        raise Rejected(
            "table.lost", "Expected the table that was previewed, but it is gone. Drop it again."
        ) from problem
    table, findings = read_table(content)
    if table is None:
        return make_response(_desk(said=_refusal(findings)), 422)
    chosen = {name: request.form.get(f"column-{name}", "") for name in FIELDS}
    places = {str(place): place for place in range(len(table.columns))}
    mapping = {name: places[at] for name, at in chosen.items() if at in places}
    missing = [name for name in REQUIRED if name not in mapping]
    if missing:
        return make_response(_preview(table, content, mapping, missing=missing), 422)
    signals, found = tickets_of(table, mapping)
    received = receive_all(the_engine(), signals, actor())
    return make_response(render_template("intake/taken.html", received=received, findings=found))


def _refusal(findings: Sequence[Finding]) -> str:
    """Why a file is no table, in the reader's language."""
    return t_or(f"error.{findings[0].rule}", findings[0].message)


def _desk(said: str | None = None) -> str:
    engine = the_engine()
    rows: list[Waiting] = engine.read(waiting_for_acceptance, engine.city, actor(), limit=PAGE)
    return render_template("intake/desk.html", rows=rows, said=said)


def _preview(table: Table, content: bytes, mapping: object, missing: list[str] | None = None) -> str:
    return render_template(
        "intake/preview.html",
        table=table,
        mapping=mapping,
        fields=list(FIELDS),
        required=REQUIRED,
        missing=missing or [],
        shown=table.rows[:SHOWN],
        content=base64.b64encode(content).decode(),
    )
