"""The shipped loop through the services: from a draft to a closed order, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.domain.lifecycle import DIRECTIVE, INCIDENT, TASK, Lifecycle
from engine.errors import InvalidMove
from engine.storage.tables import directives as t
from engine.storage.tables import ledger, processes
from tests.processes.variants import with_second_review, without_evaluate
from tests.services.play import Play


def test_loop_with_return_and_rework_ends_closed(city: Play) -> None:
    """The main road of the product: returned by the reviewer, reworked by one department, closed by three people."""
    order = city.order("water", "traffic")
    city.do("draft")
    city.do("review", decision="return_for_revision", reason="Too vague")
    assert city.state(order) == "draft"
    city.do("draft", objective="Pump the underpass", content="Two pumps until 18:00")
    city.do("review", decision="approve")
    city.do("issue")
    assert city.open_nodes() == ["sign@traffic", "sign@water"]
    city.report_back("traffic")
    assert city.state(order) == "executing"
    assert city.open_nodes() == ["sign@water"]
    city.report_back("water")
    assert city.state(order) == "feedback"
    city.do("verify", decision="fail", reason="Still wet", legs=["water"])
    assert city.open_nodes() == ["sign@water"]
    assert {d: task.state for d, task in city.tasks(order).items()} == {"water": "rework", "traffic": "submitted"}
    city.report_back("water")
    city.do("verify", decision="pass")
    city.do("evaluate", score=85, text="Quick")
    row = city.order_row(order)
    assert (row.state, row.objective, row.rework_count) == ("closed", "Pump the underpass", 1)
    assert (row.reviewer_id, row.signer_id) == ("centre.reviewer", "centre.commander")
    assert (row.verifier_id, row.evaluator_id) == ("centre.verifier", "centre.evaluator")
    assert {task.state for task in city.tasks(order).values()} == {"verified"}
    assert city.open_nodes() == ["close"]
    assert not city.is_running(row.instance_id)
    assert city.outcome(row.instance_id) == "completed"


def test_loop_closed_leaves_no_runtime_row(city: Play) -> None:
    """Runtime rows die with the instance: nothing waits, ticks or listens for a closed case."""
    city.closed("water", issue_mode="normal")
    city.do("close", decision="close", reply="Done")
    city.do("evaluate", score=80)
    for table in (
        processes.process_instance,
        processes.work_item,
        processes.timer,
        processes.subscription,
        processes.call,
        processes.operation,
        processes.step_failure,
    ):
        assert city.rows(table) == []
    assert {row.state for row in city.rows(t.task)} == {"verified"}


@pytest.mark.parametrize("life", [INCIDENT, DIRECTIVE, TASK], ids=lambda life: life.subject)
def test_loop_played_leaves_a_fact_and_a_ledger_row_for_each_change_of_state(city: Play, life: Lifecycle) -> None:
    """Every state a row is in can be told from its facts, step by step, and every fact stands in the ledger."""
    order = city.issued("water", "traffic", level=2)
    city.report_back("water", "traffic")
    city.do("verify", decision="fail", reason="Not yet", legs=["traffic"])
    city.report_back("traffic")
    city.do("verify", decision="pass")
    city.do("evaluate", score=70)
    with city.engine.database.read(city.clock.now()) as uow:
        stored = uow.execute(text(f"SELECT id, state FROM {life.subject}")).all()
        facts = uow.execute(
            text("SELECT id, subject_id, payload FROM fact WHERE code = :code ORDER BY id"),
            {"code": f"{life.subject}.moved"},
        ).all()
        contents = uow.execute(text("SELECT content FROM ledger WHERE subject NOT LIKE 'clock:%'")).all()
    in_ledger = [entry for (content,) in contents for entry in json.loads(bytes(content))["facts"]]
    assert stored
    for id_, state in stored:
        payloads = [p if isinstance(p, dict) else json.loads(p) for _, subject, p in facts if subject == id_]
        trail = [(p["source"], p["target"]) for p in payloads]
        assert [source for source, _ in trail] == [life.start, *(target for _, target in trail[:-1])]
        assert trail[-1][1] == state
        assert set(trail) <= set(life.transitions())
        kept = [entry[4] for entry in in_ledger if entry[0] == f"{life.subject}.moved" and entry[2] == id_]
        assert kept == payloads
    assert order in {row.subject.removeprefix("directive:") for row in city.rows(ledger.ledger)}
    city.engine.seal()
    assert city.engine.verify().ok


def test_loop_at_level_two_needs_a_cosignature(city: Play) -> None:
    """A grave event is approved twice, by two people, before it can be issued."""
    order = city.order("water", level=2)
    city.do("draft")
    city.do("review", decision="approve")
    assert city.open_nodes() == ["cosign"]
    assert city.state(order) == "in_review"
    city.do("cosign", decision="approve")
    assert city.open_nodes() == ["issue"]
    assert city.state(order) == "approved"
    approvals = [actor for action, _, _, actor in city.moves(order) if action == "approve"]
    assert approvals == ["centre.reviewer", "centre.commander"]


def test_loop_at_level_two_returned_by_the_cosigner_is_reviewed_again(city: Play) -> None:
    """A returned order goes through every review anew."""
    order = city.order("water", level=1)
    city.do("draft")
    city.do("review", decision="approve")
    city.do("cosign", decision="return_for_revision", reason="Missing reserve")
    assert (city.state(order), city.open_nodes()) == ("draft", ["draft"])
    city.do("draft")
    city.do("review", decision="approve")
    assert city.open_nodes() == ["cosign"]


@pytest.mark.parametrize("level", [3, 4, None])
def test_loop_below_level_two_needs_one_review(sqlite_city: Play, level: int | None) -> None:
    """One review is enough for a lesser or an ungraded event."""
    sqlite_city.order("water", level=level, event_type="10101" if level else "40101")
    sqlite_city.do("draft")
    sqlite_city.do("review", decision="approve")
    assert sqlite_city.open_nodes() == ["issue"]


def test_loop_oral_first_waits_for_the_paper(city: Play) -> None:
    """An order given by word of mouth is not evaluated before its paper is there; after two hours it is asked for."""
    order = city.issued("water", issue_mode="oral_first")
    assert city.open_nodes() == ["paper", "sign@water"]
    city.wait(timedelta(hours=1, minutes=59))
    assert not city.open("paper_overdue")
    city.wait(timedelta(minutes=1))
    assert len(city.open("paper_overdue")) == 1
    city.wait(timedelta(hours=3))
    assert len(city.open("paper_overdue")) == 1
    city.report_back("water")
    city.do("supervise", opinion="Hurry up")
    city.do("verify", decision="pass")
    assert not city.open("evaluate")
    city.do("paper", document_number="2026-4")
    assert not city.open("evaluate")
    city.do("paper_overdue", reason="Was busy")
    city.do("evaluate", score=60)
    assert city.state(order) == "closed"


def test_loop_returned_leg_is_dispatched_again(city: Play) -> None:
    """A department may send its leg back once; the dispatcher decides, and the loop goes on."""
    order = city.issued("water", "traffic")
    city.do("sign", "water", decision="return", reason="Not ours", reason_code="not_competent")
    assert city.tasks(order)["water"].state == "returned"
    assert city.open_nodes() == ["decide_return@water", "sign@traffic"]
    city.do("decide_return", reason="It is yours", binding=True)
    assert city.tasks(order)["water"].state == "pending"
    city.report_back("water", "traffic")
    city.do("verify", decision="pass")
    assert {task.state for task in city.tasks(order).values()} == {"verified"}
    assert city.tasks(order)["water"].return_count == 1


def test_loop_copy_addressee_gets_a_receipt_and_no_task(city: Play) -> None:
    """Who is only informed has nothing to do and holds nothing up."""
    from engine.services import directives

    order = city.order("water")
    incident = city.order_row(order).incident_id
    more = city.engine.command(
        directives.draft_directive,
        city.person("centre.drafter"),
        incident,
        kind="notice",
        objective="Know it",
        content="For information",
        addressees=[("traffic", "copy"), ("fire", "lead")],
    )
    assert {row.department_id for row in city.rows(t.receipt, t.receipt.c.directive_id == more)} == {"fire", "traffic"}
    for node in ("draft", "review", "issue"):
        items = [item for item in city.open(node) if item.subject_id == more]
        person = {"draft": "drafter", "review": "reviewer", "issue": "commander"}[node]
        city.complete(items[0], f"centre.{person}", **({"decision": "approve"} if node == "review" else {}))
    assert list(city.tasks(more)) == ["fire"]


@pytest.mark.parametrize("rule", ["all", "lead", "quorum"])
def test_loop_completion_rule_met_early_lets_the_others_report_too(city: Play, rule: str) -> None:
    """Feedback counts when the rule is met; whoever reports later can still do so, and nobody is verified unheard."""
    order = city.issued("water", "traffic", "fire", completion_rule=rule)
    reached = []
    for department in ("water", "traffic", "fire"):
        city.report_back(department)
        reached.append(city.state(order))
    met_after = {"lead": 1, "quorum": 2, "all": 3}[rule]
    assert reached == ["executing"] * (met_after - 1) + ["feedback"] * (4 - met_after)
    assert city.open_nodes() == ["verify"]
    city.do("verify", decision="pass")
    city.do("evaluate", score=77)
    assert city.state(order) == "closed"


def test_loop_withdrawn_before_anybody_signed_ends(city: Play) -> None:
    """An order can be called back while nobody acts on it; its tasks and its process are over."""
    order = city.issued("water", "traffic", issue_mode="oral_first")
    instance = city.order_row(order).instance_id
    city.withdraw(order)
    assert city.state(order) == "withdrawn"
    assert {task.state for task in city.tasks(order).values()} == {"cancelled"}
    assert city.open_nodes() == ["close"]
    assert not city.rows(processes.timer)
    assert city.outcome(instance) == "completed"
    ended = {row.how for row in city.rows(processes.item_history, processes.item_history.c.node_id == "sign")}
    assert ended == {"withdrawn"}


def test_loop_withdrawn_after_a_signature_is_refused_and_nothing_changes(city: Play) -> None:
    """Once a department acts, an order is not called back behind its back."""
    order = city.issued("water", "traffic")
    city.do("sign", "traffic", decision="sign")
    with city.refused("directive.already_signed", InvalidMove):
        city.withdraw(order)
    assert city.open_nodes() == ["handle@traffic", "sign@water"]


@pytest.mark.parametrize("stage", ["draft", "in_review", "approved"])
def test_loop_withdrawn_before_it_is_issued_is_refused(sqlite_city: Play, stage: str) -> None:
    """There is nothing to call back before an order left the house."""
    order = sqlite_city.order("water")
    if stage != "draft":
        sqlite_city.do("draft")
    if stage == "approved":
        sqlite_city.do("review", decision="approve")
    assert sqlite_city.state(order) == stage
    with sqlite_city.refused("directive.already_signed", InvalidMove):
        sqlite_city.withdraw(order)


def test_loop_after_a_department_returned_its_leg_is_refused_withdrawal(sqlite_city: Play) -> None:
    """A returned leg has been answered, so the order is no longer untouched."""
    order = sqlite_city.issued("water", "traffic")
    sqlite_city.do("sign", "water", decision="return", reason="No", reason_code="duplicate")
    with sqlite_city.refused("directive.already_signed", InvalidMove):
        sqlite_city.withdraw(order)


def test_loop_without_its_evaluate_node_cannot_close(city: Play) -> None:
    """Removing the step from the drawing never makes an unevaluated order closed: the last step is refused whole."""
    city.install(without_evaluate())
    order = city.issued("water")
    city.report_back("water")
    with city.refused("directive.not_evaluated", InvalidMove):
        city.do("verify", decision="pass")
    assert (city.state(order), city.open_nodes()) == ("feedback", ["verify"])


def test_loop_with_a_second_review_asks_the_next_order_for_two(city: Play) -> None:
    """A node added to the drawing is a step added to the product; orders under way keep the version they began with."""
    before = city.order("water")
    city.install(with_second_review())
    after = city.order("traffic")
    for order in (before, after):
        items = [item for item in city.open("draft") if item.subject_id == order]
        city.complete(items[0], "centre.drafter")
        items = [item for item in city.open("review") if item.subject_id == order]
        city.complete(items[0], "centre.reviewer", decision="approve")
    assert (city.state(before), city.state(after)) == ("approved", "in_review")
    assert sorted(city.open_nodes()) == ["issue", "review_again"]
    city.do("review_again", decision="approve")
    assert city.state(after) == "approved"
    assert city.actions(after) == ["submit_for_review", "approve", "submit_for_review", "approve"]


def test_loop_issued_freezes_the_wording_under_a_digest(sqlite_city: Play) -> None:
    """What was issued can be proved later: digest, signer and instant stand on the row."""
    order = sqlite_city.issued("water")
    row = sqlite_city.order_row(order)
    assert len(row.digest) == 64
    assert (row.signer_id, row.issued_at) == ("centre.commander", sqlite_city.clock.now())
    assert sqlite_city.facts("directive.issued")[0].payload["digest"] == row.digest


def test_loop_receipt_shows_delivery_and_signature(sqlite_city: Play) -> None:
    """For every addressee it is on record when the order arrived and when it was signed for."""
    order = sqlite_city.issued("water", "traffic")
    sqlite_city.clock.advance(timedelta(minutes=2))
    sqlite_city.do("sign", "water", decision="sign")
    receipts = {row.department_id: row for row in sqlite_city.rows(t.receipt, t.receipt.c.directive_id == order)}
    assert receipts["water"].delivered_at == receipts["traffic"].delivered_at
    assert receipts["water"].signed_at == sqlite_city.clock.now()
    assert receipts["traffic"].signed_at is None
