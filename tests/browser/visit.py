"""Opening one page as somebody: who may, which file is dropped, which button is pressed, and which status came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page as Tab

from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.desk import Desk
from engine.storage.tables.accounts import rate_window
from tests.browser.full_city import CENTRE, FullCity

Who = Callable[[FullCity], str | None]
"""The person who opens a page; None for a visitor."""


def nobody(city: FullCity) -> None:
    """Nobody is signed in."""


def one(role: str, department: str = CENTRE, place: int = 0) -> Who:
    """Somebody who holds a role in a department."""
    return lambda city: city.holder(role, department, place)


def whose(process: str, form: str) -> Who:
    """Somebody who may do the item of a form."""
    return lambda city: city.worker(city.item(process, form))


@dataclass
class Visit:
    """A tab in which somebody opens a page of a city."""

    tab: Tab
    city: FullCity
    address: str
    language: str
    status: int = 0

    def become(self, person_id: str | None) -> None:
        """Open pages as this person from here on, with nothing left of whoever used the tab before."""
        self.tab.goto("about:blank")  # a live page that finds itself signed out loads anew, and would be in the way
        context = self.tab.context
        context.clear_cookies()
        self.city.engine.command(_fresh_windows, SYSTEM_ACTOR)
        self.cookie("cityloop-language", self.language)
        if person_id is not None:
            self.cookie("cityloop", self.city.engine.command(accounts.open_session, SYSTEM_ACTOR, person_id))

    def cookie(self, name: str, value: str) -> None:
        """Set a cookie of the site."""
        self.tab.context.add_cookies([{"name": name, "value": value, "url": self.address}])

    def go(self, path: str) -> None:
        """Open an address."""
        answer = self.tab.goto(self.address + path)
        assert answer is not None
        self.status = answer.status

    def set(self, **fields: str) -> None:
        """Give fields of the page a value, also hidden ones."""
        for name, value in fields.items():
            field = self.tab.locator(f'main [name="{name.replace("__", "-")}"]').first
            field.evaluate("(field, value) => { field.value = value; }", value)

    def choose(self, name: str, value: str) -> None:
        """Choose one of a field's options."""
        self.tab.locator(f'main input[name="{name}"][value="{value}"]').check()

    def drop(self, field: str, name: str, content: bytes) -> None:
        """Choose a file."""
        self.tab.locator(f'[name="{field}"]').set_input_files([{"name": name, "mimeType": "", "buffer": content}])

    def press(self, selector: str = "main .main-action") -> None:
        """Send the form of a button without the browser's own check; wait for the page that comes."""
        button: Any = self.tab.locator(selector).last
        with self.tab.expect_navigation() as arrived:
            button.evaluate("(button) => { button.form.noValidate = true; button.form.requestSubmit(button); }")
        self.status = arrived.value.status


def _fresh_windows(desk: Desk) -> None:
    """Nobody has done anything too often yet."""
    desk.uow.execute(rate_window.delete())
