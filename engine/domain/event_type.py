"""Event types, and the table that suggests a type and a level for what was received. A person confirms both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.domain.level import Level
from engine.domain.signal import Signal
from engine.errors import NotFound

TERRITORY = "@territory"
"""In the place of a department code: whoever answers for the grid cell (属地)."""

CATEGORIES: Mapping[str, str] = {
    "1": "natural_disaster",
    "2": "accident",
    "3": "public_health",
    "4": "social_security",
    "5": "city_management",
    "6": "public_request",
}
GRADED: frozenset[str] = frozenset({"1", "2", "3"})
"""First digits of the types that have levels I-IV (Emergency Response Law 2024, art. 3)."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: five digits C-MM-SS, the lead department's code and those that co-operate."""

    code: str
    name_zh: str
    name_en: str
    lead: str
    co: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """The category of the first digit."""
        return CATEGORIES[self.code[0]]

    @property
    def is_graded(self) -> bool:
        """Whether events of this type have a level."""
        return self.code[0] in GRADED


class SuggestionTable(Protocol):
    """The decisions of a city on types and levels; what is said is in lower case."""

    def type_by_words(self, said: str, category: str | None) -> str | None:
        """The type the words of an event or text speak for, among those that may come with the CAP category."""

    def type_by_category(self, category: str) -> str | None:
        """The type a CAP category alone speaks for."""

    def default_type(self) -> str:
        """The type where nothing speaks for one."""

    def level(self, said: str, severity: str | None) -> tuple[Level, str]:
        """The gravest level that words or the CAP severity speak for, and the code of what spoke for it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed type and level. `confidence` is high, medium or low; `why` names what spoke for them (codes)."""

    event_type: str
    level: Level
    confidence: str
    why: tuple[str, ...]


def event_type_named(types: Mapping[str, EventType], code: str) -> EventType:
    """The event type of that code.

    Raises: NotFound `event_type.unknown`.
    """
    if code not in types:
        raise NotFound("event_type.unknown", f"Expected a type of the profile, but {code!r} is none.", event_type=code)
    return types[code]


def suggest(signal: Signal, table: SuggestionTable) -> Suggestion:
    """The type and level the table proposes for a signal; the level is None for types that are not graded."""
    # What the source calls the event says more than a text in which many things are mentioned.
    event, text = (signal.event or "").lower(), signal.text.lower()
    code, confidence, why = _type(event, text, signal.category, table)
    if code[0] not in GRADED:
        return Suggestion(code, None, confidence, (why, "level:not_graded"))
    level, level_why = table.level(f"{event} {text}", signal.severity)
    return Suggestion(code, level, confidence, (why, level_why))


def _type(event: str, text: str, category: str | None, table: SuggestionTable) -> tuple[str, str, str]:
    for where, said, confidence in (("event", event, "high"), ("text", text, "medium")):
        code = table.type_by_words(said, category) if said else None
        if code is not None:
            return code, confidence, f"type:{where}_words"
    code = table.type_by_category(category) if category is not None else None
    if code is not None:
        return code, "low", "type:cap_category"
    return table.default_type(), "low", "type:default"
