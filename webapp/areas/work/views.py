"""One work item: what it is about, its form, and taking, giving back and completing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.domain.event_type import TERRITORY
from engine.errors import NotFound, Rejected
from engine.services import work
from engine.services.questions.incidents import IncidentView, incident_page
from engine.services.questions.orders import OrderView, order_page
from engine.services.questions.similar import similar
from engine.services.questions.work import ItemForm, ItemView, about, item_form, item_page, require_instance
from webapp import names
from webapp.areas.guide.steps import chosen, prefilled
from webapp.faults import sentence
from webapp.guard import Area
from webapp.schema_form import answers_from, errors_of, fields_of
from webapp.session import actor, answered, run, the_engine

from .forms import seen_revision, with_files

area = Area("work", url_prefix="/work")


@area.page("/<instance_id>/<int(max=2147483647):wait>", permission="work:item:read")
def item(instance_id: str, wait: int) -> str:
    """The item with its empty form, or filled in as far as is known."""
    return _page(instance_id, wait, None, {}, None)


@area.action("/<instance_id>/<int(max=2147483647):wait>/claim", permission="work:item:claim")
def claim(instance_id: str, wait: int) -> Response:
    """Take it into hand."""
    _require(instance_id)
    run(work.claim, instance_id, wait, seen_revision())
    if request.form.get("back") == "inbox":
        return redirect(url_for("inbox.inbox"))
    return redirect(url_for("work.item", instance_id=instance_id, wait=wait))


@area.action("/<instance_id>/<int(max=2147483647):wait>/release", permission="work:item:claim")
def release(instance_id: str, wait: int) -> Response:
    """Give it back to the department."""
    _require(instance_id)
    run(work.release, instance_id, wait, seen_revision())
    return redirect(url_for("work.item", instance_id=instance_id, wait=wait))


@area.action("/<instance_id>/<int(max=2147483647):wait>/complete", permission="work:item:complete")
def complete(instance_id: str, wait: int) -> Response:
    """Complete it; a form that is not right comes back as it was filled in, with what to change."""
    engine = the_engine()
    answers: dict[str, Any] = {}
    form = None
    try:
        form = engine.read(item_form, engine.city, actor(), instance_id, wait)
        answers = {} if form.schema is None else answers_from(form.schema, request.form)
    except NotFound:
        # Perhaps a second click of one's own, else a colleague was faster: whoever may see the case is told who and
        # when by the command's refusal.
        if _is_repeat(instance_id, wait):
            return _onward(is_guided=chosen() is not None)
        _require(instance_id)
    try:
        if form is not None:
            answers = with_files(answers, form)
        run(work.complete, instance_id, wait, seen_revision(), answers)
    except Rejected as refusal:
        if form is None:
            raise
        page = _page(instance_id, wait, answers, errors_of(refusal), sentence(refusal))
        return make_response(page, 422)
    return _onward(is_guided=form is not None and _is_guided(form))


def _is_repeat(instance_id: str, wait: int) -> bool:
    """Whether this very form has completed the item before."""
    before = answered()
    place = {"instance_id": instance_id, "wait": wait}
    return isinstance(before, dict) and "ended" in before and place.items() <= before.items()


def _onward(*, is_guided: bool) -> Response:
    return redirect(url_for("guide.go") if is_guided else url_for("inbox.inbox", done="yes"))


def _is_guided(form: ItemForm) -> bool:
    """Whether the item was one of the incident that the guide follows."""
    followed = chosen()
    if followed is None:
        return False
    found = the_engine().read(about, [(form.subject_kind, form.subject_id)]).get(form.subject_id)
    return found is not None and found.incident_id == followed


def _require(instance_id: str) -> None:
    """Refuse whoever may not see the case, before a command says who did what. Raises: NotFound."""
    engine = the_engine()
    engine.read(require_instance, engine.city, actor(), instance_id)


def _page(instance_id: str, wait: int, answers: dict[str, Any] | None, errors: dict[str, str], said: str | None) -> str:
    engine = the_engine()
    view: ItemView = engine.read(item_page, engine.city, actor(), instance_id, wait)
    order = case = None
    if view.about is not None and view.about.directive_id is not None:
        order = engine.read(order_page, engine.city, actor(), view.about.directive_id)
    if view.about is not None:
        case = engine.read(incident_page, engine.city, actor(), view.about.incident_id)
    known: dict[str, Any] = {}
    if order is not None:
        known |= {"objective": order.objective, "content": order.content}
    if case is not None:
        known |= {"event_type": case.event_type, "level": case.level, **_parties(case)}
    alike = engine.read(similar, engine.city, actor(), case.id) if case is not None and view.node_id == "accept" else []
    if alike:
        known["into"] = alike[0].number
    fields = []
    if view.schema is not None and view.form is not None:
        guided = {} if case is None else prefilled(view.node_id, case.id, view.schema)
        values = {**known, **guided} if answers is None else answers
        fields = fields_of(view.process_id, view.form, view.schema, values, errors, _offered(order, known))
    return render_template("work/item.html", item=view, order=order, case=case, fields=fields, said=said, alike=alike)


def _parties(case: IncidentView) -> dict[str, list[str]]:
    """Whom the city's table proposes for the case: the lead and those that co-operate."""
    engine, tree = the_engine(), names.departments()
    kind = engine.city.profile.event_types.get(case.event_type)
    if kind is None or case.lead_department_id is None:
        return {}
    lead = tree.department(case.lead_department_id).code
    owner = case.owner_department_id
    territory = tree.department(owner).code if owner else None
    wanted = [territory if code == TERRITORY else code for code in kind.co]
    return {"lead": [lead], "co": [code for code in wanted if code and code != lead and tree.by_code(code)]}


def _offered(order: OrderView | None, known: Mapping[str, Any]) -> list[str]:
    """The codes of the departments a field may name: those an order addresses, else every one of the city."""
    tree = names.departments()
    if order is not None:
        return [tree.department(leg.department_id).code for leg in order.legs if leg.task_id is not None]
    return names.offered([*known.get("lead", ()), *known.get("co", ())])
