"""The incident an instance is bound to: what `cl:action` on a node of its process does, by the table, with its records.

The process says when, the life-cycle table says whether, and here stands what each action writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.domain.event_type import event_type_named
from engine.domain.incident import SETTLED, check_evaluation, decide_dispatch, move_on_source_cancel
from engine.domain.reason import check_reason_code
from engine.errors import InvalidMove, Rejected
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables.incidents import incident

from .desk import Desk
from .incident_moves import directive_states, load_incident, move_incident
from .order_rows import prepare_order
from .questions.sight import lies, sees

_TARGET = Prepared(select(incident.c.id, incident.c.state).where(incident.c.number == bindparam("number")))
_RETYPE = update_row(incident, "event_type", "category", "event_level", where=("id",), revision=incident.c.revision + 1)
_ROLES = ("lead", "co", "copy")

Answers = Mapping[str, Any]


class BoundIncident:
    """The rows behind an instance of an incident's process: loaded once for a step, moved by their table."""

    def __init__(self, desk: Desk, incident_id: str) -> None:
        self.desk = desk
        self.row = load_incident(desk, incident_id)

    @property
    def id(self) -> str:
        """The incident's id."""
        return self.row.id

    @property
    def event_type(self) -> str:
        """Its type, which with the level chooses the policy of a clock."""
        return self.row.event_type

    @property
    def level(self) -> int | None:
        """Its level, 1 to 4; None without one."""
        return self.row.event_level

    @property
    def state(self) -> str:
        """Its state now."""
        return self.row.state

    @property
    def is_settled(self) -> bool:
        """Whether its process may end."""
        return self.row.state in SETTLED

    def act(self, action: str, answers: Answers) -> None:
        """Carry out the action a node names, with what was answered or came with the message.

        Raises: InvalidMove (`incident.unknown_action`, or from the table); Rejected for answers that do not do.
        """
        act = _ACTS.get(action)
        if act is None:
            raise InvalidMove(
                "incident.unknown_action",
                f"Expected one of {', '.join(_ACTS)}, but the process asks for {action!r}.",
                action=action,
            )
        act(self, answers)

    def _move(self, action: str, *given: str, **columns: Any) -> None:
        move_incident(self.desk, self.row, action, given, **columns)

    def _seal(self, column: str, text: str) -> Any:
        return self.desk.uow.keys.seal("incident", column, self.id, text) if text.strip() else None

    # -- intake ----------------------------------------------------------------------------------------------------

    def _accept(self, answers: Answers) -> None:
        """受理: the report is a case of the city."""
        self._move("accept", accepted_at=self.desk.now)

    def _reject(self, answers: Answers) -> None:
        """不予受理, for a reason of the city's list."""
        self._move("reject", "reason", closed_reason=check_reason_code(answers.get("reason_code", "")))

    def _answer(self, answers: Answers) -> None:
        """直接答复: there is nothing to handle, and the reporter is told so."""
        reply = self._seal("reply", answers.get("reply", ""))
        if reply is None:
            raise InvalidMove("incident.reply_missing", "Expected the reply to the reporter, but there is none.")
        self._move("reject", "reason", closed_reason="answered", reply=reply)

    def _merge(self, answers: Answers) -> None:
        """并案: the same matter is at work already, under another number."""
        number = str(answers.get("into", "")).strip()
        desk = self.desk
        found = desk.uow.one(_TARGET, {"number": number})
        place = None if found is None else lies(desk.uow, found[0])
        is_seen = place is not None and sees(desk.uow, desk.city, desk.actor, place)
        if found is None or not is_seen or found[0] == self.id or found[1] in SETTLED:
            raise Rejected(
                "incident.merge_target",
                "Expected the number of another incident that is still open, but you see none with it.",
                number=number,
            )
        self._move("merge", merged_into_id=found[0])

    def _call_off(self, answers: Answers) -> None:
        """Its source took back what it said, before anybody acted on it."""
        action = move_on_source_cancel(self.state)
        if action is None:
            raise InvalidMove("incident.called_off_late", "Expected an incident nobody acted on, but somebody has.")
        self._move(action, "reason", closed_reason="source_cancelled")

    # -- filing and dispatch ---------------------------------------------------------------------------------------

    def _file(self, answers: Answers) -> None:
        """立案: type and level are settled (as suggested, unless given) and a lead department is proposed."""
        desk, row = self.desk, self.row
        kind = event_type_named(desk.city.profile.event_types, answers.get("event_type") or row.event_type)
        given = answers.get("level")
        settled = row.event_level if given is None else given
        if not kind.is_graded:
            if given is not None:
                raise Rejected("incident.level", f"Expected no level, because type {kind.code} has none.", level=given)
            settled = None
        tree = desk.city.tree(desk.uow)
        proposal = decide_dispatch(
            kind,
            territory=desk.city.territory(desk.uow, row.grid_cell_id),
            fallback=tree.department(row.lead_centre_id).code,
            existing=desk.city.department_codes(desk.uow),
        )
        lead = tree.by_code(proposal.lead)
        row.event_type, row.event_level = kind.code, settled
        self._move(
            "file",
            event_type=kind.code,
            category=kind.category,
            event_level=settled,
            sensitive=bool(answers.get("sensitive")),
            lead_department_id=None if lead is None else lead.id,
            filed_at=desk.now,
        )

    def _retype(self, answers: Answers) -> None:
        """转为事件: what came in as a request is an event of another type; nobody has accepted it yet."""
        desk = self.desk
        kind = event_type_named(desk.city.profile.event_types, answers.get("event_type", ""))
        level = self.level if kind.is_graded else None
        desk.uow.run(_RETYPE, {"id": self.id, "event_type": kind.code, "category": kind.category, "event_level": level})
        self.row.event_type, self.row.event_level = kind.code, level

    def _decline(self, answers: Answers) -> None:
        """不予立案, for a reason of the city's list."""
        self._move("decline", "reason", closed_reason=check_reason_code(answers.get("reason_code", "")))

    def _dispatch(self, answers: Answers) -> None:
        """派遣: the case goes to departments, by an order whose loop the process calls next."""
        if self.state == "filed":
            self._move("dispatch", dispatched_at=self.desk.now)
        self.desk.require("incident:case:dispatch", self.row.lead_centre_id)
        given = {name: answers[name] for name in ("issue_mode", "completion_rule") if answers.get(name)}
        prepare_order(
            self.desk,
            self.row,
            kind=answers.get("kind", "dispatch"),
            objective=answers.get("objective", ""),
            content=answers.get("content", ""),
            addressees=[(code, role) for role in _ROLES for code in answers.get(role) or ()],
            **given,
        )

    def _assign(self, answers: Answers) -> None:
        """首接负责: a request is filed and dispatched in one step to the department that answers for it."""
        if self.state == "accepted":
            self._file(answers)
        self._dispatch(answers)

    def _rehandle(self, answers: Answers) -> None:
        """再次办理: what came back does not do, or every order was called back."""
        if self.state == "verified":
            self._move("rehandle", "reason")
        elif self.state not in ("handling", "stabilised"):
            raise InvalidMove(
                "incident.cannot_rehandle", f"Expected an incident to handle again, but it is {self.state}."
            )

    # -- the end ---------------------------------------------------------------------------------------------------

    def _close(self, answers: Answers) -> None:
        """结案: verified, and the reporter's reply is recorded."""
        reply = self._seal("reply", answers.get("reply", ""))
        self._move("close", *(["reply"] if reply else []), closed_at=self.desk.now, reply=reply)

    def _evaluate(self, answers: Answers) -> None:
        """评价: the loop of an incident closes; every directive must be closed."""
        check_evaluation(directive_states(self.desk, self.id))
        self._move(
            "evaluate",
            "evaluation",
            evaluated_at=self.desk.now,
            evaluation_score=answers.get("score", 0),
            evaluator_id=self.desk.actor_id,
            evaluation=self._seal("evaluation", answers.get("text", "")),
        )


_ACTS: Mapping[str, Callable[[BoundIncident, Answers], None]] = {
    "accept": BoundIncident._accept,
    "reject": BoundIncident._reject,
    "answer": BoundIncident._answer,
    "merge": BoundIncident._merge,
    "call_off": BoundIncident._call_off,
    "file": BoundIncident._file,
    "decline": BoundIncident._decline,
    "retype": BoundIncident._retype,
    "dispatch": BoundIncident._dispatch,
    "assign": BoundIncident._assign,
    "rehandle": BoundIncident._rehandle,
    "close": BoundIncident._close,
    "evaluate": BoundIncident._evaluate,
}
