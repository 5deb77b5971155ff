"""The directive an instance is bound to, as rows: what the coupling moves, with the records each move leaves.

One move is one UPDATE, because the database checks every single change of state against the life-cycle table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.coupling import on_record
from engine.domain import directive as rules
from engine.domain.access import require_separation
from engine.domain.directive import Leg
from engine.domain.events import (
    DirectiveIssued,
    DirectiveMoved,
    EvaluationRecorded,
    FeedbackSubmitted,
    TaskMoved,
    VerificationRecorded,
)
from engine.domain.lifecycle import DIRECTIVE, SYSTEM, TASK, Move
from engine.domain.task import decide_return
from engine.errors import Conflict, NotFound
from engine.storage.prepared import Prepared, insert_into, move_row, update_row
from engine.storage.tables import directives as t
from engine.storage.tables.incidents import incident

from .desk import Desk

_DIRECTIVE = Prepared(
    select(
        t.directive.c.id,
        t.directive.c.number,
        t.directive.c.incident_id,
        t.directive.c.state,
        t.directive.c.level,
        t.directive.c.from_department_id,
        t.directive.c.completion_rule,
        t.directive.c.verification_id,
        t.directive.c.evaluation_id,
        t.directive.c.rework_count,
        incident.c.event_type,
    )
    .join_from(t.directive, incident, t.directive.c.incident_id == incident.c.id)
    .where(t.directive.c.id == bindparam("id"))
)
_TASKS = Prepared(
    select(
        t.task.c.id,
        t.task.c.department_id,
        t.task.c.role,
        t.task.c.state,
        t.task.c.return_count,
        t.task.c.rework_count,
        t.task.c.feedback_by,
    ).where(t.task.c.directive_id == bindparam("directive_id"))
)
_DUTIES = Prepared(
    select(t.duty_done.c.duty, t.duty_done.c.person_id).where(t.duty_done.c.directive_id == bindparam("directive_id"))
)
_ADDRESSEES = Prepared(
    select(t.receipt.c.department_id, t.receipt.c.role).where(t.receipt.c.directive_id == bindparam("directive_id"))
)
_WORDING = Prepared(
    select(t.directive.c.number, t.directive.c.objective, t.directive.c.content).where(
        t.directive.c.id == bindparam("id")
    )
)
_NEW_DUTY = insert_into(t.duty_done)
_NEW_TASK = insert_into(t.task)
_NEW_FEEDBACK = insert_into(t.feedback)
_NEW_VERIFICATION = insert_into(t.verification)
_NEW_EVALUATION = insert_into(t.evaluation)


_MOVES = {
    "approve": move_row(t.directive, "reviewer_id"),
    "issue": move_row(t.directive, "signer_id", "issued_at", "digest"),
    "pass": move_row(t.directive, "verification_id", "verifier_id"),
    "fail": move_row(t.directive, "rework_count"),
    "evaluate": move_row(t.directive, "evaluation_id", "evaluator_id"),
    "close": move_row(t.directive, "closed_at"),
}
_MOVE = move_row(t.directive)
_TASK_MOVES = {
    "sign": move_row(t.task, "handler_id", "signed_at"),
    "return": move_row(t.task, "return_count", "reason"),
    "submit": move_row(t.task, "feedback_id", "feedback_by"),
    "verify": move_row(t.task, "verification_id", "verified_by"),
    "rework": move_row(t.task, "rework_count"),
}
_TASK_MOVE = move_row(t.task)
_DELIVER = update_row(t.receipt, "delivered_at", where=("directive_id",))
_SIGN_RECEIPT = update_row(t.receipt, "signed_at", where=("directive_id", "department_id"))


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as the coupling sees it."""

    id: str
    department_id: str
    role: str
    state: str
    return_count: int
    rework_count: int
    feedback_by: str | None


class BoundDirective:
    """The rows behind `coupling.BoundSubject`: loaded once for a step, moved by their tables."""

    def __init__(self, desk: Desk, directive_id: str) -> None:
        row = desk.uow.one(_DIRECTIVE, {"id": directive_id})
        if row is None:
            raise NotFound("directive.unknown", "Expected an existing directive, but there is none.", id=directive_id)
        (
            self.id,
            self.number,
            self.incident_id,
            self.state,
            self.level,
            self.from_department_id,
            self.completion_rule,
            self.verification_id,
            self.evaluation_id,
            self.rework_count,
            self.event_type,
        ) = row
        self.desk = desk
        self.moved: list[str] = []  # actions of the directive in this step, for what follows at the incident
        self._tasks: dict[str, TaskRow] | None = None
        self._duties: dict[str, set[str]] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether its process may end."""
        return self.state in DIRECTIVE.final_states

    @property
    def chain(self) -> str:
        """The ledger chain of the directive and its tasks."""
        return f"directive:{self.id}"

    def tasks(self) -> dict[str, TaskRow]:
        """The tasks by the code of their department."""
        if self._tasks is None:
            tree = self.desk.city.tree(self.desk.uow)
            rows = [TaskRow(*row) for row in self.desk.uow.rows(_TASKS, {"directive_id": self.id})]
            self._tasks = {tree.department(row.department_id).code: row for row in rows}
        return self._tasks

    def legs(self) -> Mapping[str, Leg]:
        """The tasks as the completion rule reads them."""
        return {code: Leg(code, row.role, row.state) for code, row in self.tasks().items()}

    # -- duties ----------------------------------------------------------------------------------------------------

    def take_duty(self, duty: str) -> None:
        """Record that the actor takes on a duty. Raises: NotAllowed (`access.duties_not_separate`)."""
        if self._duties is None:
            self._duties = {}
            for done, person in self.desk.uow.rows(_DUTIES, {"directive_id": self.id}):
                self._duties.setdefault(done, set()).add(person)
        person_id = self.desk.actor.person_id
        require_separation(duty, person_id, self._duties, self.desk.city.profile.rights.separations)
        if person_id not in self._duties.get(duty, ()):
            self._duties.setdefault(duty, set()).add(person_id)
            self.desk.uow.run(_NEW_DUTY, {"directive_id": self.id, "duty": duty, "person_id": person_id})

    # -- moves of the directive ------------------------------------------------------------------------------------

    def move(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the directive. Raises: InvalidMove from the table; NotAllowed without the move's permission."""
        recorded = set()
        if self.verification_id:
            recorded.add("verification")
        if self.evaluation_id:
            recorded.add("evaluation")
        move = DIRECTIVE.decide(self.state, action, on_record(action, answers, recorded))
        self._require(move, self.from_department_id)
        if action == "withdraw":
            rules.check_withdrawal(row.department_id for row in self.tasks().values() if row.state != "pending")
        values = getattr(self, f"_{action}", _nothing)(answers)
        changed = self.desk.uow.run(
            _MOVES.get(action, _MOVE), {"id": self.id, "state": move.target, "seen_state": move.source, **values}
        )
        if changed != 1:
            raise Conflict("directive.moved_meanwhile", "Expected the directive as you saw it, but it has moved.")
        self.state = move.target
        self.moved.append(action)
        self._record(DirectiveMoved, self.id, move)
        if action == "withdraw":
            for code in self.tasks():
                self.move_task(code, "cancel", {})

    def _require(self, move: Move, department_id: str) -> None:
        if move.permission != SYSTEM:
            self.desk.require(move.permission, department_id)

    def _record(self, fact: type[DirectiveMoved] | type[TaskMoved], subject_id: str, move: Move) -> None:
        desk = self.desk
        moved = fact(
            at=desk.now,
            subject_id=subject_id,
            actor_id=desk.actor_id,
            action=move.action,
            source=move.source,
            target=move.target,
        )
        desk.record(moved, self.chain)

    def _approve(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        return {"reviewer_id": self.desk.actor_id}

    def _issue(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        desk = self.desk
        row = desk.uow.one(_WORDING, {"id": self.id})
        assert row is not None
        addressees = desk.uow.rows(_ADDRESSEES, {"directive_id": self.id})
        digest = rules.digest(dict(zip(("number", "objective", "content"), row, strict=True)), addressees)
        desk.uow.run_many(_NEW_TASK, [self._task_values(dept, role) for dept, role in addressees if role != "copy"])
        desk.uow.run(_DELIVER, {"directive_id": self.id, "delivered_at": desk.now})
        self._tasks = None
        desk.record(
            DirectiveIssued(
                at=desk.now,
                subject_id=self.id,
                actor_id=desk.actor_id,
                digest=digest,
                department_ids=tuple(department for department, _ in addressees),
            ),
            self.chain,
        )
        for department_id, _ in addressees:
            payload = {"directive_id": self.id, "department_id": department_id}
            desk.send("directive.issued", f"directive.issued:{self.id}:{department_id}", payload)
        return {"signer_id": desk.actor_id, "issued_at": desk.now, "digest": digest}

    def _task_values(self, department_id: str, role: str) -> dict[str, Any]:
        return {
            **dict.fromkeys(column.name for column in t.task.columns),
            "id": self.desk.uow.new_id(),
            "directive_id": self.id,
            "department_id": department_id,
            "role": role,
            "state": TASK.start,
            "revision": 1,
            "return_count": 0,
            "rework_count": 0,
        }

    def _pass(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        self.verification_id = self._verification(answers, passed=True)
        return {"verification_id": self.verification_id, "verifier_id": self.desk.actor_id}

    def _fail(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        self._verification(answers, passed=False)
        self.rework_count += 1
        return {"rework_count": self.rework_count}

    def _verification(self, answers: Mapping[str, Any], *, passed: bool) -> str:
        desk = self.desk
        id_ = desk.uow.new_id()
        sent_back = [] if passed else list(answers.get("legs") or [])
        desk.uow.run(
            _NEW_VERIFICATION,
            {
                "id": id_,
                "directive_id": self.id,
                "by_id": desk.actor_id,
                "at": desk.now,
                "passed": passed,
                "round": self.rework_count + 1,
                "legs": sent_back,
                "reason": self._sealed("verification", "reason", id_, answers.get("reason")),
            },
        )
        desk.record(
            VerificationRecorded(
                at=desk.now,
                subject_id=self.id,
                actor_id=desk.actor_id,
                verification_id=id_,
                passed=passed,
                sent_back=tuple(sent_back),
            ),
            self.chain,
        )
        return id_

    def _evaluate(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        desk = self.desk
        id_ = desk.uow.new_id()
        desk.uow.run(
            _NEW_EVALUATION,
            {
                "id": id_,
                "directive_id": self.id,
                "by_id": desk.actor_id,
                "at": desk.now,
                "score": answers.get("score", 0),
                "text": self._sealed("evaluation", "text", id_, answers.get("text")),
            },
        )
        desk.record(
            EvaluationRecorded(at=desk.now, subject_id=self.id, actor_id=desk.actor_id, evaluation_id=id_), self.chain
        )
        self.evaluation_id = id_
        return {"evaluation_id": id_, "evaluator_id": desk.actor_id}

    def _close(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        return {"closed_at": self.desk.now}

    def _sealed(self, table: str, column: str, row_id: str, text: str | None) -> Any:
        return None if text is None else self.desk.uow.keys.seal(table, column, row_id, text)

    # -- moves of a task -------------------------------------------------------------------------------------------

    def move_task(self, department: str, action: str, answers: Mapping[str, Any]) -> None:
        """Move the task of a department. Raises: InvalidMove from the table; NotAllowed."""
        row = self.tasks()[department]
        if action == "return":
            move = decide_return(row.state, row.return_count, answers.get("reason") or "")
        else:
            move = TASK.decide(row.state, action, on_record(action, answers, ()))
        place = row.department_id if move.permission.startswith("task:leg:") else self.from_department_id
        if action == "redispatch":
            place = self.from_department_id
        self._require(move, place)
        values = getattr(self, f"_task_{action}", _nothing_for)(row, answers)
        changed = self.desk.uow.run(
            _TASK_MOVES.get(action, _TASK_MOVE),
            {"id": row.id, "state": move.target, "seen_state": move.source, **values},
        )
        if changed != 1:
            raise Conflict("task.moved_meanwhile", "Expected the task as you saw it, but it has moved.")
        counts = {name: values[name] for name in ("return_count", "rework_count", "feedback_by") if name in values}
        self.tasks()[department] = replace(row, state=move.target, **counts)
        self._record(TaskMoved, row.id, move)

    def _task_sign(self, row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
        desk = self.desk
        place = {"directive_id": self.id, "department_id": row.department_id}
        desk.uow.run(_SIGN_RECEIPT, {**place, "signed_at": desk.now})
        return {"handler_id": desk.actor_id, "signed_at": desk.now}

    def _task_return(self, row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
        reason = self._sealed("task", "reason", row.id, answers.get("reason"))
        return {"return_count": row.return_count + 1, "reason": reason}

    def _task_submit(self, row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
        desk = self.desk
        id_ = desk.uow.new_id()
        desk.uow.run(
            _NEW_FEEDBACK,
            {
                "id": id_,
                "task_id": row.id,
                "by_id": desk.actor_id,
                "at": desk.now,
                "text": self._sealed("feedback", "text", id_, answers.get("text") or answers.get("feedback")),
                "evidence": list(answers.get("evidence") or []),
            },
        )
        desk.record(
            FeedbackSubmitted(
                at=desk.now,
                subject_id=row.id,
                actor_id=desk.actor_id,
                feedback_id=id_,
                round=row.rework_count + 1,
            ),
            self.chain,
        )
        return {"feedback_id": id_, "feedback_by": desk.actor_id}

    def _task_verify(self, row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
        return {"verification_id": self.verification_id, "verified_by": self.desk.actor_id}

    def _task_rework(self, row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
        return {"rework_count": row.rework_count + 1}


def _nothing(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _nothing_for(row: TaskRow, answers: Mapping[str, Any]) -> dict[str, Any]:
    return {}
