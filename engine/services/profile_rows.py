"""The profile as rows: policies are versions in the database, so a clock always finds the one it was started with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select

from engine.domain.policy import SlaPolicy
from engine.errors import Rejected
from engine.storage.prepared import insert_into
from engine.storage.tables.clocks import sla_policy

from .desk import Desk

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when a first version holds: what is played on an earlier day than the installation's finds it too."""

_NEW = insert_into(sla_policy)


def install_policies(desk: Desk) -> int:
    """Store the policy versions of the profile that are new; how many.

    Raises: Rejected (`sla.version_changed`) if a stored version has another content: a used policy never changes.
    """
    return install_versions(desk, desk.city.profile.policies)


def install_versions(desk: Desk, policies: Iterable[SlaPolicy]) -> int:
    """Store those of these versions that are new; how many. Raises: as `install_policies`."""
    stored = {(row.code, row.version): row for row in desk.uow.execute(select(sla_policy)).all()}
    new = 0
    for policy in policies:
        values = _values(policy)
        row = stored.get((policy.code, policy.version))
        if row is None:
            since = ALWAYS if policy.version == 1 else desk.now
            desk.uow.run(_NEW, {**values, "id": desk.uow.new_id(), "effective_from": since})
            new += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            raise Rejected(
                "sla.version_changed",
                f"Expected {policy.id} as it is stored, but the profile says otherwise. Give it a new version number.",
                policy=policy.id,
            )
    desk.city.forget()
    return new


def _values(policy: SlaPolicy) -> dict[str, object]:
    return {
        "code": policy.code,
        "version": policy.version,
        "event_type": policy.event_type,
        "levels": sorted(policy.levels),
        "stage": policy.stage,
        "unit": policy.unit,
        "amount": policy.amount,
        "calendar": policy.calendar,
        "ladder": {"code": policy.ladder.code, "steps": [list(step) for step in policy.ladder.steps]},
        "priority": policy.priority,
    }
