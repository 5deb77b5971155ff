"""Every attack expression in every place of a file that holds evaluated text: a finding, or a harmless value."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine.bench.attack_expressions import ATTACKS, Attack, attack_names
from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate
from engine.bpmn.net import Expression, Net
from engine.bpmn.reader import read
from engine.bpmn.second_opinion import second_opinion
from engine.clock import cpu_seconds
from tests.bpmn.drawing import END, START, chain, drawing, flow, normalised, task

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SLOWEST_ALLOWED_S = 0.050
_WATCHED = ("compile", "ctypes", "exec", "open", "os.", "pty.", "shutil.", "socket.", "subprocess.")
_seen: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is not None and event.startswith(_WATCHED):
        _seen.append(event)


sys.addaudithook(_audit)


@contextmanager
def audited() -> Iterator[list[str]]:
    """Collects what the interpreter was asked to execute, open or connect to meanwhile."""
    global _seen
    _seen = []
    try:
        yield _seen
    finally:
        _seen = None


def _condition(gateway: str) -> Callable[[str], str]:
    def place(text: str) -> str:
        split = f'<bpmn:{gateway} id="g" default="no"/><bpmn:userTask id="a"/>'
        ends = flow("start", "g") + flow("a", "end") + flow("g", "end", id="no")
        return START + END + split + ends + flow("g", "a", escape(text), "yes")

    return place


def _timer(kind: str) -> Callable[[str], str]:
    definition = f"<bpmn:timerEventDefinition><bpmn:{kind}>{{}}</bpmn:{kind}></bpmn:timerEventDefinition>"
    return lambda text: chain(task("t", definition.format(escape(text)), "intermediateCatchEvent"))


def _boundary_timer(text: str) -> str:
    timer = f"<bpmn:timerEventDefinition><bpmn:timeDuration>{escape(text)}</bpmn:timeDuration>"
    event = f'<bpmn:boundaryEvent id="b" attachedToRef="a">{timer}</bpmn:timerEventDefinition></bpmn:boundaryEvent>'
    return chain(task("a")) + event + flow("b", "end")


def _loop(inside: str) -> Callable[[str], str]:
    def place(text: str) -> str:
        loop = f"<bpmn:multiInstanceLoopCharacteristics>{inside.format(escape(text))}"
        return chain(task("t", loop + "</bpmn:multiInstanceLoopCharacteristics>"))

    return place


def _collection(text: str) -> str:
    return chain(task("t", f"<bpmn:multiInstanceLoopCharacteristics cl:collection={quoteattr(text)}/>"))


def _vendor_collection(text: str) -> str:
    return chain(task("t", f"<bpmn:multiInstanceLoopCharacteristics camunda:collection={quoteattr(text)}/>"))


def _mapping(direction: str) -> Callable[[str], str]:
    def place(text: str) -> str:
        mapping = f'<bpmn:extensionElements><cl:{direction} source={quoteattr(text)} target="x"/>'
        return chain(task("t", mapping + "</bpmn:extensionElements>", "callActivity", 'calledElement="q"'))

    return place


PLACES: dict[str, Callable[[str], str]] = {
    "exclusive condition": _condition("exclusiveGateway"),
    "inclusive condition": _condition("inclusiveGateway"),
    "duration": _timer("timeDuration"),
    "date": _timer("timeDate"),
    "cycle": _timer("timeCycle"),
    "boundary timer": _boundary_timer,
    "cardinality": _loop("<bpmn:loopCardinality>{}</bpmn:loopCardinality>"),
    "standard collection": _loop("<bpmn:loopDataInputRef>{}</bpmn:loopDataInputRef>"),
    "collection": _collection,
    "vendor collection": _vendor_collection,
    "completion": _loop(
        "<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:completionCondition>{}</bpmn:completionCondition>"
    ),
    "mapping in": _mapping("in"),
    "mapping out": _mapping("out"),
    "assignee": lambda text: chain(task("t", more=f"cl:assignee={quoteattr(text)}")),
    "vendor assignee": lambda text: chain(task("t", more=f"camunda:assignee={quoteattr(text)}")),
}


def _expressions(net: Net) -> Iterator[Expression]:
    for each in net.flows:
        if each.condition:
            yield each.condition
    for node in net.nodes:
        parts = [node.assignee, node.event and node.event.timer]
        if node.multi:
            parts += [node.multi.cardinality, node.multi.collection, node.multi.completion]
        if node.call:
            parts += [source for source, _ in (*node.call.inputs, *node.call.outputs)]
        yield from (part for part in parts if part)


def _survives(net: Net, names: dict[str, Any]) -> None:
    """Evaluates what passed the reading, as the game would."""
    for expression in _expressions(net):
        assert min(_seconds_of(expression, names) for _ in range(3)) < SLOWEST_ALLOWED_S, expression


def _seconds_of(expression: Expression, names: dict[str, Any]) -> float:
    """CPU seconds of one evaluation: what it costs, however busy the machine is with other work."""
    began = cpu_seconds()
    with suppress(ExpressionError):
        evaluate(compile_expression(expression.source, expression.spelling), names, NOW)
    return cpu_seconds() - began


def _texts(attack: Attack) -> set[str]:
    return {attack.plain, attack.juel, f"= {attack.plain}"}


def _is_xml(text: str) -> bool:
    return all(character in "\t\n\r" or ord(character) >= 32 for character in text)


@pytest.mark.parametrize("place", PLACES)
def test_reader_attack_in_every_place_is_a_finding_or_harmless(place: str) -> None:
    """No attack of the set is executed, reads what it should not, or takes time, wherever a file holds it."""
    names = attack_names()
    attacks = sorted(text for attack in ATTACKS for text in _texts(attack) if _is_xml(text))
    for text in attacks:
        with audited() as seen:
            root = normalised(drawing(PLACES[place](text))).root
            found = read(root, "digest")
            if "p" in found.nets:
                _survives(found.nets["p"], names)
                second_opinion(root, found.nets["p"])
        assert seen == [], (place, text)
        if "p" not in found.nets:
            errors = [finding for finding in found.findings if finding.severity == "error"]
            assert all(error.element and error.line for error in errors)
            assert errors
    assert names["canary"].touched == []
