"""Clocks on a page count on by themselves, and say what the server would say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from engine.testing import START
from tests.browser.stage import Stage

STEPS = (1, 59, 60, 240, 3_600, 5 * 3_600, 86_400, 3 * 86_400 + 61)
"""Seconds to let pass, one after the other: across every unit, and from time left to overdue."""


def stand_still(page: Page) -> Page:
    """Let time pass in this browser only when it is told so."""
    page.clock.install(time=START)
    page.clock.pause_at(START + timedelta(seconds=1))
    return page


def shown(page: Page) -> tuple[str, str, str]:
    """Text, mood and filling of the first clock."""
    clock = page.locator("[data-due]").first
    meter = clock.locator("meter")
    return (
        clock.locator(".clock-text").inner_text(),
        clock.get_attribute("class") or "",
        str(float(meter.evaluate("each => each.value"))),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_clock_on_a_page_runs_on_as_the_server_counts(stage: Stage, language: str) -> None:
    """Whoever leaves an item open sees the same time left, colour and bar as on a page loaded anew."""
    stage.city.issued("water")
    path = stage.site.item_path("sign", "water")
    page = stand_still(stage.person("water.clerk", language))
    page.goto(path)
    fresh = stand_still(stage.person("water.clerk", language))
    for seconds in STEPS:
        page.clock.fast_forward(seconds * 1_000)
        stage.city.clock.advance(timedelta(seconds=seconds))
        stage.let_in(fresh, "water.clerk")
        fresh.goto(path)
        assert shown(page)[0] == shown(fresh)[0]
        assert shown(page)[1:] == shown(fresh)[1:]
    assert "clock-over" in shown(page)[1]


def test_clock_without_a_start_shows_no_more_than_its_sign(stage: Stage) -> None:
    """A list that knows only when something is due still counts."""
    stage.city.issued("water")
    page = stand_still(stage.person("centre.supervisor"))
    page.goto("/incidents/")
    before = page.locator("[data-due] .clock-text").first.inner_text()
    page.clock.fast_forward(61_000)
    expect(page.locator("[data-due] .clock-text").first).not_to_have_text(before)
