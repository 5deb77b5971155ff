"""Work items: claimed, released and completed once; what is refused leaves nothing, what is typed is sealed."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.state import values_from_bytes
from engine.errors import Conflict, NotFound, Rejected
from engine.services import work
from engine.services.desk import Desk
from engine.storage.tables import directives, ledger, processes
from tests.services.play import Play, drawing, node, path

REASON = "Mrs Zhao of 12 Canal Road says the cellar is full"
REPORT = "Pumped out for Mr Qian, phone 13900001234"


def claim(city: Play, item: Any, person: str, revision: int | None = None) -> Any:
    """Claim this item as that person."""
    seen = item.revision if revision is None else revision
    return city.engine.command(work.claim, city.person(person), item.instance_id, item.wait, seen)


def test_item_claimed_is_kept_from_a_colleague(city: Play) -> None:
    """Two clerks never work on the same thing without knowing."""
    city.appoint(city.newcomer("second"), "water", "department_clerk")
    city.issued("water")
    (item,) = city.open("sign")
    claim(city, item, "water.clerk")
    (held,) = city.open("sign")
    assert (held.claimed_by, held.revision) == ("water.clerk", item.revision + 1)
    with city.refused("work.claimed", Conflict) as refusal:
        city.complete(held, "second", decision="sign")
    assert refusal.value.params["by"] == "water.clerk"
    with city.refused("work.claimed", Conflict):
        claim(city, held, "second")
    city.complete(held, "water.clerk", decision="sign")


def test_item_released_is_free_again(city: Play) -> None:
    """Who goes off duty gives the work back."""
    city.appoint(city.newcomer("second"), "water", "department_clerk")
    city.issued("water")
    (item,) = city.open("sign")
    seen = claim(city, item, "water.clerk")["revision"]
    with city.refused("work.claimed", Conflict):
        city.engine.command(work.release, city.person("second"), item.instance_id, item.wait, seen)
    city.engine.command(work.release, city.person("water.clerk"), item.instance_id, item.wait, seen)
    (free,) = city.open("sign")
    assert (free.claimed_by, free.revision) == (None, seen + 1)
    city.complete(free, "second", decision="sign")


def test_item_seen_before_a_change_is_refused_as_stale(city: Play) -> None:
    """An old page never acts on newer work; the refusal says who changed it and when, and who has it now."""
    city.issued("water")
    (item,) = city.open("sign")
    claim(city, item, "water.clerk")
    with city.refused("work.stale", Conflict) as refusal:
        city.complete(item, "water.clerk", decision="sign")
    assert refusal.value.params == {
        "seen": item.revision,
        "revision": item.revision + 1,
        "claimed_by": "water.clerk",
        "by": "water.clerk",
        "at": city.clock.now().isoformat(),
    }
    with city.refused("work.stale", Conflict):
        claim(city, item, "water.clerk")


def test_item_done_names_who_and_when(city: Play) -> None:
    """Who comes second learns who was first."""
    city.appoint(city.newcomer("second"), "water", "department_clerk")
    city.issued("water")
    (item,) = city.open("sign")
    done_at = city.clock.advance(timedelta(seconds=30))
    city.complete(item, "water.clerk", decision="sign")
    city.clock.advance(timedelta(seconds=30))
    with city.refused("work.done", Conflict) as refusal:
        city.complete(item, "second", decision="sign")
    assert refusal.value.params == {"how": "completed", "by": "water.clerk", "at": done_at.isoformat()}
    with city.refused("work.done", Conflict):
        claim(city, item, "second")


@pytest.mark.fast
def test_item_withdrawn_says_so(sqlite_city: Play) -> None:
    """An order called back is not signed by accident."""
    city = sqlite_city
    order = city.issued("water")
    (item,) = city.open("sign")
    city.withdraw(order)
    with city.refused("work.done", Conflict) as refusal:
        city.complete(item, "water.clerk", decision="sign")
    assert (refusal.value.params["how"], refusal.value.params["by"]) == ("withdrawn", "centre.commander")


@pytest.mark.fast
def test_item_unknown_is_not_found(sqlite_city: Play) -> None:
    """A made-up address is answered as such."""
    with sqlite_city.refused("work.unknown", NotFound):
        sqlite_city.engine.command(work.complete, sqlite_city.person("water.clerk"), "nothing", 1, 1, {})


@pytest.mark.parametrize(
    ("node_id", "answers"),
    [
        ("draft", {"measures": "one"}),
        ("draft", {"stranger": 1}),
        ("review", {}),
        ("review", {"decision": "maybe"}),
        ("review", {"decision": "return_for_revision"}),
        ("sign", {"decision": "return", "reason": "no code"}),
        ("feedback", {}),
        ("feedback", {"text": "ok", "location": {"longitude": 200, "latitude": 0}}),
        ("verify", {"decision": "fail", "reason": "no legs"}),
        ("verify", {"decision": "fail", "reason": "no legs", "legs": []}),
        ("evaluate", {"score": 101}),
        ("evaluate", {"score": "90"}),
    ],
)
def test_answers_the_form_refuses_leave_nothing_half_written(
    sqlite_city: Play, node_id: str, answers: dict[str, Any]
) -> None:
    """The item stays open for another try, with no answer, no history and no move behind it."""
    city = sqlite_city
    city.order("water")
    for each, given in (
        ("draft", {}),
        ("review", {"decision": "approve"}),
        ("issue", {}),
        ("sign", {"decision": "sign"}),
        ("handle", {}),
        ("feedback", {"text": "done"}),
        ("verify", {"decision": "pass"}),
        ("evaluate", {"score": 1}),
    ):
        if each == node_id:
            with city.refused("form.invalid", Rejected) as refusal:
                city.do(node_id, **answers)
            assert refusal.value.findings
        city.do(each, **given)


def test_leg_of_a_stranger_is_refused_whole(city: Play) -> None:
    """A verifier cannot send back who was never addressed."""
    order = city.issued("water")
    city.report_back("water")
    with city.refused("directive.unknown_leg", Rejected) as refusal:
        city.do("verify", decision="fail", reason="No", legs=["water", "fire"])
    assert refusal.value.params["departments"] == ["fire"]
    assert city.state(order) == "feedback"


def test_free_text_is_sealed_and_the_state_holds_its_id_alone(city: Play) -> None:
    """What people write stands in no byte of state, history, ledger, facts or outbox, yet can be read with the key."""
    order = city.issued("water")
    city.do("sign", "water", decision="sign")
    city.do("handle", "water")
    city.do("feedback", "water", text=REPORT)
    city.do("verify", decision="fail", reason=REASON, legs=["water"])
    keys = city.engine.database.keys
    answers = city.rows(processes.personal_answer)
    kept = {keys.open(row.value, row.id): row for row in answers}
    assert set(kept) == {REPORT, REASON}
    instance = city.row(processes.process_instance, city.order_row(order).instance_id)
    ids = {row.id for row in kept.values()}
    assert all(id_.encode() in bytes(instance.state_bytes) for id_ in ids)
    histories = b"".join(bytes(row.answers_bytes or b"") for row in city.rows(processes.item_history))
    assert all(id_.encode() in histories for id_ in ids)
    (feedback,) = city.rows(directives.feedback)
    assert keys.open(feedback.text, feedback.id) == REPORT
    (verification,) = city.rows(directives.verification)
    assert keys.open(verification.reason, verification.id) == REASON
    everything = "\n".join(line for rows in city.everything().values() for line in rows).encode()
    everything += bytes(instance.state_bytes) + histories
    for secret in (REPORT, REASON, "13900001234", "Zhao"):
        assert secret.encode() not in everything


@pytest.mark.fast
def test_free_text_is_in_no_byte_of_the_database_file(sqlite_city: Play) -> None:
    """Neither the file nor its log holds what was typed."""
    city = sqlite_city
    city.issued("water")
    city.report_back("water", said=REPORT)
    folder = Path(city.engine.database.engine.url.database).parent
    raw = b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())
    assert b"SQLite format 3" in raw
    assert b"13900001234" not in raw
    assert REPORT.encode("utf-16-le") not in raw


@pytest.mark.fast
def test_personal_field_of_any_form_and_kind_is_sealed(sqlite_city: Play) -> None:
    """A designer's mark is enough, on text, numbers and lists: no code knows the field."""
    city = sqlite_city
    steps = node("startEvent", "s") + node("userTask", "ask", 'cl:form="ask"') + node("endEvent", "e")
    marked = {"x-cl-personal": True}
    form = {
        "type": "object",
        "properties": {
            "phone": {"type": "string", **marked},
            "age": {"type": "integer", **marked},
            "witnesses": {"type": "array", "items": {"type": "string"}, "x-cl-free-text": True},
            "colour": {"type": "string"},
        },
    }
    city.play(drawing("visit", steps + path("s", "ask", "e")), "visit", {"ask": form})
    (item,) = city.items("ask")
    told = {"phone": "13812345678", "age": 976543, "witnesses": ["Sun Li"], "colour": "blue"}
    city.complete(item, "centre.drafter", **told)
    keys = city.engine.database.keys
    kept = {row.field: keys.open(row.value, row.id) for row in city.rows(processes.personal_answer)}
    assert kept == {"phone": "13812345678", "age": "976543", "witnesses": '["Sun Li"]'}
    (history,) = city.rows(processes.item_history)
    answers = values_from_bytes(bytes(history.answers_bytes))
    assert answers.pop("colour") == "blue"
    assert set(answers.values()) == {row.id for row in city.rows(processes.personal_answer)}


@pytest.mark.fast
def test_refusal_late_in_the_step_undoes_the_sealed_answer_too(
    sqlite_city: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction: a fault after every row is written leaves none of them."""
    city = sqlite_city
    city.issued("water")
    city.do("sign", "water", decision="sign")
    city.do("handle", "water")

    def full(desk: Desk) -> None:
        raise Conflict("test.full", "Expected room, but there is none.")

    monkeypatch.setattr(Desk, "finish", full)
    with city.refused("test.full", Conflict):
        city.do("feedback", "water", text=REPORT)
    monkeypatch.undo()
    city.do("feedback", "water", text=REPORT)


@pytest.mark.fast
def test_item_without_a_role_is_open_to_anybody(sqlite_city: Play) -> None:
    """A drawing without lanes asks for no role."""
    city = sqlite_city
    text = drawing(
        "open_to_all",
        node("startEvent", "s") + node("manualTask", "do_it") + node("endEvent", "e") + path("s", "do_it", "e"),
    )
    instance = city.play(text, "open_to_all")
    (item,) = city.items("do_it")
    answer = city.engine.command(work.complete, city.person("traffic.clerk"), instance, item.wait, item.revision, {})
    assert answer == {"instance_id": instance, "wait": item.wait, "ended": "completed"}
    assert city.outcome(instance) == "completed"


def test_every_step_leaves_a_ledger_row_with_its_actor_and_the_digest_of_the_state(city: Play) -> None:
    """Also a completion that moves nothing and touches no clock can be believed in an audit."""
    order = city.issued("water", issue_mode="oral_first")
    instance = city.order_row(order).instance_id
    before = len(city.rows(ledger.ledger))
    city.do("paper", document_number="ZL-1")
    (row,) = city.rows(ledger.ledger)[before:]
    stored = city.row(processes.process_instance, instance)
    (entry,) = json.loads(row.content)["facts"]
    code, kind, subject_id, actor_id, payload = entry
    assert (row.subject, code, kind, subject_id) == (f"directive:{order}", "instance.stepped", "instance", instance)
    assert (actor_id, payload["stimulus"], payload["revision"]) == ("centre.drafter", "Complete", stored.revision)
    assert payload["state_digest"] == hashlib.sha256(stored.state_bytes).hexdigest()
