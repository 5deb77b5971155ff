"""Every element of BPMN 2.0.2's process part: what becomes of it here, and the tests that show it.

One table for the manual's page, for the tests that hold it against the game, and for whoever asks what is executed.
How each is executed is said in both languages under the key of its row.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

Fate = Literal["executed", "rewritten", "documentation", "asked"]

_FILE: Final = Path(__file__).with_name("elements.toml")
_EVENT_TEST: Final = "tests/bpmn/test_elements_events.py::test_event_of_the_standard_happens"
_WAITING: Final = ("message", "timer", "conditional", "signal", "multiple", "parallel_multiple")
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "start": ("none", *_WAITING),
    "handling": ("error", "escalation", "compensation", *_WAITING),
    "handling_beside": ("escalation", *_WAITING),
    "catch": ("link", *_WAITING),
    "boundary": ("error", "escalation", "cancel", "compensation", *_WAITING),
    "boundary_beside": ("escalation", *_WAITING),
    "throw": ("none", "message", "escalation", "compensation", "link", "signal", "multiple"),
    "end": ("none", "message", "error", "escalation", "cancel", "compensation", "signal", "terminate", "multiple"),
}
"""Which definitions the standard allows at each place. A handling is an event sub-process, by its start event.

Source: BPMN 2.0.2, table 10.93.
"""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One definition at one place, and the test that plays it."""

    place: str
    definition: str

    @property
    def test(self) -> str:
        """The id of the test."""
        return f"{_EVENT_TEST}[{self.place}-{self.definition}]"


@dataclass(frozen=True, slots=True)
class ElementRow:
    """An element beside events: `tags` are its names in a file, `tests` show its fate."""

    key: str
    group: str
    tags: tuple[str, ...]
    fate: Fate
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A workflow pattern or a rule of execution: its tests, or why BPMN cannot say it (`reason` is a key of a text)."""

    number: int
    name: str
    name_zh: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    reason_zh: str = ""


EVENTS: Final = tuple(EventRow(place, each) for place, definitions in _PLACES.items() for each in definitions)
"""Every event of the standard."""


@cache
def _table() -> Mapping[str, list[Mapping[str, object]]]:
    return tomllib.loads(_FILE.read_text("utf-8"))


def elements() -> tuple[ElementRow, ...]:
    """Every other element, in the order of the standard."""
    return tuple(
        ElementRow(str(row["key"]), str(row["group"]), _texts(row, "tags"), _fate(row), _texts(row, "tests"))
        for row in _table()["element"]
    )


def _fate(row: Mapping[str, object]) -> Fate:
    found: Fate = row["fate"]  # type: ignore[assignment]  # the test of the table holds that it is one
    return found


def patterns() -> tuple[PatternRow, ...]:
    """The 43 workflow control-flow patterns. Source: Russell et al., Workflow Control-Flow Patterns, 2006."""
    return _rows("pattern")


def semantics() -> tuple[PatternRow, ...]:
    """Rules of execution that engines get wrong, each with the test that holds it here."""
    return _rows("semantic")


def _rows(kind: str) -> tuple[PatternRow, ...]:
    return tuple(
        PatternRow(
            int(str(row["number"])),
            str(row["name"]),
            str(row["zh"]),
            _texts(row, "tests"),
            str(row.get("reason", "")),
            str(row.get("reason_zh", "")),
        )
        for row in _table()[kind]
    )


def _texts(row: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = row.get(name, [])
    return tuple(map(str, found)) if isinstance(found, list) else ()
