"""The twenty lines in `engine/README.md` are true: they run as they are printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.storage.tables import directives, incidents

pytestmark = pytest.mark.fast

README = Path(__file__).parents[2] / "engine" / "README.md"


def twenty_lines() -> str:
    """The Python block under "An order in twenty lines"."""
    section = README.read_text(encoding="utf-8").split("## An order in twenty lines\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```python\n(.+?)```", section, re.DOTALL)
    return str(block)


def test_readme_block_is_at_most_twenty_lines():
    """An engine that needs more than twenty lines to show an order is too hard to use."""
    assert len([line for line in twenty_lines().splitlines() if line.strip()]) <= 20


def test_readme_block_takes_an_order_from_draft_to_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One rework, the supervisor called at 150 %, and a closed directive with nothing open: `engine` alone does it."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(twenty_lines(), str(README), "exec"), names)
    city = names["city"]
    with city.engine.database.read(city.clock.now()) as uow:
        order = uow.execute(select(directives.directive)).one()
        tasks = uow.execute(select(directives.task.c.state, directives.task.c.rework_count)).all()
        incident = uow.execute(select(incidents.incident)).one()
    assert (order.id, order.state, order.rework_count) == (names["order"], "closed", 1)
    assert order.verifier_id != order.evaluator_id
    assert sorted(tasks) == [("verified", 0), ("verified", 1)]
    assert incident.rework_count == 1
    called = [(50, "department_clerk"), (80, "duty_officer"), (100, "department_head"), (150, "supervisor")]
    assert city.escalations() == called
    assert city.items() == []
    assert city.engine.verify().ok
    city.close()
