"""Setting up and opening an installation: keys, schema, policies, shipped processes, and the engine over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.clock import Clock, SystemClock
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Unavailable
from engine.sealing import load_keys, make_keys
from engine.settings import Settings
from engine.storage import schema
from engine.storage.uow import Database

from .definitions import install_shipped
from .engine import Engine
from .profile_rows import install_policies


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` did: whether it made keys, which revisions it applied, how much content is new."""

    made_keys: bool
    revisions: tuple[str, ...]
    policies: int
    definitions: int


def prepare(settings: Settings, clock: Clock | None = None) -> Prepared:
    """Bring an installation up to date: keys where none exist, the schema, the profile's policies, shipped processes.

    Doing it again changes nothing.
    """
    clock = clock or SystemClock()
    made_keys = not settings.keys_file.exists()
    if made_keys:
        make_keys(settings.keys_file)
    database = Database(settings.database_url, load_keys(settings.keys_file), synchronous=settings.synchronous)
    try:
        revisions = schema.migrate(database, clock.now())
        engine = Engine(database, clock=clock, seal_file=_seal_file(settings))
        policies = engine.command(install_policies, SYSTEM_ACTOR)
        definitions = engine.command(install_shipped, SYSTEM_ACTOR)
    finally:
        database.close()
    return Prepared(made_keys, revisions, policies, len(definitions))


def open_engine(settings: Settings, clock: Clock | None = None) -> Engine:
    """The engine over a prepared installation.

    Raises: Unavailable (`settings.no_seal_file`, `schema.differs`, `keys.…`) with the remedy.
    """
    seal_file = _seal_file(settings)
    database = Database(settings.database_url, load_keys(settings.keys_file), synchronous=settings.synchronous)
    schema.require_head(database)
    return Engine(database, clock=clock, seal_file=seal_file)


def _seal_file(settings: Settings) -> Path:
    file = settings.effective_seal_file
    if file is None:
        raise Unavailable(
            "settings.no_seal_file",
            "Expected CITYLOOP_SEAL_FILE to name a file outside the database, but it is not set.",
        )
    return file
