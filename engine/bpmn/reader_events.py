"""Event definitions of a BPMN tree: what each event waits for or throws, by the kinds its place allows.

Source: BPMN 2.0.2, 10.5 and table 10.93.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import Event
from engine.bpmn.reader_definitions import Definitions, name_for
from engine.bpmn.reader_texts import read_stated
from engine.bpmn.reader_timers import read_timer
from engine.bpmn.reader_work import with_words
from engine.bpmn.tree import EVENT_DEFINITIONS, attribute, children, id_of, local, text_of

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "startEvent": ("none", "message", "timer", "error", "signal", "escalation", "conditional", "compensate"),
    "endEvent": ("none", "message", "terminate", "error", "signal", "escalation", "compensate", "cancel"),
    "intermediateCatchEvent": ("message", "timer", "signal", "conditional"),
    "intermediateThrowEvent": ("none", "message", "signal", "escalation", "compensate"),
    "boundaryEvent": ("message", "timer", "error", "signal", "escalation", "conditional", "compensate", "cancel"),
}
_NONE = Event()
_LINKING = frozenset({"intermediateCatchEvent", "intermediateThrowEvent"})
_TRIGGERED = frozenset({"intermediateCatchEvent", "boundaryEvent"})
_THROWING = frozenset({"endEvent", "intermediateThrowEvent"})
_THROWN = frozenset({"error", "escalation", "compensation", "cancel"})  # they find what catches them, armed or not


def read_event(element: _Element, definitions: Definitions, findings: Findings) -> Event:
    """What an event element waits for or throws; where that cannot be at its place, what is proposed instead."""
    found = list(_definitions(element, definitions, findings))
    where = local(element)
    if not found and where in _TRIGGERED:
        return _proposed_message(element, "event.no_trigger", f"a trigger, but the {_spoken(where)} has none", findings)
    if not found:
        return _NONE
    read = [with_words(_read_part(each, element, definitions, findings), each, element, findings) for each in found]
    if len(read) == 1:
        return read[0]
    every = element.get("parallelMultiple") == "true" and where not in _THROWING
    if every and any(part.kind in _THROWN for part in read):
        message = "Expected events that can be waited for, but some of those that must all happen are thrown."
        findings.propose("event.every_thrown", element, message, "one of them is enough")
        every = False
    return Event("multiple", parts=tuple(read), every=every)


def _definitions(element: _Element, definitions: Definitions, findings: Findings) -> list[_Element]:
    """The event definitions in an event and those it refers to."""
    found = [each for each in children(element) if local(each) in EVENT_DEFINITIONS]
    for reference in children(element, "eventDefinitionRef"):
        shared = definitions.events.get(text_of(reference))
        if shared is None:
            message = f"Expected an event definition {text_of(reference)!r:.80}, but the file has none."
            findings.propose(
                "reference.event", element, message, "the event is read without it", name=text_of(reference)[:80]
            )
        else:
            found.append(shared)
    return found


def _read_part(definition: _Element, element: _Element, definitions: Definitions, findings: Findings) -> Event:
    where, kind = local(element), local(definition).removesuffix("EventDefinition")
    if kind not in ALLOWED[where]:
        if where not in _THROWING:
            return _proposed_message(element, "event.not_awaited", f"what can be waited for, but not {kind}", findings)
        message = f"Expected what can be thrown by an {_spoken(where)}, but not {kind}."
        findings.propose("event.not_thrown", element, message, "it throws nothing", kind=kind)
        return _NONE
    if kind == "timer":
        return read_timer(definition, element, findings)
    if kind == "conditional":
        return _read_condition(definition, element, findings)
    if kind == "signal":
        return Event("signal", definitions.named_or_proposed("signal", definition, element, findings))
    if kind == "message":
        return Event("message", definitions.named_or_proposed("message", definition, element, findings))
    if kind == "error":
        return _read_code("error", definition, element, definitions, findings)
    if kind == "escalation":
        return _read_code("escalation", definition, element, definitions, findings)
    if kind == "compensate":
        activity = attribute(definition, "activityRef") if where in _THROWING else None
        return Event("compensation", activity, waits=definition.get("waitForCompletion") != "false")
    return Event("cancel" if kind == "cancel" else "terminate")


def _proposed_message(element: _Element, rule: str, wanted: str, findings: Findings) -> Event:
    """A message of the name of the event, in place of what the file does not say."""
    name = name_for(element)
    findings.propose(rule, element, f"Expected {wanted}.", f"a message called {name!r:.80}", name=name[:80])
    return Event("message", name)


def _read_code(
    kind: str, definition: _Element, element: _Element, definitions: Definitions, findings: Findings
) -> Event:
    """An error or escalation; one that is thrown has a code, one that is caught without a code catches every one."""
    code = definitions.named(kind, definition, element, findings)
    if code is None and local(element) in _THROWING:
        message = f"Expected an {kind} with a code to throw, but the {_spoken(local(element))} names none."
        code = id_of(element)
        findings.propose(f"{kind}.no_code", element, message, f"the code {code!r:.80}", code=code[:80])
    return Event("error" if kind == "error" else "escalation", code)


def _read_condition(definition: _Element, element: _Element, findings: Findings) -> Event:
    """A condition; where none is written that can be read, a person or tool has to say when it holds."""
    name = name_for(element)
    stated = next(children(definition, "condition"), None)
    if stated is None or not text_of(stated):
        return _proposed_message(element, "condition.unset", "a condition, but the event has none", findings)
    proposal = f"a message called {name!r:.80}"
    condition = read_stated(stated, element, "the condition", findings, proposal, boolean=True)
    return Event("message", name) if condition is None else Event("conditional", condition=condition)


def link_of(element: _Element) -> str | None:
    """The name of a link event, its own where the definition has none; None for any other event."""
    found = [each for each in children(element) if local(each) in EVENT_DEFINITIONS]
    if len(found) != 1 or local(found[0]) != "linkEventDefinition" or local(element) not in _LINKING:
        return None
    return attribute(found[0], "name") or attribute(element, "name") or id_of(element)


def _spoken(where: str) -> str:
    return re.sub("([A-Z])", r" \1", where).lower()
