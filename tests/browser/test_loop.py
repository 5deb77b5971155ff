"""The whole loop in the browser: nine people and a supervisor, from a report without an account to its answer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from engine.storage.tables.outbox import outbox
from engine.testing import START
from tests.browser.loop_people import CHINESE, NAMES, REPORTER, People, choose, pick, tick, write
from tests.browser.stage import Stage

INTAKE, LEADER, DISPATCHER, COMMANDER = (
    "centre.intake_clerk", "centre.shift_leader", "centre.dispatcher", "centre.commander",
)  # fmt: skip
WATER, TRAFFIC = "water.clerk", "traffic.clerk"
VERIFIER, EVALUATOR, SUPERVISOR = "centre.verifier", "centre.evaluator", "centre.supervisor"

BUDGET = timedelta(hours=2)
"""How long a department has for a missing manhole cover, from the moment the order is issued."""
LADDER = {
    50: (WATER, "water", "Department clerk"),
    80: ("water.duty", "water", "duty officer"),
    100: ("water.head", "water", "department head"),
    150: (SUPERVISOR, "centre", "Supervisor"),
}
"""Whom each rung of a clock calls, where, and as what."""
WHO_DID_WHAT = (
    ("Accepted", INTAKE),
    ("Filed", LEADER),
    ("Dispatched", DISPATCHER),
    ("Returned for revision", COMMANDER),
    ("Handed in for review", DISPATCHER),
    ("Approved", COMMANDER),
    ("Issued", COMMANDER),
    ("Signed for · water", WATER),
    ("Returned · traffic", TRAFFIC),
    ("Dispatched again · traffic", DISPATCHER),
    ("Signed for · traffic", TRAFFIC),
    ("Reported back · traffic", TRAFFIC),
    ("Reported back · water", WATER),
    ("Sent back for rework · water", VERIFIER),
    ("Signed for · water", WATER),
    ("Reported back · water", WATER),
    ("Verified · water, traffic", VERIFIER),
    ("Order closed", EVALUATOR),
    ("Closed", LEADER),
    ("Evaluated", EVALUATOR),
)
"""What the timeline tells in the end, the first first; other lines may stand between."""


@pytest.fixture
def people(stage: Stage) -> People:
    """The people of the loop, and a grid cell for the reporter to point at."""
    stage.site.grid("R-01", "water", None, 120.0)
    return People(stage)


def test_nine_people_and_a_supervisor_walk_the_whole_loop(people: People) -> None:
    """Everybody does their step through the pages, only in their turn; what is late climbs to those who answer for it.

    One order is returned for revision, one leg returned by its department, one reworked; each person tries the next
    one's step once and is refused; every rung calls one person, once; the reporter sees the end by the code.
    """
    people.sign_in()
    code = _reports(people)
    _sees(people, code, "To accept")
    _is_taken_in(people)
    _is_ordered(people)
    _sees(people, code, "In handling")
    _traffic_returns_its_leg_and_then_does_it(people)
    _water_is_late_and_the_ladder_calls(people)
    _water_reports_after_all(people)
    _water_has_to_do_it_again(people)
    _is_evaluated_and_closed(people)
    _sees(people, code, "Evaluated", "A new cover is on. Thank you.")
    _is_told_with_names(people)


def _reports(people: People) -> str:
    """Somebody without an account reports a missing manhole cover; the code to follow it by."""
    page = people.pages[REPORTER]
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Report something").click()
    page.get_by_role("textbox", name="What do you see?").fill("The manhole cover before the school gate is missing")
    page.get_by_role("combobox", name="Kind").select_option(label="Missing manhole cover")
    page.get_by_role("textbox", name="Address").fill("4 Water Street")
    page.get_by_role("application").click()
    expect(page.get_by_role("textbox", name="Latitude")).to_have_value(re.compile(r"30\.00\d+"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Received")
    return page.locator("output").inner_text()


def _sees(people: People, code: str, *expected: str) -> None:
    """The reporter follows the code and reads this."""
    page = people.pages[REPORTER]
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="Follow a report").click()
    page.get_by_role("textbox", name="Your code").fill(code)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Missing manhole cover")
    for text in expected:
        expect(page.get_by_role("definition").filter(has_text=text)).to_have_count(1)


def _is_taken_in(people: People) -> None:
    """Intake accepts what was reported, the shift leader files it."""
    people.turn(INTAKE, "Accept", choose("Decision", "Accept"), refused=REPORTER)
    people.turn(LEADER, "File", choose("Decision", "File"), refused=INTAKE)


def _is_ordered(people: People) -> None:
    """The dispatcher orders two departments to act; the commander has it revised once, approves and issues it."""
    people.turn(
        DISPATCHER,
        "Dispatch",
        write("Objective", "Make the street safe"),
        write("Content", "Fence the hole and put a cover on"),
        pick("Lead department", "water"),
        choose("Co-handling departments", "traffic"),
        refused=LEADER,
    )
    people.turn(DISPATCHER, "Draft the directive")
    revise = (choose("Decision", "Return for revision"), write("Reason", "Say which lane is closed"))
    people.turn(COMMANDER, "Review", *revise, refused=DISPATCHER)
    revised = write("Content", "Fence the hole, close the right lane, put a cover on")
    people.turn(DISPATCHER, "Draft the directive", revised)
    people.turn(COMMANDER, "Review", choose("Decision", "Approve"))
    people.turn(COMMANDER, "Issue")


def _traffic_returns_its_leg_and_then_does_it(people: People) -> None:
    """One leg is returned with its ground, sent back by the dispatcher, and done, in Chinese."""
    people.turn(WATER, "Sign for", choose("Decision", "Sign for"), refused=COMMANDER)
    returned = (choose("签收意见", "退回"), choose("退回原因", "非本单位职责"), write("退回理由", "井盖归水务管"))
    people.turn(TRAFFIC, "签收", *returned, refused=WATER)
    grounds = write("Grounds", "The lane is yours, the cover is not")
    people.turn(DISPATCHER, "Decide on the return", grounds, tick("Binding assignment"))
    people.turn(TRAFFIC, "签收", choose("签收意见", "签收"))
    people.turn(TRAFFIC, "处置", write("处置情况", "右侧车道已封闭"))
    people.turn(TRAFFIC, "反馈", write("处置结果", "右侧车道已封闭，待井盖装好后开放"))


def _water_is_late_and_the_ladder_calls(people: People) -> None:
    """Water has its leg in hand and lets time pass: each rung calls one person, once, and is told with the name."""
    _page, form = people.open(WATER, "Handle")
    form.get_by_role("button", name="Take it").click()
    expect(form.get_by_role("button", name="Give it back")).to_be_visible()
    said: list[str] = []
    for rung, (person_id, place, role) in LADDER.items():
        assert people.pass_time(START + BUDGET * rung / 100) == 1
        assert people.pass_time(START + BUDGET * rung / 100) == 0
        said.insert(0, f"{rung} % of Handling used: {place}, {NAMES[person_id]} ({role}) was called")
        people.come_back(SUPERVISOR)
        expect(people.what_happened(SUPERVISOR).locator("li.rung")).to_contain_text(said)
    calls = people.city.rows(outbox, outbox.c.topic == "escalation")
    assert [(each.payload["rung"], each.payload["person_id"]) for each in calls] == [
        (rung, person_id) for rung, (person_id, *_) in LADDER.items()
    ]


def _water_reports_after_all(people: People) -> None:
    """The board shows who is late; the supervisor gives an opinion, the department its feedback."""
    page = people.pages[SUPERVISOR]
    page.get_by_role("navigation").get_by_role("link", name="Overdue").click()
    late = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Handling"))
    expect(late.get_by_role("cell")).to_contain_text(
        ["No level", "1 h overdue", f"{NAMES[WATER]}water", f"150 % · {NAMES[SUPERVISOR]}"]
    )
    people.come_back()
    people.turn(SUPERVISOR, "Supervise", write("Supervisor's opinion", "The cover is on within the hour"))
    people.turn(WATER, "Handle", write("What was done", "A new cover is on"), refused=SUPERVISOR)
    people.turn(WATER, "Feedback", write("Result", "The street is safe"))
    people.come_back(SUPERVISOR)


def _water_has_to_do_it_again(people: People) -> None:
    """The verifier fails one leg, whose department does it again; then the order passes."""
    failed = (choose("Outcome", "Fail"), write("Why it fails", "It rattles"), choose("Departments to rework", "water"))
    people.turn(VERIFIER, "Verify", *failed, refused=TRAFFIC)
    people.turn(WATER, "Sign for", choose("Decision", "Sign for"))
    people.turn(WATER, "Handle", write("What was done", "Seated it anew"))
    people.turn(WATER, "Feedback", write("Result", "It sits tight"))
    people.turn(VERIFIER, "Verify", choose("Outcome", "Pass"))


def _is_evaluated_and_closed(people: People) -> None:
    """The order is evaluated, the incident closed with an answer and evaluated in its turn; nothing is left to do."""
    people.turn(EVALUATOR, "Evaluate", write("Score", "70"), write("Comment", "An hour late"), refused=VERIFIER)
    answer = write("Reply to the reporter", "A new cover is on. Thank you.")
    people.turn(LEADER, "Close", choose("Decision", "Close"), answer, refused=EVALUATOR)
    people.turn(EVALUATOR, "Evaluate", write("Score", "80"), write("Remarks", "Answered within a day"))
    people.have_nothing_to_do()


def _is_told_with_names(people: People) -> None:
    """The page of the incident tells in order who did what, and every rung once, in both languages."""
    happened = people.what_happened(SUPERVISOR)
    expect(happened.locator("li.rung")).to_have_count(len(LADDER))
    lines = iter(happened.get_by_role("listitem").all_inner_texts()[::-1])
    expected = [f"{what} {NAMES[person_id]}" for what, person_id in WHO_DID_WHAT]
    assert [each for each in expected if not any(line.endswith(each) for line in lines)] == []
    in_chinese = [f"处置时限用到 {rung}%，通知{place} {NAMES[who]}（" for rung, (who, place, _) in LADDER.items()]
    expect(people.what_happened(CHINESE).locator("li.rung")).to_contain_text(in_chinese[::-1])
