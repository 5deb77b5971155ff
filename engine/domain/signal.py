"""Signals 线索: reports and alerts as received, and what each one does, whatever the order they arrive in.

A report opens an incident. Of alerts (CAP), only an Alert that is Actual and not expired opens one; an Update or a
Cancel acts on the Alerts its references lead to, and waits where they are not known yet. What has happened to an Alert
in the end depends on the set of messages alone, never on their order (`thread`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SignalKind = Literal["alert", "report"]
CHANNELS: tuple[str, ...] = (
    "12345", "110", "119", "120", "122", "patrol", "web", "app", "sensor", "cap", "open311", "higher_level", "media",
)  # fmt: skip
STATUSES: tuple[str, ...] = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES: tuple[str, ...] = ("Alert", "Update", "Cancel", "Ack", "Error")


@dataclass(frozen=True, slots=True)
class Signal:
    """One report or alert, in the same shape from whichever source it came.

    Shape: `references` are external ids of the same source; `polygon_wkt` is in longitude latitude (WGS 84);
    `status`, `msg_type`, `urgency`, `severity` and `certainty` are CAP's words, `msg_type` is Alert for a report.
    """

    source: str
    external_id: str
    channel: str
    kind: SignalKind
    reported_at: datetime
    status: str = "Actual"
    msg_type: str = "Alert"
    references: tuple[str, ...] = ()
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    sender: str | None = None
    reporter_name: str | None = None
    reporter_phone: str | None = None
    text: str = ""
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    polygon_wkt: str | None = None
    category: str | None = None
    event: str | None = None
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What must be known of a stored signal to place another: its links, and whether it counts.

    `reason` is why it was only stored; None for one that counts (it opened, acted, or waits for its reference).
    """

    external_id: str
    msg_type: str
    references: tuple[str, ...]
    reported_at: datetime
    reason: str | None = None


Outcome = Literal["opens", "updates", "cancels", "waits", "stored"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one signal does now.

    `outcome`: opens an incident; updates or cancels those of `alerts` (external ids, sorted); waits for a reference;
    or is stored only. `reason` is set for waits (unknown_reference) and stored: duplicate, exercise, test, system,
    draft, expired, no_reference, ack, error, reference_not_live. `newest_for` names the alerts of which this message
    is now the latest word: only there its content replaces what the incident has.
    """

    external_id: str
    outcome: Outcome
    reason: str | None = None
    alerts: tuple[str, ...] = ()
    newest_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a signal does, and what the signals that had waited for it do now, in the order they were sent."""

    effect: Effect
    released: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """How an Alert stands once all messages about it are heard: the latest word, and whether it was cancelled."""

    alert: str
    latest: str
    cancelled: bool


def stored_only_reason(signal: Signal, now: datetime) -> str | None:
    """Why this signal can never act on an incident; None when it can."""
    if signal.status != "Actual":
        return signal.status.lower()
    if signal.msg_type in ("Ack", "Error"):
        return signal.msg_type.lower()
    if signal.msg_type in ("Update", "Cancel") and not signal.references:
        return "no_reference"
    # A cancellation stays true after its own expiry; a warning or its update does not.
    if signal.msg_type != "Cancel" and signal.expires_at is not None and signal.expires_at <= now:
        return "expired"
    return None


def decide_signal(signal: Signal, known: Mapping[str, Known], now: datetime) -> Decision:
    """What happens because of this signal.

    Shape: `known` holds by external id the stored signals of the same source that are linked to this one by
    references, directly or over others, in either direction (more do no harm). Apply the effect, then `released`.
    """
    if signal.external_id in known:
        return Decision(Effect(signal.external_id, "stored", "duplicate"))
    reason = stored_only_reason(signal, now)
    references = signal.references if signal.msg_type in ("Update", "Cancel") else ()
    arrived = Known(signal.external_id, signal.msg_type, references, signal.reported_at, reason)
    after = {**known, signal.external_id: arrived}
    released = [
        effect
        for message in sorted(known.values(), key=_sent_order)
        if message.msg_type in ("Update", "Cancel") and message.reason is None
        if (effect := _effect(message, after)).alerts != alerts_of(message, known) or effect.outcome == "stored"
    ]
    return Decision(_effect(arrived, after), tuple(released))


def alerts_of(message: Known, known: Mapping[str, Known]) -> tuple[str, ...]:
    """The Alerts in force to which the message's references lead, over other messages too; sorted.

    Messages that were only stored lead nowhere.
    """
    found: set[str] = set()
    seen: set[str] = set()
    frontier = list(message.references)
    while frontier:
        id_ = frontier.pop()
        other = known.get(id_)
        if id_ in seen or other is None or other.reason is not None:
            continue
        seen.add(id_)
        if other.msg_type == "Alert":
            found.add(id_)
        else:
            frontier.extend(other.references)
    return tuple(sorted(found))


def thread(alert: str, known: Iterable[Known]) -> Thread:
    """How the Alert stands after all these messages; the same for any order of them."""
    by_id = {message.external_id: message for message in known}
    about = [message for message in by_id.values() if message.reason is None and alert in alerts_of(message, by_id)]
    updates = [message for message in about if message.msg_type == "Update"]
    latest = max((by_id[alert], *updates), key=_sent_order)
    return Thread(alert, latest.external_id, any(message.msg_type == "Cancel" for message in about))


def _effect(message: Known, known: Mapping[str, Known]) -> Effect:
    id_ = message.external_id
    if message.reason is not None:
        return Effect(id_, "stored", message.reason)
    if message.msg_type == "Alert":
        return Effect(id_, "opens", alerts=(id_,), newest_for=(id_,))
    alerts = alerts_of(message, known)
    if not alerts:
        dead = id_ in _leading_nowhere(known)
        return Effect(id_, "stored", "reference_not_live") if dead else Effect(id_, "waits", "unknown_reference")
    if message.msg_type == "Cancel":
        return Effect(id_, "cancels", alerts=alerts)
    newest = tuple(alert for alert in alerts if thread(alert, known.values()).latest == id_)
    return Effect(id_, "updates", alerts=alerts, newest_for=newest)


def _leading_nowhere(known: Mapping[str, Known]) -> frozenset[str]:
    """The messages that can never act: only stored themselves, or all their references are such messages.

    Waiting on them would be in vain: whatever arrives later, an exercise or an expired alert stays what it was.
    """
    dead = {id_ for id_, message in known.items() if message.reason is not None}
    waiting = {id_: m.references for id_, m in known.items() if id_ not in dead and m.msg_type != "Alert"}
    while found := {id_ for id_, references in waiting.items() if dead.issuperset(references)}:
        dead |= found
        for id_ in found:
            del waiting[id_]
    return frozenset(dead)


def _sent_order(message: Known) -> tuple[datetime, str]:
    return message.reported_at, message.external_id
