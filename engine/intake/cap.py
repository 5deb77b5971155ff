"""The door for alerts: CAP 1.2 and 1.1, alone or several in an EDXL-DE 1.0 envelope.

What refuses an alert and what is tolerated stands in `engine.intake.alert`. A file that is not safe XML (over 2 MB, a
document type, broken, an encoding we do not decode) is refused whole. Nothing is ever fetched or included.
"""

from __future__ import annotations

from engine import safe_xml
from engine.domain.signal import Signal
from engine.intake import edxl
from engine.intake.alert import judge_alert
from engine.intake.source import Finding

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 40
MAX_ELEMENTS = 20_000


def parse(content: bytes) -> tuple[list[Signal], list[Finding]]:
    """The signals of a file in document order, and every finding; an alert that is refused gives only findings."""
    try:
        safe = safe_xml.parse(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_elements=MAX_ELEMENTS)
    except safe_xml.UnsafeXml as refusal:
        return [], [Finding(refusal.code, "error", "", refusal.params.get("line"), refusal.message)]
    findings = [Finding("xml.note", "warning", "", None, note) for note in safe.notes]
    if edxl.is_envelope(safe.root):
        alerts, problems = edxl.unwrap(safe.root)
        findings += problems
    else:
        alerts = [edxl.Wrapped(safe.root, "alert", None)]
    signals = []
    for alert in alerts:
        signal, found = judge_alert(alert.element, alert.path, alert.status)
        findings += found
        if signal is not None:
            signals.append(signal)
    return signals, findings
