"""The reference workload through the real service: an installation of its own, one department, one clerk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import bindparam, insert, select

from engine.bench import reference
from engine.clock import stopwatch
from engine.domain.access import SYSTEM_ACTOR, Actor, Holding
from engine.services import work
from engine.services.definitions import Source, install_version
from engine.services.desk import Desk
from engine.services.installation import open_engine, prepare
from engine.services.instances import published
from engine.services.steps import start
from engine.settings import Settings, Synchronous
from engine.storage.prepared import Prepared
from engine.storage.tables.org import department
from engine.storage.tables.processes import work_item
from engine.storage.types import new_id
from engine.testing import ManualClock

PACE = timedelta(milliseconds=50)
ROLE = "department_clerk"
_OPEN = Prepared(
    select(work_item.c.wait, work_item.c.revision).where(
        work_item.c.instance_id == bindparam("instance_id"), work_item.c.node_id == bindparam("node_id")
    )
)


class Service:
    """An engine in `folder` that plays the reference workload with roles, forms and clocks on every human node."""

    def __init__(self, folder: Path, synchronous: Synchronous) -> None:
        folder.mkdir()
        settings = Settings(
            database_url=f"sqlite:///{folder / 'bench.db'}", keys_file=folder / "keys", synchronous=synchronous
        )
        self.clock = ManualClock(reference.NOW)
        prepare(settings, self.clock)
        self.engine = open_engine(settings, self.clock)
        self._department = new_id(reference.NOW)
        self._clerk = Actor(new_id(reference.NOW), holdings=(Holding(ROLE, self._department),))
        self.engine.command(furnish, SYSTEM_ACTOR, self._department)

    def start(self) -> str:
        """The id of a new instance."""
        self.clock.advance(PACE)
        return self.engine.command(begin, SYSTEM_ACTOR, self._department)

    def complete(self, instance: str, node: str) -> float:
        """Seconds that completing the open item of `node` takes, as the clerk who sees it."""
        self.clock.advance(PACE)
        with self.engine.database.read() as uow:
            row = uow.one(_OPEN, {"instance_id": instance, "node_id": node})
        assert row is not None
        began = stopwatch()
        self.engine.command(work.complete, self._clerk, instance, row[0], row[1], reference.ANSWERS)
        return stopwatch() - began

    def close(self) -> None:
        """Closes the database."""
        self.engine.database.close()


def furnish(desk: Desk, department_id: str) -> None:
    """The one department, and the reference workload as its process."""
    desk.uow.execute(
        insert(department).values(
            id=department_id,
            code="bench",
            name_zh="基准",
            name_en="Bench",
            kind="bureau",
            level="city",
            calendar="7x24",
        )
    )
    install_version(desk, Source(reference.PROCESS, reference.ours(marked=True), {"work": reference.FORM}))


def begin(desk: Desk, department_id: str) -> str:
    """A new instance of the reference workload; its id."""
    definition = published(desk, reference.PROCESS)
    return start(desk, definition, reference.START, department_id=department_id).id
