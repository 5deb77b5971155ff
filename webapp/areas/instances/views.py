"""Running processes for whoever tends them: lists, one instance with its acts, failures, batches, migration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import Rejected
from engine.services import batches, care
from engine.services.failures import retry_failure
from engine.services.questions import care as tending
from engine.services.questions.instances import failures, instance_list, instance_page
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.session import actor, run, the_engine

from .forms import chosen_of, variables_of

READ, OPERATE = "process:instance:read", care.OPERATE
area = Area("instances", url_prefix="/instances", menu=(MenuItem("instances.instances", "library", 55),))
PAGE = 50
WHICH = ("running", "failed", "suspended")
BATCHABLE = ("suspend", "resume", "cancel", "retry")


@area.page("/", permission=READ)
def instances() -> str:
    """Running instances, the newest first: all, those with failures, or those suspended."""
    engine, which = the_engine(), request.args.get("which", "running")
    which = which if which in WHICH else "running"
    after = decode(request.args.get("after"), "text")
    rows = engine.read(instance_list, engine.city, actor(), which=which, limit=PAGE, after=after)
    more = encode(rows[PAGE - 1].id) if len(rows) > PAGE else None
    return render_template(
        "instances/instances.html", rows=rows[:PAGE], which=which, more=more, is_first=after is None, acts=BATCHABLE
    )


@area.page("/<id>", permission=READ)
def instance(id: str) -> str:
    """One instance, running or ended."""
    return render_template("instances/instance.html", found=_page(id))


def _page(id: str) -> Any:
    engine = the_engine()
    return engine.read(instance_page, engine.city, actor(), id)


@area.action("/<id>/act", permission=OPERATE)
def act(id: str) -> Response:
    """Suspend, resume, cancel, move, restart, or try a failure again."""
    _page(id)  # what one may not read one is not told about either
    chosen = _ACTS.get(request.form.get("act", ""))
    if chosen is None:
        raise Rejected("batch.act", f"Expected one of {', '.join(_ACTS)}, but got another.")
    _require_sure()
    answer = chosen(id, request.form, request.form.get("reason", ""))
    return redirect(url_for("instances.instance", id=answer["instance_id"]))


def _require_sure() -> None:
    if request.form.get("sure") != "yes":
        raise Rejected("care.not_sure", "Expected the box to be ticked, but it is not.", field="sure")


Form = Mapping[str, str]


def _number(form: Form, name: str) -> int:
    given = form.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


_ACTS: Mapping[str, Callable[[str, Form, str], dict[str, Any]]] = {
    "suspend": lambda id, form, reason: run(care.suspend, id, reason),
    "resume": lambda id, form, reason: run(care.resume, id, reason),
    "cancel": lambda id, form, reason: run(care.cancel, id, reason),
    "move": lambda id, form, reason: run(care.move_token, id, _number(form, "wait"), form.get("node", ""), reason),
    "restart": lambda id, form, reason: run(care.restart, id, variables_of(form.get("variables", "")), reason),
    "retry": lambda id, form, reason: run(
        retry_failure, id, _number(form, "wait"), variables_of(form.get("variables", "")), reason
    ),
}


# -- failures ---------------------------------------------------------------------------------------------------------


@area.page("/failures", permission=READ)
def failures_desk() -> str:
    """Every step failure, and the letters nobody took."""
    engine = the_engine()
    rows = engine.read(failures, engine.city, actor())
    return render_template("instances/failures.html", rows=rows, letters=engine.read(tending.dead_letters))


@area.action("/letters/<id>", permission=OPERATE)
def letter(id: str) -> Response:
    """Have a dead letter tried again."""
    run(care.retry_letter, id)
    return redirect(url_for("instances.failures_desk"))


# -- batches ----------------------------------------------------------------------------------------------------------


@area.page("/batches", permission=READ)
def batch_list() -> str:
    """Batches and how far they are."""
    return render_template("instances/batches.html", rows=the_engine().read(tending.batches))


@area.page("/batches/<id>", permission=READ)
def batch(id: str) -> str:
    """One batch with what failed."""
    row, failed = the_engine().read(tending.batch_page, id)
    return render_template("instances/batch.html", row=row, failed=failed)


@area.action("/batches/<id>", permission=OPERATE)
def steer(id: str) -> Response:
    """Pause a batch, go on with it, or try what failed again."""
    steps = {"pause": batches.pause_batch, "resume": batches.resume_batch, "again": batches.try_failed_again}
    chosen = steps.get(request.form.get("step", ""))
    if chosen is None:
        raise Rejected("batch.act", f"Expected one of {', '.join(steps)}, but got another.")
    run(chosen, id)
    return redirect(url_for("instances.batch", id=id))


@area.action("/batches", permission=OPERATE)
def order() -> Response:
    """Order an act over the instances chosen in the list."""
    _require_sure()
    chosen = request.form.get("act", "")
    if chosen not in BATCHABLE:
        raise Rejected("batch.act", f"Expected one of {', '.join(BATCHABLE)}, but got another.")
    id_ = run(batches.order_batch, chosen, request.form.getlist("instance"), request.form.get("reason", ""))
    return redirect(url_for("instances.batch", id=id_))


# -- migration --------------------------------------------------------------------------------------------------------


@area.page("/migration/<id>", permission=READ)
def migration(id: str) -> str:
    """Which instances of a version can move to another, and what keeps the rest."""
    return render_template("instances/migration.html", page=_preview(id, request.args))


def _preview(id: str, given: Form) -> Any:
    engine = the_engine()
    chosen = chosen_of(given)
    return engine.read(tending.migration_page, engine.city, actor(), id, given.get("target"), chosen)


@area.action("/migration/<id>", permission=OPERATE)
def migrate(id: str) -> Response:
    """Order the migration of what can move now."""
    page = _preview(id, request.form)
    _require_sure()
    wanted = {"target_id": request.form.get("target", ""), "chosen": dict(page.chosen)}
    movable = list(page.movable)
    id_ = run(batches.order_batch, "migrate", movable, request.form.get("reason", ""), wanted)
    return redirect(url_for("instances.batch", id=id_))
