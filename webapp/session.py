"""Who asks: the session behind the cookie, the person and their posts, the engine they work with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, Response, current_app, g, request

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.services import accounts, tokens
from engine.services.city import City
from engine.services.engine import Command, Engine
from engine.services.people import actor_of
from engine.settings import Settings
from engine.storage.uow import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")
_TOUCHED_EVERY = timedelta(minutes=1)


def the_engine() -> Engine:
    """The engine of this application."""
    return cast(Engine, current_app.extensions["engine"])


def settings() -> Settings:
    """The settings of this application."""
    return cast(Settings, current_app.extensions["settings"])


def now() -> datetime:
    """The instant of this request by the engine's clock; one for the whole request."""
    if "now" not in g:
        g.now = the_engine().clock.now()
    return cast(datetime, g.now)


def cookie_name() -> str:
    """The session cookie."""
    return host_bound("cityloop")


def host_bound(name: str) -> str:
    """A cookie's name; under https with the prefix that binds it to this host, so that no subdomain can plant one."""
    return f"__Host-{name}" if settings().https else name


def set_cookie(response: Response, name: str, value: str, **more: object) -> None:
    """Set a cookie that scripts cannot read and other sites do not send."""
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=settings().https, path="/", **more)  # type: ignore[arg-type]


def install(app: Flask) -> None:
    """Find the session at every request."""
    app.before_request(_find)
    app.jinja_env.globals.update(person=person, settings=settings)


def _find() -> None:
    g.session = None
    if request.endpoint == "static":
        return  # an address that is none has its menu too
    g.token = None
    engine = the_engine()
    if request.path.startswith("/api/"):  # a program shows its token; a browser's cookie does not speak for it
        g.token = _bearer(engine)
        return
    token = request.cookies.get(cookie_name())
    if not token:
        return
    known = engine.read(_signed_in, engine.city, token, now())
    if known is None:
        return
    found, g.actor = known
    g.session = found
    if now() - found.seen_at >= _TOUCHED_EVERY:
        engine.command(accounts.touch_session, SYSTEM_ACTOR, found.id_hash)


def _signed_in(uow: UnitOfWork, city: City, token: str, at: datetime) -> tuple[accounts.SessionView, Actor] | None:
    """The session of a token and its person with the posts held then: one question, asked at every request."""
    found = accounts.session_of(uow, token, at)
    return None if found is None else (found, actor_of(city, uow, found.person_id, at))


def _bearer(engine: Engine) -> tokens.TokenView | None:
    """Whom the token of the request speaks for; None for none that is valid."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    found = engine.read(tokens.token_of, given.strip(), now()) if kind.lower() == "bearer" else None
    if found is not None:
        g.actor = engine.actor(found.person_id)
    return found


def is_signed_in() -> bool:
    """Whether somebody is signed in, or a program speaks for them."""
    return g.get("session") is not None or g.get("token") is not None


def person() -> accounts.SessionView | None:
    """The session of the person signed in; None where nobody is."""
    return cast("accounts.SessionView | None", g.get("session"))


def actor() -> Actor:
    """The person signed in, with the posts held now; somebody without any post where nobody is."""
    return cast(Actor, g.get("actor")) or Actor("")


def run(command: Command[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a command as the person signed in; once, where the form carries the key of a request."""
    engine, key = the_engine(), _once()
    if key:
        return engine.once(key, command, actor(), *args, **kwargs)
    return engine.command(command, actor(), *args, **kwargs)


def answered() -> Any:
    """What this very form was answered when it was sent before; None where it was not."""
    return the_engine().answered(_once(), actor()) if _once() else None


def _once() -> str:
    return request.form.get("once", "")[:64]
