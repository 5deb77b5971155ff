"""The engine as an object: one transaction per command, answers by key, actors of this moment, the heartbeat's turn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import engine
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Conflict, EngineError, Rejected, Unavailable
from engine.services import engine as engine_module
from engine.services import incidents, work
from engine.services.desk import Desk
from engine.services.installation import open_engine, prepare
from engine.settings import Settings
from engine.storage.tables import outbox
from engine.storage.tables.incidents import incident
from engine.testing import START, ManualClock
from engine.worker.delivery import deliver_waiting
from engine.worker.loop import beat
from tests.services.play import Play


def open_one(desk: Desk, event_type: str = "10101") -> str:
    """Open an incident; its id."""
    return incidents.open_incident(desk, incidents.Opening("s", event_type, 3, None, None, None, desk.now))


def test_command_that_raises_leaves_nothing(city: Play) -> None:
    """All or nothing, whatever went wrong after the rows were written."""

    def broken(desk: Desk) -> None:
        open_one(desk)
        raise ZeroDivisionError

    before = city.everything()
    with pytest.raises(ZeroDivisionError):
        city.engine.command(broken, SYSTEM_ACTOR)
    assert city.everything() == before


@pytest.mark.fast
def test_command_that_collided_is_run_again(sqlite_city: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collision is the engine's business: the caller sees one answer, the database one effect."""
    monkeypatch.setattr(engine_module, "pause", lambda seconds: None)
    city, tries = sqlite_city, []

    def unlucky(desk: Desk) -> str:
        tries.append(open_one(desk))
        if len(tries) < 3:
            raise Conflict("storage.busy", "Expected to be alone, but somebody was faster.")
        return tries[-1]

    kept = city.engine.command(unlucky, SYSTEM_ACTOR)
    assert len(tries) == 3
    assert [row.id for row in city.rows(incident)] == [kept]


@pytest.mark.fast
def test_command_that_collides_for_ever_gives_up_with_a_name(
    sqlite_city: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight collisions are not bad luck any more; another conflict is not tried again at all."""
    pauses: list[float] = []
    monkeypatch.setattr(engine_module, "pause", pauses.append)
    city, tries = sqlite_city, []

    def collide(desk: Desk, code: str) -> None:
        tries.append(code)
        raise Conflict(code, "Expected to be alone, but somebody was faster.")

    with city.refused("storage.busy", Conflict):
        city.engine.command(collide, SYSTEM_ACTOR, "storage.busy")
    assert len(tries) == engine_module.MOST_TRIES
    assert pauses == sorted(pauses)
    tries.clear()
    with city.refused("work.stale", Conflict):
        city.engine.command(collide, SYSTEM_ACTOR, "work.stale")
    assert len(tries) == 1


def test_once_repeated_finds_its_answer_and_changes_nothing(city: Play) -> None:
    """A client that saw no answer asks again with its key and gets the one it missed."""
    city.issued("water")
    (item,) = city.open("sign")
    person = city.person("water.clerk")
    asked: tuple[Any, ...] = (item.instance_id, item.wait, item.revision, {"decision": "sign"})
    first = city.engine.once("key-1", work.complete, person, *asked)
    before = city.everything()
    assert city.engine.once("key-1", work.complete, person, *asked) == first
    assert city.everything() == before
    with city.refused("work.done", Conflict):
        city.engine.once("key-2", work.complete, person, *asked)


def test_once_with_the_same_key_and_other_arguments_is_refused(city: Play) -> None:
    """A key stands for one request."""
    city.engine.once("key", open_one, SYSTEM_ACTOR)
    with city.refused("idempotency.key_reused", Rejected):
        city.engine.once("key", open_one, SYSTEM_ACTOR, "20101")
    with city.refused("idempotency.key_reused", Rejected):
        city.engine.once("key", incidents.archive_incident, SYSTEM_ACTOR, "any")


@pytest.mark.fast
def test_once_key_belongs_to_its_actor(sqlite_city: Play) -> None:
    """Two people may choose the same key."""
    city = sqlite_city
    ids = {city.engine.once("key", open_one, city.person(person)) for person in ("water.clerk", "traffic.clerk")}
    assert len(ids) == 2


@pytest.mark.fast
def test_once_refused_remembers_nothing(sqlite_city: Play) -> None:
    """A refusal may be repaired and sent again under its key."""
    city = sqlite_city
    with city.refused("incident.unknown"):
        city.engine.once("key", incidents.archive_incident, SYSTEM_ACTOR, "nothing")
    assert city.engine.once("key", open_one, SYSTEM_ACTOR)


@pytest.mark.fast
def test_once_with_arguments_json_cannot_hold_is_refused(sqlite_city: Play) -> None:
    """What cannot be compared cannot be repeated."""
    with sqlite_city.refused("idempotency.not_json", EngineError):
        sqlite_city.engine.once("key", open_one, SYSTEM_ACTOR, object())


@pytest.mark.fast
def test_answers_are_forgotten_after_a_day(sqlite_city: Play) -> None:
    """Keys are kept for 24 hours and no longer."""
    city = sqlite_city
    city.engine.once("key", open_one, SYSTEM_ACTOR)
    city.clock.advance(timedelta(hours=24))
    assert city.engine.forget_old_answers() == 0
    city.clock.advance(timedelta(seconds=1))
    assert city.engine.forget_old_answers() == 1
    assert city.rows(outbox.idempotency) == []


@pytest.mark.fast
def test_read_sees_and_changes_nothing(sqlite_city: Play) -> None:
    """A question is a question."""
    city = sqlite_city
    id_ = city.engine.command(open_one, SYSTEM_ACTOR)

    def ask(uow: Any, wanted: str) -> str:
        return str(uow.execute(select(incident.c.state).where(incident.c.id == wanted)).scalar_one())

    assert city.engine.read(ask, id_) == "reported"


@pytest.mark.fast
def test_actor_has_the_posts_held_now(sqlite_city: Play) -> None:
    """Who somebody is follows the roster of this moment."""
    city = sqlite_city
    assert city.person("water.head").roles == {"department_head"}
    assert city.person("nobody").holdings == ()
    city.appoint("water.head", "centre", "verifier")
    assert city.person("water.head").roles == {"department_head", "verifier"}


def test_beat_fires_delivers_and_shows_life(city: Play) -> None:
    """One beat does everything that is due, a second one nothing, and the board sees the worker."""
    city.issued("water")
    city.clock.advance(timedelta(minutes=6))
    assert beat(city.engine, "w1") > 3
    assert beat(city.engine, "w1") == 0
    (life,) = city.rows(outbox.worker_heartbeat)
    assert (life.worker, life.at) == ("w1", city.clock.now())
    assert city.rows(outbox.outbox) == []


@pytest.mark.fast
def test_delivery_that_fails_is_tried_again_later_with_the_same_key(sqlite_city: Play, caplog: Any) -> None:
    """A message is never lost and tells its repeats by its key."""
    caplog.set_level("CRITICAL")
    city, seen = sqlite_city, []

    def failing(message: Any) -> None:
        seen.append(message.key)
        if len(seen) == 1:
            raise OSError("no line")

    city.issued("water")
    assert deliver_waiting(city.engine, {"directive.issued": failing}) == 0
    assert deliver_waiting(city.engine, {"directive.issued": failing}) == 0
    city.clock.advance(timedelta(minutes=2))
    assert deliver_waiting(city.engine, {"directive.issued": failing}) == 1
    assert len(set(seen)) == 1
    assert len(seen) == 2


def test_ledger_of_a_played_city_is_whole_after_sealing(city: Play) -> None:
    """Sealing twice seals once, and the check finds everything in place."""
    city.closed("water")
    sealed = city.engine.seal()
    assert sealed > 0
    assert city.engine.seal() == 0
    found = city.engine.verify()
    assert (found.ok, found.rows, found.unsealed) == (True, sealed, 0)


@pytest.mark.fast
def test_prepare_twice_changes_nothing(tmp_path: Any) -> None:
    """Setting up again is harmless: no new keys, no new rows."""
    settings = Settings(f"sqlite:///{tmp_path / 'city.db'}", tmp_path / "keys")
    clock = ManualClock(START)
    first = prepare(settings, clock)
    assert first.made_keys
    assert first.revisions
    assert (first.policies > 0, first.definitions) == (True, 3)
    keys = settings.keys_file.read_bytes()
    again = prepare(settings, clock)
    assert (again.made_keys, again.revisions, again.policies, again.definitions) == (False, (), 0, 0)
    assert settings.keys_file.read_bytes() == keys
    assert settings.keys_file.stat().st_mode & 0o077 == 0


@pytest.mark.fast
def test_open_engine_of_an_unprepared_installation_names_the_remedy(tmp_path: Any) -> None:
    """Nothing works half: without keys, schema or seal file it says what to do."""
    settings = Settings(f"sqlite:///{tmp_path / 'city.db'}", tmp_path / "keys")
    with pytest.raises(EngineError) as refusal:
        open_engine(settings)
    assert refusal.value.code.startswith("keys.")
    prepare(Settings(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "keys"), ManualClock(START))
    with pytest.raises(Unavailable) as refusal:
        open_engine(settings)
    assert refusal.value.code == "schema.differs"
    with pytest.raises(Unavailable) as refusal:
        open_engine(Settings("postgresql://nowhere/none", tmp_path / "keys"))
    assert refusal.value.code == "settings.no_seal_file"


@pytest.mark.fast
def test_engine_package_shows_its_public_face() -> None:
    """`from engine import …` is all another program needs, and nothing else is promised."""
    assert set(engine.__all__) == {"Actor", "Engine", "EngineError", "open_engine"}
    assert engine.open_engine is open_engine
    with pytest.raises(AttributeError):
        _ = engine.nothing
