"""Without scripts: every step of the loop is a page with a form, and a form says what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from engine.storage.tables import org
from tests.browser.full_city import EVENT, FORMS, FullCity, fill, photo
from tests.browser.openers import item
from tests.browser.stage import PHONE, Stage
from tests.browser.visit import Visit
from tests.live_server import serving
from tests.services.play import Play
from tests.webapp.site import Site
from webapp.schema_form import _conditional as conditional

CONDITIONAL = {key: conditional(form) for key, form in sorted(FORMS.items()) if conditional(form)}
"""The fields of each form that only some decisions ask for, with these decisions."""


class Plain:
    """A full city, and browsers without scripts."""

    def __init__(self, stage: Stage, city: FullCity) -> None:
        self.stage, self.city, self.play = stage, city, Play(city)

    def tab(self, language: str = "en") -> Tab:
        """A browser on a phone that runs no scripts, in which nobody is signed in."""
        return self.stage.visitor(language, viewport=PHONE, java_script_enabled=False)

    def signed_in(self, role: str, department: str = "command_centre") -> Tab:
        """A browser in which somebody of a role has signed in through the form."""
        tab, person = self.tab(), self.city.holder(role, department)
        self.stage.give_passwords(person)
        self.stage.sign_in(tab, str(self.play.row(org.person, person).account))
        tab.wait_for_url(re.compile(r"/(?!sign-in)"))
        return tab


@pytest.fixture(scope="module")
def plain(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    """The city, once for all tests: each goes its own way through it."""
    folder = tmp_path_factory.mktemp("plain")
    city = FullCity(folder)
    fill(city)
    site = Site(Play(city), folder)
    with serving(site.app) as address:
        stage = Stage(browser, site, address)
        yield Plain(stage, city)
        stage.close()
    city.close()
    assert stage.complaints == []
    assert stage.elsewhere == []


def test_clerk_signs_in_and_reports_back_with_a_photo(plain: Plain, tmp_path: Path) -> None:
    """From the sign-in form over the inbox to the feedback: three pages, a photo among the answers, no script."""
    picture = tmp_path / "scene.jpg"
    picture.write_bytes(photo())
    waiting = plain.city.bring(plain.city.open_case("plain_feedback"), "feedback")
    tab = plain.signed_in("department_clerk", "water")
    tab.goto("/inbox/")
    tab.locator(f'.title a[href="{plain.city.item_path(waiting)}"]').click()
    tab.get_by_label("Result").fill("Pumped dry and swept")
    tab.get_by_label("Place").fill("30.0677, 120.0055")
    tab.get_by_label("Evidence").set_input_files(picture)
    tab.locator("main .main-action").click()
    assert tab.locator(".done").is_visible()
    assert waiting.wait not in [each.wait for each in plain.city.items() if each.instance_id == waiting.instance_id]
    tab.goto(f"/orders/{waiting.subject_id}")
    assert tab.get_by_text("Pumped dry and swept").is_visible()
    assert tab.locator('a[href*="/evidence/"]').count() == 1


def test_somebody_reports_with_a_photo_and_follows_the_report(plain: Plain, tmp_path: Path) -> None:
    """The public needs no script either: report, code, progress."""
    picture = tmp_path / "hole.jpg"
    picture.write_bytes(photo())
    tab = plain.tab()
    tab.goto("/report")
    tab.get_by_label("What do you see").fill("Water stands in the street")
    tab.get_by_label("Latitude").fill("30.0677")
    tab.get_by_label("Longitude").fill("120.0055")
    tab.locator('[name="photos"]').set_input_files(picture)
    tab.locator("main .main-action").click()
    code = tab.locator("output.code").inner_text()
    tab.goto("/follow")
    tab.get_by_label("code").fill(code)
    tab.locator("main .main-action").click()
    assert "Reported" in tab.locator("dl.facts").inner_text()


def test_intake_accepts_a_case_from_its_desk(plain: Plain) -> None:
    """The desk, the item and its decision work as plain pages; the case goes on to be filed."""
    plain.city.report("plain_accept", "路面塌陷", EVENT)
    (waiting,) = plain.city.waiting(plain.city.cases["plain_accept"])
    tab = plain.signed_in("intake_clerk")
    tab.goto("/intake/")
    tab.locator(f'.title a[href="{plain.city.item_path(waiting)}"]').click()
    tab.get_by_label("Accept", exact=True).check()
    tab.locator("main .main-action").click()
    assert tab.locator(".done").is_visible()
    assert [each.node_id for each in plain.city.waiting(waiting.subject_id)] == ["file"]


def test_refused_form_says_at_the_field_what_is_missing(plain: Plain) -> None:
    """A return without its reason comes back with the fields marked, as the browser's own check is not all there is."""
    tab = plain.signed_in("department_clerk", "water")
    tab.goto(plain.city.item_path(plain.city.item("closed_loop_command", "sign")))
    tab.get_by_role("radio", name="Return").check()
    with plain.stage.expecting_refusals():
        tab.locator("main .main-action").click()
    assert tab.locator(".said").is_visible()
    assert tab.get_by_label("Why it is returned").get_attribute("aria-invalid") == "true"
    assert tab.get_by_role("radio", name="Return").is_checked()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("process", "form"), CONDITIONAL, ids=lambda each: str(each))
def test_conditional_field_is_there_and_says_for_which_decision(
    plain: Plain, process: str, form: str, language: str
) -> None:
    """Without scripts nothing hides or shows: each such field stands there and names the decision that asks for it."""
    tab = plain.tab(language)
    visit = Visit(tab, plain.city, plain.stage.address, language)
    visit.become(plain.city.worker(plain.city.item(process, form)))
    item(process, form)(visit)
    for name, decisions in CONDITIONAL[process, form].items():
        field = tab.locator(f'[name="f-{name}"]').first
        assert field.is_visible(), name
        note = tab.locator(f"#h-{name}")
        assert note.is_visible(), name
        for decision in decisions:
            chosen = tab.locator(f'label:has([name="f-decision"][value="{decision}"]), option[value="{decision}"]')
            assert chosen.first.inner_text().strip() in note.inner_text(), (name, decision)
        described = tab.locator(f'[aria-describedby~="h-{name}"]')
        assert described.count() == 1, name
    tab.context.close()


def test_every_button_of_a_page_is_in_a_form(plain: Plain) -> None:
    """A button that only a script could press is hidden until there is one."""
    tab = plain.signed_in("dispatcher")
    for name in ("order_handle", "closed", "overdue"):
        for path in (f"/incidents/{plain.city.cases[name]}", "/inbox/", "/incidents/", "/help/", "/people/"):
            tab.goto(path)
            buttons = tab.locator("button:visible").all()
            assert buttons, path
            assert [each.inner_text() for each in buttons if each.get_attribute("type") == "button"] == [], path
