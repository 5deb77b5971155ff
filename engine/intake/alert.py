"""One CAP alert judged by our own rules: a signal, or the findings that refuse it.

**Refused** (findings of severity error, no signal): an unknown namespace; `identifier`, `sender`, `sent`, `status`,
`msgType` or `scope` missing, empty, repeated or outside its list of words; an `identifier` or `sender` with blanks or
commas; a `sent` or `expires` that is no instant with an offset, because what is expired must never open an incident;
unreadable `references` of an Update or Cancel. **Tolerated with a warning**, the value left out: everything else, so
that a real warning with an empty `urgency` or an odd polygon still reaches somebody.

Identity: `external_id` is "sender,identifier", as the standard asks identifiers to be unique for their sender and
`references` to name both. Of several `info` blocks the gravest speaks, among equals the Chinese one; the alert is
expired when all of them are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from engine.domain.signal import Signal
from engine.intake import area, rules
from engine.intake.judge import Judge, Value, Values, read_instant
from engine.intake.source import Finding

SOURCE = "cap"

_NAME = re.compile(r"[^\s,<&]+")


def judge_alert(element: etree._Element, path: str, status: str | None = None) -> tuple[Signal | None, list[Finding]]:
    """The signal of one `alert` element, None where it is refused, and all findings, in document order.

    Shape: `status` overrides the alert's own, as a distribution that is not Actual does.
    """
    name = etree.QName(element)
    root = Value("", element, path)
    judge = Judge(name.namespace or "")
    if name.localname != "alert" or name.namespace not in rules.VERSIONS:
        message = f"Expected an alert of CAP 1.1 or 1.2, but it is {name.localname} of {name.namespace or 'nothing'}."
        judge.find("cap.namespace", "error", root, message)
        return None, judge.findings
    values = judge.children(root, rules.ALERT)
    words = {each: judge.word(values[each]) for each in ("status", "msgType", "scope")}
    sent = judge.instant(values["sent"], "error")
    for each in ("identifier", "sender"):
        _check_name(judge, values[each])
    references = _references(judge, values, words["msgType"])
    infos = [_Info.read(judge, value) for value in values["info"]]
    findings = sorted(judge.findings, key=lambda finding: finding.line or 0)
    if sent is None or any(finding.severity == "error" for finding in findings):
        return None, findings
    sender = values["sender"][0].text
    return (
        _signal(
            infos,
            Signal(
                source=SOURCE,
                external_id=f"{sender},{values['identifier'][0].text}",
                channel=SOURCE,
                kind="alert",
                reported_at=sent,
                status=status or words["status"] or "",
                msg_type=words["msgType"] or "",
                references=references,
                sender=sender,
                text=_first(values, "note"),
            ),
        ),
        findings,
    )


@dataclass(frozen=True, slots=True)
class _Info:
    """What one `info` block says."""

    gravity: int
    chinese: bool
    expires_at: datetime | None
    effective_at: datetime | None
    category: str | None
    event: str | None
    urgency: str | None
    severity: str | None
    certainty: str | None
    text: str
    address: str | None
    point: area.Point | None
    polygon_wkt: str | None

    @classmethod
    def read(cls, judge: Judge, at: Value) -> _Info:
        """The block at an `info` element, all it holds checked."""
        values = judge.children(at, rules.INFO)
        severity = judge.word(values["severity"])
        for category in values["category"][1:] + values["responseType"]:
            judge.word([category])
        judge.instant(values["onset"], "warning")
        for name, table in (("resource", rules.RESOURCE), ("eventCode", rules.PAIR), ("parameter", rules.PAIR)):
            for value in values[name]:
                judge.children(value, table)
        address, point, wkt = _area(judge, values["area"])
        return cls(
            gravity=rules.GRAVITY.index(severity or "Unknown"),
            chinese=_first(values, "language").lower().startswith("zh"),
            expires_at=judge.instant(values["expires"], "error"),
            effective_at=judge.instant(values["effective"], "warning"),
            category=judge.word(values["category"]),
            event=_first(values, "event") or None,
            urgency=judge.word(values["urgency"]),
            severity=severity,
            certainty=judge.word(values["certainty"]),
            text="\n".join(filter(None, (_first(values, each) for each in ("headline", "description", "instruction")))),
            address=address,
            point=point,
            polygon_wkt=wkt,
        )


def _signal(infos: list[_Info], bare: Signal) -> Signal:
    """The signal with what the block that speaks for the alert says; without a block, as it is."""
    if not infos:
        return bare
    chosen = min(infos, key=lambda info: (info.gravity, not info.chinese))
    ends = [info.expires_at for info in infos]
    longitude, latitude = chosen.point or (None, None)
    return replace(
        bare,
        effective_at=chosen.effective_at,
        expires_at=max(end for end in ends if end is not None) if None not in ends else None,
        text=chosen.text or bare.text,
        address=chosen.address,
        longitude=longitude,
        latitude=latitude,
        polygon_wkt=chosen.polygon_wkt,
        category=chosen.category,
        event=chosen.event,
        urgency=chosen.urgency,
        severity=chosen.severity,
        certainty=chosen.certainty,
    )


def _area(judge: Judge, areas: list[Value]) -> tuple[str | None, area.Point | None, str | None]:
    """Description, one point (of the first polygon, else circle) and the polygons of an info's areas."""
    names: list[str] = []
    rings: list[tuple[area.Point, ...]] = []
    centres: list[area.Point] = []
    for each in areas:
        values = judge.children(each, rules.AREA)
        names += filter(None, [_first(values, "areaDesc")])
        for value in values["geocode"]:
            judge.children(value, rules.PAIR)
        for value in values["polygon"]:
            try:
                rings.append(area.read_polygon(value.text))
            except ValueError as problem:
                judge.find("cap.polygon", "warning", value, f"Expected {problem}: not used.")
        for value in values["circle"]:
            try:
                centres.append(area.read_circle(value.text)[0])
            except ValueError as problem:
                judge.find("cap.circle", "warning", value, f"Expected {problem}: not used.")
    point = area.centroid(rings[0]) if rings else centres[0] if centres else None
    return "; ".join(names) or None, point, area.to_wkt(rings)


def _references(judge: Judge, values: Values, msg_type: str | None) -> tuple[str, ...]:
    """The external ids an alert refers to, each written `sender,identifier,sent`."""
    acts = msg_type in ("Update", "Cancel")
    given = values["references"]
    if not given:
        if acts:
            judge.find("cap.no_references", "warning", values["msgType"][0], f"Expected references of an {msg_type}.")
        return ()
    if not given[0].text:
        judge.find("cap.empty", "warning", given[0], "Expected references, but the element is empty.")
    found: list[str] = []
    for reference in given[0].text.split():
        parts = reference.split(",")
        if len(parts) == 3 and all(parts) and read_instant(parts[2]):
            found.append(f"{parts[0]},{parts[1]}")
            continue
        message = f"Expected sender,identifier,sent, but one reference is {reference[:60]!r}."
        judge.find("cap.references", "error" if acts else "warning", given[0], message)
    return tuple(dict.fromkeys(found))


def _check_name(judge: Judge, values: list[Value]) -> None:
    if values and values[0].text and not _NAME.fullmatch(values[0].text):
        message = "Expected a name without blanks, commas, < and &, because references are built of it."
        judge.find("cap.identifier", "error", values[0], message)


def _first(values: Values, name: str) -> str:
    return values[name][0].text if values[name] else ""
