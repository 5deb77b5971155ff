"""The engine step with its rows, and nothing else: what a durable completion costs before any duty of a service.

One completion is one transaction: the item claimed by its revision, the state read, played on and saved, items and
timers opened and dropped, one history row. No permissions, clocks, facts, ledger or outbox: those are in `complete`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from engine.bench import reference
from engine.bpmn.effects import Effect, InstanceEnded, ItemOpened, ItemWithdrawn, TimerArmed, TimerDisarmed
from engine.bpmn.game import advance
from engine.bpmn.net import Net
from engine.bpmn.state import state_from_bytes, state_to_bytes, values_to_bytes
from engine.bpmn.stimuli import Complete, Start
from engine.clock import stopwatch
from engine.errors import Conflict
from engine.sealing import new_keys
from engine.settings import Synchronous
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import metadata
from engine.storage.tables.org import department
from engine.storage.tables.processes import (
    definition,
    instance_history,
    item_history,
    process_instance,
    timer,
    work_item,
)
from engine.storage.types import NEVER, new_id
from engine.storage.uow import Database, UnitOfWork

_READ = Prepared(
    select(
        work_item.c.node_id,
        work_item.c.opened_at,
        process_instance.c.state_bytes,
        process_instance.c.revision,
        process_instance.c.started_at,
    )
    .join_from(work_item, process_instance, process_instance.c.id == work_item.c.instance_id)
    .where(work_item.c.instance_id == bindparam("instance_id"), work_item.c.wait == bindparam("wait"))
)
_TAKE_ITEM = Prepared(
    delete(work_item).where(
        work_item.c.instance_id == bindparam("instance_id"),
        work_item.c.wait == bindparam("wait"),
        work_item.c.revision == bindparam("seen_revision"),
    )
)
_OPEN_ITEMS = Prepared(
    select(work_item.c.wait, work_item.c.node_id, work_item.c.revision).where(
        work_item.c.instance_id == bindparam("instance_id")
    )
)
_SAVE_STATE = update_row(process_instance, "state_bytes", where=("id", "revision"))
_NEW_INSTANCE = insert_into(
    process_instance,
    *("id", "definition_id", "subject_kind", "subject_id", "department_id", "state_bytes", "revision", "started_at"),
)
_NEW_ITEM = insert_into(
    work_item,
    *("instance_id", "wait", "node_id", "name", "role", "department_id", "scope", "subject_kind", "subject_id"),
    *("form", "opened_at", "sort_at", "revision"),
)
_NEW_TIMER = insert_into(timer)
_NEW_ITEM_HISTORY = insert_into(item_history)
_NEW_INSTANCE_HISTORY = insert_into(
    instance_history,
    *("id", "definition_id", "subject_kind", "subject_id", "started_at", "ended_at", "outcome", "state_digest"),
)


def _drop(table: Any, *keys: str) -> Prepared:
    return Prepared(delete(table).where(*(table.c[key] == bindparam(key) for key in keys)))


_DROP_ITEM = _drop(work_item, "instance_id", "wait")
_DROP_TIMER = _drop(timer, "instance_id", "wait")
_DROP_INSTANCE = _drop(process_instance, "id")
_DEPARTMENT = {
    "code": "bench",
    "name_zh": "基准",
    "name_en": "Bench",
    "kind": "bureau",
    "level": "city",
    "calendar": "always",
}
_DEFINITION = {
    "process_id": reference.PROCESS,
    "version": 1,
    "digest": "",
    "state": "published",
    "kind": "plain",
    "source": b"",
    "net": b"",
    "certificate": {},
    "forms": {},
    "answers": {},
    "decisions": {},
    "shipped": False,
    "revision": 1,
}


class Rows:
    """A database that holds instances of one net and completes their items."""

    def __init__(self, file: Path, net: Net, synchronous: Synchronous) -> None:
        self.database = Database(f"sqlite:///{file}", new_keys(), synchronous=synchronous)
        self.net = net
        self._actor = new_id(reference.NOW)
        self._department = new_id(reference.NOW)
        self._definition = new_id(reference.NOW)
        metadata.create_all(self.database.engine)
        with self.database.write(reference.NOW) as uow:
            uow.execute(insert(department).values(id=self._department, **_DEPARTMENT))
            uow.execute(insert(definition).values(id=self._definition, **_DEFINITION))

    def start(self) -> str:
        """The id of a new instance of the reference workload."""
        with self.database.write(reference.NOW) as uow:
            instance = uow.new_id()
            step = advance(self.net, None, Start(None, reference.START), uow.now)
            uow.run(
                _NEW_INSTANCE,
                {
                    "id": instance,
                    "definition_id": self._definition,
                    "subject_kind": "directive",
                    "subject_id": instance,
                    "department_id": self._department,
                    "state_bytes": state_to_bytes(step.state),
                    "revision": 1,
                    "started_at": uow.now,
                },
            )
            self._write(uow, instance, step.effects)
        return instance

    def open_items(self, instance: str) -> dict[str, tuple[int, int]]:
        """The open items of an instance: wait and revision by node."""
        with self.database.read(reference.NOW) as uow:
            rows = uow.rows(_OPEN_ITEMS, {"instance_id": instance})
        return {node: (wait, revision) for wait, node, revision in rows}

    def complete_node(self, instance: str, node: str) -> float:
        """Seconds that completing the open item of `node` takes, once it is found."""
        wait, revision = self.open_items(instance)[node]
        began = stopwatch()
        self.complete(instance, wait, revision, reference.ANSWERS)
        return stopwatch() - began

    def complete(self, instance: str, wait: int, revision: int, answers: Mapping[str, Any]) -> None:
        """Completes one open item in one transaction. Raises: Conflict (`work.gone`)."""
        with self.database.write(reference.NOW) as uow:
            self.complete_in(uow, instance, wait, revision, answers)

    def complete_in(self, uow: UnitOfWork, instance: str, wait: int, revision: int, answers: Mapping[str, Any]) -> None:
        """Completes one open item in the transaction `uow`. Raises: Conflict (`work.gone`)."""
        found = uow.one(_READ, {"instance_id": instance, "wait": wait})
        taken = uow.run(_TAKE_ITEM, {"instance_id": instance, "wait": wait, "seen_revision": revision})
        if found is None or not taken:
            raise Conflict("work.gone", "Expected an open item, but somebody completed it.")
        node_id, opened_at, state_bytes, instance_revision, started_at = found
        step = advance(self.net, state_from_bytes(state_bytes), Complete(wait, answers), uow.now)
        uow.run(
            _NEW_ITEM_HISTORY,
            {
                "instance_id": instance,
                "wait": wait,
                "node_id": node_id,
                "opened_at": opened_at,
                "ended_at": uow.now,
                "how": "completed",
                "actor_id": self._actor,
                "answers_bytes": values_to_bytes(answers),
            },
        )
        self._write(uow, instance, step.effects)
        content = state_to_bytes(step.state)
        if step.state.outcome is None:
            saved = {"id": instance, "state_bytes": content, "seen_revision": instance_revision}
            if not uow.run(_SAVE_STATE, saved):
                raise Conflict("work.gone", "Expected the state that was read, but somebody changed it.")
        else:
            self._end(uow, instance, started_at, step.state.outcome, content)

    def _end(self, uow: UnitOfWork, instance: str, started_at: Any, outcome: str, content: bytes) -> None:
        uow.run(_DROP_INSTANCE, {"id": instance})
        uow.run(
            _NEW_INSTANCE_HISTORY,
            {
                "id": instance,
                "definition_id": self._definition,
                "subject_kind": "directive",
                "subject_id": instance,
                "started_at": started_at,
                "ended_at": uow.now,
                "outcome": outcome,
                "state_digest": hashlib.sha256(content).hexdigest(),
            },
        )

    def _write(self, uow: UnitOfWork, instance: str, effects: tuple[Effect, ...]) -> None:
        """The effects of a step as rows."""
        for effect in effects:
            match effect:
                case ItemOpened():
                    uow.run(_NEW_ITEM, self._item(uow, instance, effect))
                case TimerArmed(wait, node, _, due_at):
                    due = {"instance_id": instance, "wait": wait, "node_id": self.net.nodes[node].id, "due_at": due_at}
                    uow.run(_NEW_TIMER, due)
                case TimerDisarmed(wait):
                    uow.run(_DROP_TIMER, {"instance_id": instance, "wait": wait})
                case ItemWithdrawn(wait):
                    uow.run(_DROP_ITEM, {"instance_id": instance, "wait": wait})
                case InstanceEnded():
                    break

    def _item(self, uow: UnitOfWork, instance: str, effect: ItemOpened) -> dict[str, Any]:
        node = self.net.nodes[effect.node]
        return {
            "instance_id": instance,
            "wait": effect.wait,
            "node_id": node.id,
            "name": node.name,
            "role": "department_clerk",
            "department_id": self._department,
            "scope": effect.scope,
            "subject_kind": "directive",
            "subject_id": instance,
            "form": node.form,
            "opened_at": uow.now,
            "sort_at": NEVER,
            "revision": 1,
        }
