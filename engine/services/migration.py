"""Running instances on another version of their process: looked at first, then each moved in a transaction of its own.

What an instance waits for stays open under the same numbers; its rows get the ids, names and roles of the new version.
A loop moves only to a loop whose nodes bear the same marks where it stands, so that its subject, its clocks and what
was proved of the version hold for it as well (CL-14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from engine.bpmn.game import Step
from engine.bpmn.migrate import Obstacle, Plan, migrate, obstacles, plan
from engine.bpmn.state import BROADCAST, ITEM, MESSAGE, State, state_from_bytes, state_to_bytes
from engine.domain.roles import DEPARTMENT_ROLES
from engine.errors import Conflict, InvalidMove
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables import processes as t
from engine.storage.tables.clocks import clock
from engine.storage.tables.routing import external_job

from .care import OPERATE, check_reason, tended
from .city import Definition
from .desk import Desk
from .effect_rows import EffectRows
from .instances import Instance, load, suspended

_MOVE = update_row(t.process_instance, "definition_id", "state_bytes", where=("id", "revision"))
_OF_VERSION = Prepared(
    select(t.process_instance.c.id, t.process_instance.c.state_bytes, t.process_instance.c.subject_id)
    .where(
        t.process_instance.c.definition_id == bindparam("definition_id"), t.process_instance.c.id > bindparam("after")
    )
    .order_by(t.process_instance.c.id)
    .limit(bindparam("limit"))
)
_place = ("instance_id", "wait")
_ITEM = Prepared(
    t.work_item.update()
    .where(*(t.work_item.c[name] == bindparam(f"at_{name}") for name in _place))
    .values(revision=t.work_item.c.revision + 1),
    ("node_id", "name", "role", "form"),
)
_MOVE_DEPARTMENT = update_row(t.work_item, "department_id", where=_place)
_NODE = {table: update_row(table, "node_id", where=_place) for table in (t.timer, t.step_failure, external_job)}
_CLOCKS = Prepared(
    clock.update().where(clock.c.instance_id == bindparam("instance_id"), clock.c.node_id == bindparam("seen_node_id")),
    ("node_id",),
)
PAGE = 200


class Prospect(NamedTuple):
    """Whether an instance can move: what keeps it, nothing where it can."""

    instance_id: str
    obstacles: tuple[Obstacle, ...]


def between(desk: Desk, definition_id: str, target_id: str, chosen: Mapping[str, str] | None = None) -> Plan:
    """The plan from one version to another. Raises: NotFound (`definition.unknown`); InvalidMove (`migrate.version`);
    Rejected (`migrate.no_such_node`).
    """
    source, target = (desk.city.definition(desk.uow, each) for each in (definition_id, target_id))
    _check_versions(source, target)
    return plan(source.net, target.net, chosen)


def _check_versions(source: Definition, target: Definition) -> None:
    if source.process_id != target.process_id or target.state != "published" or source.id == target.id:
        raise InvalidMove(
            "migrate.version", "Expected another published version of the same process, but this is none of those."
        )
    if source.kind == "loop" and target.kind != "loop":
        raise InvalidMove("migrate.not_a_loop", "Expected a loop to move to, but that version is plain.")


def preview(desk: Desk, plan: Plan, definition_id: str, after: str = "", limit: int = PAGE) -> list[Prospect]:
    """Which of so many running instances of a version can move, in the order of their ids, and what keeps the rest."""
    place = {"definition_id": definition_id, "after": after, "limit": limit}
    return [
        Prospect(row[0], tuple(obstacles(plan, state_from_bytes(bytes(row[1])))))
        for row in desk.uow.rows(_OF_VERSION, place)
    ]


def migrate_instance(
    desk: Desk,
    instance_id: str,
    target_id: str,
    reason: str,
    chosen: Mapping[str, str] | None = None,
    batch_id: str | None = None,
) -> dict[str, Any]:
    """Move one running instance to another version; nothing it waits for is lost, withdrawn boundaries apart.

    Shape: `chosen` names for nodes of the old version the node of the new one, where it is not that with the same id.
    Raises: NotFound; NotAllowed without `process:instance:operate`; InvalidMove (`migrate.version`,
    `migrate.not_a_loop`); Rejected (`migrate.obstacles`, `migrate.no_such_node`, `care.reason`); Conflict
    (`instance.suspended`, `storage.busy`).
    """
    instance = load(desk, instance_id)
    desk.require(OPERATE, instance.department_id)
    check_reason(reason)
    if instance.suspended_at is not None:
        raise suspended(instance)
    source = instance.definition
    target = desk.city.definition(desk.uow, target_id)
    _check_versions(source, target)
    road = plan(source.net, target.net, chosen)
    assert instance.state is not None
    before = instance.state
    state, effects = migrate(road, before, desk.now)
    values = {"id": instance_id, "seen_revision": instance.revision, "definition_id": target.id}
    if desk.uow.run(_MOVE, {**values, "state_bytes": state_to_bytes(state)}) != 1:
        raise Conflict("storage.busy", "Expected the instance as it was read, but another step was faster.")
    instance.revision += 1
    instance.definition, instance.state = target, state
    _rename_rows(desk, instance, road, before)
    rows = EffectRows(desk, instance, state, Step(state, effects, {}), {})
    for effect in effects:
        rows.take(effect)
    rows.write()
    versions = {"source": source.version, "target": target.version}
    tended(desk, instance, "migrate", reason, batch_id=batch_id, renamed=road.renamed, **versions)
    return {"instance_id": instance_id, "version": target.version}


def _rename_rows(desk: Desk, instance: Instance, road: Plan, before: State) -> None:
    """Give the rows of what stays open the ids, names, roles and message names of the new version."""
    uow = desk.uow
    assert instance.state is not None
    for wait, (what, index, *_) in instance.state.waits.items():
        if wait not in before.waits:
            continue
        node = road.new.nodes[index]
        place = {"instance_id": instance.id, "wait": wait}
        if what == ITEM:
            at = {f"at_{name}": value for name, value in place.items()}
            named = {"node_id": node.id, "name": node.name or node.id, "role": node.role or "", "form": node.form}
            uow.run(_ITEM, {**at, **named})
            if node.role and node.role not in DEPARTMENT_ROLES:
                uow.run(_MOVE_DEPARTMENT, {**place, "department_id": instance.department_id})
        elif what not in (MESSAGE, BROADCAST) and road.old.nodes[before.waits[wait][1]].id != node.id:
            for statement in _NODE.values():
                uow.run(statement, {**place, "node_id": node.id})
    for old, new in road.renamed.items():
        uow.run(_CLOCKS, {"instance_id": instance.id, "seen_node_id": old, "node_id": new})
