"""Commands on directives: drafting one starts its process; from then on only the process moves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from engine.domain import directive as rules
from engine.domain.calendar import SHANGHAI
from engine.domain.events import DirectiveDrafted
from engine.domain.incident import DISTRICT
from engine.domain.lifecycle import DIRECTIVE
from engine.domain.reason import check_reason_code
from engine.errors import InvalidMove, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.directives import directive, receipt

from .desk import Desk
from .incident_moves import IncidentRow, load_incident
from .instances import published
from .messages import deliver
from .steps import start

LOOP = "closed_loop_command"
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
_INSTANCE = Prepared(
    select(directive.c.instance_id, directive.c.from_department_id).where(directive.c.id == bindparam("id"))
)


def draft_directive(
    desk: Desk,
    incident_id: str,
    *,
    kind: str,
    objective: str,
    content: str,
    addressees: Iterable[tuple[str, str]],
    issue_mode: str = "normal",
    completion_rule: str = "all",
    process_id: str = LOOP,
) -> str:
    """Draft an order for an incident and start its process; the id of the directive.

    Shape: `addressees` are (department code, role), role lead, co or copy.
    Raises: Rejected from `check_addressees`, (`directive.unknown_department`, `directive.kind`, `directive.issue_mode`,
    `directive.completion_rule`); InvalidMove (`directive.incident_not_dispatched`).
    """
    row = load_incident(desk, incident_id)
    desk.require("directive:draft:write", row.lead_centre_id)
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
    instance = start(
        desk,
        published(desk, process_id),
        {
            "directive_id": id_,
            "level": row.event_level,
            "legs": [code for code, _, role in parties if role != "copy"],
            "issue_mode": issue_mode,
            "completion_rule": completion_rule,
        },
        department_id=row.lead_centre_id,
        subject=("directive", id_),
    )
    desk.uow.run(_BIND, {"id": id_, "instance_id": instance.id})
    return id_


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


def withdraw_directive(desk: Desk, id: str, reason_code: str) -> None:
    """撤回: call an issued order back before anybody signed for it; the process hears it as a message.

    Raises: InvalidMove (`directive.already_signed`) and nothing changes; Rejected (`reason.not_a_code`); NotAllowed.
    """
    row = desk.uow.one(_INSTANCE, {"id": id})
    if row is None or row[0] is None:
        raise NotFound("directive.unknown", "Expected a directive with a running process, but there is none.", id=id)
    desk.require("directive:order:withdraw", row[1])
    deliver(desk, row[0], "directive.withdraw", {"reason": check_reason_code(reason_code)})
