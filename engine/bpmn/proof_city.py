"""What a proof must know of the city a version is for: its roles, its time limits, whom a ladder finds, who listens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from engine.domain.access import SEPARATION, Separation
from engine.domain.level import Level
from engine.domain.policy import STAGES, SlaPolicy, match_policy
from engine.errors import NotFound
from engine.profile import Profile, shipped_profile

LEVELS: tuple[Level, ...] = (1, 2, 3, 4, None)
CHANNELS: frozenset[str] = frozenset({"directive.remind", "directive.urge", "directive.evaluated"})
"""Messages that people get through the channels of the city: nothing has to wait for them."""


@dataclass(frozen=True)
class Installation:
    """A city as the proof sees it.

    `permissions` are those of each role; `unfilled` the rungs (recipient, department) that would find no post; `hears`
    the correlation keys, by message name, of what else is published and waits for it (None: without a key).
    """

    permissions: Mapping[str, Collection[str]]
    separations: tuple[Separation, ...] = SEPARATION
    policies: tuple[SlaPolicy, ...] = ()
    event_types: tuple[str, ...] = ()
    unfilled: tuple[tuple[str, str], ...] = ()
    channels: frozenset[str] = CHANNELS
    hears: Mapping[str, Collection[str | None]] = field(default_factory=dict)

    def unlimited(self, stage: str) -> tuple[str, Level] | None:
        """A type and level for which the stage has no time limit; None where it has one for all."""
        if stage not in STAGES:
            return "", None
        if any(p.stage == stage and not p.event_type and not p.levels for p in self.policies):
            return None
        for event_type in self.event_types:
            for level in LEVELS:
                if self.policy(stage, event_type, level) is None:
                    return event_type, level
        return None

    def policy(self, stage: str, event_type: str, level: Level) -> SlaPolicy | None:
        """The time limit of a stage for a type and level."""
        try:
            return match_policy(self.policies, event_type=event_type, level=level, stage=stage).policy
        except NotFound:
            return None


def installation_of(profile: Profile, *, unfilled: tuple[tuple[str, str], ...] = ()) -> Installation:
    """The city of a profile; `unfilled` is what nobody but the city's rows can tell."""
    return Installation(
        permissions=profile.rights.permissions,
        separations=profile.rights.separations,
        policies=profile.policies,
        event_types=tuple(profile.event_types),
        unfilled=unfilled,
    )


@cache
def shipped_installation() -> Installation:
    """The city of the default profile, with every post filled."""
    return installation_of(shipped_profile())
