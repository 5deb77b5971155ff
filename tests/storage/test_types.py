"""The column types and ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, select

from engine.sealing import Keys, Sealed
from engine.storage.prepared import Prepared
from engine.storage.tables import metadata
from engine.storage.tables.ledger import fact
from engine.storage.types import SealedText, canonical_json, instant_text, new_id
from engine.storage.uow import Database
from engine.testing import ManualClock
from tests.storage.city import put

NAIVE = datetime.fromisoformat("2026-03-02T00:00:00")

_instants = st.datetimes(NAIVE.replace(year=1970), NAIVE.replace(year=9999), timezones=st.just(UTC))


@given(_instants, _instants)
def test_instant_text_sorts_as_the_instants_do(first: datetime, second: datetime) -> None:
    """SQLite compares text: a width that varies would order deadlines wrongly."""
    assert (instant_text(first) < instant_text(second)) == (first < second)
    assert len(instant_text(first)) == 27
    assert datetime.fromisoformat(instant_text(first)) == first


def test_instant_text_naive_is_refused() -> None:
    """An instant without an offset is a different instant on every machine."""
    with pytest.raises(ValueError, match="offset"):
        instant_text(NAIVE)


def test_utc_column_keeps_the_instant_and_gives_utc(database: Database, clock: ManualClock) -> None:
    """An instant written with another offset comes back as the same instant in UTC."""
    shanghai = clock.now().astimezone(timezone(timedelta(hours=8)))
    read = Prepared(select(fact.c.at).where(fact.c.code == bindparam("code")))
    with database.write(clock.now()) as uow:
        put(uow, fact, at=shanghai, code="x", subject_kind="task", subject_id="1", payload={})
        (found,) = uow.one(read, {"code": "x"}) or ()
        (slow,) = uow.execute(select(fact.c.at)).one()
    assert found == slow == clock.now()
    assert found.tzinfo is UTC
    assert slow.tzinfo is UTC


def test_utc_column_naive_is_refused(database: Database, clock: ManualClock) -> None:
    """Neither database gets an instant without an offset."""
    with pytest.raises(ValueError, match="offset"), database.write(clock.now()) as uow:
        put(uow, fact, at=NAIVE, code="x", subject_kind="task", subject_id="1", payload={})


def test_json_column_keeps_documents_and_canonical_bytes(database: Database, clock: ManualClock) -> None:
    """The digest of a document must not depend on the database or on the order of keys."""
    document = {"b": [1, 2.5, None, True], "a": {"z": "水", "y": ""}}
    assert canonical_json(document) == '{"a":{"y":"","z":"水"},"b":[1,2.5,null,true]}'
    with database.write(clock.now()) as uow:
        put(uow, fact, at=clock.now(), code="x", subject_kind="task", subject_id="1", payload=document)
        assert uow.rows(Prepared(select(fact.c.payload))) == [(document,)]


@pytest.mark.parametrize("value", [float("nan"), datetime(2026, 1, 1, tzinfo=UTC), b"x"])
def test_canonical_json_of_what_json_cannot_say_is_refused(value: object) -> None:
    """A lossy document in the history cannot be repaired."""
    with pytest.raises((TypeError, ValueError)):
        canonical_json({"value": value})


def test_sealed_column_refuses_clear_text_and_values_of_another_place(keys: Keys) -> None:
    """Forgetting to seal, or sealing for another column, must fail at the first write."""
    column = SealedText("signal", "text")
    with pytest.raises(ValueError, match="clear"):
        column.process_bind_param("13800000000", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"signal\.address"):
        column.process_bind_param(keys.seal("signal", "address", "1", "x"), None)  # type: ignore[arg-type]


def test_sealed_columns_know_their_own_place() -> None:
    """A column that names another table in its type would refuse every value meant for it."""
    places = [
        (column.type.table, column.type.column, column.table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, SealedText)
    ]
    assert len(places) >= 10
    assert all(place[:2] == place[2:] for place in places)


def test_new_ids_are_version_7_and_sort_by_their_instant(clock: ManualClock) -> None:
    """Ids that arrive in time order keep the indexes compact."""
    first = new_id(clock.now())
    second = new_id(clock.now() + timedelta(milliseconds=1))
    assert first < second
    assert len(first) == 36
    assert (first[14], first[19] in "89ab") == ("7", True)
    assert len({new_id(clock.now()) for _ in range(10_000)}) == 10_000


def test_sealed_value_never_shows_its_content(keys: Keys) -> None:
    """What is printed into a log by accident must say nothing."""
    sealed = keys.seal("signal", "text", "1", "secret")
    assert "content" not in repr(sealed)
    assert isinstance(sealed, Sealed)
