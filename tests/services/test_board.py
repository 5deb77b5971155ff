"""The supervisor's board: whose clocks stand on it, and what it says of a secret incident."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from engine.domain.access import SYSTEM_ACTOR
from engine.services.desk import Desk
from engine.services.questions.board import BoardRow, board_counts, board_page
from engine.storage.tables.incidents import incident
from tests.services.play import Play


def _board(city: Play, person_id: str) -> list[BoardRow]:
    return city.engine.read(board_page, city.engine.city, city.person(person_id))


def test_centre_sees_the_clocks_the_ladder_would_bring_to_it_and_a_bureau_its_own(sqlite_city: Play) -> None:
    """A department lies beside the centre that supervises it, not below: what it lets run out shows all the same."""
    city = sqlite_city
    city.appoint("fire.clerk", "water", "supervisor")
    city.issued("water", "traffic")
    city.wait(timedelta(minutes=6))
    signing = {row.department_id for row in _board(city, "centre.supervisor") if row.stage == "sign_in"}
    assert signing == {"water", "traffic"}
    assert {row.department_id for row in _board(city, "fire.clerk")} == {"water"}
    counts = city.engine.read(board_counts, city.engine.city, city.person("centre.supervisor"))
    assert (counts.overdue, counts.running) == (2, 4)


def test_board_does_not_say_what_a_secret_incident_is_about(sqlite_city: Play) -> None:
    """The clock of a secret incident runs on the board of whoever may not see it, but without a word of it."""
    city = sqlite_city
    city.appoint("fire.clerk", "city", "supervisor")
    city.issued("water")

    def make_secret(desk: Desk) -> None:
        desk.uow.execute(update(incident).values(sensitive=True))

    assert all(row.about for row in _board(city, "fire.clerk"))
    city.engine.command(make_secret, SYSTEM_ACTOR)
    assert all(row.about for row in _board(city, "centre.supervisor"))
    rows = _board(city, "fire.clerk")
    assert rows != []
    assert [row.about for row in rows] == [None] * len(rows)
