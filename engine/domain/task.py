"""The task 任务: one department's leg of a directive; the rules around its moves that need more than its state."""

from __future__ import annotations

from engine.domain.lifecycle import TASK, Move
from engine.errors import InvalidMove

MAX_RETURNS = 2
"""How often the tasks of one incident may be returned; after that the assignment binds (终审指派)."""

OPEN_STATES: frozenset[str] = frozenset(TASK.states) - TASK.final_states
"""States in which a department still owes something, or somebody has yet to verify what it gave."""


def decide_return(state: str, returns_so_far: int, reason: str) -> Move:
    """The move by which a department returns a task it thinks is not its own.

    `returns_so_far` counts the returns on the task, or on all tasks of the incident, whichever is more.
    Raises: InvalidMove `task.return_limit`, `task.reason_missing`, `task.cannot_return`.
    """
    move = TASK.decide(state, "return", {"reason"} if reason.strip() else ())
    if returns_so_far >= MAX_RETURNS:
        raise InvalidMove(
            "task.return_limit",
            f"Expected fewer than {MAX_RETURNS} returns, but there were {returns_so_far}: the assignment is binding.",
            state=state,
            action="return",
            returns=returns_so_far,
        )
    return move


def next_cycle(rework_count: int, reopen_count: int = 0) -> int:
    """The clock cycle of the task's present round: 1 at first, one more for each rework and each reopening."""
    return 1 + rework_count + reopen_count
