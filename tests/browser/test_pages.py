"""Every page in both themes, languages and sizes: nothing out of reach, nothing unreadable, nothing foreign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import template_rendered
from playwright.sync_api import Browser

from tests.browser.full_city import FORMS, FullCity, fill
from tests.browser.pages import NOT_PAGES, PAGES
from tests.browser.sweep import LOOKS, Look, Sweep
from tests.live_server import serving
from tests.services.play import Play
from tests.webapp.site import Site

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"
PARTS = {"base.html", "macros.html", "board/part.html", "instances/parts.html", "library/parts.html"}
"""Templates that stand in others; so do those in `parts/`."""


@pytest.fixture(scope="module")
def sweep(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    """The city, its pages as a city's and as a demo's, and its browsers, once for all looks."""
    folder = tmp_path_factory.mktemp("sweep")
    city = FullCity(folder)
    fill(city)
    site, demo = Site(Play(city), folder), Site(Play(city), folder, demo=True)
    with serving(site.app) as address, serving(demo.app) as demo_address:
        found = Sweep(browser, city, site, (address, demo_address))

        def note(_: Any, template: Any, **more: Any) -> None:
            found.shown.add(template.name)

        template_rendered.connect(note)
        yield found
        template_rendered.disconnect(note)
        found.close()
    city.close()


def check(sweep: Sweep, found: list[str]) -> None:
    """Nothing is wrong, and no template was left out."""
    files = {str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.html")} - PARTS
    pages = {name for name in files if not name.startswith("parts/")}
    found += [f"no page shows {name}" for name in sorted(pages - sweep.shown)]
    assert found == [], "\n".join(found)


def test_every_route_and_every_form_has_its_page(sweep: Sweep) -> None:
    """A new page that nobody looks at fails here; so does a new form."""
    routes = {rule.endpoint for rule in sweep.site.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert routes - {page.endpoint for page in PAGES} == set(NOT_PAGES)
    assert {(sweep.city.process_of(item), item.form) for item in sweep.city.items()} == set(FORMS)
    assert len({page.name for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("half", [0, 1])
def test_every_page_is_sound_in_two_opposite_looks(sweep: Sweep, half: int) -> None:
    """The two cover both themes, both languages and both sizes; the pages take turns at the four such pairs."""
    check(sweep, sweep.walk(lambda place: LOOKS[place % 4] if half == 0 else LOOKS[7 - place % 4]))


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_is_sound_in_every_look(sweep: Sweep, look: Look) -> None:
    """The full product."""
    check(sweep, sweep.walk(lambda _: look))
