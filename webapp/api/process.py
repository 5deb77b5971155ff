"""API v1 for programs beside processes: messages by name and key, and work fetched by topic under a lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app

from engine.clock import stopwatch
from engine.domain.access import Actor
from engine.errors import EngineError
from engine.services import external, messages
from engine.services.engine import Engine
from webapp.live import SIGN_OF_LIFE_S, Live, live_of
from webapp.schemas import process as s
from webapp.schemas.v1 import Write
from webapp.session import actor, the_engine

from .v1 import Body, area, command, route

SEND, FETCH, SCOPE = messages.SEND, external.FETCH, "process"


@route("/messages", "POST", SEND, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.Message)
@area.response(200, s.Receipt)
def send_message(headers: dict[str, Any], body: dict[str, Any]) -> Body:
    """Give a message to the one instance that waits for its name and key. Without a key: to one that waits without."""
    return command(headers["key"], messages.correlate, body.pop("name"), body.pop("key"), body.pop("payload"), **body)


@route("/external-work/fetch-and-lock", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.Fetch)
@area.response(200, s.Jobs)
def fetch_work(headers: dict[str, Any], body: dict[str, Any]) -> Body:
    """Fetch work by topic and lock it. With `wait_s` the answer waits for some, as long as there is room to wait."""
    engine, who, key = the_engine(), actor(), headers["key"]
    live = live_of(current_app.extensions, engine)
    jobs = _fetch(engine, who, key, body) if _is_due(engine, who, body) or not body["wait_s"] else None
    known = jobs if jobs is not None else engine.answered(key, who)
    if known is not None:
        return {"jobs": known}
    return Response(_when_there_is_some(engine, live, who, key, body), mimetype="application/json")


def _when_there_is_some(engine: Engine, live: Live, who: Actor, key: str, body: dict[str, Any]) -> Iterator[str]:
    """The answer, piece by piece: nothing until there is work or the time is over.

    So it holds no place among the requests at work, only a thread that waits, like an open stream.
    """
    began = stopwatch()
    with live.listening(who.person_id) as moved:
        while moved is not None and (left := body["wait_s"] - (stopwatch() - began)) > 0:
            yield " "  # white space before the document says that the line is open
            moved(min(left, SIGN_OF_LIFE_S))
            if _is_due(engine, who, body):
                break
    try:
        jobs = _fetch(engine, who, key, body)
    except EngineError:
        jobs = []  # the status is said already; whoever was refused here asks again
    yield json.dumps({"jobs": jobs}, ensure_ascii=False)


def _is_due(engine: Engine, who: Actor, body: dict[str, Any]) -> bool:
    return engine.read(external.is_any_due, engine.city, who, [topic["topic"] for topic in body["topics"]])


def _fetch(engine: Engine, who: Actor, key: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    return engine.once(key, external.fetch_and_lock, who, body["worker"], body["topics"], body["most"])


@route("/external-work/<id>/extend", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.WorkExtension)
@area.response(200, s.WorkExtended)
def extend_work(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Hold work longer."""
    return command(headers["key"], external.extend_lock, id, body["worker"], body["lock_s"])


@route("/external-work/<id>/unlock", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.WorkHolding)
@area.response(204)
def unlock_work(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Give work back untouched."""
    command(headers["key"], external.unlock, id, body["worker"])


@route("/external-work/<id>/complete", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.WorkResults)
@area.response(200, s.WorkAnswered)
def complete_work(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """The work is done."""
    return command(headers["key"], external.complete, id, body["worker"], body["variables"])


@route("/external-work/<id>/error", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.WorkError)
@area.response(200, s.WorkAnswered)
def end_work_with_error(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """The work ended with a BPMN error, which a boundary event may catch."""
    return command(headers["key"], external.throw_error, id, body["worker"], body["code"])


@route("/external-work/<id>/fail", "POST", FETCH, SCOPE)
@area.arguments(Write, location="headers")
@area.arguments(s.WorkFailure)
@area.response(200, s.WorkFailed)
def fail_work(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """The work failed for a technical reason: it is tried again later, or becomes a step failure."""
    return command(
        headers["key"], external.fail, id, body["worker"], body["error"], body["retries"], body["retry_in_s"]
    )
