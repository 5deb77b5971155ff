"""An order as its page shows it: wording, addressees and receipts, legs with their feedback, checks, evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.domain.access import Actor
from engine.services.city import City
from engine.services.people import names_of
from engine.storage.tables import directives as t
from engine.storage.uow import UnitOfWork

from .clocks import ClockView, clocks_of
from .open_items import OpenItem, open_items_of_order
from .sight import require_directive
from .timeline import Entry, timeline
from .tokens import Diagram, diagram_of


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """What a department reported back."""

    by_name: str | None
    at: datetime
    text: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LegView:
    """One department's part of an order: its receipt, and its task once the order is issued."""

    department_id: str
    role: str
    delivered_at: datetime | None
    read_at: datetime | None
    signed_at: datetime | None
    task_id: str | None = None
    state: str | None = None
    handler_name: str | None = None
    return_count: int = 0
    rework_count: int = 0
    reason: str = ""
    feedback: tuple[FeedbackView, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckView:
    """One verification: passed, or sent back to `legs` for `reason`."""

    by_name: str | None
    at: datetime
    passed: bool
    legs: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """How well an order was carried out."""

    by_name: str | None
    at: datetime
    score: int
    text: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with everything its page shows."""

    id: str
    number: str
    incident_id: str
    kind: str
    state: str
    revision: int
    level: int | None
    from_department_id: str
    drafter_name: str | None
    reviewer_name: str | None
    signer_name: str | None
    objective: str
    content: str
    completion_rule: str
    issue_mode: str
    created_at: datetime
    issued_at: datetime | None
    closed_at: datetime | None
    digest: str | None
    instance_id: str | None
    legs: tuple[LegView, ...]
    checks: tuple[CheckView, ...]
    evaluations: tuple[EvaluationView, ...]
    waiting: tuple[OpenItem, ...]
    """What somebody has to do next."""
    clocks: tuple[ClockView, ...]
    timeline: tuple[Entry, ...]
    diagram: Diagram | None


def order_page(uow: UnitOfWork, city: City, actor: Actor, directive_id: str) -> OrderView:
    """The order with this id. Raises: NotFound (`directive.unknown`) also for one the actor may not see."""
    require_directive(uow, city, actor, directive_id)
    return order_view(uow, city, directive_id)


def order_view(uow: UnitOfWork, city: City, directive_id: str) -> OrderView:
    """The order with this id, for whoever has been found to see it."""
    row = uow.execute(select(t.directive).where(t.directive.c.id == directive_id)).mappings().one()
    tasks = uow.execute(select(t.task).where(t.task.c.directive_id == directive_id)).mappings().all()
    people = names_of(uow, [row["drafter_id"], row["reviewer_id"], row["signer_id"], *(x["handler_id"] for x in tasks)])
    subjects = [directive_id, *(task["id"] for task in tasks)]
    return OrderView(
        id=row["id"],
        number=row["number"],
        incident_id=row["incident_id"],
        kind=row["kind"],
        state=row["state"],
        revision=row["revision"],
        level=row["level"],
        from_department_id=row["from_department_id"],
        drafter_name=people.get(row["drafter_id"]),
        reviewer_name=people.get(row["reviewer_id"] or ""),
        signer_name=people.get(row["signer_id"] or ""),
        objective=row["objective"],
        content=row["content"],
        completion_rule=row["completion_rule"],
        issue_mode=row["issue_mode"],
        created_at=row["created_at"],
        issued_at=row["issued_at"],
        closed_at=row["closed_at"],
        digest=row["digest"],
        instance_id=row["instance_id"],
        legs=_legs(uow, directive_id, {task["department_id"]: task for task in tasks}, people),
        checks=_checks(uow, directive_id),
        evaluations=_evaluations(uow, directive_id),
        waiting=tuple(open_items_of_order(uow, directive_id)),
        clocks=tuple(clocks_of(uow, subjects)),
        timeline=tuple(timeline(uow, subjects)),
        diagram=diagram_of(uow, city, row["instance_id"]),
    )


def _legs(
    uow: UnitOfWork, directive_id: str, tasks: Mapping[str, Mapping[Any, Any]], people: Mapping[str, str]
) -> tuple[LegView, ...]:
    receipts = uow.found(
        select(
            t.receipt.c.department_id,
            t.receipt.c.role,
            t.receipt.c.delivered_at,
            t.receipt.c.read_at,
            t.receipt.c.signed_at,
        ).where(t.receipt.c.directive_id == directive_id)
    )
    feedback = _feedback(uow, [task["id"] for task in tasks.values()])
    order = {"lead": 0, "co": 1, "copy": 2}
    legs = []
    for row in sorted(receipts, key=lambda row: (order[row[1]], row[0])):
        task = tasks.get(row[0])
        if task is None:
            legs.append(LegView(*row))
            continue
        reason = uow.keys.open(task["reason"], task["id"]) if task["reason"] is not None else ""
        legs.append(
            LegView(*(*row, task["id"], task["state"], people.get(task["handler_id"] or ""), task["return_count"],
                task["rework_count"], reason, tuple(feedback.get(task["id"], ())),))
        )  # fmt: skip
    return tuple(legs)


def _feedback(uow: UnitOfWork, task_ids: list[str]) -> dict[str, list[FeedbackView]]:
    c = t.feedback.c
    rows = uow.found(
        select(c.id, c.task_id, c.by_id, c.at, c.text, c.evidence)
        .where(c.task_id.in_(task_ids))
        .order_by(c.at, c.id)
    )  # fmt: skip
    names = names_of(uow, [row[2] for row in rows])
    found: dict[str, list[FeedbackView]] = {}
    for id_, task_id, by_id, at, text, evidence in rows:
        said = "" if text is None else uow.keys.open(text, id_)
        found.setdefault(task_id, []).append(FeedbackView(names.get(by_id), at, said, tuple(evidence)))
    return found


def _checks(uow: UnitOfWork, directive_id: str) -> tuple[CheckView, ...]:
    c = t.verification.c
    rows = uow.found(
        select(c.id, c.by_id, c.at, c.passed, c.legs, c.reason).where(c.directive_id == directive_id).order_by(c.at)
    )
    names = names_of(uow, [row[1] for row in rows])
    return tuple(
        CheckView(names.get(by_id), at, passed, tuple(legs), "" if reason is None else uow.keys.open(reason, id_))
        for id_, by_id, at, passed, legs, reason in rows
    )


def _evaluations(uow: UnitOfWork, directive_id: str) -> tuple[EvaluationView, ...]:
    c = t.evaluation.c
    rows = uow.found(select(c.id, c.by_id, c.at, c.score, c.text).where(c.directive_id == directive_id))
    names = names_of(uow, [row[1] for row in rows])
    return tuple(
        EvaluationView(names.get(by_id), at, score, "" if text is None else uow.keys.open(text, id_))
        for id_, by_id, at, score, text in rows
    )
