"""What every command knows of its city: the profile, the organisation, the grid and the compiled definitions.

Read from the database when first needed and again after a minute, so that a change made by another process arrives
without a question to the database in every command. Rows of instances are never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select

from engine.bpmn.net import Net
from engine.bpmn.net_codec import net_from_bytes
from engine.domain.calendar import Calendar
from engine.domain.escalation import Ladder
from engine.domain.org import Department, DepartmentTree, DutyShift, Post, PostHolding, Roster
from engine.domain.policy import SlaPolicy, match_policy
from engine.errors import NotFound
from engine.forms import Form, compile_form
from engine.geo import CellIndex
from engine.profile import Profile
from engine.storage.prepared import Prepared
from engine.storage.tables import grid, org, processes
from engine.storage.tables.clocks import sla_policy
from engine.storage.uow import UnitOfWork

from .suggesting import shipped_suggestions

KEPT_FOR = timedelta(minutes=1)
_STANDS = frozenset({"published", "retired"})
"""States of a definition whose content no longer changes."""

_DEPARTMENTS = Prepared(
    select(
        org.department.c.id,
        org.department.c.code,
        org.department.c.name_zh,
        org.department.c.name_en,
        org.department.c.parent_id,
        org.department.c.kind,
        org.department.c.level,
        org.department.c.calendar,
        org.centre.c.kind,
        org.department.c.fallback_department_id,
    ).select_from(org.department.outerjoin(org.centre))
)
_POSTS = Prepared(select(org.post.c.id, org.post.c.department_id, org.post.c.role))
_HOLDINGS = Prepared(
    select(
        org.post_holding.c.post_id,
        org.post_holding.c.person_id,
        org.post_holding.c.valid_from,
        org.post_holding.c.valid_to,
        org.post_holding.c.deputy_of,
    )
)
_SHIFTS = Prepared(
    select(org.duty_shift.c.department_id, org.duty_shift.c.person_id, org.duty_shift.c.on_from, org.duty_shift.c.on_to)
)
_CELLS = Prepared(
    select(
        grid.grid_cell.c.id,
        grid.grid_cell.c.polygon_wkt,
        grid.grid_cell.c.owner_department_id,
        grid.grid_cell.c.officer_person_id,
    ).where(
        grid.grid_cell.c.level == 4,
        grid.grid_cell.c.valid_from <= bindparam("now", type_=grid.grid_cell.c.valid_from.type),
        or_(
            grid.grid_cell.c.valid_to.is_(None),
            grid.grid_cell.c.valid_to > bindparam("now", type_=grid.grid_cell.c.valid_to.type),
        ),
    )
)
_POLICIES = Prepared(
    select(
        sla_policy.c.id,
        sla_policy.c.code,
        sla_policy.c.version,
        sla_policy.c.stage,
        sla_policy.c.amount,
        sla_policy.c.unit,
        sla_policy.c.calendar,
        sla_policy.c.ladder,
        sla_policy.c.event_type,
        sla_policy.c.levels,
        sla_policy.c.priority,
    ).where(sla_policy.c.effective_from <= bindparam("now", type_=sla_policy.c.effective_from.type))
)
_DEFINITION = Prepared(
    select(
        processes.definition.c.process_id,
        processes.definition.c.version,
        processes.definition.c.kind,
        processes.definition.c.state,
        processes.definition.c.net,
        processes.definition.c.forms,
        processes.definition.c.deployment_id,
    ).where(processes.definition.c.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A stored version of a process, ready to play."""

    id: str
    process_id: str
    version: int
    kind: str
    state: str
    net: Net
    forms: Mapping[str, Form]
    deployment_id: str | None = None

    @property
    def is_order_loop(self) -> bool:
        """Whether it plays one order: its nodes bear the marks of the loop."""
        return any(node.loop for node in self.net.nodes)

    @property
    def moves_incident(self) -> bool:
        """Whether it is the way of an incident: no loop marks, but actions that move its subject."""
        return not self.is_order_loop and any(node.action for node in self.net.nodes)


@dataclass(frozen=True, slots=True)
class Cell:
    """A grid cell's owner and officer."""

    id: str
    owner_department_id: str
    officer_person_id: str | None


@dataclass(frozen=True, slots=True)
class _Organisation:
    tree: DepartmentTree
    roster: Roster
    cells: Mapping[str, Cell]
    index: CellIndex
    codes: frozenset[str]
    command_centre: str | None
    policies: Mapping[str, SlaPolicy]
    policy_ids: Mapping[str, str]
    matched: dict[tuple[str, str, int | None], SlaPolicy | None]
    read_at: datetime


class City:
    """The profile and what is kept of the database's slow-changing rows. Threads may share it."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.suggestions = shipped_suggestions()
        self._organisation: _Organisation | None = None
        self._kept_for = KEPT_FOR
        self._definitions: dict[str, Definition] = {}

    def forget(self) -> None:
        """Read the organisation again at the next question: for commands that change it."""
        self._organisation = None

    def keep_for(self, duration: timedelta) -> None:
        """Believe what was read for this long instead of a minute: where no other process changes the organisation."""
        self._kept_for = duration

    def forget_definition(self, id: str) -> None:
        """Read a version again at the next question: for commands that move it."""
        self._definitions.pop(id, None)

    def organisation(self, uow: UnitOfWork) -> _Organisation:
        """Departments, people on posts and duty, cells and policy rows, at most a minute old."""
        known = self._organisation
        if known is None or not timedelta() <= uow.now - known.read_at < self._kept_for:
            known = self._organisation = self._read(uow)
        return known

    def _read(self, uow: UnitOfWork) -> _Organisation:
        cells = uow.rows(_CELLS, {"now": uow.now})
        policies = {row[0]: _policy(*row[1:]) for row in uow.rows(_POLICIES, {"now": uow.now})}
        departments = [Department(*row) for row in uow.rows(_DEPARTMENTS)]
        return _Organisation(
            DepartmentTree(departments),
            Roster(
                [Post(*row) for row in uow.rows(_POSTS)],
                [PostHolding(*row) for row in uow.rows(_HOLDINGS)],
                [DutyShift(*row) for row in uow.rows(_SHIFTS)],
            ),
            {row[0]: Cell(row[0], row[2], row[3]) for row in cells},
            CellIndex((row[0], row[1]) for row in cells),
            frozenset(department.code for department in departments),
            next((d.id for d in sorted(departments, key=lambda d: d.code) if d.centre_kind == "command"), None),
            policies,
            {policy.id: id_ for id_, policy in policies.items()},
            {},
            uow.now,
        )

    def tree(self, uow: UnitOfWork) -> DepartmentTree:
        """The departments."""
        return self.organisation(uow).tree

    def roster(self, uow: UnitOfWork) -> Roster:
        """Who holds which post and who is on duty."""
        return self.organisation(uow).roster

    def cell_at(self, uow: UnitOfWork, longitude: float | None, latitude: float | None) -> Cell | None:
        """The grid cell of a point; None outside the grid or without a point."""
        if longitude is None or latitude is None:
            return None
        organisation = self.organisation(uow)
        found = organisation.index.cell_at(longitude, latitude)
        return None if found is None else organisation.cells[found]

    def command_centre(self, uow: UnitOfWork) -> str | None:
        """The id of the city's command centre, if it has one."""
        return self.organisation(uow).command_centre

    def territory(self, uow: UnitOfWork, cell_id: str | None) -> str | None:
        """The code of the department that answers for a cell."""
        cell = None if cell_id is None else self.organisation(uow).cells.get(cell_id)
        return None if cell is None else self.tree(uow).department(cell.owner_department_id).code

    def department_codes(self, uow: UnitOfWork) -> frozenset[str]:
        """The codes of all departments."""
        return self.organisation(uow).codes

    def policy(self, uow: UnitOfWork, stage: str, event_type: str, level: int | None) -> SlaPolicy | None:
        """The policy of a stage for a type and level; None where the city gives no budget."""
        organisation = self.organisation(uow)
        key = (stage, event_type, level)
        if key not in organisation.matched:
            try:
                policies = organisation.policies.values()
                best = match_policy(policies, event_type=event_type, level=level, stage=stage)
                organisation.matched[key] = best.policy
            except NotFound:
                organisation.matched[key] = None
        return organisation.matched[key]

    def policy_id(self, uow: UnitOfWork, policy: SlaPolicy) -> str:
        """The id of the row of a policy that `policy` gave."""
        return self.organisation(uow).policy_ids[policy.id]

    def policy_of(self, uow: UnitOfWork, id: str) -> SlaPolicy:
        """The policy of that row, in whatever version. Raises: KeyError."""
        return self.organisation(uow).policies[id]

    def calendar(self, code: str) -> Calendar:
        """The calendar of that code in the profile."""
        return self.profile.calendars[code]

    def definition(self, uow: UnitOfWork, id: str) -> Definition:
        """A stored version; its net is read from its bytes once. Raises: NotFound (`definition.unknown`)."""
        known = self._definitions.get(id)
        if known is None:
            row = uow.one(_DEFINITION, {"id": id})
            if row is None:
                raise NotFound("definition.unknown", "Expected a stored definition, but there is none.", id=id)
            process_id, version, kind, state, net, forms, deployment_id = row
            compiled = {name: compile_form(form) for name, form in forms.items()}
            whole = net_from_bytes(bytes(net))
            known = Definition(id, process_id, version, kind, state, whole, compiled, deployment_id)
            if state in _STANDS:
                self._definitions[id] = known
        return known


def _policy(
    code: str,
    version: int,
    stage: str,
    amount: int,
    unit: Any,
    calendar: str,
    ladder: Mapping[str, Any],
    event_type: str,
    levels: list[int],
    priority: int,
) -> SlaPolicy:
    steps = tuple((rung, recipient) for rung, recipient in ladder["steps"])
    return SlaPolicy(
        code,
        version,
        stage,
        amount,
        unit,
        calendar,
        Ladder(ladder["code"], steps),
        event_type,
        frozenset(levels),
        priority,
    )
