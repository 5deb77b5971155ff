"""How often something may be done: windows as rows, shared by every process over the same database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, select

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Unavailable
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.accounts import rate_window

from .desk import Desk
from .engine import Engine

_WINDOW = Prepared(
    select(rate_window.c.began_at, rate_window.c.taken)
    .where(rate_window.c.rule == bindparam("rule"), rate_window.c.key_index == bindparam("key_index"))
    .with_for_update()
)
_NEW = insert_into(rate_window)
_TAKE = update_row(rate_window, "began_at", "taken", where=("rule", "key_index"))
_DROP_OLD = Prepared(
    rate_window.delete().where(rate_window.c.began_at <= bindparam("before", type_=rate_window.c.began_at.type))
)


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `most` times in any window of `per` that begins with a first time."""

    name: str
    most: int
    per: timedelta = timedelta(minutes=1)


LOGIN = Rule("login", 10)
"""Sign-ins from one address."""
IMPORT = Rule("import", 10)
"""Files a person hands in."""
DRAW = Rule("draw", 90)
"""Checks and dry runs of what a person is drawing."""
DELIVERY = Rule("delivery", 120)
"""Deliveries of tickets by one program."""
REPORT = Rule("report", 5)
"""Reports of the public from one address."""
FOLLOW = Rule("follow", 20)
"""Codes tried from one address."""


def take(engine: Engine, rule: Rule, key: str) -> None:
    """Count one use. Raises: Unavailable (`limit.reached`) with `retry_after_s` when there were too many."""
    left = engine.command(_take, SYSTEM_ACTOR, rule, key)
    if left is not None:
        raise Unavailable(
            "limit.reached",
            f"Expected at most {rule.most} in {rule.per.total_seconds():.0f} s, but there were more. Wait a moment.",
            retry_after_s=left,
        )


def _take(desk: Desk, rule: Rule, key: str) -> int | None:
    """Seconds until the window ends where it is used up; None where there was room."""
    place = {"rule": rule.name, "key_index": desk.uow.keys.blind_index("rate_window", "key_index", key)}
    row = desk.uow.one(_WINDOW, place)
    if row is None:
        desk.uow.run(_NEW, {**place, "began_at": desk.now, "taken": 1})
    elif desk.now - row[0] >= rule.per:
        desk.uow.run(_TAKE, {**place, "began_at": desk.now, "taken": 1})
    elif row[1] >= rule.most:
        return max(1, int((row[0] + rule.per - desk.now).total_seconds()))
    else:
        desk.uow.run(_TAKE, {**place, "began_at": row[0], "taken": row[1] + 1})
    return None


def forget_old_windows(desk: Desk) -> int:
    """Drop windows nobody counts in any more; how many."""
    return desk.uow.run(_DROP_OLD, {"before": desk.now - timedelta(hours=1)})
