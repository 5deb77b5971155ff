"""The database's own guards, tried with plain SQL on both databases: history, moves, and what closing needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.domain.lifecycle import DIRECTIVE, INCIDENT, SIGNAL, TASK, Lifecycle
from engine.storage.ledger import append
from engine.storage.tables import clocks, directives, incidents, ledger, processes, signals
from engine.storage.uow import Database, UnitOfWork
from engine.testing import ManualClock
from tests.storage.city import SmallCity, draft, fill, put


@pytest.fixture
def city(database: Database, clock: ManualClock) -> SmallCity:
    """Rows in which a directive can live."""
    return fill(database, clock.now())


@pytest.fixture
def uow(database: Database, city: SmallCity, clock: ManualClock) -> Iterator[UnitOfWork]:
    """An open transaction; what it refuses is undone alone."""
    with database.write(clock.now()) as unit:
        yield unit


def _sql(uow: UnitOfWork, statement: str, **values: Any) -> None:
    uow.execute(text(statement), values)


def _refused(uow: UnitOfWork, statement: str, **values: Any) -> str:
    """What the database says when it refuses a statement."""
    with pytest.raises(DBAPIError) as refusal, uow.savepoint():
        _sql(uow, statement, **values)
    return str(refusal.value.orig)


def _walk(uow: UnitOfWork, table: str, row_id: str, states: str) -> None:
    for state in states.split():
        _sql(uow, f"UPDATE {table} SET state = :state WHERE id = :id", state=state, id=row_id)


def _fill_history(uow: UnitOfWork, city: SmallCity) -> None:
    now = uow.now
    put(uow, ledger.fact, at=now, code="x", subject_kind="task", subject_id="1", payload={})
    append(uow, "task:1", {"code": "x"})
    put(uow, ledger.seal, n=1, at=now, key_id="l1", prev=b"", root=b"", row_count=0, mac=b"")
    put(
        uow,
        processes.item_history,
        instance_id="i",
        wait=1,
        node_id="n",
        opened_at=now,
        ended_at=now,
        how="completed",
    )
    feedback = {"task_id": city.task_id, "by_id": city.handler_id, "at": now, "evidence": []}
    put(uow, directives.feedback, **feedback)
    put(uow, directives.verification, **_verification(uow, city, passed=True))
    put(uow, directives.evaluation, **_evaluation(uow, city))


def _verification(uow: UnitOfWork, city: SmallCity, *, passed: bool) -> dict[str, Any]:
    who = {"directive_id": city.directive_id, "by_id": city.verifier_id, "at": uow.now}
    return {**who, "passed": passed, "round": 1, "legs": []}


def _evaluation(uow: UnitOfWork, city: SmallCity) -> dict[str, Any]:
    return {"directive_id": city.directive_id, "by_id": city.evaluator_id, "at": uow.now, "score": 90}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("fact", "code"),
        ("seal", "key_id"),
        ("item_history", "node_id"),
        ("feedback", "by_id"),
        ("verification", "by_id"),
        ("evaluation", "by_id"),
    ],
)
def test_history_refuses_change_and_removal(uow: UnitOfWork, city: SmallCity, table: str, column: str) -> None:
    """What happened stays as it was written, whoever asks."""
    _fill_history(uow, city)
    assert "append-only" in _refused(uow, f"UPDATE {table} SET {column} = {column}")
    assert "append-only" in _refused(uow, f"DELETE FROM {table}")


def test_ledger_row_takes_its_seal_once_and_nothing_else(uow: UnitOfWork, city: SmallCity) -> None:
    """The seal's number is the only thing that ever changes, from nothing to a number."""
    _fill_history(uow, city)
    assert "append-only" in _refused(uow, "UPDATE ledger SET subject = 'other'")
    assert "append-only" in _refused(uow, "UPDATE ledger SET subject = 'other', seal_n = 1")
    _sql(uow, "UPDATE ledger SET seal_n = 1")
    assert "append-only" in _refused(uow, "UPDATE ledger SET seal_n = 2")
    assert "append-only" in _refused(uow, "UPDATE ledger SET seal_n = NULL")
    assert "never deleted" in _refused(uow, "DELETE FROM ledger")


@pytest.mark.parametrize("table", ["directive", "task", "incident"])
def test_case_rows_are_never_deleted(uow: UnitOfWork, table: str) -> None:
    """Deleting a case is no way to meet a deadline."""
    assert "never deleted" in _refused(uow, f"DELETE FROM {table}")


def _begin(uow: UnitOfWork, city: SmallCity, lifecycle: Lifecycle, state: str) -> str:
    """A new row of the life cycle's table in `state`."""
    now = uow.now
    match lifecycle.subject:
        case "signal":
            names = {"source": "test", "external_id": uow.new_id(), "kind": "report", "channel": "12345"}
            instants = {"reported_at": now, "received_at": now, "payload_digest": "0"}
            return put(uow, signals.signal, state=state, revision=1, **names, **instants)
        case "incident":
            counts = {"revision": 1, "rework_count": 0, "reopen_count": 0}
            names = {"number": uow.new_id(), "category": "natural", "event_type": "11-01-01"}
            return put(uow, incidents.incident, state=state, reported_at=now, created_at=now, **counts, **names)
        case "directive":
            row = draft(now, city.incident_id, city.department_id, city.drafter_id)
            return put(uow, directives.directive, **{**row, "state": state})
        case _:
            counts = {"revision": 1, "return_count": 0, "rework_count": 0}
            legs = {"directive_id": city.directive_id, "department_id": city.department_id, "role": "co"}
            return put(uow, directives.task, state=state, **counts, **legs)


def _path_to(lifecycle: Lifecycle, state: str) -> list[str]:
    """The states on a shortest way from the start to `state`."""
    paths = {lifecycle.start: [lifecycle.start]}
    queue = [lifecycle.start]
    while queue:
        here = queue.pop(0)
        for source, target in lifecycle.transitions():
            if source == here and target not in paths:
                paths[target] = [*paths[here], target]
                queue.append(target)
    return paths[state]


@pytest.mark.parametrize("lifecycle", [SIGNAL, INCIDENT, DIRECTIVE], ids=lambda each: each.subject)
def test_state_changes_by_the_moves_of_the_table_and_no_others(
    uow: UnitOfWork, city: SmallCity, lifecycle: Lifecycle
) -> None:
    """Every pair of states in plain SQL: the database admits what the table says, except what needs more on record."""
    for source in lifecycle.states:
        path = _path_to(lifecycle, source)
        if "closed" in path and lifecycle is DIRECTIVE:
            continue
        row_id = _begin(uow, city, lifecycle, path[0])
        _walk(uow, lifecycle.subject, row_id, " ".join(path[1:]))
        for target in lifecycle.states:
            is_move = (source, target) in lifecycle.transitions() or source == target
            needs_more = lifecycle is DIRECTIVE and target == "closed"
            statement = f"UPDATE {lifecycle.subject} SET state = '{target}' WHERE id = :id"
            if is_move and not needs_more:
                with pytest.raises(RuntimeError, match="undo"):
                    _try_and_undo(uow, statement, row_id)
            else:
                _refused(uow, statement, id=row_id)


def _try_and_undo(uow: UnitOfWork, statement: str, row_id: str) -> None:
    with uow.savepoint():
        _sql(uow, statement, id=row_id)
        raise RuntimeError("undo")


@pytest.mark.parametrize("lifecycle", [SIGNAL, INCIDENT, DIRECTIVE, TASK], ids=lambda each: each.subject)
def test_row_begins_in_the_first_state_only(uow: UnitOfWork, city: SmallCity, lifecycle: Lifecycle) -> None:
    """Inserting a row that is already done is no way around its life."""
    for state in (*lifecycle.states, "made_up"):
        if state != lifecycle.start:
            with pytest.raises(Exception, match=r"begin|move"), uow.savepoint():
                _begin(uow, city, lifecycle, state)


def _verified(uow: UnitOfWork, city: SmallCity) -> str:
    """Brings the task to verified the right way; the id of the verification."""
    feedback = put(uow, directives.feedback, task_id=city.task_id, by_id=city.handler_id, at=uow.now, evidence=[])
    verification = put(uow, directives.verification, **_verification(uow, city, passed=True))
    _walk(uow, "task", city.task_id, "signed in_progress submitted")
    _sql(
        uow,
        "UPDATE task SET handler_id = :by, feedback_id = :feedback, feedback_by = :by WHERE id = :id",
        by=city.handler_id,
        feedback=feedback,
        id=city.task_id,
    )
    _verify(uow, city, verification, city.verifier_id)
    return verification


VERIFY = "UPDATE task SET state = 'verified', verification_id = :verification, verified_by = :by WHERE id = :id"


def _verify(uow: UnitOfWork, city: SmallCity, verification: str, by: str) -> None:
    _sql(uow, VERIFY, verification=verification, by=by, id=city.task_id)


def test_task_is_not_verified_without_feedback(uow: UnitOfWork, city: SmallCity) -> None:
    """Nobody passes what nobody reported back."""
    verification = put(uow, directives.verification, **_verification(uow, city, passed=True))
    _walk(uow, "task", city.task_id, "signed in_progress submitted")
    _refused(uow, VERIFY, verification=verification, by=city.verifier_id, id=city.task_id)


def test_task_is_not_verified_by_who_reported_back_or_without_a_passed_verification(
    uow: UnitOfWork, city: SmallCity
) -> None:
    """Own work is verified by somebody else, and the verification is on record."""
    feedback = put(uow, directives.feedback, task_id=city.task_id, by_id=city.handler_id, at=uow.now, evidence=[])
    own = put(uow, directives.verification, **{**_verification(uow, city, passed=True), "by_id": city.handler_id})
    failed = put(uow, directives.verification, **_verification(uow, city, passed=False))
    _walk(uow, "task", city.task_id, "signed in_progress submitted")
    given = {"feedback": feedback, "by": city.handler_id, "id": city.task_id}
    _sql(uow, "UPDATE task SET feedback_id = :feedback, feedback_by = :by WHERE id = :id", **given)
    _refused(uow, VERIFY, verification=own, by=city.handler_id, id=city.task_id)
    _refused(uow, VERIFY, verification=failed, by=city.verifier_id, id=city.task_id)
    _refused(uow, VERIFY, verification="made-up", by=city.verifier_id, id=city.task_id)


CLOSE = (
    "UPDATE directive SET state = 'closed', verification_id = :verification, verifier_id = :verifier, "
    "evaluation_id = :evaluation, evaluator_id = :evaluator WHERE id = :id"
)


def _closing(uow: UnitOfWork, city: SmallCity) -> dict[str, Any]:
    """An evaluated directive; the values with which it closes."""
    verification = _verified(uow, city)
    evaluation = put(uow, directives.evaluation, **_evaluation(uow, city))
    way = "in_review approved issued executing feedback accepted evaluated"
    _walk(uow, "directive", city.directive_id, way)
    return {
        "verification": verification,
        "verifier": city.verifier_id,
        "evaluation": evaluation,
        "evaluator": city.evaluator_id,
        "id": city.directive_id,
    }


def test_directive_closes_with_everything_on_record(uow: UnitOfWork, city: SmallCity) -> None:
    """The right way is open."""
    _sql(uow, CLOSE, **_closing(uow, city))


@pytest.mark.parametrize("missing", ["verification", "verifier", "evaluation", "evaluator"])
def test_directive_does_not_close_with_a_piece_missing(uow: UnitOfWork, city: SmallCity, missing: str) -> None:
    """No feedback verified, nobody evaluated, or nobody knows who: not closed."""
    values = _closing(uow, city)
    _refused(uow, CLOSE, **{**values, missing: None})
    _refused(uow, CLOSE, **{**values, missing: city.drafter_id})


def test_directive_does_not_close_with_an_open_task(uow: UnitOfWork, city: SmallCity) -> None:
    """One department still at work keeps the order open."""
    values = _closing(uow, city)
    other = _begin(uow, city, TASK, "pending")
    assert "open task" in _refused(uow, CLOSE, **values)
    _walk(uow, "task", other, "cancelled")
    _sql(uow, CLOSE, **values)


def test_directive_does_not_close_with_an_evaluator_who_handled_a_task(uow: UnitOfWork, city: SmallCity) -> None:
    """Nobody evaluates an order he carried out, even under another name of the columns."""
    values = _closing(uow, city)
    handled = put(uow, directives.evaluation, **{**_evaluation(uow, city), "by_id": city.handler_id})
    assert "handled" in _refused(uow, CLOSE, **{**values, "evaluation": handled, "evaluator": city.handler_id})


def test_directive_does_not_close_with_one_person_as_verifier_and_evaluator(uow: UnitOfWork, city: SmallCity) -> None:
    """Verifier and evaluator are two people."""
    values = _closing(uow, city)
    own = put(uow, directives.evaluation, **{**_evaluation(uow, city), "by_id": city.verifier_id})
    assert "closed_loop" in _refused(uow, CLOSE, **{**values, "evaluation": own, "evaluator": city.verifier_id})


def test_issued_wording_is_frozen(uow: UnitOfWork, city: SmallCity) -> None:
    """What was signed is what the departments read."""
    given = {"id": city.directive_id}
    _sql(uow, "UPDATE directive SET content = 'Send three pumps' WHERE id = :id", **given)
    _sql(uow, "UPDATE directive SET digest = 'd1' WHERE id = :id", **given)
    assert "frozen" in _refused(uow, "UPDATE directive SET content = 'Send none' WHERE id = :id", **given)
    assert "frozen" in _refused(uow, "UPDATE directive SET digest = NULL WHERE id = :id", **given)
    _sql(uow, "UPDATE directive SET return_count = 1 WHERE id = :id", **given)


def test_levels_and_states_outside_their_lists_are_refused(uow: UnitOfWork, city: SmallCity) -> None:
    """A level 5 or an invented state never reaches a board."""
    given = {"id": city.incident_id}
    assert "event_level" in _refused(uow, "UPDATE incident SET event_level = 5 WHERE id = :id", **given)
    _refused(uow, "UPDATE incident SET state = 'done' WHERE id = :id", **given)


def test_rung_fires_once_for_a_clock_and_cycle(uow: UnitOfWork, city: SmallCity) -> None:
    """However often the scheduler runs, the second escalation of a rung does not exist."""
    now = uow.now
    names = {"code": "sign_in", "event_type": "", "stage": "sign_in", "unit": "minute", "calendar": "always"}
    counts = {"version": 1, "amount": 5, "priority": 0, "effective_from": now}
    policy = put(uow, clocks.sla_policy, **names, **counts, levels=[], ladder={})
    clock_id = put(
        uow,
        clocks.clock,
        subject_kind="task",
        subject_id=city.task_id,
        stage="sign_in",
        cycle=1,
        policy_id=policy,
        department_id=city.department_id,
        state="running",
        started_at=now,
    )
    rung = {"clock_id": clock_id, "rung": 100, "cycle": 1, "recipient_role": "x", "fired_at": now, "late_by_s": 0.0}
    put(uow, clocks.escalation, **rung)
    with pytest.raises(Exception, match=r"(?i)unique"), uow.savepoint():
        put(uow, clocks.escalation, **rung)
