"""Reads the tables of a city's profile, already parsed, into frozen objects; every fault names its entry and remedy.

Shape: each function takes the file's name (for errors) and its document as parsed from TOML.
Raises: Rejected `profile.invalid`, with `file`, `entry`, `field` and `remedy`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import time
from typing import Any, TypeVar

from engine.domain.access import SEPARATION, WITHIN, RolePolicy, Separation
from engine.domain.calendar import SHANGHAI, Calendar, Window
from engine.domain.escalation import Ladder
from engine.domain.event_type import CATEGORIES, EventType
from engine.domain.level import ROMAN, parse_level
from engine.domain.policy import STAGES, UNITS, SlaPolicy, Unit
from engine.domain.roles import ROLE_PERMISSIONS
from engine.domain.table_entry import Entry
from engine.errors import Rejected

Document = Mapping[str, Any]
Value = TypeVar("Value")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _once(seen: dict[str, Value], entry: Entry, key: str, value: Value) -> None:
    if key in seen:
        raise entry.refused(f"Expected {key!r} once, but it is there twice", "remove one of the two")
    seen[key] = value


def read_calendars(file: str, document: Document) -> Mapping[str, Calendar]:
    """The calendars by code."""
    calendars: dict[str, Calendar] = {}
    for entry in _entries(file, document, "calendar"):
        days = entry.texts("days", [])
        if unknown := set(days) - set(WEEKDAYS):
            raise entry.refused(f"Expected weekdays, but there is {sorted(unknown)}", f"use {', '.join(WEEKDAYS)}")
        try:
            windows = tuple(
                Window(time.fromisoformat(opens), time.fromisoformat(closes))
                for opens, closes in entry.pairs("windows", [])
            )
            week = tuple(windows if day in days else () for day in WEEKDAYS) if days or windows else ()
            calendar = Calendar(entry.text("code"), week, entry.text("zone", SHANGHAI))
        except (ValueError, Rejected) as problem:
            raise entry.refused(f"Expected windows in order and apart, but {problem}", "write HH:MM") from problem
        entry.finish()
        _once(calendars, entry, calendar.code, calendar)
    return calendars


def read_ladders(file: str, document: Document) -> Mapping[str, Ladder]:
    """The ladders by code."""
    ladders: dict[str, Ladder] = {}
    for entry in _entries(file, document, "ladder"):
        steps = tuple((step.number("at"), step.text("calls")) for step in entry.entries("steps"))
        try:
            ladder = Ladder(entry.text("code"), steps)
        except Rejected as problem:
            raise entry.refused(problem.message.rstrip("."), "correct its steps") from problem
        entry.finish()
        _once(ladders, entry, ladder.code, ladder)
    return ladders


def read_event_types(file: str, document: Document) -> Mapping[str, EventType]:
    """The event types by code."""
    types: dict[str, EventType] = {}
    for entry in _entries(file, document, "event_type"):
        code = entry.text("code")
        if len(code) != 5 or not code.isdigit() or code[0] not in CATEGORIES:
            raise entry.refused("Expected five digits C-MM-SS with C from 1 to 6, but it is not", "correct the code")
        _once(
            types,
            entry,
            code,
            EventType(code, entry.text("zh"), entry.text("en"), entry.text("lead"), entry.texts("co", [])),
        )
        entry.finish()
    return types


def read_policies(
    file: str, document: Document, ladders: Mapping[str, Ladder], calendars: Collection[str]
) -> tuple[SlaPolicy, ...]:
    """The policies, one for each event type and level of an entry, with codes `<stage>.<type>.<level>`."""
    head = Entry(file, "head", document)
    version, ladder_code = head.number("version"), head.text("ladder")
    policies: dict[str, SlaPolicy] = {}
    for entry in _entries(file, document, "policy"):
        own_ladder = entry.text("ladder", ladder_code)
        calendar = entry.text("calendar")
        stage = entry.text("stage")
        if own_ladder not in ladders or calendar not in calendars or stage not in STAGES:
            raise entry.refused(
                f"Expected a known ladder, calendar and stage, but they are {own_ladder}, {calendar}, {stage}",
                f"use a ladder of {', '.join(ladders)}, a calendar of {', '.join(calendars)}, a stage of "
                f"{', '.join(STAGES)}",
            )
        for event_type in entry.texts("event_types"):
            for level, limit in _limits(entry):
                code = f"{stage}.{event_type or 'any'}.{level or 'any'}"
                amount, unit = _limit(entry, limit)
                _once(policies, entry, code, SlaPolicy(
                    code=code, version=entry.number("version", version), stage=stage, amount=amount, unit=unit,
                    calendar=calendar, ladder=ladders[own_ladder], event_type=event_type, levels=_levels(level),
                ))  # fmt: skip
        entry.finish()
    return tuple(policies.values())


def _limits(entry: Entry) -> Iterable[tuple[str, str]]:
    """Pairs of level word (I to IV, none, '' for every level) and limit."""
    if "limit" in entry:
        return [("", entry.text("limit"))]
    limits = entry.mapping("limits")
    if unknown := set(limits) - {*ROMAN, "none"}:
        raise entry.refused(f"Expected levels I to IV and none, but there is {sorted(unknown)}", "correct them")
    return limits.items()


def _limit(entry: Entry, text: object) -> tuple[int, Unit]:
    amount, _, unit = str(text).partition(" ")
    if unit not in UNITS or not (amount.isascii() and amount.isdigit()) or int(amount) == 0:
        raise entry.refused(f"Expected a limit like '30 minute', but it is {text!r}", f"use {', '.join(UNITS)}")
    return int(amount), unit


def _levels(word: str) -> frozenset[int]:
    return frozenset() if not word else frozenset({0 if word == "none" else parse_level(word) or 0})


def _finished(entries: Iterable[Entry]) -> Iterable[Entry]:
    for entry in entries:
        yield entry
        entry.finish()


def read_roles(file: str, document: Document) -> tuple[RolePolicy, Mapping[str, tuple[str, str]]]:
    """The rights of the city, and the names (zh, en) of its roles by id."""
    permissions, names = dict(ROLE_PERMISSIONS), dict[str, tuple[str, str]]()
    for entry in _entries(file, document, "role"):
        role = entry.text("id")
        if role not in ROLE_PERMISSIONS:
            raise entry.refused("Expected a role id of the engine, but it is none", f"use {', '.join(permissions)}")
        _once(names, entry, role, (entry.text("zh"), entry.text("en")))
        permissions[role] = (permissions[role] | set(entry.texts("grant", []))) - set(entry.texts("revoke", []))
        entry.finish()
    head = Entry(file, "head", document)
    if missing := set(ROLE_PERMISSIONS) - set(names):
        raise head.refused(f"Expected every role, but {sorted(missing)} are missing", "add them")
    separations: dict[str, Separation] = {}
    for entry in _entries(file, document, "separation"):
        within = entry.text("within")
        if within not in WITHIN:
            raise entry.refused("Expected subject or holdings, but it is neither", "correct it", "within")
        rule = Separation(entry.text("first"), entry.text("second"), within)
        entry.finish()
        _once(separations, entry, rule.code, rule)
    if dropped := {rule.code for rule in SEPARATION} - set(separations):
        raise head.refused(f"Expected every separation of duties, but {sorted(dropped)} are missing", "add them back")
    return RolePolicy(permissions, tuple(separations.values())), names


def _entries(file: str, document: Document, field: str) -> Iterable[Entry]:
    return Entry(file, "head", document).entries(field)
