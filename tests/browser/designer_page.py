"""The designer's page as a test draws on it: by the buttons and lists of the panel, which is how the keyboard draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect


class Drawing:
    """A drawing in a browser. Shape: elements are named by their ids, controls by the key of their field."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def begin(self) -> None:
        """Open a new drawing."""
        self.page.goto("/processes/draw")
        self.ready()

    def ready(self) -> None:
        """Wait until the diagram is drawn and checked."""
        self.page.wait_for_selector("#canvas[data-ready]")
        self.page.wait_for_selector("#findings [role=status]", state="attached")

    def control(self, key: str) -> Locator:
        """The control of a field."""
        return self.page.locator(f'[data-key="{key}"]')

    def tab(self, name: str) -> None:
        """Show a part of the page."""
        self.page.locator(f"#tab-{name}").click()

    def choose(self, element: str) -> None:
        """Choose an element of the diagram."""
        self.control("chosen").select_option(element)

    def set(self, key: str, value: str) -> None:
        """Write in a field and leave it."""
        field = self.control(key)
        if field.evaluate("(each) => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
            field.press("Tab")
        expect(self.control(key)).to_have_value(value)

    def append(self, after: str, kind: str, name: str, id: str) -> str:
        """Append an element and give it a name and an id; the id."""
        self.choose(after)
        self.control("append").select_option(kind)
        self.control("append-do").click()
        self.set("name", name)
        self.set("id", id)
        return id

    def connect(self, source: str, target: str, **fields: str) -> None:
        """Connect two elements and fill in fields of the flow."""
        self.choose(source)
        self.control("connect").select_option(target)
        self.control("connect-do").click()
        for key, value in fields.items():
            self.set(key, value)

    def flow(self, source: str, target: str) -> str:
        """The id of the flow between two elements."""
        flows = self.source().split("<bpmn:sequenceFlow ")[1:]
        found = [each for each in flows if f'sourceRef="{source}"' in each and f'targetRef="{target}"' in each]
        return found[0].partition('id="')[2].partition('"')[0]

    def source(self) -> str:
        """The BPMN text behind the diagram, once what was drawn last stands in it."""
        self.page.wait_for_timeout(400)
        return self.page.locator("#source").input_value()

    @contextmanager
    def checked(self) -> Iterator[None]:
        """Inside, something changes; afterwards the check has answered to it."""
        with self.page.expect_response("**/processes/draw/check"):
            yield
        self.page.wait_for_timeout(100)
