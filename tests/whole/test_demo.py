"""The demo as a whole: a day played through the services reaches what it promises, by questions of the tests' own."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.clock import FixedClock
from engine.demo.day import build_day
from engine.demo.show import DATABASE, SETTINGS, Summary, show_demo
from engine.errors import Conflict
from engine.services.installation import open_engine
from engine.settings import load_settings

MORNING_AFTER = datetime(2026, 7, 2, 1, 0, tzinfo=UTC)
"""Thursday, 09:00 in the city: the last whole day is a Wednesday."""

TODAY = date(2026, 7, 1)


@dataclass
class Played:
    """A played demo: its summary, its folder, and its database to ask."""

    summary: Summary
    folder: Path
    connection: sqlite3.Connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return self.connection.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        """The answer of a question that has one number."""
        return int(self.rows(sql)[0][0])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The demo of one morning."""
    folder = tmp_path_factory.mktemp("demo")
    summary = show_demo(folder, FixedClock(MORNING_AFTER))
    connection = sqlite3.connect(folder / DATABASE)
    yield Played(summary, folder, connection)
    connection.close()


GOALS = {
    "incidents": (40, "SELECT count(*) FROM incident"),
    "directives": (60, "SELECT count(*) FROM directive"),
    "tasks": (150, "SELECT count(*) FROM task"),
    "escalations": (
        5,
        "SELECT count(*) FROM escalation e JOIN post_holding h ON h.person_id = e.recipient_person_id "
        "JOIN post p ON p.id = h.post_id WHERE p.role = 'supervisor' AND e.rung IN (150, 200)",
    ),
    "reworks": (
        3,
        "SELECT count(*) FROM verification v, json_each(v.legs) WHERE NOT v.passed",
    ),
    "returns": (2, "SELECT count(*) FROM fact WHERE code = 'task.moved' AND payload ->> 'action' = 'return'"),
}


@pytest.mark.parametrize("name", GOALS)
def test_demo_count_reaches_its_goal_and_is_what_the_database_says(played, name):
    """Each number of the summary is true, asked in another way, and large enough."""
    least, sql = GOALS[name]
    assert played.number(sql) == played.summary.counts[name] >= least


@pytest.mark.parametrize(
    ("least", "sql"),
    [
        (10, "SELECT count(DISTINCT event_type) FROM incident"),
        (3, "SELECT count(DISTINCT event_level) FROM incident"),
        (12, "SELECT count(DISTINCT department_id) FROM task"),
    ],
    ids=["types", "levels", "departments"],
)
def test_demo_is_varied(played, least, sql):
    """Types, levels and departments are as many as promised."""
    assert played.number(sql) >= least


def test_demo_summary_has_exactly_the_promised_numbers(played):
    """The JSON of the command line is a contract."""
    names = "incidents directives tasks escalations reworks returns loops_closed open_without_wait"
    assert list(played.summary.counts) == names.split()
    assert any(str(played.summary.counts["tasks"]) in line for line in played.summary.lines())


def people_by_directive(played: Played) -> dict[str, dict[str, set[str]]]:
    """Who completed which node of each directive whose process has ended, from the history of work items."""
    people: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for directive_id, node, person in played.rows(
        "SELECT i.subject_id, h.node_id, h.actor_id FROM item_history h "
        "JOIN instance_history i ON i.id = h.instance_id WHERE h.how = 'completed'"
    ):
        people[directive_id][node].add(person)
    return people


def test_demo_closes_loops_by_different_people(played):
    """A loop counts only with feedback, verification and evaluation by people who are not the same."""
    people = people_by_directive(played)
    closed = 0
    for (incident_id,) in played.rows("SELECT id FROM incident WHERE state IN ('evaluated', 'archived')"):
        orders = played.rows(f"SELECT id, state FROM directive WHERE incident_id = '{incident_id}'")
        assert orders
        for directive_id, state in orders:
            done = people[directive_id]
            handlers = done["sign"] | done["handle"] | done["feedback"]
            assert state == "closed"
            assert handlers
            assert done["verify"]
            assert done["evaluate"]
            assert not handlers & done["verify"]
            assert not handlers & done["evaluate"]
            assert not done["verify"] & done["evaluate"]
            assert not done["draft"] & (done["review"] | done["cosign"])
        closed += 1
    assert closed == played.summary.counts["loops_closed"] >= 30


def test_demo_closed_task_has_feedback_and_another_verifier(played):
    """No department's leg of a closed order is taken on trust."""
    bad = "SELECT count(*) FROM task t JOIN directive d ON d.id = t.directive_id WHERE d.state = 'closed' AND {}"
    assert played.number(bad.format("t.state <> 'verified'")) == 0
    assert played.number(bad.format("t.feedback_by = t.verified_by")) == 0
    assert played.number(bad.format("t.id NOT IN (SELECT task_id FROM feedback)")) == 0


def test_demo_leaves_nothing_open_without_a_wait(played):
    """Whatever is open can be gone on with: a running process has an item or a called one, an open order a process."""
    running = {row[0] for row in played.rows("SELECT id FROM process_instance")}
    waiting = "SELECT instance_id FROM work_item UNION SELECT instance_id FROM call"
    assert running == {row[0] for row in played.rows(waiting)}
    open_orders = "SELECT id FROM directive WHERE state <> 'closed'"
    orders_played = "SELECT subject_id FROM process_instance WHERE subject_kind = 'directive'"
    assert set(played.rows(open_orders)) == set(played.rows(orders_played))
    assert played.number("SELECT count(*) FROM step_failure") == 0
    assert played.summary.counts["open_without_wait"] == 0


def test_demo_leaves_open_what_the_script_leaves_open(played):
    """The day ends as it is written: each unfinished order stands at its node, and nowhere else."""
    script = Counter(o.waits_at for scene in build_day(TODAY).scenes for o in scene.orders if o.waits_at)
    assert dict(played.rows("SELECT node_id, count(*) FROM work_item GROUP BY node_id")) == script


def test_demo_takes_every_scripted_turn(played):
    """Late legs, returns, reworks and revisions of the script all happen, each once."""
    orders = [order for scene in build_day(TODAY).scenes for order in scene.orders]
    legs = [leg for order in orders for leg in order.legs]
    assert played.summary.counts["returns"] == sum(leg.is_returned for leg in legs)
    assert played.summary.counts["reworks"] == sum(leg.is_rework for leg in legs)
    revised = "SELECT count(*) FROM fact WHERE code = 'directive.moved' AND payload ->> 'action' = 'revise'"
    assert played.number(revised) == sum(order.is_revised for order in orders)
    late = (
        "SELECT count(*) FROM escalation e JOIN clock c ON c.id = e.clock_id "
        "WHERE e.rung = 150 AND c.stage = 'sign_in' AND c.state <> 'running'"
    )
    assert played.number(late) == sum(leg.is_late for leg in legs)
    supervised = "SELECT count(*) FROM item_history WHERE node_id = 'supervise' AND how = 'completed'"
    assert played.number(supervised) >= sum(leg.is_late for leg in legs)


def test_demo_rungs_fire_in_time_and_in_order(played):
    """Time passes as it would: no rung waits for somebody to act, and none is skipped."""
    assert played.number("SELECT max(late_by_s) FROM escalation") == 0
    rungs: dict[str, list[int]] = defaultdict(list)
    for clock_id, rung in played.rows("SELECT clock_id, rung FROM escalation ORDER BY fired_at, rung"):
        rungs[clock_id].append(rung)
    assert all(found == [50, 80, 100, 150, 200][: len(found)] for found in rungs.values())


def test_demo_opens_incidents_from_both_alerts_and_reports(played):
    """The real intake is the only way in; what must not open an incident did not."""
    day = build_day(TODAY)
    kinds = dict(played.rows("SELECT kind, count(DISTINCT incident_id) FROM signal GROUP BY kind"))
    alerts = sum(scene.arrival.signal is None for scene in day.scenes)
    assert kinds == {"alert": alerts, "report": len(day.scenes) - alerts}
    assert played.number("SELECT count(*) FROM signal WHERE state = 'rejected' AND incident_id IS NULL") == 3


def test_demo_ledger_is_whole_and_sealed(played):
    """What the demo shows can be proved."""
    engine = open_engine(load_settings({}, played.folder / SETTINGS), FixedClock(MORNING_AFTER))
    found = engine.verify()
    engine.database.close()
    assert found.ok, found.first_broken
    assert found.rows > 1000
    assert (found.unsealed, found.unanchored) == (0, 0)


def test_demo_keys_are_for_their_owner_alone(played):
    """Keys and seals of the demo are not world-readable."""
    assert (played.folder / "cityloop.keys").stat().st_mode & 0o777 == 0o600


def test_demo_played_again_replaces_itself_and_counts_the_same(played, tmp_path):
    """The demo is the same every time, in a new folder and in its old one."""
    first = show_demo(tmp_path / "new", FixedClock(MORNING_AFTER))
    again = show_demo(tmp_path / "new", FixedClock(MORNING_AFTER))
    assert first.counts == again.counts == played.summary.counts
    assert again.ledger == first.ledger == played.summary.ledger
    assert again.ledger.startswith("whole")


def test_demo_in_a_folder_with_another_database_is_refused(tmp_path):
    """Nobody's own database is ever replaced by a demo."""
    database = tmp_path / DATABASE
    database.write_bytes(b"mine")
    with pytest.raises(Conflict, match="holds a database that no demo made"):
        show_demo(tmp_path, FixedClock(MORNING_AFTER))
    assert database.read_bytes() == b"mine"
    assert not (tmp_path / SETTINGS).exists()
