"""What the demo says of itself: every number a question to the database, none kept while playing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from engine.domain.lifecycle import DIRECTIVE
from engine.storage.tables.clocks import escalation
from engine.storage.tables.directives import directive, duty_done, task
from engine.storage.tables.incidents import incident
from engine.storage.tables.processes import call, operation, process_instance, step_failure, timer, work_item
from engine.storage.uow import UnitOfWork

SUPERVISING_RUNG = 150
_DROPPED = ("withdrawn", "superseded", "voided", "expired")
"""Directives that count for nothing."""

_WAITS = (work_item, timer, call, operation, step_failure)
"""What an open instance may wait for. Its subscriptions do not count: those of the shipped loop are standing offers
(withdrawal, change of level, reports on the way), of which none has to be taken up."""


def _number_of(table: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(table).where(*conditions)


def _loops_closed() -> Select[Any]:
    """Incidents evaluated, all their directives closed, and in each of these other people handled, verified, evaluated.

    Source: architecture, the definition of *loop closed*.
    """
    ours = and_(directive.c.incident_id == incident.c.id, directive.c.state.not_in(_DROPPED))
    handled_by = exists().where(
        duty_done.c.directive_id == directive.c.id,
        duty_done.c.duty == "handle",
        or_(duty_done.c.person_id == directive.c.verifier_id, duty_done.c.person_id == directive.c.evaluator_id),
    )
    falls_short = or_(
        directive.c.state != "closed",
        directive.c.verifier_id.is_(None),
        directive.c.evaluator_id.is_(None),
        directive.c.verifier_id == directive.c.evaluator_id,
        handled_by,
    )
    return _number_of(
        incident,
        incident.c.state.in_(("evaluated", "archived")),
        exists().where(ours),
        ~exists().where(ours, falls_short),
    )


def _open_without_wait() -> Select[Any]:
    """Running instances for which there is nothing to do and nothing to wait for, and open directives without one."""
    waits = [exists().where(table.c.instance_id == process_instance.c.id) for table in _WAITS]
    running = exists().where(
        process_instance.c.subject_kind == "directive", process_instance.c.subject_id == directive.c.id
    )
    stuck = _number_of(process_instance, ~or_(*waits)).scalar_subquery()
    left = _number_of(directive, directive.c.state.not_in(DIRECTIVE.final_states), ~running).scalar_subquery()
    return select(stuck + left)


_COUNTS: Mapping[str, Select[Any]] = {
    "incidents": _number_of(incident),
    "directives": _number_of(directive),
    "tasks": _number_of(task),
    "escalations": _number_of(
        escalation, escalation.c.rung >= SUPERVISING_RUNG, escalation.c.recipient_role == "supervisor"
    ),
    "reworks": select(func.coalesce(func.sum(task.c.rework_count), 0)),
    "returns": select(func.coalesce(func.sum(task.c.return_count), 0)),
    "loops_closed": _loops_closed(),
    "open_without_wait": _open_without_wait(),
}


def count_all(uow: UnitOfWork) -> dict[str, int]:
    """The numbers of the summary by name."""
    return {name: int(uow.execute(statement).scalar_one()) for name, statement in _COUNTS.items()}


def count_types(uow: UnitOfWork) -> int:
    """How many types of event the incidents have."""
    return int(uow.execute(select(func.count(incident.c.event_type.distinct()))).scalar_one())


def count_departments(uow: UnitOfWork) -> int:
    """How many departments have a task."""
    return int(uow.execute(select(func.count(task.c.department_id.distinct()))).scalar_one())


def count_levels(uow: UnitOfWork) -> dict[int | None, int]:
    """Incidents by level, the most severe first, those without one last."""
    counted: dict[int | None, int] = _grouped(uow, incident.c.event_level)
    return dict(sorted(counted.items(), key=lambda pair: pair[0] or 9))


def count_open_nodes(uow: UnitOfWork) -> dict[str, int]:
    """Open work items by the node they stand at."""
    return dict(sorted(_grouped(uow, work_item.c.node_id).items()))


def _grouped(uow: UnitOfWork, column: ColumnElement[Any]) -> dict[Any, int]:
    """How many rows have each value of the column."""
    rows: Iterable[Any] = uow.execute(select(column, func.count()).group_by(column)).all()
    return {value: int(count) for value, count in rows}
