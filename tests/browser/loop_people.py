"""The people of the loop, each in a browser of their own: what they see, do and are refused, in a few words.

A test says whose turn it is (`turn`), with what they fill in (`write`, `choose`, `pick`); everything goes through
pages: the inbox, the item's form, its button.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from engine.domain.access import SYSTEM_ACTOR
from engine.services.desk import Desk
from engine.storage.tables import org
from tests.browser.stage import Stage

REPORTER = "reporter"
"""Whoever reports: a browser without an account."""
NAMES = {
    "centre.intake_clerk": "陈静",
    "centre.shift_leader": "王建国",
    "centre.dispatcher": "刘洋",
    "centre.commander": "赵立新",
    "water.clerk": "周敏",
    "traffic.clerk": "孙强",
    "centre.verifier": "吴海燕",
    "centre.evaluator": "郑文博",
    "centre.supervisor": "高振华",
    "water.duty": "林涛",
    "water.head": "何玉兰",
}
"""Names that are not their ids, so that a page that shows an id for a name is found out."""
STAFF = tuple(NAMES)[:9]
"""Who works the loop; with the reporter nine people and a supervisor."""
CHINESE = "traffic.clerk"
"""Whose pages are in Chinese."""
WORDS = {
    "inbox": {"en": "Inbox", "zh": "待办"},
    "send": {"en": "Send", "zh": "提交"},
    "done": {"en": "This step is done.", "zh": "已办结这一步。"},
    "refused": {"en": "Not carried out", "zh": "未能办理"},
    "empty": {"en": "Nothing to do", "zh": "没有待办"},
    "incidents": {"en": "Incidents", "zh": "事件"},
    "all": {"en": "All", "zh": "全部"},
    "happened": {"en": "What happened", "zh": "经过"},
}
"""What the pages call what the walk looks for."""

Filling = Callable[[Locator], None]

SEND_AS_ONESELF = """([address, fields]) => {
    const form = document.createElement("form");
    const mine = document.querySelector("input[name=csrf]").value;
    form.method = "post";
    form.action = address + "/complete";
    for (const [name, value] of [["csrf", mine], ...fields]) {
        const input = document.createElement("input");
        [input.type, input.name, input.value] = ["hidden", name, value];
        form.append(input);
    }
    document.body.append(form);
    form.submit();
}"""
"""Sends the fields of somebody else's form from one's own page, with one's own mark that it is a form of this site."""
FILLED_IN = """form => [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && name !== "csrf" && name !== "once")"""


def write(field: str, text: str) -> Filling:
    """Write a text, or a number, into a field."""
    return lambda form: (
        form.get_by_role("textbox", name=field, exact=True)
        .or_(form.get_by_role("spinbutton", name=field, exact=True))
        .fill(text)
    )


def choose(field: str, *options: str) -> Filling:
    """Choose among options that are all on the page."""

    def check(form: Locator) -> None:
        for option in options:
            form.get_by_role("group", name=field, exact=True).get_by_label(option, exact=True).check()

    return check


def pick(field: str, option: str) -> Filling:
    """Pick from a list that opens."""

    def select(form: Locator) -> None:
        form.get_by_role("combobox", name=field, exact=True).select_option(label=option)

    return select


def tick(field: str) -> Filling:
    """Say yes."""
    return lambda form: form.get_by_role("checkbox", name=field, exact=True).check()


class People:
    """The people of a loop on a stage, whose pages stay open from step to step."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.city = stage, stage.city
        self.city.newcomer("water.duty")
        self.city.engine.command(_settle, SYSTEM_ACTOR)
        stage.give_passwords(*STAFF)
        self.pages = {id_: stage.visitor(self.language(id_)) for id_ in (REPORTER, *STAFF)}

    @staticmethod
    def language(person_id: str) -> str:
        """The language of somebody's pages."""
        return "zh" if person_id == CHINESE else "en"

    def word(self, person_id: str, key: str) -> str:
        """What their pages call it."""
        return WORDS[key][self.language(person_id)]

    def sign_in(self, *people: str) -> None:
        """Let these people sign in through the form."""
        for id_ in people or STAFF:
            page = self.pages[id_]
            self.stage.sign_in(page, id_, self.language(id_))
            expect(page.get_by_role("banner")).to_contain_text(NAMES[id_])

    def come_back(self, *people: str) -> None:
        """Let these people on whose sessions have ended meanwhile."""
        for id_ in people or STAFF:
            self.stage.let_in(self.pages[id_], id_)
            self.pages[id_].goto("/")

    def turn(self, person_id: str, step: str, *fillings: Filling, refused: str | None = None) -> None:
        """It is this person's turn and nobody else's: they find the step in their inbox, fill it in and send it.

        `refused` opens and sends the very same form before them, and is told no.
        """
        page, form = self.open(person_id, step)
        for fill in fillings:
            fill(form)
        self._nobody_else_can_open(person_id, page.url)
        if refused is not None:
            self.is_refused(refused, page.url, form.evaluate(FILLED_IN))
        form.get_by_role("button", name=self.word(person_id, "send"), exact=True).click()
        expect(page.get_by_role("status")).to_have_text(self.word(person_id, "done"))

    def open(self, person_id: str, step: str) -> tuple[Page, Locator]:
        """The page of a step that waits in somebody's inbox, and its form."""
        page = self.pages[person_id]
        page.get_by_role("navigation").get_by_role("link", name=self.word(person_id, "inbox")).click()
        page.get_by_role("rowheader").get_by_role("link", name=step, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(step)
        return page, page.get_by_role("main").locator("form")

    def have_nothing_to_do(self) -> None:
        """Nobody's inbox holds anything any more; asked by their browsers without showing the page."""
        inboxes = {id_: self.pages[id_].request.get("/inbox/").text() for id_ in STAFF}
        assert [id_ for id_, inbox in inboxes.items() if self.word(id_, "empty") not in inbox] == []

    def what_happened(self, person_id: str) -> Locator:
        """What happened, as this person reads it on the page of the only incident, all of it."""
        page = self.pages[person_id]
        page.get_by_role("navigation").get_by_role("link", name=self.word(person_id, "incidents")).click()
        page.get_by_role("link", name=self.word(person_id, "all"), exact=True).click()
        page.get_by_role("rowheader").get_by_role("link").click()
        happened = page.get_by_role("region", name=self.word(person_id, "happened"))
        expect(happened).to_be_visible()
        for fold in happened.locator("summary").all():
            fold.click()
        return happened

    def is_refused(self, person_id: str, address: str, fields: list[list[str]]) -> None:
        """They open a step that is not theirs and send its form: told no both times, and nothing has changed."""
        page = self.pages[person_id]
        told = page.get_by_role("heading", name=self.word(person_id, "refused"), exact=True)
        with self.stage.expecting_refusals(), self.nothing_changes():
            page.goto(address)
            if person_id == REPORTER:
                expect(page).to_have_url(f"{self.stage.address}/sign-in?next={address[len(self.stage.address) :]}")
            else:
                expect(told).to_be_visible()
            with page.expect_response(f"{address}/complete") as answer:
                page.evaluate(SEND_AS_ONESELF, [address, fields])
            expect(told).to_be_visible()
        assert answer.value.status == (401 if person_id == REPORTER else 403)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """What is done inside leaves every row of the database as it was."""
        before = self.city.everything()
        yield
        after = self.city.everything()
        assert {name for name in before if before[name] != after[name]} == set()

    def pass_time(self, until: datetime) -> int:
        """Time passes, and the engine fires what is due; how much that was."""
        return self.city.wait_until(until)

    def _nobody_else_can_open(self, person_id: str, address: str) -> None:
        """Asked by their browsers without showing the page: it is there for the one whose turn it is alone."""
        answers = {id_: page.request.get(address, max_redirects=0).status for id_, page in self.pages.items()}
        assert answers == {REPORTER: 302, **dict.fromkeys(STAFF, 404), person_id: 200}


def _settle(desk: Desk) -> None:
    """Everybody's name; the posts of drafter and reviewer, and the water bureau's shift, in other hands."""

    def change(table: Any, id_: str, **values: Any) -> None:
        desk.uow.execute(update(table).where(table.c.id == id_).values(**values))

    for id_, name in NAMES.items():
        change(org.person, id_, name=name)
    change(org.post_holding, "centre.drafter", person_id="centre.dispatcher")
    change(org.post_holding, "centre.reviewer", person_id="centre.commander")
    change(org.duty_shift, "water.shift", person_id="water.duty")
    desk.city.forget()
