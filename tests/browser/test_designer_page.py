"""The designer's page in a real browser: in the reader's language, by keyboard, with nothing lost or hidden."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.designer_page import Drawing
from tests.browser.stage import Stage

LATIN = re.compile(r"[A-Za-z]{2,}")
KINDS = (
    "bpmn:UserTask", "bpmn:ServiceTask", "bpmn:BusinessRuleTask", "bpmn:CallActivity", "bpmn:SubProcess",
    "bpmn:ExclusiveGateway", "bpmn:EventBasedGateway", "bpmn:IntermediateCatchEvent:bpmn:TimerEventDefinition",
    "bpmn:EndEvent",
)  # fmt: skip


def designer(stage: Stage, language: str = "en", **options: Any) -> Drawing:
    """A new drawing of somebody who draws processes."""
    stage.city.newcomer("one.designer")
    stage.city.appoint("one.designer", "centre", "process_designer")
    drawing = Drawing(stage.person("one.designer", language, **options))
    drawing.begin()
    return drawing


def shown(page: Page) -> list[str]:
    """What palette, context pad and menus say now."""
    places = ".djs-palette .entry, .djs-context-pad .entry, .djs-popup .entry, .djs-popup .djs-popup-label"
    return page.evaluate(
        "(places) => [...document.querySelectorAll(places)].map((each) => each.title || each.textContent)", places
    )


def untranslated(page: Page) -> list[str]:
    """What the modeler was asked to say and has no Chinese for."""
    return list(json.loads(page.evaluate("document.documentElement.dataset.untranslated ?? '[]'")))


def look_through(drawing: Drawing) -> None:
    """Open the menu of what is chosen, and close it."""
    menu = drawing.control("change-kind")
    if menu.count():
        menu.click()
        drawing.page.keyboard.press("Escape")


def test_modeler_speaks_chinese_wherever_one_looks(stage: Stage) -> None:
    """Palette, context pad, menus and panel of every kind of element: not one English word is left."""
    drawing = designer(stage, "zh")
    page = drawing.page
    said = shown(page)
    for number, kind in enumerate(KINDS):
        drawing.append("start", kind, f"步骤{number}", f"e{number}")
        look_through(drawing)
        said += shown(page)
    for boundary in drawing.page.locator('[data-key="attach"] option').all():
        assert not LATIN.search(boundary.inner_text())
    for definition in ("bpmn:TimerEventDefinition", "bpmn:MessageEventDefinition", "bpmn:CompensateEventDefinition"):
        drawing.choose("e0")
        drawing.control("attach").select_option(definition)
        drawing.control("attach-do").click()
        look_through(drawing)
        said += shown(page)
    drawing.choose(drawing.flow("start", "e0"))
    look_through(drawing)
    drawing.control("chosen").select_option(index=0)
    drawing.control("into-pool").click()
    drawing.control("lanes-two").click()
    look_through(drawing)
    said += shown(page)
    words = page.locator("#panel").inner_text() + "".join(said)
    assert len(said) > 60
    assert untranslated(page) == []
    assert [each for each in LATIN.findall(words) if each not in ("PT", "form", "reply_text")] == []


def test_process_is_drawn_by_keyboard_alone(stage: Stage) -> None:
    """Whoever uses no mouse draws, names, connects, moves and deletes."""
    drawing = designer(stage)
    page = drawing.page
    drawing.control("chosen").focus()
    page.keyboard.type("Start")
    page.keyboard.press("Enter")
    drawing.control("append").focus()
    page.keyboard.type("User")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    drawing.control("name").focus()
    page.keyboard.type("Look at it")
    page.keyboard.press("Tab")
    assert 'name="Look at it"' in drawing.source()
    before = drawing.source()
    page.locator("#canvas .djs-container svg, #canvas svg").first.focus()
    page.keyboard.press("ArrowDown")
    assert drawing.source() != before
    page.keyboard.press("Control+z")
    assert drawing.source() == before
    drawing.control("delete").focus()
    page.keyboard.press("Enter")
    assert "userTask" not in drawing.source()


def test_drawing_is_kept_in_the_browser_and_offered_again(stage: Stage) -> None:
    """A closed tab loses nothing: what was drawn and not saved is offered, and taken up or dropped."""
    drawing = designer(stage)
    drawing.append("start", "bpmn:UserTask", "Half done", "half")
    drawing.source()
    drawing.begin()
    assert "Half done" not in drawing.source()
    drawing.page.locator("[data-restore]").click()
    expect(drawing.page.locator('[data-element-id="half"]').first).to_be_visible()
    assert "Half done" in drawing.source()


def test_findings_are_pinned_where_they_belong(stage: Stage) -> None:
    """A number at the element, its sentence in the panel, a row in the list: all lead to the same place."""
    drawing = designer(stage)
    drawing.append("start", "bpmn:ExclusiveGateway", "Which way", "gate")
    drawing.append("gate", "bpmn:EndEvent", "One", "one")
    with drawing.checked():
        drawing.append("gate", "bpmn:EndEvent", "Other", "other")
    pin = drawing.page.locator(".pin")
    expect(pin).to_have_count(1)
    expect(pin).to_have_attribute("aria-label", re.compile("Which way"))
    pin.click()
    expect(drawing.control("chosen")).to_have_value("gate")
    expect(drawing.page.locator("#panel .panel-findings")).to_be_visible()
    drawing.tab("findings")
    drawing.page.locator("#findings tbody button").first.click()
    expect(drawing.control("chosen")).to_have_value("gate")


def test_player_stands_still_for_whoever_wants_no_motion(stage: Stage) -> None:
    """With reduced motion no token travels; where it is, and every step as a sentence, is there at once."""
    drawing = designer(stage, reduced_motion="reduce")
    drawing.append("start", "bpmn:UserTask", "Look", "look")
    drawing.append("look", "bpmn:EndEvent", "Done", "done")
    drawing.tab("player")
    drawing.control("run").click()
    frames = drawing.page.locator(".frames li")
    expect(frames).to_have_count(2)
    expect(frames.first).to_contain_text("Waits at: Look.")
    drawing.control("forward").click()
    assert drawing.page.locator(".moving-token").count() == 0
    expect(drawing.page.locator('#player .is-token[data-element-id="look"]')).to_be_attached()
    expect(frames.first).to_have_attribute("aria-current", "step")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_watermark_of_the_modeler_stays_in_sight(stage: Stage, language: str) -> None:
    """The licence of bpmn-js asks for it, on the drawing and in the player."""
    drawing = designer(stage, language)
    mark = drawing.page.locator("#canvas .bjs-powered-by")
    expect(mark).to_be_visible()
    covered = "(mark) => { const box = mark.getBoundingClientRect(); const top = document.elementFromPoint("
    covered += "box.left + box.width / 2, box.top + box.height / 2); return !mark.contains(top); }"
    mark.scroll_into_view_if_needed()
    assert mark.evaluate(covered) is False
