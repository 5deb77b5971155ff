"""Every page of the product, who opens it, and how: what the sweeps walk through.

A page is named after its route, and after a colon what is special about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.browser import openers
from tests.browser.full_city import FORMS
from tests.browser.openers import FINDINGS, Open, at, case, dropped, item, order, process, sent
from tests.browser.visit import Who, nobody, one, whose

Kind = Literal["form", "list", "text"]
"""A form has a main button, a list has rows with a title, a text neither."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: who opens it, how, what it is, and the status it comes with."""

    name: str
    who: Who
    open: Open
    kind: Kind = "text"
    status: int = 200
    has_diagram: bool = False
    is_demo: bool = False

    @property
    def endpoint(self) -> str:
        """The route it belongs to."""
        return self.name.split(":")[0]


NOT_PAGES = {
    "static": "files of the pages",
    "health.healthz": "for whoever watches the server",
    "health.readyz": "for whoever watches the server",
    "reports.cells": "the grid for maps",
    "library.source": "a file for diagrams and modellers",
    "library.drawn": "a file for diagrams",
    "library.counter_example": "a course for the player",
    "orders.evidence": "a download",
    "incidents.photo": "a download",
    "live.stream": "a stream",
    "api-docs.openapi_json": "the description of the API",
    **{
        f"v1.{name}": "the API"
        for name in (
            *("board", "inbox", "incident", "list_incidents", "me", "order", "work_item"),
            *("compare_versions", "list_versions", "version_of"),
        )
    },
}
"""Routes that answer a GET with something else than a page, and what that is."""


clerk, clerk_2 = (one("department_clerk", "water", place) for place in (0, 1))
head, firefighter = one("department_head", "health"), one("department_clerk", "fire")
intake, dispatcher, supervisor = one("intake_clerk"), one("dispatcher"), one("supervisor")
designer, commander, auditor = one("process_designer"), one("commander"), one("auditor")
admin = one("admin")
LOOPS = sorted({of for of, _ in FORMS})
colleague = one("process_designer", place=1)
CHECK = "main .main-action"
ONLY = 'main [name="only_check"]'
DROP = "main form[enctype] .btn"

PAGES = (
    Page("home.start", nobody, at("/"), "form"),
    Page("home.start: of a demo", nobody, at("/"), "form", is_demo=True),
    Page("reports.form", nobody, at("/report"), "form"),
    Page("reports.form: guided", nobody, openers.guided_report, "form", is_demo=True),
    Page("reports.send", nobody, sent("/report", text="路口积水"), "form"),
    Page("reports.send: refused", nobody, sent("/report", text="路口积水", latitude="30"), "form", 422),
    Page("reports.follow_form", nobody, at("/follow"), "form"),
    Page("reports.progress", nobody, openers.follow, "form"),
    Page("reports.progress: unknown", nobody, sent("/follow", code="AAAA-AAAA-AAAA"), "form", 404),
    Page("reports.progress: too often", nobody, openers.too_often, "form", 429),
    Page("reports.send: not ours", nobody, openers.not_ours, "form", 400),
    Page("account.sign_in", nobody, at("/sign-in"), "form"),
    Page("account.sign_in: sent there", nobody, at("/inbox/?after=x"), "form"),
    Page("account.enter", nobody, sent("/sign-in", account="none", password="wrong"), "form", 401),
    Page("account.tokens", clerk, at("/account/tokens"), "form"),
    Page("account.tokens: none", head, at("/account/tokens"), "form"),
    Page("account.issue", firefighter, openers.token, "form"),
    Page("account.issue: refused", clerk, sent("/account/tokens", name="巡查"), "form", 422),
    Page("help.pages", nobody, at("/help/")),
    Page("help.pages: own", supervisor, at("/help/")),
    Page("help.pages: of a role", clerk, at("/help/?role=dispatcher")),
    Page("help.drawing", designer, at("/help/drawing")),
    Page("help.bpmn_elements", nobody, at("/help/elements")),
    Page("people.people", clerk, at("/people/"), "list"),
    Page("inbox.inbox", clerk, at("/inbox/?done=yes"), "list"),
    Page("inbox.inbox: dispatcher", dispatcher, at("/inbox/"), "list"),
    Page("inbox.inbox: empty", head, at("/inbox/")),
    Page("board.board", supervisor, at("/board/"), "list"),
    Page("incidents.incidents", supervisor, at("/incidents/"), "list"),
    Page("incidents.incidents: done", supervisor, at("/incidents/?group=done"), "list"),
    Page("incidents.incidents: next", supervisor, openers.next_page, "list"),
    Page("incidents.incidents: empty", one("department_clerk", "ambulance"), at("/incidents/")),
    *(
        Page(f"incidents.incident: {name}", who, case(name), has_diagram=True)
        for name, who in {
            "closed": supervisor, "overdue": supervisor, "oral": clerk, "secret": dispatcher, "rejected": intake,
            "request_call_back": intake, "order_handle": dispatcher, "merged": intake,
        }.items()
    ),
    Page("incidents.incident: guided", supervisor, openers.guided(case("response_dispatch")), "text", 200, True, True),
    Page("incidents.draft: refused", dispatcher, openers.one_more_order, "text", 422, has_diagram=True),
    *(
        Page(f"orders.order: {name}", who, order(name), has_diagram=True)
        for name, who in {
            "closed": supervisor, "overdue": clerk, "oral": supervisor, "draft": one("drafter"), "issue": commander,
            "sign": commander, "decide_return": dispatcher, "withdrawn": commander,
        }.items()
    ),
    Page("orders.withdraw: refused", commander, openers.wrong_reason, "form", 422),
    *(Page(f"work.item: {of} {form}", whose(of, form), item(of, form), "form") for of, form in sorted(FORMS)),
    Page("work.item: mine", clerk, openers.held, "form"),
    Page("work.item: held by another", clerk_2, openers.held, "form"),
    Page("work.item: guided", dispatcher, openers.guided(at("/guide/next")), "form", is_demo=True),
    Page("work.complete: refused", whose("closed_loop_command", "sign"), openers.refused_item, "form", 422),
    Page("work.complete: too late", whose("closed_loop_command", "feedback"), openers.too_late, "form", 409),
    Page("guide.go", nobody, openers.guided(at("/guide/next")), is_demo=True),
    Page("intake.desk", intake, at("/intake/"), "list"),
    Page("intake.preview", intake, openers.preview, "form"),
    Page("intake.preview: refused", intake, dropped("/intake/", "table", "表.csv", b"\0", DROP), "list", 422),
    Page("intake.take", intake, openers.taken, "form"),
    Page("intake.take: columns missing", intake, openers.columns_missing, "form", 422),
    Page("designer.draw", designer, openers.drawn("diagram"), "form"),
    Page("designer.draw: forms", designer, openers.drawn("forms", "add-form", "add-field"), "form"),
    Page("designer.draw: decisions", designer, openers.drawn("decisions", "add-decision"), "form"),
    Page("designer.draw: findings", designer, openers.drawn("findings"), "form"),
    Page("designer.draw: dry run", designer, openers.played, "form"),
    Page("designer.redraw", designer, openers.redrawn, "form"),
    Page("designer.draw: text", designer, openers.drawn("text"), "form"),
    Page("library.library", designer, at("/processes/"), "form"),
    *(Page(f"library.process: {of}", designer, process(of), has_diagram=True) for of in LOOPS),
    Page("instances.instances", admin, at("/instances/"), "list"),
    Page("instances.instances: suspended", admin, at("/instances/?which=suspended")),
    Page("instances.instance", admin, openers.instance("overdue"), has_diagram=True),
    Page("instances.instance: ended", admin, openers.instance("closed"), has_diagram=True),
    Page("instances.failures_desk", admin, at("/instances/failures")),
    Page("instances.batch_list", admin, openers.batch("/instances/batches"), "list"),
    Page("instances.batch", admin, openers.batch("/instances/batches/{id}")),
    Page("instances.migration", admin, openers.migration, "form"),
    Page("library.upload: checked", designer, dropped("/processes/", "file", "流程.bpmn", FINDINGS, ONLY), "form"),
    Page("library.upload: refused", designer, dropped("/processes/", "file", "图片", b"no", CHECK), "form", 422),
    Page("library.process: draft", designer, openers.draft, "form", has_diagram=True),
    Page("library.answer: refused", designer, openers.wrong_answer, "form", 422, has_diagram=True),
    Page("library.process: in review", colleague, openers.version("review"), "form", has_diagram=True),
    Page("library.process: published", colleague, openers.version("published"), "form", has_diagram=True),
    Page("library.process: not proved", designer, openers.version("stuck"), "form", has_diagram=True),
    Page("library.start", designer, openers.version("published", "/start"), "form"),
    Page("library.begin: refused", designer, openers.empty_start, "form", 422),
    Page("library.compare", designer, openers.version("review", "/compare"), "form"),
    Page("audit.ledger", auditor, at("/audit/"), "list"),
    Page("audit.verify", auditor, sent("/audit/"), "list"),
    Page("fault: not permitted", clerk, at("/audit/"), "form", 403),
    Page("fault: not found", clerk, at("/incidents/none"), "form", 404),
    Page("fault: no page", nobody, at("/none"), "form", 404),
    Page("fault: not that way", clerk, at("/sign-out"), "form", 405),
)  # fmt: skip
