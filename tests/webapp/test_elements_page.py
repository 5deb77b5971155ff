"""The manual's page of every element of BPMN: complete, in both languages, and no hole in it."""

from __future__ import annotations

import pytest

from engine.bpmn.elements import EVENTS, elements, patterns
from tests.webapp.site import Site
from webapp.text import texts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_of_elements_lists_every_row_with_its_test(site: Site, language: str) -> None:
    """A designer finds each element, what becomes of it, and what shows it, in her own language."""
    page = site.visitor(language).get("/help/elements").text
    for row in elements():
        assert texts(language)[f"elements.name_{row.key}"].split("，")[0] in page.replace("&#39;", "'")
        assert all(test in page for test in row.tests)
    assert all(row.test in page for row in EVENTS)
    assert all((row.name_zh if language == "zh" else row.name) in page for row in patterns())
    assert "elements." not in page.replace("test_elements.py", "").replace("/elements", "")
