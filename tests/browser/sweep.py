"""A full city with its pages, and a browser for each look at them: what walks through every page stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page as Tab

from tests.browser.full_city import FullCity
from tests.browser.looks import faults
from tests.browser.pages import PAGES, Page
from tests.browser.stage import ALLOWED, DESKTOP, PHONE, REFUSALS, Stage
from tests.browser.visit import Visit
from tests.services.play import Play
from tests.webapp.site import Site

DRAWERS = ("/bpmn-js/viewer.min.js", "/bpmn-js/modeler.min.js")
"""The scripts that may style what they draw."""
WRITTEN = ("full_city.py", "pages.py", "openers.py")
"""Where the people of the city write what they write, in Chinese whatever the language of the pages."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    theme: str
    language: str
    size: str

    def __str__(self) -> str:
        return f"{self.theme}-{self.language}-{self.size}"


LOOKS = tuple(Look(*each) for each in product(("light", "dark"), ("zh", "en"), ("desktop", "phone")))
"""All eight. The first and the last differ in everything, and so do any two as far from either end."""


class Sweep:
    """The city's pages at the first address, the same of a demo at the second; templates that were shown by name."""

    def __init__(self, browser: Browser, city: FullCity, site: Site, addresses: tuple[str, str]) -> None:
        self.city, self.site, self.addresses = city, site, addresses
        self.shown: set[str] = set()
        self._stage = Stage(browser, site, addresses[0])
        self._styles: list[str] = []
        self._tabs: dict[Look, Tab] = {}
        rows = [str(row) for rows in Play(city).everything().values() for row in rows]
        self._own = "".join([*rows, *(Path(__file__).with_name(name).read_text("utf-8") for name in WRITTEN)])

    def walk(self, look_of: Callable[[int], Look]) -> list[str]:
        """Open every page in a look by its place; everything that is wrong anywhere."""
        found = [fault for place, page in enumerate(PAGES) for fault in self._visit(page, look_of(place))]
        found += [f"inline style: {each}" for each in self._styles if not each.endswith(DRAWERS)]
        return found + [f"asked {each}" for each in self._stage.elsewhere if not each.startswith(self.addresses)]

    def close(self) -> None:
        """Close the browsers."""
        self._stage.close()

    def _visit(self, page: Page, look: Look) -> list[str]:
        """Open a page and say what is wrong with it."""
        visit = Visit(self._tab(look), self.city, self.addresses[page.is_demo], look.language)
        before = len(self._stage.complaints)
        visit.become(page.who(self.city))
        try:
            page.open(visit)
        except PlaywrightError as problem:
            return [f"{page.name} [{look}] did not open: {problem}"]
        found = [] if visit.status == page.status else [f"status {visit.status}"]
        found += faults(
            visit.tab, language=look.language, is_phone=look.size == "phone", theme=look.theme, kind=page.kind,
            has_diagram=page.has_diagram, own=self._own,
        )  # fmt: skip
        said = self._stage.complaints[before:]
        found += [each for each in said if page.status < 400 or not any(part in each for part in REFUSALS)]
        return [f"{page.name} [{look}] {each}" for each in found]

    def _tab(self, look: Look) -> Tab:
        """The browser of a look, which keeps its theme."""
        if look not in self._tabs:
            tab = self._stage.visitor(look.language, viewport=DESKTOP if look.size == "desktop" else PHONE)
            tab.context.add_init_script(f"try {{ localStorage.setItem('cityloop-theme', '{look.theme}') }} catch {{}}")
            tab.on("console", self._said)
            self._tabs[look] = tab
        return self._tabs[look]

    def _said(self, message: ConsoleMessage) -> None:
        """Note which script the one allowed complaint is about: nobody's but the diagram viewer's."""
        if any(part in message.text for part in ALLOWED):
            self._styles.append(message.location["url"])
