"""Tiny cities on each kind of database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.services.installation import prepare
from engine.settings import Settings
from engine.testing import START, ManualClock, TinyCity
from tests.services.play import Play


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys and a prepared SQLite database that cities copy."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(Settings(f"sqlite:///{folder / 'city.db'}", folder / "keys"), ManualClock(START))
    return folder


@pytest.fixture
def sqlite_city(prepared_sqlite: Path, tmp_path: Path) -> Iterator[Play]:
    """A tiny city on SQLite."""
    for name in ("city.db", "keys"):
        shutil.copy(prepared_sqlite / name, tmp_path / name)
    city = TinyCity(tmp_path)
    yield Play(city)
    city.close()


@pytest.fixture(scope="session")
def prepared_postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a prepared PostgreSQL database that cities copy."""
    cluster = request.getfixturevalue("postgres_cluster")
    folder = tmp_path_factory.mktemp("prepared")
    name = cluster.create(cluster.template)
    prepare(Settings(cluster.address.format(name), folder / "keys", folder / "seals"), ManualClock(START))
    yield name
    cluster.drop(name)


@pytest.fixture
def postgres_city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Play]:
    """A tiny city on PostgreSQL."""
    cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create(request.getfixturevalue("prepared_postgres"))
    city = TinyCity(tmp_path, database_url=cluster.address.format(name))
    yield Play(city)
    city.close()
    cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def city(request: pytest.FixtureRequest) -> Play:
    """A tiny city on each kind of database in turn."""
    found: Play = request.getfixturevalue(f"{request.param}_city")
    return found
