"""The library where scripts run: pins on the diagram, questions in place, a counter-example played, files dropped."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.openers import ASKS, VERSIONS
from tests.browser.stage import Stage


@pytest.fixture
def author(stage: Stage) -> Page:
    """The browser of a designer."""
    stage.city.appoint(stage.city.newcomer("first"), "centre", "process_designer")
    return stage.person("first")


def uploaded(page: Page, name: str, content: bytes) -> None:
    """Upload a file through the library; the page of its draft is open then."""
    page.goto("/processes/")
    page.locator("#file").set_input_files([{"name": name, "mimeType": "", "buffer": content}])
    page.get_by_role("button", name="Upload as a draft").click()
    page.wait_for_selector("[data-diagram][data-ready]")


def test_pin_leads_to_its_sentence_and_back(author: Page) -> None:
    """A designer finds the element of a sentence, and the sentence of an element, with one click."""
    uploaded(author, "w.bpmn", ASKS)
    pin = author.locator(".diagram button.pin")
    expect(pin).to_have_count(1)
    pin.click()
    expect(author.locator(".finding.is-at")).to_have_count(1)
    author.locator('.question [data-element="w"]').click()
    expect(author.locator('.diagram .is-found[data-element-id="w"]')).to_have_count(1)


def test_answer_of_ones_own_is_chosen_by_typing_it(author: Page) -> None:
    """Whoever types a value means it; after that nothing is open."""
    uploaded(author, "w.bpmn", ASKS)
    author.locator("#own-0").fill("PT20M")
    expect(author.locator('[name="how-0"][value="own"]')).to_be_checked()
    author.locator("#answer").click()
    expect(author.locator("#certificate .done")).to_be_visible()
    expect(author.locator("#own-0")).to_have_value("PT20M")


def test_counter_example_is_played_on_the_diagram(author: Page) -> None:
    """The course that breaks a rule is seen step by step."""
    uploaded(author, "stuck.bpmn", VERSIONS["stuck"][0])
    author.locator(".example summary").first.click()
    author.locator("[data-play]").first.click()
    expect(author.locator("#player .frames li").first).to_be_visible()
    author.locator('#player [data-key="forward"]').click()
    expect(author.locator("#player [aria-current=step]")).to_have_count(1)


def test_two_versions_are_coloured_on_their_diagrams(author: Page) -> None:
    """What changed is seen where it is drawn, on both sides."""
    for content in VERSIONS["review"]:
        uploaded(author, "review.bpmn", content)
    author.get_by_role("link", name="Compare with another version").click()
    for side in ("before", "after"):
        expect(author.locator(f'[data-side="{side}"] .is-changed[data-element-id="a"]')).to_have_count(1)


def test_dropped_files_are_the_files_of_the_form(author: Page) -> None:
    """Dragging files onto the form chooses them."""
    author.goto("/processes/")
    author.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File(["<a/>"], "dropped.bpmn"));
          document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true }));
        }"""
    )
    expect(author.locator("[data-dropped]")).to_contain_text("dropped.bpmn")
    assert author.evaluate("document.querySelector('#file').files.length") == 1
