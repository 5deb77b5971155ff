"""Commands on directives: an order is drafted for an incident, whose process calls its loop; a loop is called back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from engine.domain.reason import check_reason_code
from engine.errors import InvalidMove, NotFound
from engine.storage.prepared import Prepared
from engine.storage.tables.directives import directive

from .desk import Desk
from .incident_moves import load_incident
from .messages import deliver, deliver_in_scope_that_waits
from .order_rows import prepare_order

LOOP = "closed_loop_command"
ORDER_DRAFTED = "order.drafted"
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
) -> str:
    """Draft one more order for an incident at work; its process hears of it and calls the loop. The order's id.

    Shape: `addressees` are (department code, role), role lead, co or copy.
    Raises: as `prepare_order`; InvalidMove (`directive.incident_not_dispatched`) too where the process of the incident
    takes no further order now.
    """
    row = load_incident(desk, incident_id)
    desk.require("directive:draft:write", row.lead_centre_id)
    id_ = prepare_order(
        desk,
        row,
        kind=kind,
        objective=objective,
        content=content,
        addressees=addressees,
        issue_mode=issue_mode,
        completion_rule=completion_rule,
    )
    if row.instance_id is None or not deliver_in_scope_that_waits(desk, row.instance_id, ORDER_DRAFTED):
        raise InvalidMove(
            "directive.incident_not_dispatched",
            "Expected an incident whose process takes a further order, but this one does not. Let it be handled again.",
            state=row.state,
        )
    return id_


def withdraw_directive(desk: Desk, id: str, reason_code: str) -> None:
    """撤回: call an issued order back before anybody signed for it; the process hears it as a message.

    Raises: InvalidMove (`directive.already_signed`) and nothing changes; Rejected (`reason.not_a_code`); NotAllowed.
    """
    row = desk.uow.one(_INSTANCE, {"id": id})
    if row is None or row[0] is None:
        raise NotFound("directive.unknown", "Expected a directive with a running process, but there is none.", id=id)
    desk.require("directive:order:withdraw", row[1])
    deliver(desk, row[0], "directive.withdraw", {"reason": check_reason_code(reason_code)})
