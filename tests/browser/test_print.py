"""An order on paper: what it says, for whom, by when; nothing that only a screen needs."""

from __future__ import annotations

import io
import unicodedata

import pytest
from pypdf import PdfReader

from tests.browser.stage import Stage


def plain(text: str) -> str:
    """The characters alone: where a PDF puts spaces, and which of two equal glyphs it names, is its own affair."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize(
    ("language", "said", "screen_only"),
    [
        ("en", ["Level III", "left", "Lead", "water", "Stop the flood"], ["Open", "Sign out", "Inbox", "Zoom"]),
        ("zh", ["III 级 较大", "剩余", "主办", "water", "Stop the flood"], ["办理", "退出", "待办", "放大"]),
    ],
)
def test_order_prints_as_a_letter(stage: Stage, language: str, said: list[str], screen_only: list[str]) -> None:
    """Number, level, wording, addressees and time left stand on paper as words; no menu, no button, no diagram."""
    order = stage.city.issued("water")
    number = stage.city.order_row(order).number
    page = stage.person("centre.supervisor", language)
    page.goto(f"/orders/{order}")
    paper = PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = plain("".join(sheet.extract_text() for sheet in paper.pages))
    assert plain(number) in text
    assert [each for each in said if plain(each) not in text] == []
    assert [each for each in screen_only if plain(each) in text] == []
    assert len(paper.pages) <= 2
