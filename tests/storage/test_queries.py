"""The lists: the right rows in the right order, page after page, through an index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.storage import queries
from engine.storage.prepared import Prepared, Row
from engine.storage.tables import clocks, processes
from engine.storage.types import NEVER
from engine.storage.uow import Database, UnitOfWork
from engine.testing import ManualClock
from tests.storage.city import SmallCity, fill, put

ITEMS = 25


@pytest.fixture
def city(database: Database, clock: ManualClock) -> SmallCity:
    """A city with a running instance whose items and clocks fall due minute by minute."""
    found = fill(database, clock.now())
    now = clock.now()
    with database.write(now) as uow:
        blank = {"digest": "0", "state": "published", "kind": "loop", "source": b"", "net": b"", "certificate": {}}
        blank |= {"forms": {}, "answers": {}, "decisions": {}, "revision": 1}
        definition = put(uow, processes.definition, process_id="p", version=1, shipped=True, **blank)
        started = {"definition_id": definition, "department_id": found.department_id, "started_at": now}
        instance = put(uow, processes.process_instance, state_bytes=b"", revision=1, **started)
        policy = _policy(uow)
        for number in range(ITEMS):
            due_at = None if number == 3 else now + timedelta(minutes=(7 * number) % ITEMS)
            _item(uow, found, instance, number, due_at)
            _clock(uow, found, policy, number, due_at)
    return found


def _policy(uow: UnitOfWork) -> str:
    names = {"code": "sign_in", "event_type": "", "stage": "sign_in", "unit": "minute", "calendar": "always"}
    counts = {"version": 1, "amount": 5, "priority": 0, "effective_from": uow.now}
    return put(uow, clocks.sla_policy, **names, **counts, levels=[], ladder={})


def _item(uow: UnitOfWork, city: SmallCity, instance: str, wait: int, due_at: Any) -> None:
    names = {"node_id": "n", "name": "n", "role": "handler", "department_id": city.department_id}
    instants = {"opened_at": uow.now, "due_at": due_at, "sort_at": due_at or NEVER}
    put(uow, processes.work_item, instance_id=instance, wait=wait, scope=0, revision=1, **names, **instants)


def _clock(uow: UnitOfWork, city: SmallCity, policy: str, cycle: int, due_at: Any) -> None:
    subject = {"subject_kind": "task", "subject_id": city.task_id, "stage": "sign_in", "cycle": cycle}
    state = "met" if due_at is None else "running"
    who = {"policy_id": policy, "department_id": city.department_id}
    put(uow, clocks.clock, state=state, started_at=uow.now, due_at=due_at, **subject, **who)


def _pages(uow: UnitOfWork, first: Prepared, after: Prepared, key: Any, values: dict[str, Any]) -> list[list[Row]]:
    """Every page until one is not full."""
    pages = [uow.rows(first, values)]
    while len(pages[-1]) == values["limit"]:
        pages.append(uow.rows(after, {**values, **key(pages[-1][-1])}))
    return pages


def test_inbox_pages_hold_every_item_once_the_most_urgent_first(
    database: Database, city: SmallCity, clock: ManualClock
) -> None:
    """No item is skipped or shown twice, and what has no deadline comes last."""
    values = {"department_id": city.department_id, "role": "handler", "limit": 10}
    with database.read() as uow:
        pages = _pages(
            uow,
            queries.inbox,
            queries.inbox_after,
            lambda row: {"instance_id": row[0], "wait": row[1], "sort_at": row[11]},
            values,
        )
        assert uow.rows(queries.inbox, {**values, "role": "verifier"}) == []
    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({row[1] for row in rows}) == ITEMS
    assert [row[11] for row in rows] == sorted(row[11] for row in rows)
    assert rows[-1][8] is None


def test_overdue_board_holds_running_clocks_past_their_instant(
    database: Database, city: SmallCity, clock: ManualClock
) -> None:
    """Overdue is what the clock says now, and a clock that was met is not late."""
    values = {"now": clock.now() + timedelta(minutes=12), "limit": 5}
    with database.read() as uow:
        pages = _pages(
            uow,
            queries.overdue_board,
            queries.overdue_board_after,
            lambda row: {"id": row[0], "due_at": row[7]},
            values,
        )
    due = [row[7] for page in pages for row in page]
    assert due == [clock.now() + timedelta(minutes=minute) for minute in range(12)]


PAGE = {"department_id": "d", "role": "handler", "limit": 10}
BOARD = {"now": NEVER, "limit": 10}
AFTER = {"sort_at": NEVER, "instance_id": "i", "wait": 1}


@pytest.mark.parametrize(
    ("prepared", "values", "index"),
    [
        (queries.inbox, PAGE, "ix_work_item_department_id_role_sort_at"),
        (queries.inbox_after, PAGE | AFTER, "ix_work_item_department_id_role_sort_at"),
        (queries.overdue_board, BOARD, "ix_clock_running_due_at"),
        (
            queries.overdue_board_after,
            {"now": NEVER, "limit": 10, "due_at": NEVER, "id": "c"},
            "ix_clock_running_due_at",
        ),
    ],
    ids=["inbox", "inbox after", "overdue", "overdue after"],
)
def test_list_is_read_through_its_index(
    database: Database, city: SmallCity, prepared: Prepared, values: dict[str, Any], index: str
) -> None:
    """A list of a city with a million old items costs what its page costs."""
    form = prepared.form(database.dialect)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.read() as uow:
        if not database.is_sqlite:
            uow.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        given = form.arrange(values)
        arranged = tuple(given) if database.is_sqlite else given
        rows = uow.connection.exec_driver_sql(explain + form.sql, arranged).all()
    plan = "\n".join(str(row) for row in rows)
    assert index in plan
    assert "SCAN " not in plan.replace("Index Scan", "")
