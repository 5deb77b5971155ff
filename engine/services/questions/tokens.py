"""Where the tokens of a running process stand, from the rows of what it waits for; and its diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from engine.bpmn.net import Kind
from engine.bpmn.state import state_from_bytes
from engine.services.city import City
from engine.storage.prepared import Prepared
from engine.storage.tables import processes as t
from engine.storage.uow import UnitOfWork

_RUNNING = Prepared(
    select(t.process_instance.c.definition_id, t.process_instance.c.state_bytes).where(
        t.process_instance.c.id == bindparam("id")
    )
)
_ENDED = Prepared(
    select(t.instance_history.c.definition_id, t.instance_history.c.outcome).where(
        t.instance_history.c.id == bindparam("id")
    )
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
    tokens: Counter[str] = Counter()
    if running is not None:
        nodes = definition.net.nodes
        waiting = [nodes[record[1]] for record in state_from_bytes(bytes(running[1])).waits.values()]
        # An offer that a boundary or an event sub-process makes is no token: nobody stands there yet.
        tokens.update(node.id for node in waiting if node.kind not in (Kind.BOUNDARY, Kind.START))
    return Diagram(row[0], definition.process_id, definition.version, dict(tokens), ended[1] if ended else None)
