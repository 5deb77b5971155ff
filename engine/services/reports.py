"""Reports of the public: received like any signal, followed by a code nobody else can guess, without an account."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, select

from engine.domain.signal import Signal
from engine.errors import NotFound, Rejected
from engine.evidence_check import LARGEST
from engine.sealing import Keys
from engine.storage.evidence import EvidenceStore
from engine.storage.prepared import Prepared
from engine.storage.tables.directives import directive, task
from engine.storage.tables.incidents import incident
from engine.storage.tables.signals import signal as signal_table
from engine.storage.uow import UnitOfWork

from .desk import Desk
from .questions.clocks import clocks_of
from .signals import receive_signal

SOURCE = "web"
LONGEST_TEXT = 2000
_FOLLOWED = Prepared(
    select(
        signal_table.c.state, signal_table.c.reported_at, incident.c.id, incident.c.number, incident.c.state,
        incident.c.event_type, incident.c.lead_department_id, incident.c.lead_centre_id, incident.c.reply,
    )
    .select_from(signal_table.outerjoin(incident, signal_table.c.incident_id == incident.c.id))
    .where(signal_table.c.follow_index == bindparam("follow_index"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody reports; only the text is needed. `key` makes a repeated sending the same report."""

    key: str
    text: str
    event_type: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a report has come, without anything personal: the stage that runs, who has it, when it is due."""

    reported_at: datetime
    state: str
    number: str | None
    event_type: str | None
    department_id: str | None
    stage: str | None
    due_at: datetime | None
    reply: str
    incident_id: str | None = None


def report(desk: Desk, said: Report, photos: list[bytes], folder: Path) -> str:
    """Receive a report with its photos (already harmless); the code to follow it by, the same for a repeat.

    Raises: Rejected (`report.no_text`, `report.too_long`, `report.no_key`, `report.sent_before`); NotFound
    (`event_type.unknown`).
    """
    if not said.text.strip():
        raise Rejected("report.no_text", "Expected what you saw in a few words, but the text is empty.", field="text")
    if len(said.text) > LONGEST_TEXT:
        message = f"Expected at most {LONGEST_TEXT} characters, but there are more."
        raise Rejected("report.too_long", message, field="text", most=LONGEST_TEXT)
    if not 16 <= len(said.key) <= 64:
        raise Rejected("report.no_key", "Expected a form of this site, but it has no key. Load the page again.")
    keys = desk.uow.keys
    code = _code(keys, said.key)
    signal = Signal(
        source=SOURCE,
        external_id=keys.blind_index("signal", "external_id", said.key),
        channel="web",
        kind="report",
        reported_at=desk.now,
        reporter_name=said.name or None,
        reporter_phone=said.phone or None,
        text=said.text.strip(),
        address=said.address or None,
        longitude=said.longitude,
        latitude=said.latitude,
    )
    payload = json.dumps({"text": said.text, "address": said.address}, ensure_ascii=False).encode()
    received = receive_signal(desk, signal, payload, event_type=said.event_type, follow_index=_follow_index(keys, code))
    if received.repeated:
        _require_same_words(desk.uow, received.id, signal)
    else:
        store = EvidenceStore(folder, keys, LARGEST * 4)
        for photo in photos:
            store.put(desk.uow, photo, subject_kind="signal", subject_id=received.id, created_by=None)
    return code


def _require_same_words(uow: UnitOfWork, signal_id: str, signal: Signal) -> None:
    """Refuse a form that was sent before with other words: they would be lost. Raises: Rejected."""
    (kept,) = uow.found(select(signal_table.c.text).where(signal_table.c.id == signal_id))
    if uow.keys.open(kept[0], signal_id) != signal.text:
        raise Rejected(
            "report.sent_before",
            "Expected a new form, but this one was sent before with other words. Send it again to report these too.",
        )


def follow(uow: UnitOfWork, code: str) -> Progress:
    """How far the report of this code has come. Raises: NotFound (`report.unknown_code`)."""
    row = uow.one(_FOLLOWED, {"follow_index": _follow_index(uow.keys, code)})
    if row is None:
        raise NotFound("report.unknown_code", "Expected the code of a report, but there is none with this one.")
    signal_state, reported_at, incident_id, number, state, event_type, lead, centre, reply = row
    if incident_id is None:
        return Progress(reported_at, signal_state, None, None, None, None, None, "")
    orders = select(directive.c.id).where(directive.c.incident_id == incident_id)
    tasks = select(task.c.id).where(task.c.directive_id.in_(orders))
    under = [found[0] for found in uow.found(orders.union_all(tasks))]
    running = clocks_of(uow, [incident_id, *under], only_running=True)
    first = min(running, key=lambda each: each.due_at or datetime.max.replace(tzinfo=reported_at.tzinfo), default=None)
    return Progress(
        reported_at,
        state,
        number,
        event_type,
        (first.department_id if first else None) or lead or centre,
        first.stage if first else None,
        first.due_at if first else None,
        "" if reply is None else uow.keys.open(reply, incident_id),
        incident_id,
    )


def _code(keys: Keys, key: str) -> str:
    """Twelve letters and digits that follow from the key of the form and a secret of the city."""
    digest = bytes.fromhex(keys.blind_index("signal", "follow_code", key))
    letters = base64.b32encode(digest)[:12].decode()
    return "-".join(letters[place : place + 4] for place in (0, 4, 8))


def _follow_index(keys: Keys, code: str) -> str:
    plain = "".join(each for each in code.upper() if each.isalnum())
    return keys.blind_index("signal", "follow_index", plain)
