"""Pages over a tiny city on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.conftest import prepared_sqlite, sqlite_city
from tests.services.play import Play
from tests.webapp.site import Site

__all__ = ["prepared_sqlite", "sqlite_city"]


@pytest.fixture
def site(sqlite_city: Play, tmp_path: Path) -> Site:
    """The pages of a tiny city."""
    return Site(sqlite_city, tmp_path)
