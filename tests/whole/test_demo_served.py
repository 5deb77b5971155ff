"""The served demo: after its weeks there is work on every desk, for people whose passwords are printed once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.clock import FixedClock
from engine.demo.people import DemoAccount
from engine.demo.show import SETTINGS, open_to_people, show_demo
from engine.services.accounts import sign_in
from engine.services.engine import Engine
from engine.services.installation import open_engine
from engine.services.questions.board import board_counts
from engine.services.questions.similar import similar
from engine.services.questions.work import inbox_page
from engine.settings import load_settings
from engine.storage.tables.incidents import incident

NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
"""10:30 in the morning, in the city."""
AT_WORK = {
    "intake_clerk", "shift_leader", "dispatcher", "department_clerk", "commander", "reviewer", "verifier", "evaluator",
}  # fmt: skip
"""The roles whose step some incident has reached."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, list[DemoAccount]]:
    """A demo of two days and the hours up to now, and its accounts."""
    folder: Path = tmp_path_factory.mktemp("served")
    show_demo(folder, FixedClock(NOW), days=2)
    people = open_to_people(folder, FixedClock(NOW))
    return open_engine(load_settings({}, folder / SETTINGS), FixedClock(NOW)), people


def test_everybody_with_a_step_of_the_loop_finds_work(served: tuple[Engine, list[DemoAccount]]) -> None:
    """Whoever signs in as one of the loop's people sees an inbox with something to do, both clerks included."""
    engine, people = served
    found = {
        each.account: len(engine.read(inbox_page, engine.city, engine.actor(each.person_id)))
        for each in people
        if each.role in AT_WORK
    }
    assert len(found) == len(AT_WORK) + 1
    assert all(found.values()), found


def test_supervisor_sees_some_overdue_and_some_not(served: tuple[Engine, list[DemoAccount]]) -> None:
    """The board of a new demo shows what it is for."""
    engine, people = served
    supervisor = next(each for each in people if each.role == "supervisor")
    counts = engine.read(board_counts, engine.city, engine.actor(supervisor.person_id))
    assert counts.overdue >= 5
    assert counts.running > counts.overdue


def test_intake_desk_holds_two_reports_of_one_burst_main(served: tuple[Engine, list[DemoAccount]]) -> None:
    """The clerk can try merging: one of the waiting reports has a likely duplicate nearby."""
    engine, people = served
    clerk = engine.actor(next(each for each in people if each.role == "intake_clerk").person_id)
    with engine.database.read(NOW) as uow:
        waiting = uow.found(select(incident.c.id).where(incident.c.state == "reported"))
    assert len(waiting) == 3
    assert sum(bool(engine.read(similar, engine.city, clerk, row[0])) for row in waiting) == 2


def test_nothing_of_the_demo_lies_in_the_future(served: tuple[Engine, list[DemoAccount]]) -> None:
    """The last report is minutes old when the demo opens."""
    engine, _ = served
    with engine.database.read(NOW) as uow:
        last = uow.found(select(incident.c.reported_at).order_by(incident.c.reported_at.desc()).limit(1))[0][0]
    assert timedelta() < NOW - last < timedelta(minutes=10)


def test_a_printed_password_opens_its_account(served: tuple[Engine, list[DemoAccount]]) -> None:
    """What stands on the screen works."""
    engine, people = served
    assert sign_in(engine, people[0].account, people[0].password).person_id == people[0].person_id
