"""EDXL-DE 1.0: one envelope around several alerts; each of them is judged alone.

The envelope's `distributionStatus` outranks the status inside: an exercise that carries an alert marked Actual is an
exercise. An envelope without a readable status is refused whole, because nobody could tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from engine.intake.source import Finding

NAMESPACE = "urn:oasis:names:tc:emergency:EDXL:DE:1.0"

_STATUSES = ("Actual", "Exercise", "System", "Test")
_REQUIRED = ("distributionID", "senderID", "dateTimeSent", "distributionType", "combinedConfidentiality")


@dataclass(frozen=True, slots=True)
class Wrapped:
    """An alert element in an envelope: where it stands, and the status the envelope imposes, if any."""

    element: etree._Element
    path: str
    status: str | None


def is_envelope(root: etree._Element) -> bool:
    """Whether the root is an EDXL distribution, of whichever version."""
    return etree.QName(root).localname == "EDXLDistribution"


def unwrap(root: etree._Element) -> tuple[list[Wrapped], list[Finding]]:
    """The alerts of an envelope in document order, and what is wrong with the envelope itself."""
    findings: list[Finding] = []

    def find(rule: str, fatal: bool, element: etree._Element, path: str, message: str) -> None:
        findings.append(Finding(rule, "error" if fatal else "warning", path, element.sourceline, message))

    if etree.QName(root).namespace != NAMESPACE:
        find("edxl.namespace", True, root, "EDXLDistribution", "Expected EDXL-DE 1.0, but it is another version.")
        return [], findings
    for name in _REQUIRED:
        if not (root.findtext(f"{{{NAMESPACE}}}{name}") or "").strip():
            find("edxl.required", False, root, f"EDXLDistribution/{name}", f"Expected {name}, but it is missing.")
    statuses = root.findall(f"{{{NAMESPACE}}}distributionStatus")
    status = (statuses[0].text or "").strip() if len(statuses) == 1 else ""
    if status not in _STATUSES:
        message = f"Expected one of {', '.join(_STATUSES)}, but it is {status[:40]!r}."
        place = statuses[0] if statuses else root
        find("edxl.status", True, place, "EDXLDistribution/distributionStatus", message)
        return [], findings
    wrapped = []
    for number, content in enumerate(root.iterfind(f"{{{NAMESPACE}}}contentObject"), 1):
        path = f"EDXLDistribution/contentObject[{number}]"
        alerts = [
            Wrapped(alert, f"{path}/{inner}", None if status == "Actual" else status)
            for inner, alert in _alerts(content)
        ]
        if not alerts:
            find("edxl.no_alert", False, content, path, "Expected an embedded alert, but there is none: not read.")
        wrapped += alerts
    if not wrapped:
        find("edxl.no_alert", True, root, "EDXLDistribution", "Expected at least one alert, but there is none.")
    return wrapped, findings


def _alerts(content: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The elements that a content object embeds, with their paths in it."""
    number = 0
    for embedded in content.iterfind(f"{{{NAMESPACE}}}xmlContent/{{{NAMESPACE}}}embeddedXMLContent"):
        for element in embedded.iterchildren(etree.Element):
            number += 1
            yield f"xmlContent/embeddedXMLContent[{number}]/{etree.QName(element).localname}", element
