"""A stranger opens the demo, follows the guide and closes one incident: every step stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from engine.demo.show import SETTINGS, open_to_people, show_demo
from engine.services.engine import Engine
from engine.services.installation import open_engine
from engine.settings import Settings, load_settings
from engine.storage.tables.directives import directive
from engine.storage.tables.incidents import incident
from engine.testing import ManualClock
from tests.browser.stage import DESKTOP
from tests.live_server import serving
from webapp import create_app

NOW = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
MOST_CLICKS = 40
MOST_READING = timedelta(minutes=5)
A_CLICK = timedelta(seconds=2)
READ_PER_S = {"zh": 5.0, "en": 16.0}
"""Characters a second that an adult reads on a screen: about 300 a minute in Chinese, about 200 words in English."""
BEGIN = {"zh": "跟着引导走完一起事件", "en": "Follow one incident to its end"}
DONE = {"zh": "闭环完成", "en": "The loop is closed"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Settings, ManualClock]]:
    """A demo as it is served, of two days, on a clock that moves with the stranger."""
    folder: Path = tmp_path_factory.mktemp("guided")
    clock = ManualClock(NOW)
    show_demo(folder, clock, days=2)
    open_to_people(folder, clock)
    settings = load_settings({}, folder / SETTINGS)
    engine = open_engine(settings, clock)
    yield engine, settings, clock
    engine.database.close()


class Stranger:
    """Somebody who reads what the guide says and presses the button it shows, and nothing else."""

    def __init__(self, page: Page, clock: ManualClock, language: str) -> None:
        self.page, self.clock, self.language = page, clock, language
        self.clicks = 0
        self.read: list[str] = []

    def press(self, button: Locator) -> None:
        """Press what can be seen without scrolling."""
        expect(button).to_be_in_viewport(ratio=1)
        self.clicks += 1
        self.clock.advance(A_CLICK)
        button.click()

    def bar(self) -> str:
        """What the guide says now; read once, however often it is shown."""
        said = self.page.get_by_role("complementary").inner_text().strip()
        if said not in self.read:
            self.read.append(said)
        return said

    def next(self) -> Locator:
        """The button of the guide where it has one, else the main button of the page."""
        guided = self.page.locator("[data-guide]")
        return guided if guided.count() else self.page.locator("main .main-action")

    @property
    def took(self) -> timedelta:
        """How long reading and clicking take."""
        characters = sum(len(re.sub(r"\s", "", said)) for said in self.read)
        return timedelta(seconds=characters / READ_PER_S[self.language]) + self.clicks * A_CLICK


@pytest.mark.parametrize("language", ["zh", "en"])
def test_guided_incident_is_closed_by_a_stranger(
    browser: Browser, demo: tuple[Engine, Settings, ManualClock], language: str
) -> None:
    """Under 40 clicks and under five minutes of reading, each step is visible where it is pressed, the loop closes."""
    engine, settings, clock = demo
    with serving(create_app(engine, settings)) as address:
        context = browser.new_context(base_url=address, viewport=DESKTOP, locale="zh-CN" if language == "zh" else "en")
        page = context.new_page()
        page.goto("/")
        stranger = Stranger(page, clock, language)
        stranger.press(page.get_by_role("button", name=BEGIN[language]))
        while DONE[language] not in stranger.bar():
            assert stranger.clicks < MOST_CLICKS
            stranger.press(stranger.next())
        closed = page.url.rsplit("/", 1)[1]
        assert page.get_by_role("progressbar", include_hidden=True).get_attribute("value") == "15"
        context.close()
    assert stranger.took < MOST_READING
    with engine.database.read(clock.now()) as uow:
        assert uow.found(select(incident.c.state).where(incident.c.id == closed)) == [("evaluated",)]
        orders = uow.found(select(directive.c.state).where(directive.c.incident_id == closed))
    assert orders == [("closed",)]


def test_guide_names_each_of_its_people_once_they_are_next(
    browser: Browser, demo: tuple[Engine, Settings, ManualClock]
) -> None:
    """Nobody has to know whose turn it is: the bar names role and person, and lets the stranger go on as them."""
    engine, settings, _ = demo
    with serving(create_app(engine, settings)) as address:
        context = browser.new_context(base_url=address, viewport=DESKTOP, locale="en")
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name=BEGIN["en"]).click()
        page.locator("main .main-action").click()
        bar = page.get_by_role("complementary")
        expect(bar).to_contain_text("Intake clerk")
        bar.get_by_role("button", name=re.compile("Go on as")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Accept")
        context.close()
