"""Change requests 变更申请: every exception to the seven steps is asked for and decided by somebody else.

Their kinds, their life and who decides; moves that need one say so in `lifecycle` (`change_request`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.domain.level import Level, at_least
from engine.domain.lifecycle import SYSTEM, Lifecycle, moves, words
from engine.errors import Rejected

KINDS: Mapping[str, str] = {
    "extension": "change_request:extension:approve",
    "return": "change_request:return:approve",
    "transfer": "change_request:transfer:approve",
    "suspend": "change_request:suspend:approve",
    "void": "change_request:void:approve",
    "level_change": "change_request:level_change:approve",
    "reassign_lead": "change_request:reassign_lead:approve",
}
"""The kinds, each with the permission of who decides it."""

MAX_EXTENSIONS = 2
LIFE_SAFETY_STAGES: frozenset[str] = frozenset({"acceptance", "filing", "sign_in", "handling"})
MAX_SUSPENSION_DAYS = 90

CHANGE_REQUEST_LIFE = Lifecycle(
    subject="change_request",
    states=words("requested approved rejected auto_rejected withdrawn"),
    start="requested",
    moves=(
        *moves("approve", "requested", "approved", "change_request:request:decide"),
        *moves("reject", "requested", "rejected", "change_request:request:decide", ["reason"]),
        *moves("auto_reject", "requested", "auto_rejected", SYSTEM, ["reason"]),
        *moves("withdraw", "requested", "withdrawn", "change_request:request:create"),
    ),
)
"""Deciding needs, beside the move, the permission of its kind."""


def approver_permission(kind: str, extensions_so_far: int = 0) -> str:
    """The permission of who decides a request; a second extension goes to the centre's leadership.

    Raises: Rejected `change_request.unknown_kind`.
    """
    if kind not in KINDS:
        raise Rejected(
            "change_request.unknown_kind", f"Expected a kind of {', '.join(KINDS)}, but it is {kind!r}.", kind=kind
        )
    if kind == "extension" and extensions_so_far > 0:
        return KINDS["suspend"]
    return KINDS[kind]


def check_extension(stage: str, level: Level, extensions_so_far: int, due_at: datetime, now: datetime) -> None:
    """Refuses a request for more time that can never be granted.

    Raises: Rejected `change_request.after_deadline`, `change_request.life_safety`, `change_request.extension_limit`.
    """
    if now > due_at:
        raise Rejected("change_request.after_deadline", "Expected a request before the deadline, but it has passed.")
    if at_least(level, "II") and stage in LIFE_SAFETY_STAGES:
        raise Rejected(
            "change_request.life_safety",
            f"Expected a stage that may wait, but {stage} of a level I or II event never may.",
            stage=stage,
        )
    if extensions_so_far >= MAX_EXTENSIONS:
        raise Rejected(
            "change_request.extension_limit",
            f"Expected at most {MAX_EXTENSIONS} extensions, but there were {extensions_so_far}.",
        )
