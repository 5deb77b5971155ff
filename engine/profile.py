"""The profile of a city: the tables under `processes/tables/`, read and checked once, as frozen objects."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine import shipped
from engine.domain import tables
from engine.domain.access import RolePolicy
from engine.domain.calendar import Calendar
from engine.domain.escalation import Ladder
from engine.domain.event_type import EventType
from engine.domain.level import Level
from engine.domain.policy import PolicyMatch, SlaPolicy, match_policy
from engine.errors import Rejected


@dataclass(frozen=True)
class Profile:
    """What a city has decided: event types, time limits, calendars, ladders, rights."""

    event_types: Mapping[str, EventType]
    calendars: Mapping[str, Calendar]
    ladders: Mapping[str, Ladder]
    policies: tuple[SlaPolicy, ...]
    rights: RolePolicy
    role_names: Mapping[str, tuple[str, str]]

    def policy(self, *, event_type: str, level: Level, stage: str) -> PolicyMatch:
        """The time limit that fits best, with the reason.

        Raises: NotFound `sla.no_policy`.
        """
        return match_policy(self.policies, event_type=event_type, level=level, stage=stage)

    def calendar_of(self, policy: SlaPolicy) -> Calendar:
        """The calendar a policy counts in."""
        return self.calendars[policy.calendar]


def read_profile(folder: Path) -> Profile:
    """The profile in that folder.

    Raises: Rejected `profile.missing`, `profile.not_toml`, `profile.invalid`; each names the file, and the last also
    the entry and the remedy.
    """

    def document(name: str) -> tuple[str, Mapping[str, Any]]:
        return name, _parsed(folder / name)

    calendars = tables.read_calendars(*document("calendars.toml"))
    ladders = tables.read_ladders(*document("ladders.toml"))
    event_types = tables.read_event_types(*document("event_types.toml"))
    rights, role_names = tables.read_roles(*document("roles.toml"))
    return Profile(
        event_types=event_types,
        calendars=calendars,
        ladders=ladders,
        policies=tables.read_policies(*document("policies.toml"), ladders, calendars),
        rights=rights,
        role_names=role_names,
    )


@cache
def shipped_profile() -> Profile:
    """The default profile that travels with the engine; read once."""
    return read_profile(shipped.path("processes") / "tables")


def _parsed(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise Rejected(
            "profile.missing",
            f"Expected the table {file.name}, but there is no such file; copy it from the shipped profile.",
            file=file.name,
        ) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise Rejected(
            "profile.not_toml",
            f"Expected TOML in {file.name}, but {problem}; correct the file there.",
            file=file.name,
        ) from problem
