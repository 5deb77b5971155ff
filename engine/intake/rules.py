"""The CAP standard as tables: which elements there are, how often, and which words they may hold.

Source: OASIS CAP 1.2 (1 July 2010) section 3.2; where 1.1 differs it says less, so one table serves both.
"""

from __future__ import annotations

from collections.abc import Mapping

VERSIONS: Mapping[str, str] = {
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}

ALERT: Mapping[str, str] = {
    **dict.fromkeys(("identifier", "sender", "sent", "status", "msgType", "scope"), "1"),
    **dict.fromkeys(("source", "restriction", "addresses", "note", "references", "incidents"), "?"),
    **dict.fromkeys(("code", "info"), "*"),
}
"""Occurrences by element name: 1 exactly one, ? at most one, * any number, + at least one."""

INFO: Mapping[str, str] = {
    "category": "+",
    **dict.fromkeys(("event", "urgency", "severity", "certainty"), "1"),
    **dict.fromkeys(("language", "audience", "effective", "onset", "expires", "senderName", "headline"), "?"),
    **dict.fromkeys(("description", "instruction", "web", "contact"), "?"),
    **dict.fromkeys(("responseType", "eventCode", "parameter", "resource", "area"), "*"),
}
AREA: Mapping[str, str] = {
    "areaDesc": "1",
    **dict.fromkeys(("polygon", "circle", "geocode"), "*"),
    **dict.fromkeys(("altitude", "ceiling"), "?"),
}
RESOURCE: Mapping[str, str] = {
    "resourceDesc": "1",
    **dict.fromkeys(("mimeType", "size", "uri", "derefUri", "digest"), "?"),
}
PAIR: Mapping[str, str] = {"valueName": "1", "value": "1"}

DECIDING: frozenset[str] = frozenset({"identifier", "sender", "sent", "status", "msgType", "scope"})
"""Without one of these an alert cannot be told apart, dated or told from an exercise: it is refused."""

REPEATED: frozenset[str] = frozenset(
    {"info", "category", "responseType", "eventCode", "parameter", "resource", "area", "polygon", "circle", "geocode"}
)
"""Elements that a path counts, from 1."""

WORDS: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "status": "Actual Exercise System Test Draft",
        "msgType": "Alert Update Cancel Ack Error",
        "scope": "Public Restricted Private",
        "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
        "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
        "urgency": "Immediate Expected Future Past Unknown",
        "severity": "Extreme Severe Moderate Minor Unknown",
        "certainty": "Observed Likely Possible Unlikely Unknown",
    }.items()
}
GRAVITY: tuple[str, ...] = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
