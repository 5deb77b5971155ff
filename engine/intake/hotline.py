"""The door of the 12345 hotline: tickets as JSON, one object, a list of them, or `{"tickets": […]}`."""

from __future__ import annotations

import json
from typing import Any

from engine.domain.signal import Signal
from engine.intake.source import Finding
from engine.intake.ticket import FIELDS, judge_ticket

MAX_BYTES = 2 * 1024 * 1024
MOST_TICKETS = 500


def parse(content: bytes) -> tuple[list[Signal], list[Finding]]:
    """The signals of a delivery, and every finding; a ticket that is refused does not hold up the others."""
    if len(content) > MAX_BYTES:
        return [], [_refusal("ticket.too_large", f"Expected at most {MAX_BYTES} bytes, but there are {len(content)}.")]
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return [], [_refusal("ticket.no_json", "Expected JSON in UTF-8, but it cannot be read.")]
    if isinstance(document, dict) and isinstance(document.get("tickets"), list):
        document = document["tickets"]
    tickets: list[Any] = document if isinstance(document, list) else [document]
    if len(tickets) > MOST_TICKETS:
        return [], [_refusal("ticket.too_many", f"Expected at most {MOST_TICKETS} tickets, but there are more.")]
    signals: list[Signal] = []
    findings: list[Finding] = []
    for place, ticket in enumerate(tickets, 1):
        path = f"ticket[{place}]"
        if not isinstance(ticket, dict):
            findings.append(Finding("ticket.no_object", "error", path, None, "Expected an object, but it is none."))
            continue
        strange = [name for name, value in ticket.items() if name in FIELDS and isinstance(value, dict | list | bool)]
        if strange:
            message = f"Expected text or a number in {strange[0]}, but it holds something else."
            findings.append(Finding("ticket.no_text", "error", f"{path}/{strange[0]}", None, message))
            continue
        given = {name: "" if value is None else str(value) for name, value in ticket.items() if name in FIELDS}
        signal, found = judge_ticket(given, path, None)
        findings += found
        if signal is not None:
            signals.append(signal)
    return signals, findings


def _refusal(rule: str, message: str) -> Finding:
    return Finding(rule, "error", "", None, message)
