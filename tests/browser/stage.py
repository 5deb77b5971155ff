"""What a test in the browser stands on: people in browsers of their own, and everything the browser complained of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.accounts import give_passwords
from tests.webapp.site import Site

PASSWORD = "kept in a test"
PATIENCE_MS = 15_000
"""How long a page may take on a busy machine before a test gives up on it."""
SIGN_IN = {"en": ("Account", "Password", "Sign in"), "zh": ("账号", "密码", "登录")}
"""What the sign-in form calls account, password and its button."""
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 740}
ALLOWED = ("Applying inline style violates",)
"""The one complaint that is allowed: the diagram viewer styles its own watermark and canvas (see `interface.md` B)."""
REFUSALS = ("the server responded with a status of",)
"""What Chromium notes for a page with a status over 399; tests that provoke one look at the page itself."""

expect.set_options(timeout=PATIENCE_MS)


class Stage:
    """The pages of a tiny city at `address`, and the browsers of its people."""

    def __init__(self, browser: Browser, site: Site, address: str) -> None:
        self.browser, self.site, self.city, self.address = browser, site, site.city, address
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self._contexts: list[BrowserContext] = []

    def visitor(self, language: str = "en", **options: Any) -> Page:
        """A browser in which nobody is signed in. Shape: `options` are those of a Playwright context."""
        options.setdefault("viewport", DESKTOP)
        context = self.browser.new_context(base_url=self.address, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "cityloop-language", "value": language, "url": self.address}])
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        return page

    def person(self, person_id: str, language: str = "en", **options: Any) -> Page:
        """A browser in which this person is signed in, without the form."""
        page = self.visitor(language, **options)
        self.let_in(page, person_id)
        return page

    def let_in(self, page: Page, person_id: str) -> None:
        """Give this browser a session of this person; what a page shows of it comes with the next page."""
        token = self.city.engine.command(accounts.open_session, SYSTEM_ACTOR, person_id)
        page.context.add_cookies([{"name": "cityloop", "value": token, "url": self.address, "httpOnly": True}])

    def give_passwords(self, *people: str) -> None:
        """Let these people sign in with `PASSWORD`."""
        give_passwords(self.city.engine, [(each, PASSWORD) for each in people])

    def sign_in(self, page: Page, account: str, language: str = "en") -> None:
        """Sign in through the form, in the language of the page."""
        its_account, its_password, its_button = SIGN_IN[language]
        page.goto("/sign-in")
        page.get_by_label(its_account).fill(account)
        page.get_by_label(its_password).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name=its_button).click()

    @contextmanager
    def expecting_refusals(self) -> Iterator[None]:
        """Inside, pages may answer with a refusal."""
        before = len(self.complaints)
        yield
        kept = [each for each in self.complaints[before:] if not any(part in each for part in REFUSALS)]
        self.complaints[before:] = kept

    def close(self) -> None:
        """Close every browser."""
        for context in self._contexts:
            context.close()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in ALLOWED):
            self.complaints.append(f"{message.text} at {message.location.get('url')}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)
