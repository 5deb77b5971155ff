"""Claiming in the inbox: the row changes where it stands, and whoever was slower is told who was faster."""

from __future__ import annotations

from playwright.sync_api import expect

from engine.services import work
from tests.browser.stage import Stage


def two_clerks(stage: Stage) -> None:
    """An order that waits to be signed for by either of two clerks of the water bureau."""
    stage.city.newcomer("water.second")
    stage.city.appoint("water.second", "water", "department_clerk")
    stage.city.issued("water")


def test_claim_changes_the_row_and_leaves_the_page(stage: Stage) -> None:
    """A clerk who claims stays where they were: no new page, the row names them, the keyboard is on the list."""
    two_clerks(stage)
    page = stage.person("water.clerk")
    page.goto("/inbox/")
    page.evaluate("window.kept = true")
    row = page.locator("tbody tr")
    row.get_by_role("button", name="Take it").click()
    expect(row).to_contain_text("water.clerk")
    expect(row.get_by_role("button", name="Take it")).to_have_count(0)
    assert page.evaluate("window.kept") is True
    assert page.evaluate("document.activeElement.closest('tbody') !== null")
    (item,) = stage.city.open("sign", "water")
    assert item.claimed_by == "water.clerk"


def test_claim_that_comes_too_late_shows_who_was_faster(stage: Stage) -> None:
    """A refusal is a page of its own with the colleague's name, not a row that vanishes."""
    two_clerks(stage)
    page = stage.person("water.second")
    page.goto("/inbox/")
    (item,) = stage.city.open("sign", "water")
    stage.city.engine.command(work.claim, stage.city.person("water.clerk"), item.instance_id, item.wait, item.revision)
    with stage.expecting_refusals():
        page.locator("tbody tr").get_by_role("button", name="Take it").click()
        expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("water.clerk")
    (item,) = stage.city.open("sign", "water")
    assert item.claimed_by == "water.clerk"
