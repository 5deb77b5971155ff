"""The pictures of the README, made anew from a demo: `./run pictures`."""

from __future__ import annotations

import io
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from engine.demo.show import SETTINGS, open_to_people, show_demo
from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.installation import open_engine
from engine.settings import load_settings
from engine.testing import ManualClock
from tests.browser.stage import DESKTOP
from tests.chromium import ARGUMENTS, REMEDY, chromium_path
from tests.live_server import serving
from webapp import create_app

FOLDER = Path(__file__).parents[2] / "webapp" / "help" / "pictures"
NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
SHOWN = (
    ("board", "supervisor", "en", "/board/", None),
    ("order", "supervisor", "zh", "/board/", "tbody th a"),
    ("work-item", "department_clerk", "en", "/inbox/", "tbody th a"),
)
"""Name, role of whoever looks, language, first page, and the link to follow from there."""


def take_pictures(folder: Path) -> list[Path]:
    """Play a demo, look at three of its pages, and keep what is seen as small PNG files in `folder`."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        clock = ManualClock(NOW)
        show_demo(Path(place), clock, days=2)
        people = {each.role: each for each in open_to_people(Path(place), clock)}
        settings = load_settings({}, Path(place) / SETTINGS)
        engine = open_engine(settings, clock)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        taken = []
        with serving(create_app(engine, settings)) as address:
            for name, role, language, path, link in SHOWN:
                token = engine.command(accounts.open_session, SYSTEM_ACTOR, people[role].person_id)
                page = _page(browser, address, token, language)
                page.goto(path)
                if link is not None:
                    page.locator(link).first.click()
                page.wait_for_load_state("networkidle")
                taken.append(_kept(folder / f"{name}.png", page.screenshot()))
        browser.close()
        engine.database.close()
    return taken


def _page(browser: Browser, address: str, token: str, language: str) -> Page:
    context = browser.new_context(base_url=address, viewport=DESKTOP)
    context.add_cookies(
        [
            {"name": "cityloop", "value": token, "url": address},
            {"name": "cityloop-language", "value": language, "url": address},
        ]
    )
    return context.new_page()


def _kept(file: Path, picture: bytes) -> Path:
    """The picture in 128 colours: what pages have, in a third of the size."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128).save(file, optimize=True)
    return file


if __name__ == "__main__":
    if chromium_path() is None:
        sys.exit(f"Expected Chromium, but there is none: {REMEDY}.")
    for each in take_pictures(FOLDER):
        print(each)
