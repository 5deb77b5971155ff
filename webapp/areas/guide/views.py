"""The guided first incident of a demo: begin, go on as whoever is next, stop. None of it exists outside a demo."""

from __future__ import annotations

from flask import abort, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.questions.sight import lies, sees
from webapp.guard import PUBLIC, Area
from webapp.session import actor, cookie_name, set_cookie, settings, the_engine

from .steps import COOKIE, LAST, REPORTING, chosen, step

area = Area("guide", url_prefix="/guide")


@area.action("/begin", permission=PUBLIC)
def begin() -> Response:
    """Begin with the report."""
    _only_in_a_demo()
    response = redirect(url_for("reports.form"))
    set_cookie(response, COOKIE, REPORTING)  # type: ignore[arg-type]
    return response


@area.action("/stop", permission=PUBLIC)
def stop() -> Response:
    """Go on without the guide."""
    _only_in_a_demo()
    response = redirect(url_for("home.start"))
    response.delete_cookie(COOKIE, path="/")
    return response


@area.page("/next", permission=PUBLIC)
def go() -> Response | str:
    """The page of the next step, where it is one's own; else who is next."""
    _only_in_a_demo()
    found = step()
    if found is None:
        return redirect(url_for("home.start"))
    if found.is_me and not found.is_here:
        return redirect(found.href)
    incident_id = chosen() or ""
    engine = the_engine()
    place = engine.read(lies, incident_id)
    if place is not None and engine.read(sees, engine.city, actor(), place):
        return redirect(url_for("incidents.incident", id=incident_id))
    return make_response(render_template("guide/next.html"))


@area.action("/as", permission=PUBLIC)
def act_as() -> Response:
    """Go on as the person who is next, without a password: the demo's people are nobody, and it serves this machine."""
    _only_in_a_demo()
    found = step()
    if found is None or found.who is None or request.form.get("person") != found.who.id:
        abort(404)
    token = the_engine().command(accounts.open_session, SYSTEM_ACTOR, found.who.id)
    response = redirect(found.href)
    set_cookie(response, cookie_name(), token)  # type: ignore[arg-type]
    return response


@area.app_context_processor
def _known() -> dict[str, object]:
    """What the bar on every page shows."""
    return {"guide_step": step, "guide_last": LAST}


def _only_in_a_demo() -> None:
    if not settings().demo:
        abort(404)


@area.after_app_request
def _hand_out(response: Response) -> Response:
    if "guide_begun" in g:
        set_cookie(response, COOKIE, g.guide_begun)  # type: ignore[arg-type]
    return response
