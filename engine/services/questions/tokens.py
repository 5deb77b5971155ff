"""Where the tokens of a running process stand, from the rows of what it waits for; and its diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from engine.bpmn.net import Kind
from engine.services.city import City
from engine.storage.prepared import Prepared
from engine.storage.tables import processes as t
from engine.storage.uow import UnitOfWork

_RUNNING = Prepared(select(t.process_instance.c.definition_id).where(t.process_instance.c.id == bindparam("id")))
_ENDED = Prepared(
    select(t.instance_history.c.definition_id, t.instance_history.c.outcome).where(
        t.instance_history.c.id == bindparam("id")
    )
)
_AT = [
    Prepared(select(table.c.node_id).where(table.c.instance_id == bindparam("id")))
    for table in (t.work_item, t.timer, t.step_failure)
]
_CALLED = Prepared(
    select(t.definition.c.process_id)
    .join_from(t.call, t.process_instance, t.call.c.child_instance_id == t.process_instance.c.id)
    .join(t.definition, t.process_instance.c.definition_id == t.definition.c.id)
    .where(t.call.c.instance_id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Diagram:
    """Which version a process runs on, and how many tokens stand at each of its elements; none once it has ended."""

    definition_id: str
    process_id: str
    version: int
    tokens: Mapping[str, int]
    outcome: str | None


def diagram_of(uow: UnitOfWork, city: City, instance_id: str | None) -> Diagram | None:
    """The diagram of an instance, running or ended; None without one."""
    if instance_id is None:
        return None
    running = uow.one(_RUNNING, {"id": instance_id})
    ended = uow.one(_ENDED, {"id": instance_id}) if running is None else None
    row = running or ended
    if row is None:
        return None
    definition = city.definition(uow, row[0])
    kinds = {node.id: node.kind for node in definition.net.nodes}
    waits = [row[0] for at in _AT for row in uow.rows(at, {"id": instance_id})]
    tokens = Counter(node for node in waits if kinds.get(node) not in (Kind.BOUNDARY, Kind.START))
    calls = {node.call.process: node.id for node in definition.net.nodes if node.kind is Kind.CALL and node.call}
    tokens.update(calls[found[0]] for found in uow.rows(_CALLED, {"id": instance_id}) if found[0] in calls)
    return Diagram(row[0], definition.process_id, definition.version, dict(tokens), ended[1] if ended else None)
