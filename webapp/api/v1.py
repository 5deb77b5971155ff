"""API v1: the actions of the pages for programs. A token speaks for a person; what they may not see is not found."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Request, g, request
from flask_smorest import Blueprint
from webargs.core import missing
from webargs.flaskparser import FlaskParser, abort

from engine.errors import NotAllowed, NotFound
from engine.intake import hotline
from engine.services import directives, incidents, limits, work
from engine.services.ingest import receive_all
from engine.services.questions.board import board_page
from engine.services.questions.incidents import incident_list, incident_page
from engine.services.questions.orders import order_page
from engine.services.questions.sight import require_directive, require_incident
from engine.services.questions.work import inbox_page, item_page, require_instance
from webapp.cursor import decode, encode
from webapp.guard import SIGNED_IN
from webapp.schemas import v1 as s
from webapp.session import actor, the_engine


class _Parser(FlaskParser):
    """Refuses what Python alone takes for JSON: nested too deep, numbers without end or none, halves of characters."""

    def _raw_load_json(self, req: Request) -> Any:
        try:
            found = super()._raw_load_json(req)
            if found is not missing:
                json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        except (RecursionError, ValueError):
            abort(400, messages={"json": ["Invalid JSON body."]})
        return found


class _Area(Blueprint):
    ARGUMENTS_PARSER = _Parser()


area = _Area("v1", __name__, url_prefix="/api/v1", description="cityloop API v1")
area.permissions = {}
area.scopes = {}
ANY_SCOPE = ""
_REFUSALS = (401, 403, 404, 409, 422, 429, 503)
Body = Any
View = Callable[..., Any]


def route(rule: str, method: str, permission: str | tuple[str, ...], scope: str) -> Callable[[View], View]:
    """A route with who may call it, the scope its token needs, and the refusals it may answer with."""

    def declare(view: View) -> View:
        described = view
        for status in _REFUSALS:
            described = area.alt_response(
                status, schema=s.Problem, content_type="application/problem+json", description="Refused"
            )(described)
        area.permissions[f"v1.{view.__name__}"] = permission
        area.scopes[f"v1.{view.__name__}"] = scope
        area.route(rule, methods=[method])(described)
        return described

    return declare


@area.before_request
def _check_scope() -> None:
    """Refuse a token whose scopes do not cover the route. Raises: NotAllowed (`api.token_scope`)."""
    wanted = area.scopes.get(request.endpoint, ANY_SCOPE)
    token = g.get("token")
    if token is not None and wanted and wanted not in token.scopes:
        raise NotAllowed(
            "api.token_scope", f"Expected a token with the scope {wanted}, but it has others.", scope=wanted
        )


def command(key: str, command: Any, *args: Any, **more: Any) -> Any:
    """Carry out a command once under the caller's key."""
    return the_engine().once(key, command, actor(), *args, **more)


def _seen(given: str) -> int:
    return int(given.strip('"'))


def _page(rows: list[Any], limit: int, place: Callable[[Any], tuple[Any, ...]]) -> dict[str, Any]:
    more = encode(*place(rows[limit - 1])) if len(rows) > limit else None
    return {"items": rows[:limit], "next": more}


@route("/me", "GET", SIGNED_IN, ANY_SCOPE)
@area.response(200, s.Me)
def me() -> Body:
    """Whose token this is."""
    return {"person_id": actor().person_id, "scopes": sorted(g.token.scopes), "roles": sorted(actor().roles)}


@route("/inbox", "GET", "work:item:read", "read")
@area.arguments(s.Page, location="query")
@area.response(200, s.Inbox)
def inbox(page: dict[str, Any]) -> Body:
    """The open items of one's posts, the most urgent first."""
    engine = the_engine()
    after = decode(page.get("after"), "moment", "text", "number")
    rows = engine.read(inbox_page, engine.city, actor(), limit=page["limit"], after=after)
    return _page(rows, page["limit"], lambda row: row.place)


@route("/work-items/<instance_id>/<int(max=2147483647):wait>", "GET", "work:item:read", "read")
@area.response(200, s.Item)
def work_item(instance_id: str, wait: int) -> Body:
    """One item with the JSON Schema of its form; its ETag is its revision."""
    engine = the_engine()
    found = engine.read(item_page, engine.city, actor(), instance_id, wait)
    return found, 200, {"ETag": f'"{found.revision}"'}


@route("/work-items/<instance_id>/<int(max=2147483647):wait>/claim", "POST", "work:item:claim", "work")
@area.arguments(s.SeenWrite, location="headers")
@area.response(200, s.Held)
def claim(headers: dict[str, Any], instance_id: str, wait: int) -> Body:
    """Take an item into hand."""
    _require_instance(instance_id)
    return command(headers["key"], work.claim, instance_id, wait, _seen(headers["if_match"]))


@route("/work-items/<instance_id>/<int(max=2147483647):wait>/release", "POST", "work:item:claim", "work")
@area.arguments(s.SeenWrite, location="headers")
@area.response(200, s.Held)
def release(headers: dict[str, Any], instance_id: str, wait: int) -> Body:
    """Give an item back to its department."""
    _require_instance(instance_id)
    return command(headers["key"], work.release, instance_id, wait, _seen(headers["if_match"]))


@route("/work-items/<instance_id>/<int(max=2147483647):wait>/complete", "POST", "work:item:complete", "work")
@area.arguments(s.SeenWrite, location="headers")
@area.arguments(s.Answers)
@area.response(200, s.Done)
def complete(headers: dict[str, Any], body: dict[str, Any], instance_id: str, wait: int) -> Body:
    """Complete an item with the answers to its form."""
    _require_instance(instance_id)
    return command(headers["key"], work.complete, instance_id, wait, _seen(headers["if_match"]), body["answers"])


@route("/incidents", "GET", "incident:case:read", "read")
@area.arguments(s.Page, location="query")
@area.response(200, s.Incidents)
def list_incidents(page: dict[str, Any]) -> Body:
    """The incidents one may see, the newest first."""
    engine = the_engine()
    after = decode(page.get("after"), "moment", "text")
    rows = engine.read(incident_list, engine.city, actor(), limit=page["limit"], after=after)
    return _page(rows, page["limit"], lambda row: (row.reported_at, row.id))


@route("/incidents/<id>", "GET", "incident:case:read", "read")
@area.response(200, s.Incident)
def incident(id: str) -> Body:
    """One incident with its orders."""
    engine = the_engine()
    found = engine.read(incident_page, engine.city, actor(), id)
    return found, 200, {"ETag": f'"{found.revision}"'}


@route("/incidents/<id>/orders", "POST", "directive:draft:write", "orders")
@area.arguments(s.Write, location="headers")
@area.arguments(s.Draft)
@area.response(201, s.Drafted)
def draft(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Draft one more order for an incident at work."""
    engine = the_engine()
    engine.read(require_incident, engine.city, actor(), id)
    addressees = [[body.pop("lead"), "lead"]]
    addressees += [[code, role] for role in ("co", "copy") for code in body.pop(role)]
    return {"id": command(headers["key"], directives.draft_directive, id, addressees=addressees, **body)}


@route("/incidents/<id>/unmerge", "POST", "incident:case:merge", "intake")
@area.arguments(s.Write, location="headers")
@area.response(204)
def unmerge(headers: dict[str, Any], id: str) -> Body:
    """Take a case merged by mistake apart again."""
    engine = the_engine()
    engine.read(require_incident, engine.city, actor(), id)
    command(headers["key"], incidents.unmerge_incident, id)


@route("/orders/<id>", "GET", "directive:order:read", "read")
@area.response(200, s.Order)
def order(id: str) -> Body:
    """One order with its addressees and their tasks."""
    engine = the_engine()
    found = engine.read(order_page, engine.city, actor(), id)
    return found, 200, {"ETag": f'"{found.revision}"'}


@route("/orders/<id>/withdraw", "POST", "directive:order:withdraw", "orders")
@area.arguments(s.Write, location="headers")
@area.arguments(s.Withdrawal)
@area.response(204)
def withdraw(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Call an issued order back before anybody signed for it."""
    engine = the_engine()
    engine.read(require_directive, engine.city, actor(), id)
    command(headers["key"], directives.withdraw_directive, id, body["reason_code"])


@route("/board", "GET", "supervision:board:read", "read")
@area.arguments(s.Page, location="query")
@area.response(200, s.Board)
def board(page: dict[str, Any]) -> Body:
    """The clocks that are overdue or due within two hours, the longest overdue first."""
    engine = the_engine()
    after = decode(page.get("after"), "moment", "text")
    rows = engine.read(board_page, engine.city, actor(), limit=page["limit"], after=after)
    return _page(rows, page["limit"], lambda row: row.place)


@route("/hotline/tickets", "POST", "signal:report:triage", "intake")
@area.arguments(s.Write, location="headers")
@area.arguments(s.Tickets)
@area.response(200, s.Delivery)
def take_tickets(headers: dict[str, Any], body: dict[str, Any]) -> Body:
    """Take in tickets of a hotline. Each has its own answer; a ticket sent again is the same signal, not another."""
    limits.take(the_engine(), limits.DELIVERY, actor().person_id)

    def take() -> dict[str, Any]:
        signals, findings = hotline.parse(json.dumps(body["tickets"], ensure_ascii=False).encode())
        received = receive_all(the_engine(), signals, actor())
        wrong = [{"rule": each.rule, "path": each.path, "message": each.message} for each in findings]
        return {"received": [each.to_json() for each in received], "findings": wrong}

    return the_engine().once_in_parts(headers["key"], "take_tickets", actor(), body["tickets"], take)


def _require_instance(instance_id: str) -> None:
    """Refuse an instance whose case the actor may not see, before a command says anything about it."""
    engine = the_engine()
    try:
        engine.read(require_instance, engine.city, actor(), instance_id)
    except NotFound:
        raise NotFound("work.unknown", "Expected an open work item, but there is none.") from None
