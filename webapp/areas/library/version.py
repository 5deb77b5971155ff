"""One version: its report as it stands, its questions, its certificate, and the moves of its life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine.bpmn.proof_terms import ProofKind
from engine.errors import NotFound, Rejected
from engine.services import by_hand, drafts, limits, proving, publishing
from engine.services.draft_rows import UPLOAD
from engine.services.publishing import Blocker
from engine.services.questions.library import VersionPage, seen_of, version_page
from webapp import names
from webapp.areas.work.forms import seen_revision
from webapp.faults import sentence
from webapp.guard import may
from webapp.schema_form import answers_from as form_answers
from webapp.schema_form import errors_of, fields_of
from webapp.session import actor, run, the_engine
from webapp.times import from_local

from .answers import answers_from, questions_of
from .certificate import LEFT_OPEN, certificate_of, frames_of, player_words, told_of
from .views import READ, area

__all__ = ["area"]

PUBLISH = "process:definition:publish"


@area.page("/<id>", permission=READ)
def process(id: str) -> str:
    """A version with everything that is known of it."""
    return _page(id)


def _page(
    id: str, errors: Mapping[str, str] | None = None, typed: Mapping[str, Any] | None = None, refusal: str | None = None
) -> str:
    """The page of a version; `errors` stand at the questions they are about, with what was `typed` there."""
    found = the_engine().read(version_page, id)
    return render_template(
        "library/process.html",
        page=found,
        row=found.row,
        title=title_of(found),
        report=found.report,
        net=found.net,
        findings=_findings(found),
        questions=questions_of(found.report.get("asked", ()), {**found.draft.given, **(typed or {})}, errors or {}),
        certificate=certificate_of(found),
        blockers=[(_sentence_of(each), each.element) for each in found.blockers],
        is_author=found.row.author_id == actor().person_id,
        can_start=_can_start(found),
        words=player_words(),
        is_laid_out=the_engine().read(seen_of, id)[1],
        refusal=refusal,
    )


def title_of(found: VersionPage) -> str:
    """What a version is called: by the texts that travel with it, else as it was drawn, else by its id."""
    known = names.process(found.row.process_id)
    drawn = found.net.name if found.net is not None else ""
    return known if known != found.row.process_id else drawn or known


def _sentence_of(blocker: Blocker) -> str:
    return sentence(Rejected(blocker.code, blocker.message, **blocker.params))


def _can_start(found: VersionPage) -> bool:
    """Whether the person could begin an instance by hand."""
    is_open = found.row.state == "published" and found.row.kind == "plain" and found.net is not None
    return is_open and may(by_hand.START) and found.net is not None and by_hand.start_of(found.net) is not None


def _findings(found: VersionPage) -> list[dict[str, Any]]:
    """What the check and the proof say, the gravest first, numbered as they are pinned on the diagram."""
    proved = [each for each in found.draft.certificate.get("findings", ()) if each["rule"] != LEFT_OPEN]
    said_of_it = [*found.report.get("findings", ()), *proved]
    order = {"error": 0, "question": 1, "warning": 2, "info": 3}
    weighed = [{**each, "weight": "question" if each.get("question") else each["severity"]} for each in said_of_it]
    weighed.sort(key=lambda each: order[each["weight"]])
    return [{**each, "number": number, "said": told_of(found, each)} for number, each in enumerate(weighed, 1)]


@area.action("/<id>/answers", permission=UPLOAD)
def answer(id: str) -> AnyResponse:
    """Answer questions of a draft; an answer that does not do comes back at its question as it was typed."""
    engine = the_engine()
    limits.take(engine, limits.DRAW, actor().person_id)
    found = engine.read(version_page, id)
    given = answers_from(questions_of(found.report.get("asked", ()), found.draft.given, {}), request.form)
    if "accept_all" in request.form:
        open_now = [each for each in found.report.get("asked", ()) if each["key"] not in found.draft.given]
        given = {each["key"]: None for each in open_now if each["proposal"] is not None}
    try:
        drafts.answer_questions(engine, actor(), id, seen_revision(), given)
    except Rejected as refusal:
        key = str(refusal.params.get("key") or _key_at(given, refusal.element))
        told = _page(id, errors={key: sentence(refusal)}, typed=given, refusal=sentence(refusal))
        return make_response(told, 422)
    return redirect(url_for("library.process", id=id, _anchor="questions"))


def _key_at(given: Mapping[str, Any], element: str | None) -> str:
    """The answer that an error on this element comes from, as far as its question stands there too."""
    return next((key for key in given if element and key.endswith(f"@{element}")), next(iter(given), ""))


def _move(id: str, command: Callable[..., Any], *args: Any) -> AnyResponse:
    run(command, id, seen_revision(), *args)
    return redirect(url_for("library.process", id=id))


@area.action("/<id>/review", permission=UPLOAD)
def review(id: str) -> AnyResponse:
    """Hand a draft to a second person."""
    return _move(id, publishing.submit_for_review)


@area.action("/<id>/return", permission=PUBLISH)
def send_back(id: str) -> AnyResponse:
    """Give a version in review back, with the reason."""
    return _move(id, publishing.return_for_revision, request.form.get("reason", ""))


@area.action("/<id>/publish", permission=PUBLISH)
def publish(id: str) -> AnyResponse:
    """Put a version into force."""
    since = from_local(request.form.get("effective_from", ""))
    return _move(id, publishing.publish, None if since is None else since.isoformat())


@area.action("/<id>/retire", permission=PUBLISH)
def retire(id: str) -> AnyResponse:
    """Begin nothing on a version any more."""
    return _move(id, publishing.retire)


@area.action("/<id>/prove", permission=UPLOAD)
def prove(id: str) -> AnyResponse:
    """Prove a version once more, perhaps as the other kind."""
    engine = the_engine()
    limits.take(engine, limits.DRAW, actor().person_id)
    kinds: Mapping[str, ProofKind] = {"loop": "loop", "plain": "plain"}
    proving.prove_again(engine, actor(), id, seen_revision(), kinds.get(request.form.get("kind", "")))
    return redirect(url_for("library.process", id=id, _anchor="certificate"))


@area.page("/<id>/counter-example/<int(max=999):place>", permission=READ)
def counter_example(id: str, place: int) -> Response:
    """One counter-example of the certificate, as the player plays it. Shape: `frames`, `steps`, `said`, `outcome`."""
    found = the_engine().read(version_page, id)
    examples = found.draft.certificate.get("counter_examples", [])
    if place >= len(examples):
        raise NotFound("definition.unknown", "Expected a counter-example of the certificate, but there is none.", id=id)
    return jsonify(frames_of(found, examples[place]))


@area.page("/<id>/start", permission=by_hand.START)
def start(id: str) -> str:
    """The start form of a plain version."""
    return _start_page(id, {}, {}, None)


@area.action("/<id>/start", permission=by_hand.START)
def begin(id: str) -> AnyResponse:
    """Begin an instance by hand; a form that is not right comes back as it was filled in."""
    schema = _start_schema(id)[1]
    answers = {} if schema is None else form_answers(schema, request.form)
    department = request.form.get("department") or _departments()[0]
    try:
        run(by_hand.start_process, id, department, answers)
    except Rejected as refusal:
        return make_response(_start_page(id, answers, errors_of(refusal), sentence(refusal)), 422)
    return redirect(url_for("library.process", id=id, started="yes"))


def _start_page(id: str, answers: dict[str, Any], errors: dict[str, str], said: str | None) -> str:
    form, schema, found = _start_schema(id)
    fields = [] if schema is None else fields_of(found.row.process_id, form or "", schema, answers, errors)
    return render_template(
        "library/start.html", row=found.row, title=title_of(found), fields=fields, departments=_departments(), said=said
    )


def _start_schema(id: str) -> tuple[str | None, Mapping[str, Any] | None, VersionPage]:
    found = the_engine().read(version_page, id)
    node = None if found.net is None else by_hand.start_of(found.net)
    form = None if node is None else node.form
    return form, found.draft.forms.get(form) if form else None, found


def _departments() -> list[str]:
    """The departments a person may begin a process for."""
    rights = the_engine().city.profile.rights
    held = {h.department_id for h in actor().holdings if by_hand.START in rights.permissions.get(h.role, ())}
    return sorted(held, key=names.department)
