"""People with bad intentions write into everything that takes words: every page shows it as words, and nothing runs.

The browsers here have no content security policy, so that it is the pages that hold and not the net below them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from sqlalchemy import select, update

from engine.domain.access import SYSTEM_ACTOR
from engine.services import definitions
from engine.services.desk import Desk
from engine.storage.tables import org
from engine.storage.tables.processes import definition
from tests.browser import openers
from tests.browser.full_city import FullCity, fill
from tests.browser.openers import Open, at, dropped, item, sent
from tests.browser.pages import PAGES, Page, clerk, designer, intake
from tests.browser.stage import Stage
from tests.browser.visit import Visit, nobody, one, whose
from tests.live_server import serving
from tests.services.play import Play, drawing, node
from tests.webapp.site import Site

SHORT = "<img src=x onerror=hacked()>"
EVIL = (
    "<script>hacked()</script>\"><img src=x onerror=hacked()>'-hacked()-'{{7*7}}${7*7}<svg onload=hacked()>"
    "</textarea></title><a href=javascript:hacked()>\u202ecod.exe"
)
TRAP = "window.hacked = () => { window.__hacked = true; };"
RAN = """() => {
  const bad = (each) => ["href", "src", "action", "formaction"].some(
    (kind) => /^\\s*(javascript|data:text)/i.test(each.getAttribute(kind) || ""));
  const handles = (each) => [...each.attributes].some((it) => it.name.startsWith("on"));
  const all = [...document.querySelectorAll("*")], raw = (each) => each.outerHTML.slice(0, 200);
  const typed = [...document.querySelectorAll("input, textarea")].map((each) => each.value);
  return {
    hacked: window.__hacked === true,
    planted: document.querySelectorAll("img[src=x], svg[onload]").length,
    links: all.filter(bad).map(raw),
    handlers: all.filter(handles).map(raw),
    said: document.body.innerText + typed.join(" "),
  };
}"""


def say(text: str, most: int) -> str:
    """What somebody with bad intentions writes in place of a text."""
    return f"{text} {EVIL}" if len(EVIL) + len(text) < most else SHORT if len(SHORT) <= most else text


def names(desk: Desk) -> None:
    """Departments, posts and people that are called so."""
    desk.uow.execute(update(org.department).values(name_zh=org.department.c.name_zh + EVIL, name_en=EVIL))
    desk.uow.execute(update(org.post).values(name_zh=EVIL, name_en=EVIL))
    desk.uow.execute(update(org.person).values(name=org.person.c.name + EVIL))
    desk.city.forget()


def diagram(city: FullCity) -> None:
    """The shipped loop, every step of it named so, as the version that the city plays."""
    (loop,) = [source for source in definitions.shipped_sources() if source.process_id == "closed_loop_command"]
    drawn = re.sub(r'(<bpmn:userTask id="\w+" )name="[^"]*"', rf'\1name="{escape(EVIL)}"', loop.content.decode())
    assert drawn.count("hacked()") > 50
    evil = definitions.Source(loop.process_id, drawn.encode(), loop.forms)
    city.engine.command(definitions.install_version, SYSTEM_ACTOR, evil)


def newest_process(visit: Visit) -> None:
    """Open the version whose steps are named so."""
    with visit.city.engine.database.read(visit.city.clock.now()) as uow:
        visit.go(
            f"/processes/{uow.execute(select(definition.c.id).order_by(definition.c.version)).scalars().all()[-1]}"
        )


def returned(form: str, **fields: str) -> Open:
    """Send an item's form back with what is wrong in it."""

    def open(visit: Visit) -> None:
        item("closed_loop_command", form)(visit)
        visit.choose("f-decision", "return")
        visit.set(**fields)
        visit.press()

    return open


def typed_too_late(visit: Visit) -> None:
    """Complete an item in a revision that is over; what was typed comes back."""
    item("closed_loop_command", "feedback")(visit)
    visit.set(revision="9", f__text=EVIL)
    visit.press()


def taken(visit: Visit) -> None:
    """Take a table in whose every cell is so."""
    dropped("/intake/", "table", f"{SHORT}.csv", CELLS, "main form[enctype] .btn")(visit)
    visit.press()


def sent_from(visit: Visit) -> None:
    """Come to a refusal from an address that is so."""
    answer = visit.tab.goto(
        f"{visit.address}/incidents/none", referer=f'{visit.address}/"><img src=x onerror=hacked()>'
    )
    assert answer is not None
    visit.status = answer.status


CELLS = "".join(
    ",".join('"' + each.replace('"', '""') + '"' for each in row) + "\n"
    for row in (
        [f"{name}{EVIL}" for name in ("编号", "时间", "内容", "地址", "来电人", "来电号码")],
        [SHORT, "2026-03-02 09:10", EVIL, EVIL[:150], SHORT, SHORT],
        [EVIL, EVIL, EVIL, EVIL, EVIL, EVIL],
    )
).encode()
TASK = node("userTask", "a", f'name="{escape(EVIL)}" foo="{escape(EVIL)}"')
FILE = drawing("evil", node("startEvent", "s", f'name="{escape(EVIL)}"') + TASK).encode()
MORE = (
    Page(
        "reports.send: typed", nobody, sent("/report", text=EVIL, latitude=EVIL, address=EVIL, name=SHORT), status=422
    ),
    Page("reports.progress: typed", nobody, sent("/follow", code=EVIL), status=404),
    Page("reports.send: not ours, typed", nobody, sent("/report", csrf=EVIL, text=EVIL), status=400),
    Page(
        "account.enter: typed",
        nobody,
        sent("/sign-in", account=EVIL, password="x", next="javascript:hacked()"),
        status=401,
    ),
    Page("account.sign_in: next", nobody, at("/sign-in?next=javascript:hacked()//" + SHORT)),
    Page("account.issue: typed", clerk, sent("/account/tokens", name=EVIL), status=422),
    Page("work.complete: typed", whose("closed_loop_command", "sign"), returned("sign", f__reason=EVIL), status=422),
    Page("work.complete: too late, typed", whose("closed_loop_command", "feedback"), typed_too_late, status=409),
    Page(
        "intake.preview: typed", intake, dropped("/intake/", "table", f"{SHORT}.csv", CELLS, "main form[enctype] .btn")
    ),
    Page("intake.take: typed", intake, taken),
    Page("library.upload: typed", designer, dropped("/processes/", "file", f"{SHORT}.bpmn", FILE, "main .main-action")),
    Page("library.process: newest", designer, newest_process, has_diagram=True),
    Page("help.pages: role", nobody, at(f"/help/?role={SHORT}")),
    Page("people.people: query", clerk, at(f"/people/?q={SHORT}")),
    Page("incidents.incidents: group", intake, at(f"/incidents/?group={SHORT}")),
    Page("incidents.incidents: place", intake, at(f"/incidents/?after={SHORT}"), status=404),
    Page("audit.ledger: subject", one("auditor"), at(f"/audit/?subject={SHORT}")),
    Page("fault: from elsewhere", clerk, sent_from, status=404),
    Page("fault: path", nobody, at(f"/{SHORT}"), status=404),
)
SHOWN = {
    "reports.progress", "inbox.inbox", "board.board", "people.people", "intake.desk", "account.tokens",
    "incidents.incident: closed", "orders.order: closed", "work.item: closed_loop_command verify",
    "work.item: incident_response close", "library.process: newest", "people.people: query", "audit.ledger: subject",
    *(page.name for page in MORE if "typed" in page.name),
}  # fmt: skip
"""Pages on which the words must be read as they were written."""


@pytest.fixture(scope="module")
def evil_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullCity]:
    """A city in which every text is hostile."""
    city = FullCity(tmp_path_factory.mktemp("hostile"), say)
    diagram(city)
    fill(city)
    city.message(city.bring(city.open_case("coordinated"), "handle"), "problem.raised")
    city.complete(city.bring(city.cases["coordinated"], "coordinate"), {"resolution": "已协调"})
    city.engine.command(names, SYSTEM_ACTOR)
    yield city
    city.close()


def ran(tab: Tab, page: Page, dialogs: list[str]) -> list[str]:
    """What ran or could run on the open page, and words that are missing on it."""
    if page.has_diagram:
        tab.wait_for_selector("[data-diagram][data-ready]")
    found: dict[str, Any] = tab.evaluate(RAN)
    faults = [f"{what}: {found[what]}" for what in ("hacked", "planted", "links", "handlers") if found[what]]
    faults += [f"dialog {each}" for each in dialogs]
    is_said = "hacked()" in found["said"] and ("<img src=x" in found["said"])
    if page.name in SHOWN and not is_said:
        faults.append("does not show the words as they were written")
    if "49" in re.findall(r"'-(?:hacked\(\))?-'\W*(\w+)", found["said"]):
        faults.append("worked out what is between braces")
    return [f"{page.name}: {each}" for each in faults]


def test_hostile_words_are_words_on_every_page(browser: Browser, evil_city: FullCity, tmp_path_factory: Any) -> None:
    """Reports, orders, reasons, names, files, tables, addresses: nothing that anybody writes becomes part of a page."""
    folder = tmp_path_factory.mktemp("hostile-site")
    site, demo = Site(Play(evil_city), folder), Site(Play(evil_city), folder, demo=True)
    with serving(site.app) as address, serving(demo.app) as demo_address:
        stage = Stage(browser, site, address)
        tab = stage.visitor("en", bypass_csp=True)
        tab.context.add_init_script(TRAP)
        dialogs: list[str] = []
        tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        found = []
        for page in (*PAGES, *MORE):
            visit = Visit(tab, evil_city, demo_address if page.is_demo else address, "en")
            visit.become(page.who(evil_city))
            page.open(visit)
            found += [f"{page.name}: status {visit.status}"] if visit.status != page.status else []
            found += ran(tab, page, dialogs)
        stage.close()
    assert found == [], "\n".join(found)
    assert {page.name for page in (*PAGES, *MORE)} >= SHOWN


def test_trap_closes_on_a_page_that_does_run_what_it_shows(
    browser: Browser, evil_city: FullCity, tmp_path: Any
) -> None:
    """The proof is worth something: on a page that prints words raw, they run and are found."""
    stage = Stage(browser, Site(Play(evil_city), tmp_path), "http://127.0.0.1:9")
    tab = stage.visitor("en", bypass_csp=True)
    tab.context.add_init_script(TRAP)
    tab.goto("about:blank")
    tab.set_content(f"<h1>{EVIL}</h1>")
    tab.wait_for_function("window.__hacked === true")
    assert len(ran(tab, Page("raw", nobody, openers.at("/")), [])) >= 4
    stage.close()
