"""What the database itself refuses of a definition, tried by raw SQL past every service, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from engine.storage.schema import downgrade, migrate
from engine.storage.tables import processes
from engine.storage.uow import Database
from engine.testing import ManualClock
from tests.storage.city import SmallCity, fill, put

Run = Callable[[str], None]


@pytest.fixture
def city(database: Database, clock: ManualClock) -> SmallCity:
    """A city with two people and a draft."""
    found = fill(database, clock.now())
    with database.write(clock.now()) as uow:
        blank = {"digest": "0", "state": "draft", "kind": "plain", "source": b"", "net": b"", "certificate": {}}
        blank |= {"forms": {}, "answers": {}, "decisions": {}, "revision": 1, "author_id": found.drafter_id}
        put(uow, processes.definition, id="draft", process_id="p", version=1, shipped=False, **blank)
    return found


@pytest.fixture
def run(database: Database, clock: ManualClock, city: SmallCity) -> Run:
    """Runs statements in one transaction; `{author}` and `{other}` are two people."""

    def run(statements: str) -> None:
        with database.write(clock.now()) as uow:
            for statement in statements.format(author=city.drafter_id, other=city.verifier_id).split(";"):
                uow.execute(text(statement))

    return run


PUBLISH = "UPDATE definition SET state = 'in_review'; UPDATE definition SET state = 'published', "


@pytest.mark.parametrize(
    "statements",
    [
        "UPDATE definition SET state = 'published', publisher_id = '{other}'",
        "UPDATE definition SET state = 'retired', publisher_id = '{other}'",
        PUBLISH + "publisher_id = '{author}'",
        PUBLISH + "publisher_id = NULL",
        PUBLISH + "publisher_id = '{other}', author_id = NULL",
        "UPDATE definition SET state = 'in_review'; UPDATE definition SET digest = '1'",
        "UPDATE definition SET state = 'in_review'; UPDATE definition SET answers = '1'",
        PUBLISH + "publisher_id = '{other}'; UPDATE definition SET forms = '1'",
        PUBLISH + "publisher_id = '{other}'; UPDATE definition SET state = 'draft'",
        "UPDATE definition SET version = 2",
        "DELETE FROM definition",
    ],
)
def test_guards_of_a_definition_refuse_what_no_service_would_do(run: Run, statements: str) -> None:
    """Two people, one way, and a content that stands still once it is no draft hold without any code of ours."""
    with pytest.raises(DatabaseError):
        run(statements)


def test_guards_of_a_definition_let_its_life_pass(run: Run) -> None:
    """A draft changes, goes to review, comes back, is published by a second person, and retires."""
    run("UPDATE definition SET digest = '1', answers = '1'; UPDATE definition SET state = 'in_review'")
    run("UPDATE definition SET state = 'draft'; UPDATE definition SET digest = '2'")
    run(PUBLISH + "publisher_id = '{other}'; UPDATE definition SET state = 'retired'")


def test_migration_with_versions_in_place_keeps_them(database: Database, clock: ManualClock, run: Run) -> None:
    """A city's published versions are there after the schema went back and forth, and can be read as before."""
    run(PUBLISH + "publisher_id = '{other}'")
    downgrade(database, clock.now(), "0014")
    migrate(database, clock.now())
    with database.read() as uow:
        rows = uow.execute(processes.definition.select()).mappings().all()
    assert [(row["id"], row["state"], row["revision"], row["answers"]) for row in rows] == [
        ("draft", "published", 1, {})
    ]
