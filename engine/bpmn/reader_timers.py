"""The time of a timer event: an ISO 8601 or cron text, read now, or an expression, evaluated when it is armed."""

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
from engine.bpmn.tree import children, local, text_of

_TIMERS: Mapping[str, tuple[Literal["duration", "date", "cycle"], Callable[[str], object]]] = {
    "timeDuration": ("duration", parse_duration),
    "timeDate": ("date", parse_datetime),
    "timeCycle": ("cycle", parse_cycle),
}
PROPOSED_WAIT = "PT1H"
_LOOKS_LITERAL = re.compile(r"[-+]?P[\dT-]|[-+]?P$|R[-\d]*/|\d{4}|[\d*?/ ,#LW-]+\s|@")


def read_timer(definition: _Element, element: _Element, findings: Findings) -> Event | None:
    """The timer that `definition`, on the event `element`, says; None, with a finding, where it says none."""
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
