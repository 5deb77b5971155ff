"""A story in the product only: a process of two departments is drawn, proved, published by a colleague, worked on."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.designer_page import Drawing
from tests.browser.stage import Stage


def lanes(drawing: Drawing) -> None:
    """Two lanes, each for the clerks of one department."""
    drawing.control("chosen").select_option(index=0)
    drawing.control("into-pool").click()
    drawing.set("name", "Flooded underpass")
    drawing.set("bpmn:Process.name", "Flooded underpass")
    drawing.set("bpmn:Process.id", "flooded_underpass")
    drawing.control("lanes-two").click()
    found = re.findall(r'<bpmn:lane id="(\w+)"', drawing.source())
    for id, department in zip(found, ("water", "traffic"), strict=True):
        drawing.choose(id)
        drawing.set("name", department.title())
        drawing.set("cl:role", "department_clerk")
        drawing.set("cl:department", department)


def report_form(drawing: Drawing) -> None:
    """The form the process begins with: how deep the water stands, and who says so, which is sealed."""
    drawing.tab("forms")
    drawing.control("add-form").click()
    drawing.set("form-name", "report")
    for place, (name, kind, label) in enumerate(
        (("depth", "whole", "Depth in cm"), ("caller", "text", "Who reported it"))
    ):
        drawing.control("add-field").click()
        drawing.set(f"f{place}-name", name)
        drawing.set(f"f{place}-en", label)
        drawing.set(f"f{place}-kind", kind)
    drawing.control("f0-required").check()
    drawing.control("f1-personal").check()
    expect(drawing.page.locator(".form-preview").get_by_label("Depth in cm")).to_be_visible()


def urgency_table(drawing: Drawing) -> None:
    """A table that says when the road is closed; a cell is wrong at first, and says so."""
    drawing.tab("decisions")
    drawing.control("add-decision").click()
    drawing.set("d0-id", "urgency")
    drawing.set("in-0-x", "depth")
    drawing.set("in-0-type", "number")
    with drawing.checked():
        drawing.page.locator('[data-cell="0:0"]').fill(">=")
        drawing.page.locator('[data-cell="0:0"]').press("Tab")
    expect(drawing.page.locator("td.is-wrong")).to_have_count(1)
    for cell, text in (("0:0", ">= 30"), ("0:1", '"close"')):
        drawing.page.locator(f'[data-cell="{cell}"]').fill(text)
        drawing.page.locator(f'[data-cell="{cell}"]').press("Tab")
    drawing.page.locator('[data-cell="0:1"]').press("Enter")
    for cell, text in (("1:0", "< 30"), ("1:1", '"watch"')):
        drawing.page.locator(f'[data-cell="{cell}"]').fill(text)
        drawing.page.locator(f'[data-cell="{cell}"]').press("Tab")
    expect(drawing.page.locator("td.is-wrong")).to_have_count(0)


def steps(drawing: Drawing) -> None:
    """Report, decide, close the road where it must be, pump; one way out of the gateway says nothing yet."""
    drawing.tab("diagram")
    drawing.choose("start")
    drawing.set("cl:form", "report")
    drawing.append("start", "bpmn:BusinessRuleTask", "How urgent", "judge")
    drawing.set("cl:decision", "urgency")
    drawing.set("cl:result", "measure")
    drawing.append("judge", "bpmn:ExclusiveGateway", "Close the road?", "gate")
    drawing.append("gate", "bpmn:UserTask", "Close the road", "close")
    drawing.control("lane").select_option(label="Traffic")
    drawing.append("close", "bpmn:UserTask", "Pump it dry", "pump")
    drawing.control("lane").select_option(label="Water")
    drawing.append("pump", "bpmn:EndEvent", "Dry", "dry")
    drawing.connect("gate", "pump")
    drawing.choose(drawing.flow("gate", "close"))
    drawing.set("condition", 'measure == "close"')


def draw(drawing: Drawing) -> None:
    """The whole process."""
    drawing.begin()
    lanes(drawing)
    report_form(drawing)
    urgency_table(drawing)
    steps(drawing)


def prove_and_play(drawing: Drawing) -> None:
    """The proof holds, and a dry run comes to its end through both departments."""
    drawing.tab("findings")
    drawing.control("prove").click()
    expect(drawing.page.locator("#proof [role=status]")).to_contain_text("Proved", timeout=30_000)
    drawing.tab("player")
    drawing.control("run").click()
    expect(drawing.page.locator("#player [role=status]")).to_contain_text("came to an end", timeout=30_000)
    expect(drawing.page.locator(".frames")).to_contain_text("Pump it dry")


def answer_and_send(page: Page) -> str:
    """On the page of the version: what was asked is answered, then it goes to a second person; its address."""
    page.locator(".draw-head a").first.click()
    page.locator("#accept-all").click()
    page.locator("#to-review").click()
    expect(page.locator("#to-review")).to_have_count(0)
    return page.url


def test_designer_draws_and_two_departments_work(stage: Stage) -> None:
    """From an empty page to the end of the first instance; nothing is done anywhere but in the product."""
    city = stage.city
    for name in ("first", "second"):
        city.appoint(city.newcomer(f"{name}.designer"), "centre", "process_designer")
    drawing = Drawing(stage.person("first.designer"))
    draw(drawing)
    drawing.page.locator(".main-action").click()
    drawing.page.wait_for_url("**/processes/*/draw")
    drawing.ready()
    prove_and_play(drawing)
    version = answer_and_send(drawing.page)

    colleague = stage.person("second.designer")
    colleague.goto(version)
    colleague.locator("#publish").click()
    colleague.locator("#start").click()
    colleague.get_by_label("Depth in cm").fill("45")
    colleague.get_by_label("Who reported it").fill("Mr Wang")
    colleague.locator("#begin").click()
    expect(colleague.locator("p.done[role=status]").first).to_be_visible()

    city.appoint(city.newcomer("one.admin"), "centre", "admin")
    operator = stage.person("one.admin")
    operator.goto("/instances/")
    operator.get_by_role("link", name="Flooded underpass").first.click()
    operator.wait_for_selector("[data-diagram][data-ready]")
    expect(operator.locator('[data-element-id="close"].stands')).to_be_attached()
    assert "Mr Wang" not in operator.locator("main").inner_text()

    for clerk, step in (("traffic.clerk", "Close the road"), ("water.clerk", "Pump it dry")):
        page = stage.person(clerk)
        page.goto("/inbox/")
        page.get_by_role("link", name=step).first.click()
        page.locator("main .main-action").click()
        expect(page.locator("p.done").first).to_be_visible()
    operator.reload()
    expect(operator.locator(".page-head .state")).to_contain_text("Completed")
