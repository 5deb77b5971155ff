"""The table that suggests a type and a level for what was received: decisions of DMN, made by the engine's own.

A designer reads and changes `type_level.dmn` in any DMN editor. It is read and checked once; a fault is refused by
name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from engine import shipped
from engine.bpmn.decisions import decide
from engine.bpmn.decisions_model import Decision, Decisions, Table
from engine.bpmn.decisions_reader import read_decisions
from engine.bpmn.expressions.feel.language import CompiledFeel
from engine.domain.level import Level
from engine.errors import Rejected
from engine.profile import shipped_profile

FILE = "type_level.dmn"
_DECISIONS = ("type_weights", "type_by_words", "type_by_category", "default_type", "level")
_LEVELS = (1, 2, 3, 4)
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # the table knows no time


class Suggestions:
    """The decisions of a city on types and levels, a `SuggestionTable` of the domain."""

    def __init__(self, graph: Decisions) -> None:
        self._graph = graph

    def type_by_words(self, said: str, category: str | None) -> str | None:
        """The type the words speak for."""
        return self._decided("type_by_words", said=said, category=category)  # type: ignore[no-any-return]

    def type_by_category(self, category: str) -> str | None:
        """The type a CAP category alone speaks for."""
        return self._decided("type_by_category", category=category)  # type: ignore[no-any-return]

    def default_type(self) -> str:
        """The type where nothing speaks for one."""
        return str(self._decided("default_type"))

    def level(self, said: str, severity: str | None) -> tuple[Level, str]:
        """The gravest level that words or severity speak for, and why."""
        found = self._decided("level", said=said, severity=severity)
        return int(found["level"]), found["why"]

    def _decided(self, decision: str, **names: Any) -> Any:
        decided = decide(self._graph, decision, names, _ANY_TIME)
        if decided.value is None and decided.faults:
            raise decided.faults[0]
        return decided.value


def read_suggestions(content: bytes, types: Collection[str]) -> Suggestions:
    """The table in a file of DMN.

    Raises: Rejected (`profile.invalid`) naming the entry and the remedy; UnsafeXml.
    """
    graph, findings = read_decisions(content)
    if graph is None:
        worst = next(finding for finding in findings if finding.severity == "error")
        raise _refused(worst.element or "", "decisions that can be made", worst.message)
    if missing := [id for id in _DECISIONS if id not in graph.decisions]:
        raise _refused(missing[0], "this decision", "there is none: add it back")
    for decision in ("type_weights", "type_by_category", "default_type"):
        for place, value in _constants(graph.decisions[decision]):
            if value not in types:
                raise _refused(place, "a known event type", f"there is {value!r}: add it to event_types.toml")
    for place, value in _constants(graph.decisions["level"]):
        if value not in _LEVELS:
            raise _refused(place, "a level from 1 to 4", f"there is {value!r}: correct it")
    for place, text in _words(graph):
        if text != text.lower():
            raise _refused(place, "words in lower case", "there are others: write them small")
    return Suggestions(graph)


def _words(graph: Decisions) -> Iterator[tuple[str, str]]:
    """The cells in which words are written, which are compared with what was said in lower case."""
    for id, is_test in (("type_weights", False), ("level", True)):
        logic = graph.decisions[id].logic
        for rule in logic.rules if isinstance(logic, Table) else ():
            yield rule.id, rule.tests[0].source if is_test else rule.answers[-1].source


def _constants(decision: Decision) -> Iterator[tuple[str, Any]]:
    """The values a decision can have where they are written out: of a table, those of its first output."""
    logic = decision.logic
    cells: list[tuple[str, CompiledFeel | None]] = [(decision.id, logic if isinstance(logic, CompiledFeel) else None)]
    if isinstance(logic, Table):
        cells = [(rule.id, rule.answers[0]) for rule in logic.rules]
        cells.append((logic.outputs[0].id, logic.outputs[0].default))
    for place, cell in cells:
        if cell is not None and cell.tree[0] == "const":
            yield place, cell.tree[2]


def _refused(entry: str, wanted: str, found: str) -> Rejected:
    message = f"Expected {wanted} in {entry} of {FILE}, but {found.rstrip('.')}."
    return Rejected("profile.invalid", message, file=FILE, entry=entry)


@cache
def shipped_suggestions() -> Suggestions:
    """The default table that travels with the engine; read once."""
    content = (shipped.path("processes") / "tables" / FILE).read_bytes()
    return read_suggestions(content, shipped_profile().event_types)
