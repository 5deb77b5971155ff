"""Lists that never load an instance (D6): each reads one narrow table by one index, page after page by its last row."""

from __future__ import annotations

from sqlalchemy import bindparam, literal_column, select, tuple_

from engine.storage.prepared import Prepared
from engine.storage.tables.clocks import clock
from engine.storage.tables.processes import work_item

_item = work_item.c
_inbox = (
    select(
        _item.instance_id,
        _item.wait,
        _item.node_id,
        _item.name,
        _item.subject_kind,
        _item.subject_id,
        _item.task_id,
        _item.opened_at,
        _item.due_at,
        _item.claimed_by,
        _item.revision,
        _item.sort_at,
    )
    .where(_item.department_id == bindparam("department_id"), _item.role == bindparam("role"))
    .order_by(_item.sort_at, _item.instance_id, _item.wait)
    .limit(bindparam("limit"))
)

inbox = Prepared(_inbox)
"""The first page of the open items of a department's role, the most urgent first; `limit` rows."""

inbox_after = Prepared(
    _inbox.where(
        tuple_(_item.sort_at, _item.instance_id, _item.wait)
        > tuple_(
            bindparam("sort_at", type_=_item.sort_at.type),
            bindparam("instance_id", type_=_item.instance_id.type),
            bindparam("wait", type_=_item.wait.type),
        )
    )
)
"""The next page: what comes after the row with this `sort_at`, `instance_id` and `wait`."""

_clock = clock.c
# 'running' stands in the text and is no parameter: SQLite uses a partial index only where it can see the value
_overdue = (
    select(
        _clock.id,
        _clock.subject_kind,
        _clock.subject_id,
        _clock.stage,
        _clock.cycle,
        _clock.department_id,
        _clock.holder_id,
        _clock.due_at,
    )
    .where(_clock.state == literal_column("'running'"), _clock.due_at < bindparam("now", type_=_clock.due_at.type))
    .order_by(_clock.due_at, _clock.id)
    .limit(bindparam("limit"))
)

overdue_board = Prepared(_overdue)
"""The first page of running clocks whose instant has passed at `now`, the oldest first; `limit` rows."""

overdue_board_after = Prepared(
    _overdue.where(
        tuple_(_clock.due_at, _clock.id)
        > tuple_(bindparam("due_at", type_=_clock.due_at.type), bindparam("id", type_=_clock.id.type))
    )
)
"""The next page: what comes after the clock with this `due_at` and `id`."""
