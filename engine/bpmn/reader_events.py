"""Event definitions of a BPMN tree: exactly one supported kind for each event, with its message, code or timer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from lxml.etree import _Element

from engine.bpmn.expressions import ExpressionError, compile_expression
from engine.bpmn.expressions.iso import parse_cycle, parse_datetime, parse_duration
from engine.bpmn.findings import Findings
from engine.bpmn.net import Event, Expression
from engine.bpmn.reader_texts import read_expression, stated_spelling
from engine.bpmn.tree import EVENT_DEFINITIONS, attribute, children, id_of, local, text_of

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "startEvent": ("none", "message", "timer", "error"),
    "endEvent": ("none", "message", "terminate", "error"),
    "intermediateCatchEvent": ("message", "timer"),
    "intermediateThrowEvent": ("none", "message"),
    "boundaryEvent": ("message", "timer", "error"),
}
_NONE = Event()
_LINKING = frozenset({"intermediateCatchEvent", "intermediateThrowEvent"})
_TRIGGERED = frozenset({"intermediateCatchEvent", "boundaryEvent"})
_TIMERS: Mapping[str, tuple[Literal["duration", "date", "cycle"], Callable[[str], object]]] = {
    "timeDuration": ("duration", parse_duration),
    "timeDate": ("date", parse_datetime),
    "timeCycle": ("cycle", parse_cycle),
}
PROPOSED_WAIT = "PT1H"
_LOOKS_LITERAL = re.compile(r"[-+]?P[\dT-]|[-+]?P$|R[-\d]*/|\d{4}|[\d*?/ ,#LW-]+\s|@")


class Definitions:
    """What a file declares beside its processes: messages, errors and shared event definitions, by id."""

    def __init__(self, root: _Element) -> None:
        self.messages = {id_of(each): attribute(each, "name") or id_of(each) for each in children(root, "message")}
        self.errors = {id_of(each): attribute(each, "errorCode") or id_of(each) for each in children(root, "error")}
        self.events = {id_of(each): each for each in children(root) if local(each) in EVENT_DEFINITIONS}

    def message(self, element: _Element, named: _Element, findings: Findings) -> str:
        """The name of the message `element` refers to; the node `named` has a finding where there is none."""
        reference = attribute(element, "messageRef") or ""
        if reference not in self.messages:
            message = f"Expected a message {reference!r:.80}, but the file has none."
            findings.ask("reference.message", named, message, name=reference[:80])
        return self.messages.get(reference, reference)

    def error_code(self, element: _Element, named: _Element, findings: Findings) -> str | None:
        """The code of the error `element` refers to by id or by code, None without a reference."""
        reference = attribute(element, "errorRef")
        if reference is None or reference in self.errors:
            return self.errors[reference] if reference else None
        if reference not in self.errors.values():
            message = f"Expected an error {reference!r:.80}, but the file has none."
            findings.ask("reference.error", named, message, name=reference[:80])
        return reference


def read_event(element: _Element, definitions: Definitions, findings: Findings) -> Event | None:
    """The one event definition of an event element; None, with a finding, where there is no supported one."""
    found = [each for each in children(element) if local(each) in EVENT_DEFINITIONS]
    for reference in children(element, "eventDefinitionRef"):
        shared = definitions.events.get(text_of(reference))
        if shared is None:
            message = f"Expected an event definition {text_of(reference)!r:.80}, but the file has none."
            findings.error("reference.broken", element, message, name=text_of(reference)[:80])
            return None
        found.append(shared)
    if len(found) > 1:
        findings.unsupported(element, f"an event with {len(found)} event definitions", "draw one event for each")
        return None
    where = local(element)
    if not found and where in _TRIGGERED:
        name = attribute(element, "name") or id_of(element)
        message = f"Expected a trigger, but the {_spoken(where)} has none."
        findings.propose("event.no_trigger", element, message, f"a message called {name!r:.80}", name=name[:80])
        return Event("message", name)
    kind = local(found[0]).removesuffix("EventDefinition") if found else "none"
    if kind not in ALLOWED[where]:
        article = "an" if kind[0] in "aeiou" else "a"
        remedy = f"use one of: {', '.join(ALLOWED[where])}"
        findings.unsupported(element, f"{article} {kind} {_spoken(where)}", remedy)
        return None
    if kind == "message":
        return Event("message", definitions.message(found[0], element, findings))
    if kind == "error":
        return _read_error(found[0], element, definitions, findings)
    if kind == "timer":
        return _read_timer(found[0], element, findings)
    return Event("terminate") if kind == "terminate" else _NONE


def link_of(element: _Element) -> str | None:
    """The name of a link event, its own where the definition has none; None for any other event."""
    found = [each for each in children(element) if local(each) in EVENT_DEFINITIONS]
    if len(found) != 1 or local(found[0]) != "linkEventDefinition" or local(element) not in _LINKING:
        return None
    return attribute(found[0], "name") or attribute(element, "name") or id_of(element)


def _spoken(where: str) -> str:
    return re.sub("([A-Z])", r" \1", where).lower()


def _read_error(definition: _Element, element: _Element, definitions: Definitions, findings: Findings) -> Event | None:
    code = definitions.error_code(definition, element, findings)
    if code is None and local(element) == "endEvent":
        message = "Expected an error with a code to throw, but the error end event names none."
        code = id_of(element)
        findings.propose("error.no_code", element, message, f"the code {code!r:.80}", code=code[:80])
    return Event("error", code)


def _read_timer(definition: _Element, element: _Element, findings: Findings) -> Event | None:
    given = [(each, text) for each in children(definition, *_TIMERS) if (text := text_of(each))]
    if not given:
        message = "Expected a duration, date or cycle, but the timer has none."
        findings.propose("timer.unset", element, message, f"a duration of {PROPOSED_WAIT}", wait=PROPOSED_WAIT)
        return Event("timer", None, "duration", Expression(PROPOSED_WAIT), timer_literal=True)
    if len(given) > 1:
        message = f"Expected one duration, date or cycle, but the timer has {len(given)}."
        findings.ask("timer.several", element, message, count=len(given))
        return None
    stated, text = given[0]
    kind, parse = _TIMERS[local(stated)]
    spelling = stated_spelling(stated, text, element, findings)
    if spelling is None:
        return None
    if spelling == "plain" or (spelling == "feel" and _LOOKS_LITERAL.match(text)):
        try:
            parse(text)
        except ExpressionError as refusal:
            if _LOOKS_LITERAL.match(text) or not _compiles(text):
                message = f"In the timer's {kind}: {refusal.message}"
                findings.error("timer.invalid", element, message, text=text[:80])
                return None
        else:
            return Event("timer", None, kind, Expression(text), timer_literal=True)
    timer = read_expression(text, element, f"the timer's {kind}", findings, spelling=spelling)
    return None if timer is None else Event("timer", None, kind, timer)


def _compiles(text: str) -> bool:
    try:
        compile_expression(text)
    except ExpressionError:
        return False
    return True
