"""The pace of a served demo: one minute stands for an hour, so that an escalation is seen within minutes.

The played days keep the city's own policies; what begins afterwards runs on these newer versions of them.
"""

from __future__ import annotations

from dataclasses import replace

from engine.domain.calendar import ROUND_THE_CLOCK
from engine.domain.policy import SlaPolicy, Unit
from engine.services.desk import Desk
from engine.services.profile_rows import install_versions

_HOURS: dict[Unit, float] = {
    "minute": 1 / 60,
    "clock_hour": 1,
    "working_hour": 1,
    "working_day": 8,
    "calendar_day": 24,
}


def faster(policy: SlaPolicy) -> SlaPolicy:
    """The next version of a policy, with a minute for each of its hours and never less than one."""
    minutes = max(1, round(policy.amount * _HOURS[policy.unit]))
    return replace(policy, version=policy.version + 1, unit="minute", amount=minutes, calendar=ROUND_THE_CLOCK.code)


def quicken(desk: Desk) -> int:
    """Install the faster versions; how many."""
    return install_versions(desk, [faster(policy) for policy in desk.city.profile.policies])
