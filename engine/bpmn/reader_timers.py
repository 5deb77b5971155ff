"""The time of a timer event: an ISO 8601 or cron text, read now, or an expression, evaluated when it is armed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from lxml.etree import _Element

from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate
from engine.bpmn.expressions.cron import looks_like_cron
from engine.bpmn.expressions.iso import MOST_REPETITIONS
from engine.bpmn.findings import Findings
from engine.bpmn.net import Event, Expression
from engine.bpmn.reader_texts import read_expression, stated_spelling
from engine.bpmn.timer_texts import CITY, timer_value
from engine.bpmn.tree import children, local, text_of

TimerKind = Literal["duration", "date", "cycle"]
_TIMERS: Mapping[str, TimerKind] = {"timeDuration": "duration", "timeDate": "date", "timeCycle": "cycle"}
_SOME_DAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PROPOSED_WAIT = "PT1H"
_LOOKS_LITERAL = re.compile(r"[-+]?P[\dT-]|[-+]?P$|R[-\d]*/|\d{4}|@")
_WITHOUT_OFFSET = re.compile(r"(?:^|/)\d{4}-\d\d-\d\d(?:T[\d:.]+)?(?:/|$)")
_CALENDAR = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})D)?(T.+)?", re.ASCII)
_CYCLE = re.compile(r"R(-?\d*)/(.*/)?([^/]*)")


def read_timer(definition: _Element, element: _Element, findings: Findings) -> Event:
    """The timer that `definition`, on the event `element`, says; a proposed one where that cannot be played."""
    given = [(each, text) for each in children(definition, *_TIMERS) if (text := text_of(each))]
    if not given:
        message = "Expected a duration, date or cycle, but the timer has none."
        findings.propose("timer.unset", element, message, f"a duration of {PROPOSED_WAIT}", wait=PROPOSED_WAIT)
        return _literal("duration", PROPOSED_WAIT)
    if len(given) > 1:
        message = f"Expected one duration, date or cycle, but the timer has {len(given)}."
        findings.propose("timer.several", element, message, "the first is meant", count=len(given))
    stated, text = given[0]
    kind = _TIMERS[local(stated)]
    proposal = f"a duration of {PROPOSED_WAIT}"
    spelling = stated_spelling(stated, text, element, findings, proposal)
    if spelling is None:
        return _literal("duration", PROPOSED_WAIT)
    if spelling == "plain" or (spelling == "feel" and _looks_literal(text)):
        if spelling == "feel" or _looks_literal(text) or not _compiles(text):
            return _read_literal(kind, text, element, findings)
        if _is_timer(kind, text):
            return _literal(kind, text)
    where = f"the timer's {kind}"
    timer = read_expression(text, element, where, findings, spelling=spelling, proposal=proposal)
    if timer is not None and not _may_be_a_time(kind, timer):
        message = f"In the timer's {kind}: Expected a time, but {text:.80} never is one."
        findings.propose("timer.invalid", element, message, proposal, text=text[:80], wait=PROPOSED_WAIT)
        timer = None
    return _literal("duration", PROPOSED_WAIT) if timer is None else Event("timer", None, kind, timer)


def _may_be_a_time(kind: TimerKind, timer: Expression) -> bool:
    """Whether an expression without names has a value that a timer can be armed with; of others nobody knows."""
    compiled = compile_expression(timer.source, timer.spelling)
    if compiled.names:
        return True
    value = evaluate(compiled, {}, _SOME_DAY)
    return _is_timer(kind, value) if isinstance(value, str) else isinstance(value, date | timedelta)


def _read_literal(kind: TimerKind, text: str, element: _Element, findings: Findings) -> Event:
    """A text that is evaluated now; what is not quite a timer becomes the nearest one that is, as a question."""
    try:
        timer_value(kind, text)
    except ExpressionError as refusal:
        if (once := _once(kind, text, element)) is not None:
            findings.rewrites += 1
            message = f"The timer happens once here, however often {text:.80} says."
            findings.add("timer.once", "info", element, message, text=text[:80])
            return once
        nearest = _nearest(kind, text, refusal.code)
        message = f"In the timer's {kind}: {refusal.message}"
        proposal = f"a {nearest[0]} of {nearest[1]}"
        findings.propose("timer.invalid", element, message, proposal, text=text[:80], wait=nearest[1])
        return _literal(*nearest)
    if kind != "duration" and _WITHOUT_OFFSET.search(text):
        message = f"The time {text:.80} has no offset: it is one of the city's time zone, {CITY.key}."
        findings.add("timer.city_zone", "warning", element, message, text=text[:80], zone=CITY.key)
    elif kind == "cycle" and looks_like_cron(text):
        message = f"The cron text {text:.80} goes by the clocks of the city's time zone, {CITY.key}."
        findings.add("timer.cron_zone", "info", element, message, text=text[:80], zone=CITY.key)
    return _literal(kind, text)


def _once(kind: TimerKind, text: str, element: _Element) -> Event | None:
    """The first time of a cycle where it cannot repeat, so that neither its number nor its interval matters."""
    found = _CYCLE.fullmatch(text) if kind == "cycle" else None
    if found is None or found.group(1) == "0" or (_repeats(element) and found.group(1) != "1"):
        return None
    start, interval = (found.group(2) or "").rstrip("/"), found.group(3)
    first: tuple[TimerKind, str] = ("date", start) if start else ("duration", interval)
    return _literal(*first) if _is_timer(*first) else None


def _nearest(kind: TimerKind, text: str, code: str) -> tuple[TimerKind, str]:
    """The timer that is proposed in place of one that the engine does not keep."""
    attempt = text
    if code == "expression.cron_too_often":
        seconds, *others = text.split()
        attempt = " ".join([(re.findall(r"\d+", seconds) or ["0"])[0], *others])
    elif kind == "cycle" and (found := _CYCLE.fullmatch(text)):
        count, start, interval = found.groups()
        bounded = count.isdecimal() and 1 <= int(count) <= MOST_REPETITIONS
        attempt = f"R{count if bounded else MOST_REPETITIONS}/{start or ''}{interval}"
        if not _is_timer(kind, attempt):
            attempt = f"R{count if bounded else MOST_REPETITIONS}/{start or ''}PT1M"
    elif code == "expression.duration_range" and not re.search("[1-9]", re.sub(r"[.,]\d+", "", text)):
        attempt = "PT1S"
    elif calendar := _CALENDAR.fullmatch(text):
        years, months, days, rest = calendar.groups()
        attempt = f"P{int(years or 0) * 365 + int(months or 0) * 30 + int(days or 0)}D{rest or ''}"
    return (kind, attempt) if _is_timer(kind, attempt) else ("duration", PROPOSED_WAIT)


def _repeats(element: _Element) -> bool:
    """Whether a timer of this event can happen more than once: on a border or start that does not interrupt."""
    if local(element) == "boundaryEvent":
        return element.get("cancelActivity") == "false"
    around = element.getparent()
    inside = around is not None and around.get("triggeredByEvent") == "true"
    return local(element) == "startEvent" and (not inside or element.get("isInterrupting") == "false")


def _literal(kind: TimerKind, text: str) -> Event:
    return Event("timer", None, kind, Expression(text), timer_literal=True)


def _looks_literal(text: str) -> bool:
    return _LOOKS_LITERAL.match(text) is not None or looks_like_cron(text)


def _is_timer(kind: str, text: str) -> bool:
    try:
        timer_value(kind, text)
    except ExpressionError:
        return False
    return True


def _compiles(text: str) -> bool:
    try:
        compile_expression(text)
    except ExpressionError:
        return False
    return True
