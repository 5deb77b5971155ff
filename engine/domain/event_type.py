"""Event types, and the table that suggests a type and a level for what was received. A person confirms both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.domain.level import COLOURS, Level
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


@dataclass(frozen=True, slots=True)
class TypeRule:
    """Words (lower case, Chinese or English) that speak for a type, in CAP categories it may come with.

    Shape: no `cap_categories` means any. Every word found counts its length in the weight of the rule.
    """

    event_type: str
    words: tuple[str, ...]
    cap_categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LevelRule:
    """Words that speak for a level by themselves, whatever the type: 多人死亡, red alert."""

    level: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class SuggestionTable:
    """The rules of a city: types by words, types by CAP category alone, levels by severity and by words."""

    types: tuple[TypeRule, ...]
    by_cap_category: Mapping[str, str]
    severity_levels: Mapping[str, int]
    levels: tuple[LevelRule, ...]
    default_type: str
    default_level: int


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
    level, level_why = _level(f"{event} {text}", signal.severity, table)
    return Suggestion(code, level, confidence, (why, level_why))


def _type(event: str, text: str, category: str | None, table: SuggestionTable) -> tuple[str, str, str]:
    for where, said, confidence in (("event", event, "high"), ("text", text, "medium")):
        weights = [(_weight(said, rule.words), rule) for rule in table.types if _may_be(rule, category)]
        weight, best = max(weights, key=lambda pair: (pair[0], pair[1].event_type), default=(0, None))
        if best is not None and weight > 0:
            return best.event_type, confidence, f"type:{where}_words"
    if category is not None and category in table.by_cap_category:
        return table.by_cap_category[category], "low", "type:cap_category"
    return table.default_type, "low", "type:default"


def _may_be(rule: TypeRule, category: str | None) -> bool:
    return category is None or not rule.cap_categories or category in rule.cap_categories


def _weight(said: str, words: Iterable[str]) -> int:
    return sum(len(word.encode()) for word in words if word in said)


def _level(said: str, severity: str | None, table: SuggestionTable) -> tuple[Level, str]:
    """The gravest level that words or severity speak for; the default where neither does."""
    by_words = [rule.level for rule in table.levels if any(word in said for word in rule.words)]
    by_severity = table.severity_levels.get(severity or "")
    if by_words and (by_severity is None or min(by_words) <= by_severity):
        return min(by_words), "level:words"
    if by_severity is not None:
        return by_severity, f"level:severity_{COLOURS[by_severity - 1]}"
    return table.default_level, "level:default"
