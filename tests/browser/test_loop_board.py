"""The supervisor's board left open: it moves by itself, and never stands there as if it were still live."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.stage import Stage


def test_open_board_moves_by_itself_and_asks_to_sign_in_when_the_session_ends(stage: Stage) -> None:
    """What falls due shows without a click; a board whose session ended is no board any more, but the sign-in page."""
    city = stage.city
    city.issued("water")
    page = stage.person("centre.supervisor")
    with page.expect_response("**/live"):
        page.goto("/board/")
    signing = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Signing for"))
    expect(signing.get_by_role("cell").nth(1)).to_contain_text("5 min left")
    city.wait(timedelta(minutes=6))
    expect(signing.get_by_role("cell").nth(1)).to_contain_text("1 min overdue")
    expect(signing.get_by_role("cell").nth(2)).to_contain_text("Nobody took it")
    expect(signing.get_by_role("cell").nth(3)).to_contain_text("100 % · water.head")
    city.wait(timedelta(minutes=16))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page).to_have_url(f"{stage.address}/sign-in?next=/board/")


def test_inbox_left_open_shows_when_its_last_item_is_gone(stage: Stage) -> None:
    """A colleague takes the last item away: the open inbox says that nothing is to do, not what was."""
    city = stage.city
    city.issued("water")
    page = stage.person("water.clerk")
    with page.expect_response("**/live"):
        page.goto("/inbox/")
    expect(page.get_by_role("link", name="Sign for")).to_be_visible()
    city.appoint("fire.clerk", "water", "department_clerk")
    city.do("sign", "water", by="fire.clerk", decision="sign")
    expect(page.get_by_role("link", name="Handle")).to_be_visible()
    city.do("handle", "water", by="fire.clerk")
    city.do("feedback", "water", by="fire.clerk", text="done")
    expect(page.get_by_role("heading", name="Nothing to do")).to_be_visible()
