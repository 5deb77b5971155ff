"""Reads the elements of an alert by the tables of `rules`, collecting every finding with its path and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from engine.intake import rules
from engine.intake.source import Finding, Severity

_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[+-]\d\d:\d\d|Z)", re.ASCII)
_YEARS = range(1990, 2100)


@dataclass(frozen=True, slots=True)
class Value:
    """One element's trimmed text, and where it stands."""

    text: str
    element: etree._Element
    path: str


Values = Mapping[str, list[Value]]


@dataclass(slots=True)
class Judge:
    """Reads one alert, collecting what it finds."""

    namespace: str
    findings: list[Finding] = field(default_factory=list)

    def find(self, rule: str, severity: Severity, at: Value, message: str) -> None:
        """Adds a finding about the element."""
        self.findings.append(Finding(rule, severity, at.path, at.element.sourceline, message))

    def children(self, at: Value, table: Mapping[str, str]) -> Values:
        """The children of an element by name; what the table does not know or misses becomes a finding."""
        found: dict[str, list[Value]] = {name: [] for name in table}
        for child in at.element.iterchildren(etree.Element):
            tag = etree.QName(child)
            if tag.namespace != self.namespace or tag.localname not in table:
                rule = "cap.unknown_element" if tag.namespace == self.namespace else "cap.foreign_element"
                here = Value("", child, f"{at.path}/{tag.localname}")
                self.find(rule, "warning", here, f"Expected an element of CAP here, but {tag.localname} is none.")
                continue
            same = found[tag.localname]
            count = f"[{len(same) + 1}]" if tag.localname in rules.REPEATED else ""
            # Only the element's own text: what stands inside an element that does not belong here is not read.
            text = (child.text or "") + "".join(inner.tail or "" for inner in child)
            same.append(Value(text.strip(), child, f"{at.path}/{tag.localname}{count}"))
        for name, times in table.items():
            self._count(at, name, times, found[name])
        return found

    def _count(self, at: Value, name: str, times: str, values: list[Value]) -> None:
        severity: Severity = "error" if name in rules.DECIDING else "warning"
        if times in "1+" and not values:
            here = Value("", at.element, f"{at.path}/{name}")
            self.find("cap.required", severity, here, f"Expected {name}, but it is missing.")
        if times in "1?" and len(values) > 1:
            self.find("cap.repeated", severity, values[1], f"Expected one {name}, but there are {len(values)}.")
        if times in "1+" and name not in rules.PAIR:
            for value in values:
                if not value.text:
                    self.find("cap.empty", severity, value, f"Expected a value for {name}, but it is empty.")

    def word(self, values: list[Value]) -> str | None:
        """The word of the first value if its list has it; None, with a finding unless empty, if not."""
        if not values or not values[0].text:
            return None
        name = etree.QName(values[0].element).localname
        words = rules.WORDS[name]
        if values[0].text in words:
            return values[0].text
        severity: Severity = "error" if name in rules.DECIDING else "warning"
        message = f"Expected one of {', '.join(sorted(words))}, but it is {values[0].text[:40]!r}."
        self.find("cap.enum", severity, values[0], message)
        return None

    def instant(self, values: list[Value], severity: Severity) -> datetime | None:
        """The instant in UTC; None, with a finding unless the element is absent, if it is none."""
        if not values:
            return None
        text = values[0].text
        if not text:
            if severity == "warning" or etree.QName(values[0].element).localname not in rules.DECIDING:
                self.find("cap.empty", "warning", values[0], "Expected an instant, but it is empty: read as absent.")
            return None
        read = read_instant(text)
        if read is None:
            message = f"Expected an instant like 2026-07-01T08:00:00+08:00, but it is {text[:40]!r}."
            self.find("cap.instant", severity, values[0], message)
        elif not _EXACT.fullmatch(text):
            self.find("cap.instant", "warning", values[0], "Expected whole seconds and an offset in figures.")
        return read


def read_instant(text: str) -> datetime | None:
    """The instant in UTC, None if the text is none; fractions and `Z`, which CAP forbids, are understood."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read if read.year in _YEARS else None
