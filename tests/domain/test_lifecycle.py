"""The life-cycle tables: every state × action either moves or is refused with a named error."""

from __future__ import annotations

import sqlite3

import pytest

from engine.domain.lifecycle import DIRECTIVE, INCIDENT, SYSTEM, TABLES, TASK, Lifecycle
from engine.domain.roles import ROLE_PERMISSIONS
from engine.errors import InvalidMove

pytestmark = pytest.mark.fast

TABLES_BY_NAME = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.subject)


@TABLES_BY_NAME
def test_every_table_any_state_and_action_moves_or_is_refused_by_name(table: Lifecycle) -> None:
    """No pair of state and action is undecided: it is a row of the table or an error whose code names the reason."""
    for state in table.states:
        leading = {move.action: move for move in table.allowed(state)}
        for action in table.actions:
            if action in leading:
                move = table.decide(state, action, leading[action].needs)
                assert (move.source, move.target in table.states) == (state, True)
            else:
                with pytest.raises(InvalidMove) as refusal:
                    table.decide(state, action)
                expected = table.refusals.get(action, f"cannot_{action}")
                assert refusal.value.code == f"{table.subject}.{expected}"
                assert "Expected" in refusal.value.message
                assert ", but " in refusal.value.message


@TABLES_BY_NAME
def test_every_move_without_what_it_needs_is_refused(table: Lifecycle) -> None:
    """A move that needs a reason, a verification or an approved request never happens without it."""
    for move in table.moves:
        for need in move.needs:
            with pytest.raises(InvalidMove) as refusal:
                table.decide(move.source, move.action, move.needs - {need})
            required = "change_request.required" if need == "change_request" else f"{table.subject}.{need}_missing"
            assert refusal.value.code == required


@TABLES_BY_NAME
def test_every_table_states_are_reachable_and_moves_are_unique(table: Lifecycle) -> None:
    """No state is unreachable from the start and no pair of state and action has two outcomes."""
    reached, frontier = {table.start}, [table.start]
    while frontier:
        for move in table.allowed(frontier.pop()):
            if move.target not in reached:
                reached.add(move.target)
                frontier.append(move.target)
    assert reached == set(table.states)
    keys = [(move.source, move.action) for move in table.moves]
    assert len(keys) == len(set(keys))


@TABLES_BY_NAME
def test_every_unknown_state_or_action_is_refused(table: Lifecycle) -> None:
    """A misspelt state or action is named as such instead of passing for a wrong move."""
    with pytest.raises(InvalidMove, match=r"unknown_state"):
        table.decide("nowhere", table.actions[0])
    with pytest.raises(InvalidMove, match=r"unknown_action"):
        table.decide(table.start, "teleport")


@TABLES_BY_NAME
def test_every_check_constraint_admits_the_states_and_nothing_else(table: Lifecycle) -> None:
    """The text for the database is valid SQL and says the same as the table."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE t (state TEXT CHECK ({table.check_sql()}))")
        connection.executemany("INSERT INTO t VALUES (?)", [(state,) for state in table.states])
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO t VALUES ('nowhere')")
    connection.close()


@TABLES_BY_NAME
def test_every_transition_changes_the_state(table: Lifecycle) -> None:
    """The rows of the trigger hold each changing pair once; moves that stay (an extension) are not among them."""
    pairs = table.transitions()
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(move.source, move.target) for move in table.moves if move.source != move.target}


def test_permissions_of_moves_are_held_by_a_role_or_the_engine() -> None:
    """Every move can be made by somebody, and the engine's own moves by no role."""
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    needed = {move.permission for table in TABLES for move in table.moves}
    assert needed - held == {SYSTEM}


def _reachable_without(table: Lifecycle, avoided: str) -> set[str]:
    reached, frontier = {table.start}, [table.start]
    while frontier:
        for move in table.allowed(frontier.pop()):
            if avoided not in (move.target, *reached) and move.target not in reached:
                reached.add(move.target)
                frontier.append(move.target)
    return reached


@pytest.mark.parametrize("step", ["in_review", "issued", "executing", "feedback", "accepted", "evaluated"])
def test_directive_without_any_step_of_the_loop_never_closes(step: str) -> None:
    """Closed is unreachable without review, issue, feedback, verification and evaluation."""
    assert "closed" not in _reachable_without(DIRECTIVE, step)


@pytest.mark.parametrize("step", ["filed", "handling", "feedback", "verified", "closed"])
def test_incident_without_any_step_of_the_loop_never_counts_as_evaluated(step: str) -> None:
    """An incident is evaluated only after handling, feedback, verification and closing."""
    assert "evaluated" not in _reachable_without(INCIDENT, step)


def test_task_exits_needing_approval_are_refused_until_it_is_there() -> None:
    """Transfer, suspension and extension exist and answer `change_request.required`."""
    for state, action in (("pending", "transfer"), ("signed", "suspend"), ("in_progress", "extend")):
        with pytest.raises(InvalidMove) as refusal:
            TASK.decide(state, action)
        assert refusal.value.code == "change_request.required"


def test_task_return_is_possible_only_before_work_or_when_sent_back() -> None:
    """A department returns a task instead of signing for it, not in the middle of the work."""
    assert TASK.sources("return") == ("pending", "rework")
    assert TASK.final_states == {"verified", "transferred", "cancelled"}
