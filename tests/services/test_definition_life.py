"""The life of a version: uploaded, answered, edited, reviewed, published by a second person, started, retired."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.errors import Conflict, InvalidMove, NotAllowed, NotFound, Rejected
from engine.services import by_hand, drafts, proving, publishing
from engine.services.draft_rows import draft_row
from engine.storage.tables import processes as t
from tests.bpmn.drawing import END, START, chain, drawing, flow, task
from tests.services.play import Play

NOTE = json.dumps({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}).encode()
WAIT = task("w", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")
PLAIN = drawing(chain(task("a", more='name="Look"')))
ASKS = drawing(chain(task("a", more='cl:form="note"'), WAIT))
TIMER = "timer.unset@w"
STUCK = drawing(
    START
    + END
    + '<bpmn:exclusiveGateway id="g" default="g-a"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/>'
    + '<bpmn:parallelGateway id="j"/>'
    + flow("start", "g")
    + flow("g", "a")
    + flow("g", "b", "true")
    + "".join(flow(*ends) for ends in (("a", "j"), ("b", "j"), ("j", "end")))
)
"""A join that waits for two branches of which one goes."""


@pytest.fixture
def city(sqlite_city: Play) -> Play:
    """A tiny city; the life of a version on the other database is one test of its own."""
    return sqlite_city


@pytest.fixture
def author(city: Play) -> Actor:
    """A designer."""
    return designer(city, "first")


@pytest.fixture
def colleague(city: Play) -> Actor:
    """Another designer."""
    return designer(city, "second")


def designer(city: Play, name: str) -> Actor:
    """A new designer."""
    city.appoint(city.newcomer(name), "centre", "process_designer")
    return city.engine.actor(name)


def upload(city: Play, actor: Actor, files: Mapping[str, bytes], **more: Any) -> dict[str, Any]:
    """What became of uploaded files."""
    return city.engine.command(drafts.submit, actor, drafts.check_files(city.engine, files), **more)


def uploaded(city: Play, actor: Actor, content: bytes = PLAIN, **beside: bytes) -> str:
    """The id of the one version of a file."""
    files = {"p.bpmn": content, **{name.replace("__", "."): each for name, each in beside.items()}}
    return str(upload(city, actor, files)["versions"][0]["id"])


def row(city: Play, id: str) -> Any:
    """The version as it is stored."""
    return city.engine.read(draft_row, id)


def published(city: Play, author: Actor, colleague: Actor, content: bytes = PLAIN, **beside: bytes) -> str:
    """The id of a version that went all the way."""
    id = uploaded(city, author, content, **beside)
    city.engine.command(publishing.submit_for_review, author, id, row(city, id).revision)
    city.engine.command(publishing.publish, colleague, id, row(city, id).revision)
    return id


def zipped(**files: bytes) -> bytes:
    """A zip; `__` in a name stands for a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_upload_keeps_bytes_report_and_author_as_a_draft(city: Play, author: Actor) -> None:
    """What was drawn can be shown as it came, beside everything that was understood of it."""
    id = uploaded(city, author, ASKS, note__json=NOTE)
    found = row(city, id)
    assert (found.state, found.version, found.kind, found.revision) == ("draft", 1, "plain", 1)
    assert (found.source, found.file_name, found.author_id) == (ASKS, "p.bpmn", "first")
    assert list(found.forms) == ["note"]
    assert found.report["grade"] == "answers"
    assert [question["key"] for question in found.report["asked"]] == [TIMER]
    (fact,) = city.facts("definition.stored")
    assert (fact.subject_id, fact.payload["grade"], fact.payload["version"]) == (id, "answers", 1)


def test_upload_of_a_zip_is_one_deployment_of_several_versions(city: Play, author: Actor) -> None:
    """Processes that came together know it, so that calls can stay among them."""
    second = drawing(chain(task("b"))).replace(b'"p"', b'"q"')
    done = upload(city, author, {"all.zip": zipped(a__bpmn=PLAIN, b__bpmn=second)}, tag="v1")
    rows = [row(city, each["id"]) for each in done["versions"]]
    assert [(each.process_id, each.tag, each.deployment_id) for each in rows] == [
        ("p", "v1", done["deployment"]),
        ("q", "v1", done["deployment"]),
    ]


def test_proofs_of_one_upload_share_their_time(city: Play, author: Actor) -> None:
    """A zip full of drawings that are hard to prove costs little more than one: the rest is proved one by one later."""
    files = {"all.zip": zipped(a__bpmn=PLAIN, b__bpmn=drawing(chain(task("b"))).replace(b'"p"', b'"q"'))}
    checked = drafts.check_files(city.engine, files, seconds=0.0)
    assert [each["proved"] for each in checked.certificates.values()] == [False, False]
    for each in city.engine.command(drafts.submit, author, checked)["versions"]:
        assert proving.prove_again(city.engine, author, each["id"], 1)["proved"]


def test_upload_of_the_same_again_names_the_version_that_is_there(city: Play, author: Actor) -> None:
    """The same bytes and forms are stored once; another form makes another version."""
    first = uploaded(city, author, ASKS, note__json=NOTE)
    assert uploaded(city, author, ASKS, note__json=NOTE) == first
    other = uploaded(city, author, ASKS, note__json=NOTE.replace(b"text", b"said"))
    assert (row(city, other).version, row(city, first).version) == (2, 1)


@pytest.mark.parametrize("content", [b"no", drawing("")])
def test_upload_that_is_refused_stores_nothing(city: Play, author: Actor, content: bytes) -> None:
    """A file that cannot be read leaves its findings and no row."""
    with city.refused("definition.refused", Rejected) as refusal:
        uploaded(city, author, content)
    assert refusal.value.findings


def test_upload_needs_the_permission_and_a_person(city: Play) -> None:
    """Clerks do not deploy, and the engine has no drawing of its own."""
    with city.refused("access.not_permitted", NotAllowed):
        uploaded(city, city.engine.actor("water.clerk"))
    with city.refused("definition.nobody", NotAllowed):
        uploaded(city, SYSTEM_ACTOR)


def test_answers_are_kept_with_who_and_when_and_the_draft_runs(city: Play, author: Actor) -> None:
    """An answer is part of the version: the net waits by it and the report lists it as a change."""
    id = uploaded(city, author, ASKS, note__json=NOTE)
    done = drafts.answer_questions(city.engine, author, id, 1, {TIMER: "PT25M"})
    assert (done["grade"], done["open"], done["revision"]) == ("runs", [], 2)
    found = row(city, id)
    assert found.answers[TIMER]["value"] == "PT25M"
    assert found.answers[TIMER]["by"] == author.person_id
    assert any(change["after"] == "PT25M" for change in found.report["changes"])
    again = drafts.answer_questions(city.engine, author, id, 2, {TIMER: None})
    assert again["grade"] == "runs"
    opened = drafts.answer_questions(city.engine, author, id, 3, {TIMER: drafts.WITHDRAWN})
    assert (opened["grade"], opened["open"]) == ("answers", [TIMER])


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"timer.unset@x": "PT1M"}, "answer.unknown"),
        ({TIMER: ""}, "answer.invalid"),
        ({TIMER: "x y"}, "answer.does_not_fit"),
    ],
)
def test_answer_that_does_not_fit_changes_nothing(city: Play, author: Actor, answers: Any, code: str) -> None:
    """A wrong answer is named on its question, and the draft stays as it was."""
    id = uploaded(city, author, ASKS, note__json=NOTE)
    with city.refused(code, Rejected):
        drafts.answer_questions(city.engine, author, id, 1, answers)


def test_edit_keeps_the_answers_that_are_still_asked(city: Play, author: Actor) -> None:
    """Drawing on does not lose what was settled, unless its element is gone."""
    id = uploaded(city, author, ASKS, note__json=NOTE)
    drafts.answer_questions(city.engine, author, id, 1, {TIMER: "PT25M"})
    more = drawing(chain(task("a", more='cl:form="note"'), WAIT, task("b")))
    assert drafts.edit(city.engine, author, id, 2, {"new name.bpmn": more})["grade"] == "runs"
    found = row(city, id)
    assert (found.source, list(found.answers), list(found.forms), found.version) == (more, [TIMER], ["note"], 1)
    drafts.edit(city.engine, author, id, 3, {"p.bpmn": PLAIN})
    assert row(city, id).answers == {}


def test_edit_takes_forms_and_decisions_alone(city: Play, author: Actor) -> None:
    """A form drawn after the diagram ends the question about it; a broken one is a question on its step."""
    id = uploaded(city, author, drawing(chain(task("a", more='cl:form="note"'))))
    assert row(city, id).report["grade"] == "answers"
    assert drafts.edit(city.engine, author, id, 1, {"note.json": b"{"})["open"] == ["form.broken@a"]
    assert drafts.edit(city.engine, author, id, 2, {"note.json": NOTE})["grade"] == "runs"


def test_edit_is_refused_for_another_process_or_a_broken_file(city: Play, author: Actor) -> None:
    """A draft stays a version of its process and never becomes something that cannot be read."""
    id = uploaded(city, author)
    with city.refused("definition.other_process", Rejected):
        drafts.edit(city.engine, author, id, 1, {"p.bpmn": PLAIN.replace(b'"p"', b'"q"')})
    with city.refused("definition.refused", Rejected):
        drafts.edit(city.engine, author, id, 1, {"p.bpmn": b"no"})


def test_change_of_a_version_somebody_changed_meanwhile_is_a_conflict(city: Play, author: Actor) -> None:
    """Two designers at one draft do not overwrite each other."""
    id = uploaded(city, author, ASKS, note__json=NOTE)
    drafts.answer_questions(city.engine, author, id, 1, {TIMER: None})
    for attempt in (
        lambda: drafts.answer_questions(city.engine, author, id, 1, {TIMER: "PT1M"}),
        lambda: drafts.edit(city.engine, author, id, 1, {"p.bpmn": PLAIN}),
        lambda: city.engine.command(publishing.submit_for_review, author, id, 1),
    ):
        with city.refused("definition.changed", Conflict):
            attempt()


def test_review_sends_back_with_a_reason_and_the_draft_can_be_edited_again(
    city: Play, author: Actor, colleague: Actor
) -> None:
    """What is in review stands still; who sends it back says why, sealed like all words of people."""
    id = uploaded(city, author)
    city.engine.command(publishing.submit_for_review, author, id, 1)
    with city.refused("definition.not_draft", InvalidMove):
        drafts.edit(city.engine, author, id, 2, {"p.bpmn": PLAIN})
    with city.refused("definition.reason_missing", InvalidMove):
        city.engine.command(publishing.return_for_revision, colleague, id, 2, " ")
    city.engine.command(publishing.return_for_revision, colleague, id, 2, "第二步缺少期限")
    assert city.engine.read(publishing.reason_of, id) == "第二步缺少期限"
    assert drafts.edit(city.engine, author, id, 3, {"p.bpmn": drawing(chain(task("c")))})["revision"] == 4
    assert [fact.payload["action"] for fact in city.facts("definition.moved")] == [
        "submit_for_review",
        "return_for_revision",
    ]


def test_publish_needs_a_second_person_and_a_proof(city: Play, author: Actor, colleague: Actor) -> None:
    """No version comes into force by one person alone, or without its certificate."""
    stuck = uploaded(city, author, STUCK)
    city.engine.command(publishing.submit_for_review, author, stuck, 1)
    with city.refused("definition.not_proved", Rejected):
        city.engine.command(publishing.publish, colleague, stuck, 2)
    id = uploaded(city, author)
    assert row(city, id).certificate["proved"] is True
    city.engine.command(publishing.submit_for_review, author, id, 1)
    with city.refused("definition.same_person", NotAllowed):
        city.engine.command(publishing.publish, author, id, 2)
    with city.refused("access.not_permitted", NotAllowed):
        city.engine.command(publishing.publish, city.engine.actor("water.clerk"), id, 2)
    city.engine.command(publishing.publish, colleague, id, 2)
    found = row(city, id)
    assert (found.state, found.publisher_id) == ("published", "second")


def test_who_changed_or_handed_in_a_version_does_not_publish_it(city: Play, author: Actor, colleague: Actor) -> None:
    """Two pairs of eyes: nobody puts their own content into force by writing it into the draft of another."""
    edited, handed_in = uploaded(city, author), uploaded(city, author, drawing(chain(task("other"))))
    drafts.edit(city.engine, colleague, edited, 1, {"p.bpmn": drawing(chain(task("mine")))})
    city.engine.command(publishing.submit_for_review, author, edited, 2)
    city.engine.command(publishing.submit_for_review, colleague, handed_in, 1)
    for id in (edited, handed_in):
        with city.refused("definition.same_person", NotAllowed):
            city.engine.command(publishing.publish, colleague, id, row(city, id).revision)
    city.engine.command(publishing.publish, designer(city, "third"), edited, 3)


def test_proof_is_kept_with_the_content_it_is_of_alone(city: Play, author: Actor) -> None:
    """A request that names a revision still to come does not put the proof of one drawing beside another."""
    id = uploaded(city, author)

    class Meanwhile:
        """The engine, while somebody else changes the draft right after it was read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(city.engine, name)

        def command(self, *args: Any) -> Any:
            if row(city, id).revision == 1:
                drafts.edit(city.engine, author, id, 1, {"p.bpmn": STUCK})
            return city.engine.command(*args)

    engine: Any = Meanwhile()
    with city.refused("definition.changed", Conflict):
        proving.prove_again(engine, author, id, 2)
    with city.refused("definition.changed", Conflict):
        drafts.edit(engine, author, id, 2, {})


def test_version_of_tomorrow_begins_nothing_today_and_none_begins_in_the_past(
    city: Play, author: Actor, colleague: Actor
) -> None:
    """The instant somebody chose holds for starts by hand too, and no timer catches up with years before a version."""
    later, past = uploaded(city, author), uploaded(city, author, drawing(chain(task("b"))))
    now = city.clock.now()
    for id, since in ((later, now + timedelta(days=1)), (past, now - timedelta(days=900))):
        city.engine.command(publishing.submit_for_review, author, id, 1)
        city.engine.command(publishing.publish, colleague, id, 2, since.isoformat())
    with city.refused("definition.not_yet_in_force", Rejected):
        city.engine.command(by_hand.start_process, author, later, "centre", {})
    assert city.is_running(city.engine.command(by_hand.start_process, author, past, "centre", {}))
    assert row(city, past).effective_from == now


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (ASKS, "definition.not_answered"),
        (drawing(chain(task("c", more='calledElement="nobody"', kind="callActivity"))), "definition.no_callee"),
    ],
)
def test_publish_is_refused_for_what_is_missing(
    city: Play, author: Actor, colleague: Actor, content: bytes, code: str
) -> None:
    """An open question, or a process to call that is not there, keeps a version from coming into force."""
    id = uploaded(city, author, content, note__json=NOTE)
    city.engine.command(publishing.submit_for_review, author, id, 1)
    with city.refused(code, Rejected) as refusal:
        city.engine.command(publishing.publish, colleague, id, 2)
    assert code in [blocker.code for blocker in refusal.value.findings]


def test_published_version_starts_by_hand_and_retired_no_more(city: Play, author: Actor, colleague: Actor) -> None:
    """What runs goes on when its version retires; nothing new begins on it."""
    id = published(city, author, colleague)
    with city.refused("access.not_permitted", NotAllowed):
        city.engine.command(by_hand.start_process, city.engine.actor("water.clerk"), id, "water", {})
    instance = city.engine.command(by_hand.start_process, author, id, "centre", {})
    assert city.is_running(instance)
    city.engine.command(publishing.retire, colleague, id, row(city, id).revision)
    with city.refused("definition.not_in_force", Rejected):
        city.engine.command(by_hand.start_process, author, id, "centre", {})
    assert city.is_running(instance)
    with city.refused("definition.not_in_force", InvalidMove):
        city.engine.command(publishing.retire, colleague, id, row(city, id).revision)


def test_start_form_is_checked_and_its_answers_are_variables(city: Play, author: Actor, colleague: Actor) -> None:
    """The person who starts a process fills in its start form, as strictly as any other form."""
    content = PLAIN.replace(b'<bpmn:startEvent id="start"/>', b'<bpmn:startEvent id="start" cl:form="note"/>')
    id = published(city, author, colleague, content, note__json=NOTE)
    with city.refused("form.invalid", Rejected):
        city.engine.command(by_hand.start_process, author, id, "centre", {})
    instance = city.engine.command(by_hand.start_process, author, id, "centre", {"text": "pump 3"})
    (running,) = city.rows(t.process_instance, t.process_instance.c.id == instance)
    assert state_from_bytes(bytes(running.state_bytes)).variables["text"] == "pump 3"


def test_start_by_hand_is_for_plain_versions_that_begin_by_hand(city: Play, author: Actor) -> None:
    """A loop begins with its incident, a version that is not in force not at all."""
    (loop,) = city.rows(t.definition, t.definition.c.process_id == "closed_loop_command")
    with city.refused("definition.not_plain", Rejected):
        city.engine.command(by_hand.start_process, author, loop.id, "centre", {})
    draft = uploaded(city, author)
    with city.refused("definition.not_in_force", Rejected):
        city.engine.command(by_hand.start_process, author, draft, "centre", {})
    with city.refused("definition.unknown", NotFound):
        city.engine.command(by_hand.start_process, author, "nothing", "centre", {})


def test_loop_with_marks_is_proved_as_a_loop_and_may_be_proved_as_plain(city: Play, author: Actor) -> None:
    """Marks promise a closed loop; a version that breaks the promise can only ever be bound to nothing."""
    id = uploaded(city, author, drawing(chain(task("a", more='cl:loop="issue"'))))
    found = row(city, id)
    assert (found.kind, found.certificate["kind"], found.certificate["proved"]) == ("loop", "loop", False)
    assert proving.prove_again(city.engine, author, id, 1, "plain")["kind"] == "plain"
    assert (row(city, id).kind, row(city, id).revision) == ("plain", 2)


def test_call_of_a_version_that_changed_since_the_proof_must_be_proved_again(
    city: Play, author: Actor, colleague: Actor
) -> None:
    """A certificate holds for the processes it was made with."""
    called = PLAIN.replace(b'"p"', b'"q"')
    published(city, author, colleague, called)
    id = uploaded(city, author, drawing(chain(task("c", more='calledElement="q"', kind="callActivity"))))
    assert row(city, id).certificate["proved"] is True
    published(city, author, colleague, called.replace(b'"a"', b'"other"'))
    city.engine.command(publishing.submit_for_review, author, id, 1)
    with city.refused("definition.proof_stale", Rejected):
        city.engine.command(publishing.publish, colleague, id, 2)
    proving.prove_again(city.engine, colleague, id, 2)
    city.engine.command(publishing.publish, colleague, id, 3)


@pytest.mark.parametrize(
    ("binding", "runs"), [("", "b"), (' camunda:calledElementBinding="deployment"', "a")], ids=["latest", "deployment"]
)
def test_call_means_the_version_its_binding_says(
    city: Play, author: Actor, colleague: Actor, binding: str, runs: str
) -> None:
    """A call bound to its deployment stays with what was uploaded together when a newer version comes."""
    caller = drawing(chain(task("c", more=f'calledElement="q"{binding}', kind="callActivity")))
    done = upload(city, author, {"all.zip": zipped(p__bpmn=caller, q__bpmn=PLAIN.replace(b'"p"', b'"q"'))})
    ids = {each["process"]: each["id"] for each in done["versions"]}
    for id in (ids["q"], ids["p"]):
        city.engine.command(publishing.submit_for_review, author, id, 1)
        city.engine.command(publishing.publish, colleague, id, 2)
    newer = drawing(chain(task("b"))).replace(b'"p"', b'"q"')
    published(city, author, colleague, newer)
    city.engine.command(by_hand.start_process, author, ids["p"], "centre", {})
    assert [item.node_id for item in city.rows(t.work_item)] == [runs]


@pytest.mark.postgres
def test_life_of_a_version_on_postgresql(postgres_city: Play) -> None:
    """Upload, answer, review, publish, start and retire hold on the database of a city too."""
    city = postgres_city
    author, colleague = designer(city, "first"), designer(city, "second")
    id = uploaded(city, author, ASKS, note__json=NOTE)
    drafts.answer_questions(city.engine, author, id, 1, {TIMER: "PT25M"})
    city.engine.command(publishing.submit_for_review, author, id, 2)
    with city.refused("definition.same_person", NotAllowed):
        city.engine.command(publishing.publish, author, id, 3)
    city.engine.command(publishing.publish, colleague, id, 3)
    assert city.is_running(city.engine.command(by_hand.start_process, author, id, "centre", {}))
    city.engine.command(publishing.retire, colleague, id, 4)
