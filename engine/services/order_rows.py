"""Orders as rows: written when somebody says whom and what, taken up by the process that calls their loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from engine.domain import directive as rules
from engine.domain.calendar import SHANGHAI
from engine.domain.events import DirectiveDrafted
from engine.domain.incident import DISTRICT
from engine.domain.lifecycle import DIRECTIVE
from engine.errors import InvalidMove, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.directives import directive, receipt

from .desk import Desk
from .incident_moves import IncidentRow

_DRAFTABLE = ("handling", "stabilised", "feedback")
_TERMS = {
    "kind": rules.DIRECTIVE_KINDS,
    "issue_mode": rules.ISSUE_MODES,
    "completion_rule": rules.COMPLETION_RULES,
}
_NEW = insert_into(directive)
_ADDRESSEE = insert_into(receipt)
_BIND = update_row(directive, "instance_id")
_LAST_NUMBER = Prepared(select(func.max(directive.c.number)).where(directive.c.number.like(bindparam("like"))))
_PREPARED = Prepared(
    select(directive.c.id, directive.c.level, directive.c.issue_mode, directive.c.completion_rule)
    .where(
        directive.c.incident_id == bindparam("incident_id"),
        directive.c.instance_id.is_(None),
        directive.c.state == DIRECTIVE.start,
    )
    .order_by(directive.c.number)
    .limit(1)
)
_LEGS = Prepared(
    select(receipt.c.department_id)
    .where(receipt.c.directive_id == bindparam("directive_id"), receipt.c.role != "copy")
    .order_by(receipt.c.role.desc(), receipt.c.department_id)
)


def prepare_order(
    desk: Desk,
    row: IncidentRow,
    *,
    kind: str,
    objective: str,
    content: str,
    addressees: Iterable[tuple[str, str]],
    issue_mode: str = "normal",
    completion_rule: str = "all",
) -> str:
    """Write an order of a dispatched incident that no process has taken up yet; its id.

    Shape: `addressees` are (department code, role), role lead, co or copy.
    Raises: Rejected from `check_addressees`, (`directive.unknown_department`, `directive.kind`, `directive.issue_mode`,
    `directive.completion_rule`); InvalidMove (`directive.incident_not_dispatched`).
    """
    if row.state not in _DRAFTABLE:
        raise InvalidMove(
            "directive.incident_not_dispatched",
            f"Expected a dispatched incident, but it is {row.state}. Dispatch it first.",
            state=row.state,
        )
    terms = {"kind": kind, "issue_mode": issue_mode, "completion_rule": completion_rule}
    _check_terms(terms)
    parties = _departments(desk, rules.check_addressees(addressees))
    id_ = _store(desk, row, {**terms, "objective": objective, "content": content})
    blank = {"directive_id": id_, "delivered_at": None, "read_at": None, "signed_at": None}
    desk.uow.run_many(_ADDRESSEE, [{**blank, "department_id": d, "role": role} for _, d, role in parties])
    return id_


def prepared_order(desk: Desk, incident_id: str) -> dict[str, Any]:
    """What its loop is given for the oldest order of the incident that waits for one.

    Raises: InvalidMove (`incident.no_order`) where none waits.
    """
    found = desk.uow.one(_PREPARED, {"incident_id": incident_id})
    if found is None:
        raise InvalidMove(
            "incident.no_order",
            "Expected an order written before its loop is called, but there is none. Let a step with "
            'cl:action="dispatch" come first.',
        )
    id_, level, issue_mode, completion_rule = found
    tree = desk.city.tree(desk.uow)
    legs = [tree.department(row[0]).code for row in desk.uow.rows(_LEGS, {"directive_id": id_})]
    return {
        "directive_id": id_,
        "level": level,
        "legs": legs,
        "issue_mode": issue_mode,
        "completion_rule": completion_rule,
    }


def take_up_order(desk: Desk, directive_id: str, instance_id: str) -> None:
    """Say which instance plays the order."""
    desk.uow.run(_BIND, {"id": directive_id, "instance_id": instance_id})


def _check_terms(terms: Mapping[str, str]) -> None:
    """Refuse a kind, mode or rule that is none. Raises: Rejected (`directive.<name>`)."""
    for name, value in terms.items():
        if value not in _TERMS[name]:
            raise Rejected(f"directive.{name}", f"Expected {name} among {', '.join(_TERMS[name])}, but got {value!r}.")


def _store(desk: Desk, row: IncidentRow, given: Mapping[str, str]) -> str:
    """The row of a new order and the fact of it; its id."""
    id_ = desk.uow.new_id()
    order_number = _next_number(desk)
    desk.uow.run(
        _NEW,
        {
            **dict.fromkeys(column.name for column in directive.columns),
            **given,
            "id": id_,
            "number": order_number,
            "incident_id": row.id,
            "state": DIRECTIVE.start,
            "revision": 1,
            "level": row.event_level,
            "from_department_id": row.lead_centre_id,
            "drafter_id": desk.actor.person_id,
            "created_at": desk.now,
            "return_count": 0,
            "rework_count": 0,
        },
    )
    drafted = DirectiveDrafted(
        at=desk.now,
        subject_id=id_,
        actor_id=desk.actor_id,
        number=order_number,
        incident_id=row.id,
        kind=given["kind"],
    )
    desk.record(drafted, f"directive:{id_}")
    return id_


def _departments(desk: Desk, addressees: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Code, id and role of each addressee."""
    tree = desk.city.tree(desk.uow)
    found = []
    for code, role in addressees:
        department = tree.by_code(code)
        if department is None:
            raise Rejected(
                "directive.unknown_department",
                f"Expected a department of the city, but {code!r} is none.",
                department=code,
            )
        found.append((code, department.id, role))
    return found


def _next_number(desk: Desk) -> str:
    day = f"{desk.now.astimezone(ZoneInfo(SHANGHAI)):%Y%m%d}"
    row = desk.uow.one(_LAST_NUMBER, {"like": rules.number(day, DISTRICT, 0)[:-6] + "%"})
    last = 0 if row is None or row[0] is None else int(row[0].rsplit("-", 1)[1])
    return rules.number(day, DISTRICT, last + 1)
