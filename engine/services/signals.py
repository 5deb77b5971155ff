"""Commands on signals: one is received once, and does what its kind and its references say, in any order of arrival."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, or_, select

from engine.domain.event_type import Suggestion, event_type_named, suggest
from engine.domain.events import SignalActed, SignalMoved, SignalReceived
from engine.domain.incident import move_on_source_cancel
from engine.domain.lifecycle import SIGNAL
from engine.domain.signal import Effect, Known, Signal, decide_signal
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import signals as t
from engine.storage.tables.incidents import incident

from .desk import Desk
from .incident_moves import load_incident
from .incidents import Opening, open_incident
from .messages import deliver_if_awaited

_NEW = insert_into(t.signal)
_REFERENCE = insert_into(t.signal_reference)
_SEEN = Prepared(
    select(
        t.signal.c.id, t.signal.c.state, t.signal.c.reason_code, t.signal.c.incident_id, t.signal.c.payload_digest
    ).where(t.signal.c.source == bindparam("source"), t.signal.c.external_id == bindparam("external_id"))
)
_MOVE = update_row(t.signal, "state", "reason_code", "incident_id", where=("id",), revision=t.signal.c.revision + 1)
_RELEVEL = update_row(incident, "event_level", where=("id",), revision=incident.c.revision + 1)
_UNSETTLED = frozenset({"reported", "accepted"})


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a signal: its state, its reason where it did nothing, its incident; `repeated` if known before."""

    id: str
    external_id: str
    state: str
    reason: str | None
    incident_id: str | None
    repeated: bool = False

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "id": self.id,
            "external_id": self.external_id,
            "state": self.state,
            "reason": self.reason,
            "incident_id": self.incident_id,
            "repeated": self.repeated,
        }


def receive_signal(
    desk: Desk, signal: Signal, payload: bytes, *, event_type: str | None = None, follow_index: str | None = None
) -> Received:
    """Store a signal and do what follows: open, update or call off incidents, or only keep it.

    `event_type` is the type the reporter named, instead of the suggested one.

    A second arrival of the same source and identifier changes nothing and gets the first answer.
    """
    seen = desk.uow.one(_SEEN, {"source": signal.source, "external_id": signal.external_id})
    if seen is not None:
        id_, state, reason, incident_id, digest = seen
        if digest != _digest(signal):
            reason = "changed_repeat"
        return Received(id_, signal.external_id, state, reason, incident_id, repeated=True)
    known = _thread_around(desk, signal)
    decision = decide_signal(signal, known, desk.now)
    suggestion = suggest(signal, desk.city.suggestions)
    if event_type is not None:
        kind = event_type_named(desk.city.profile.event_types, event_type)
        suggestion = replace(suggestion, event_type=kind.code, level=suggestion.level if kind.is_graded else None)
    id_ = _store(desk, signal, payload, suggestion, follow_index)
    _apply(desk, id_, signal, decision.effect, suggestion)
    for effect in decision.released:
        released = desk.uow.one(_SEEN, {"source": signal.source, "external_id": effect.external_id})
        assert released is not None
        _apply_to_stored(desk, released[0], signal.source, released[1], effect)
    final = desk.uow.one(_SEEN, {"source": signal.source, "external_id": signal.external_id})
    assert final is not None
    desk.record(
        SignalReceived(
            at=desk.now,
            subject_id=id_,
            actor_id=desk.actor_id,
            source=signal.source,
            outcome=decision.effect.outcome,
            reason=decision.effect.reason,
        ),
        f"signal:{id_}",
    )
    return Received(id_, signal.external_id, final[1], final[2], final[3])


def _digest(signal: Signal) -> str:
    """Tells a repeat from another message under the same identifier, whatever envelope either came in."""
    return hashlib.sha256(repr(signal).encode()).hexdigest()


def _thread_around(desk: Desk, signal: Signal) -> dict[str, Known]:
    """The stored signals that references connect with this one, over others too, in either direction."""
    known: dict[str, Known] = {}
    asked: set[str] = set()
    frontier = {signal.external_id, *signal.references}
    while frontier - asked:
        batch = frontier - asked
        asked |= batch
        for row in _stored(desk, signal.source, batch):
            known[row.external_id] = row
            frontier.update((row.external_id, *row.references))
    return known


def _stored(desk: Desk, source: str, ids: Iterable[str]) -> list[Known]:
    """The signals with one of these external ids, and those that refer to one of them."""
    names = list(ids)
    referring = select(t.signal_reference.c.signal_id).where(
        t.signal_reference.c.source == source, t.signal_reference.c.external_id.in_(names)
    )
    rows = desk.uow.execute(
        select(
            t.signal.c.id,
            t.signal.c.external_id,
            t.signal.c.cap_msg_type,
            t.signal.c.reported_at,
            t.signal.c.state,
            t.signal.c.reason_code,
        ).where(t.signal.c.source == source, or_(t.signal.c.external_id.in_(names), t.signal.c.id.in_(referring)))
    ).all()
    references: dict[str, list[str]] = {}
    found = select(t.signal_reference.c.signal_id, t.signal_reference.c.external_id).where(
        t.signal_reference.c.signal_id.in_([row.id for row in rows])
    )
    for reference in desk.uow.execute(found).all():
        references.setdefault(reference.signal_id, []).append(reference.external_id)
    return [
        Known(
            row.external_id,
            row.cap_msg_type or "Alert",
            tuple(references.get(row.id, ())),
            row.reported_at,
            row.reason_code if row.state == "rejected" else None,
        )
        for row in rows
    ]


def _store(desk: Desk, signal: Signal, payload: bytes, suggestion: Suggestion, follow_index: str | None) -> str:
    uow, keys = desk.uow, desk.uow.keys
    id_ = uow.new_id()

    def sealed(column: str, text: str | None) -> Any:
        return None if not text else keys.seal("signal", column, id_, text)

    cell = desk.city.cell_at(uow, signal.longitude, signal.latitude)
    phone = signal.reporter_phone
    uow.run(
        _NEW,
        {
            "id": id_,
            "source": signal.source,
            "external_id": signal.external_id,
            "kind": signal.kind,
            "channel": signal.channel,
            "state": SIGNAL.start,
            "revision": 1,
            "reported_at": signal.reported_at,
            "received_at": desk.now,
            "expires_at": signal.expires_at,
            "reporter_name": sealed("reporter_name", signal.reporter_name),
            "reporter_phone": sealed("reporter_phone", phone),
            "phone_index": keys.blind_index("signal", "reporter_phone", phone) if phone else None,
            "text": sealed("text", signal.text),
            "address": sealed("address", signal.address),
            "longitude": signal.longitude,
            "latitude": signal.latitude,
            "grid_cell_id": None if cell is None else cell.id,
            "suggested_type": suggestion.event_type,
            "suggested_level": suggestion.level,
            "incident_id": None,
            "payload": keys.seal_bytes("signal", "payload", id_, payload),
            "payload_digest": _digest(signal),
            "cap_status": signal.status if signal.kind == "alert" else None,
            "cap_msg_type": signal.msg_type if signal.kind == "alert" else None,
            "reason_code": None,
            "follow_index": follow_index,
        },
    )
    uow.run_many(
        _REFERENCE,
        [
            {
                "id": uow.new_id(),
                "signal_id": id_,
                "source": signal.source,
                "external_id": reference,
                "msg_type": signal.msg_type,
                "at": desk.now,
            }
            for reference in dict.fromkeys(signal.references)
        ],
    )
    return id_


def _apply(desk: Desk, id_: str, signal: Signal, effect: Effect, suggestion: Suggestion) -> None:
    _move(desk, id_, SIGNAL.start, "triage", None, None)
    if effect.outcome == "opens":
        opening = Opening(
            id_,
            suggestion.event_type,
            suggestion.level,
            signal.longitude,
            signal.latitude,
            signal.effective_at or signal.reported_at,
            signal.reported_at,
        )
        _move(desk, id_, "triaged", "link", None, open_incident(desk, opening))
    elif effect.outcome == "waits":
        desk.uow.run(_MOVE, {"id": id_, "state": "triaged", "reason_code": effect.reason, "incident_id": None})
    elif effect.outcome == "stored":
        _move(desk, id_, "triaged", "reject", effect.reason, None)
    else:
        _act(desk, id_, signal.source, effect, suggestion.level)


def _apply_to_stored(desk: Desk, id_: str, source: str, state: str, effect: Effect) -> None:
    """What a signal that had waited, or had acted on less, does now."""
    if effect.outcome == "stored":
        if state == "triaged":
            _move(desk, id_, "triaged", "reject", effect.reason, None)
        return
    row = desk.uow.execute(select(t.signal.c.suggested_level).where(t.signal.c.id == id_)).one()
    _act(desk, id_, source, effect, row.suggested_level, linked=state == "linked")


def _act(desk: Desk, id_: str, source: str, effect: Effect, level: int | None, *, linked: bool = False) -> None:
    """An update or a cancellation reaches the incidents of its alerts."""
    incidents: dict[str, str] = {}
    for alert in effect.alerts:
        row = desk.uow.one(_SEEN, {"source": source, "external_id": alert})
        if row is not None and row[3] is not None:
            incidents[alert] = row[3]
    if incidents and not linked:
        _move(desk, id_, "triaged", "link", None, next(iter(incidents.values())))
    for alert, incident_id in incidents.items():
        if effect.outcome == "cancels":
            _call_off(desk, incident_id)
        elif alert in effect.newest_for:
            _relevel(desk, incident_id, level)
    acted = SignalActed(
        at=desk.now, subject_id=id_, outcome=effect.outcome, incident_ids=tuple(sorted(set(incidents.values())))
    )
    desk.record(acted, f"signal:{id_}")


def _call_off(desk: Desk, incident_id: str) -> None:
    """The source cancelled its alert: an incident nobody acted on yet is declined, any other is left to people."""
    row = load_incident(desk, incident_id)
    if row.instance_id is not None and move_on_source_cancel(row.state) is not None:
        deliver_if_awaited(desk, row.instance_id, 0, "source.cancelled")


def _relevel(desk: Desk, incident_id: str, level: int | None) -> None:
    """Before filing the level follows the source; afterwards it takes an approved change request."""
    row = load_incident(desk, incident_id)
    if row.state in _UNSETTLED and row.event_level is not None and level is not None:
        desk.uow.run(_RELEVEL, {"id": incident_id, "event_level": level})


def _move(desk: Desk, id_: str, state: str, action: str, reason: str | None, incident_id: str | None) -> None:
    move = SIGNAL.decide(state, action, {"reason"} if reason else ())
    if not desk.actor.is_system:
        desk.require(move.permission, desk.city.command_centre(desk.uow) or "")
    desk.uow.run(_MOVE, {"id": id_, "state": move.target, "reason_code": reason, "incident_id": incident_id})
    moved = SignalMoved(
        at=desk.now,
        subject_id=id_,
        actor_id=desk.actor_id,
        action=action,
        source=state,
        target=move.target,
        reason=reason,
    )
    desk.record(moved, f"signal:{id_}")
