"""CAP 1.2 messages as the demo city's senders would write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SENDERS = {
    "1": ("warning@weather.example-city.cn", "示例市气象局", "Met"),
    "2": ("duty@emergency.example-city.cn", "示例市应急管理局", "Env"),
    "3": ("report@health.example-city.cn", "示例市疾病预防控制中心", "Health"),
}
"""Address, name and CAP category by the first digit of the event type."""

SEVERITIES = {1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor"}
_GEOLOGICAL = ("103", "104")
_IN_FORCE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Alert:
    """What one message says. `ring` are (longitude, latitude) corners, the last like the first."""

    identifier: str
    sent: datetime
    event_type: str
    event: str
    text: str
    level: int
    area: str
    ring: tuple[tuple[float, float], ...]
    status: str = "Actual"
    msg_type: str = "Alert"
    references: str = ""
    in_force: timedelta = field(default=_IN_FORCE)

    @property
    def sender(self) -> str:
        """The address of the sender that warns of such events."""
        return SENDERS[self.event_type[0]][0]

    @property
    def reference(self) -> str:
        """How a later message refers to this one."""
        return f"{self.sender},{self.identifier},{self.sent.isoformat(timespec='seconds')}"

    def to_bytes(self) -> bytes:
        """The message as UTF-8."""
        sender, sender_name, category = SENDERS[self.event_type[0]]
        alert = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
        sent = self.sent.isoformat(timespec="seconds")
        _add(alert, identifier=self.identifier, sender=sender, sent=sent)
        _add(alert, status=self.status, msgType=self.msg_type, scope="Public", references=self.references)
        info = etree.SubElement(alert, f"{{{NAMESPACE}}}info")
        category = "Geo" if self.event_type.startswith(_GEOLOGICAL) else category
        _add(info, language="zh-CN", category=category, event=self.event, urgency="Immediate")
        _add(info, severity=SEVERITIES[self.level], certainty="Observed")
        _add(info, expires=(self.sent + self.in_force).isoformat(timespec="seconds"), senderName=sender_name)
        headline, _, description = self.text.partition(":")
        _add(info, headline=headline, description=description)
        area = etree.SubElement(info, f"{{{NAMESPACE}}}area")
        # CAP writes latitude first.
        _add(area, areaDesc=self.area, polygon=" ".join(f"{lat},{lon}" for lon, lat in self.ring))
        return etree.tostring(alert, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, **texts: str) -> None:
    """Adds a child for each text that is not empty, in order."""
    for name, text in texts.items():
        if text:
            etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text
