"""A real browser over real pages: Debian's Chromium, a tiny city whose clock the test moves, people who sign in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.stage import Stage
from tests.chromium import ARGUMENTS, chromium_path
from tests.live_server import serving
from tests.services.conftest import prepared_sqlite, sqlite_city
from tests.services.play import Play
from tests.webapp.site import Site

__all__ = ["prepared_sqlite", "sqlite_city"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests of a worker."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def stage(browser: Browser, sqlite_city: Play, tmp_path: Path) -> Iterator[Stage]:
    """The pages of a tiny city on a real port, and browsers to open them in; no page may complain or ask elsewhere."""
    site = Site(sqlite_city, tmp_path)
    with serving(site.app) as address:
        found = Stage(browser, site, address)
        yield found
        found.close()
    assert found.complaints == []
    assert found.elsewhere == []
