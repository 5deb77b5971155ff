"""A file from a source: read by its adapter, then each signal received in a transaction of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.domain.signal import Signal
from engine.intake import Finding, source

from .engine import Engine
from .signals import Received, receive_signal


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a file: every signal in it, and every finding with line and path."""

    file: str
    signals: tuple[Received, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether nothing of the file was taken in."""
        return not self.signals

    def to_json(self) -> dict[str, Any]:
        """The object `cityloop ingest --json` prints."""
        return {
            "file": self.file,
            "refused": self.refused,
            "signals": [signal.to_json() for signal in self.signals],
            "findings": [
                {"rule": f.rule, "severity": f.severity, "path": f.path, "line": f.line, "message": f.message}
                for f in self.findings
            ],
        }

    def lines(self) -> list[str]:
        """The report for people."""
        said = [f"{self.file}: {'refused' if self.refused else f'{len(self.signals)} taken in'}"]
        for signal in self.signals:
            reason = f" ({signal.reason})" if signal.reason else ""
            incident = f", incident {signal.incident_id}" if signal.incident_id else ""
            again = ", known before" if signal.repeated else ""
            said.append(f"  {signal.external_id}: {signal.state}{reason}{incident}{again}")
        said += [f"  {f.severity} line {f.line or '-'} {f.path}: {f.message}" for f in self.findings]
        return said


def ingest_file(engine: Engine, kind: str, name: str, content: bytes, actor: Actor = SYSTEM_ACTOR) -> IngestReport:
    """Take in a file. What is broken in it becomes findings; the rest goes through."""
    signals, findings = source(kind)(content)
    if kind == "cap":
        received = tuple(engine.command(receive_signal, actor, signal, content) for signal in signals)
    else:
        received = receive_all(engine, signals, actor)
    return IngestReport(name, received, tuple(findings))


def receive_all(engine: Engine, signals: Iterable[Signal], actor: Actor) -> tuple[Received, ...]:
    """Receive tickets, each in a transaction of its own and with its own words alone as what was received."""
    return tuple(engine.command(receive_signal, actor, signal, _as_received(signal)) for signal in signals)


def _as_received(signal: Signal) -> bytes:
    said = {
        "external_id": signal.external_id,
        "reported_at": signal.reported_at.isoformat(),
        "text": signal.text,
        "address": signal.address,
        "reporter_name": signal.reporter_name,
        "reporter_phone": signal.reporter_phone,
        "longitude": signal.longitude,
        "latitude": signal.latitude,
    }
    return json.dumps(said, ensure_ascii=False).encode()
