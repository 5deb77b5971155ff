"""Commands on versions: to review, back for revision, published by a second person, retired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from engine.bpmn.net import Call, Net
from engine.bpmn.net_codec import net_from_bytes
from engine.domain.events import DefinitionMoved, DefinitionStored
from engine.domain.lifecycle import DEFINITION
from engine.errors import NotAllowed, Rejected
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables.ledger import fact
from engine.storage.tables.processes import definition
from engine.storage.uow import UnitOfWork

from .callees import callee
from .desk import Desk
from .draft_rows import DraftRow, changed, draft_row, require
from .proving import is_stale
from .starts import arm, disarm

LONGEST_REASON = 1_000
_STATE = update_row(definition, "state", where=("id", "revision"))
_RETURNED = update_row(definition, "state", "return_reason", where=("id", "revision"))
_HAND_IN = Prepared(
    select(fact.c.code, fact.c.payload).where(
        fact.c.subject_id == bindparam("subject_id"),
        fact.c.actor_id == bindparam("actor_id"),
        or_(fact.c.code == DefinitionStored.code, fact.c.code == DefinitionMoved.code),
    )
)
_PUBLISHED = update_row(definition, "state", "publisher_id", "published_at", "effective_from", where=("id", "revision"))


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a version cannot be published: the code of the refusal, its sentence, and on which element."""

    code: str
    message: str
    element: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


def blockers(uow: UnitOfWork, draft: DraftRow) -> list[Blocker]:
    """Everything that keeps a version from being published, whoever would do it."""
    return list(_blockers(uow, draft))


def _blockers(uow: UnitOfWork, draft: DraftRow) -> Iterator[Blocker]:
    report = draft.report
    open_now = [finding for finding in report.get("findings", ()) if finding.get("question")]
    if open_now:
        message = f"Expected an answer to every question, but {len(open_now)} are open."
        yield Blocker("definition.not_answered", message, open_now[0]["element"], {"count": len(open_now)})
    if not draft.net:
        yield Blocker("definition.does_not_run", "Expected a process that runs, but an error keeps it from it.")
    if report.get("second_opinion", {}).get("verdict") == "differs":
        reason = str(report["second_opinion"]["reason"])
        message = f"Expected the second reader to agree, but it differs: {reason}"
        yield Blocker("definition.second_opinion", message, None, {"reason": reason})
    if draft.net:
        net = net_from_bytes(draft.net)
        yield from _missing_parts(uow, draft, net)
        if draft.certificate.get("proved") and is_stale(uow, draft.deployment_id, net, draft.certificate):
            message = "Expected a proof with the processes that are called now, but one of them has changed."
            yield Blocker("definition.proof_stale", message)
    if not draft.certificate.get("proved"):
        message = f"Expected a proof as {draft.kind}, but the version is not proved."
        yield Blocker("definition.not_proved", message, None, {"kind": draft.kind})


def _missing_parts(uow: UnitOfWork, draft: DraftRow, net: Net) -> Iterator[Blocker]:
    for node in net.nodes:
        if node.form is not None and node.form not in draft.forms:
            message = f"Expected the form “{node.form}”, but it is not there."
            yield Blocker("definition.no_form", message, node.id, {"forms": node.form})
        if node.call is not None and not _is_there(uow, draft, node.call):
            message = f"Expected a published version of “{node.call.process}” to call, but there is none."
            yield Blocker("definition.no_callee", message, node.id, {"process": node.call.process})


def _is_there(uow: UnitOfWork, draft: DraftRow, call: Call) -> bool:
    """Whether the called version is published, or is this very one."""
    return call.process == draft.process_id or callee(uow, draft.deployment_id, call) is not None


def submit_for_review(desk: Desk, id: str, revision: int) -> int:
    """Hand a draft to a second person; the new revision.

    Raises: NotAllowed; InvalidMove (`definition.not_draft`); Conflict (`definition.changed`).
    """
    return _move(desk, id, revision, "submit_for_review")


def return_for_revision(desk: Desk, id: str, revision: int, reason: str) -> int:
    """Give a version in review back to its author; the new revision.

    Raises: NotAllowed; InvalidMove (`definition.not_in_review`, `definition.reason_missing`); Rejected
    (`definition.reason`) for one that is too long; Conflict (`definition.changed`).
    """
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise Rejected("definition.reason", f"Expected at most {LONGEST_REASON} characters, but there are more.")
    sealed = desk.uow.keys.seal("definition", "return_reason", id, reason) if reason else None
    return _move(desk, id, revision, "return_for_revision", ["reason"] if reason else [], return_reason=sealed)


def publish(desk: Desk, id: str, revision: int, effective_from: str | None = None) -> int:
    """Put a version into force, from now or from an instant (RFC 3339) on; the new revision.

    Shape: an instant that is past means now, so that no timer catches up with years before the version.

    Raises: NotAllowed (`definition.same_person`) for whoever made, changed or handed it in; Rejected
    with the code of the first reason why it
    cannot be published, and all of them as findings; InvalidMove; Conflict (`definition.changed`).
    """
    draft = draft_row(desk.uow, id)
    require(desk, DEFINITION.decide(draft.state, "publish", ["certificate"]).permission)
    found = blockers(desk.uow, draft)
    if found:
        first = found[0]
        raise Rejected(first.code, first.message, element=first.element, findings=tuple(found), **first.params)
    if draft.author_id is None or draft.author_id == desk.actor_id or _has_a_hand_in(desk, id):
        message = "Expected a second person to publish a version, but they made, changed or handed in this one."
        raise NotAllowed("definition.same_person", message, id=id)
    since = desk.now if effective_from is None else max(desk.now, datetime.fromisoformat(effective_from))
    given = {"publisher_id": desk.actor_id, "published_at": desk.now, "effective_from": since}
    new = _move(desk, id, revision, "publish", ["certificate"], **given)
    arm(desk, id, net_from_bytes(draft.net), since)
    return new


def _has_a_hand_in(desk: Desk, id: str) -> bool:
    """Whether the actor gave a version any of its content or answers, or handed it in: a second person did neither."""
    place = {"subject_id": id, "actor_id": desk.actor_id}
    return any(
        code == DefinitionStored.code or payload["action"] == "submit_for_review"
        for code, payload in desk.uow.rows(_HAND_IN, place)
    )


def retire(desk: Desk, id: str, revision: int) -> int:
    """Begin nothing on a version any more; what runs on it goes on. The new revision.

    Where an earlier version is still published, that one begins again.

    Raises: NotAllowed; InvalidMove (`definition.not_in_force`); Conflict (`definition.changed`).
    """
    new = _move(desk, id, revision, "retire")
    disarm(desk, id)
    return new


_REASON = Prepared(select(definition.c.return_reason).where(definition.c.id == bindparam("id")))
_STATEMENTS = {"return_for_revision": _RETURNED, "publish": _PUBLISHED}


def _move(
    desk: Desk, id: str, revision: int, action: str, given: list[str] | tuple[str, ...] = (), **columns: Any
) -> int:
    draft = draft_row(desk.uow, id)
    move = DEFINITION.decide(draft.state, action, given)
    require(desk, move.permission)
    values = {"id": id, "seen_revision": revision, "state": move.target, **columns}
    if desk.uow.run(_STATEMENTS.get(action, _STATE), values) != 1:
        raise changed(draft)
    moved = DefinitionMoved(
        at=desk.now, subject_id=id, actor_id=desk.actor_id, action=action, source=move.source, target=move.target
    )
    desk.record(moved, f"definition:{id}")
    desk.city.forget_definition(id)
    return revision + 1


def reason_of(uow: UnitOfWork, id: str) -> str | None:
    """Why a version came back the last time; None where it never did."""
    row = uow.one(_REASON, {"id": id})
    return None if row is None or row[0] is None else uow.keys.open(row[0], id)
