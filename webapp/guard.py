"""Who may call a route: every route declares it, and the application does not start with one that does not.

A route's permission is asked without an object (may this person do it anywhere at all); what lies where is asked by
the question or command behind it, which answers "not found" for what the person may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, request

from engine.domain.access import permits
from engine.errors import EngineError, NotAllowed
from engine.services.questions.open_items import OpenItem, is_for

from .session import actor, is_signed_in, the_engine

PUBLIC = "public"
"""Anybody, also without an account."""
SIGNED_IN = "signed_in"
"""Anybody with an account."""

Permission = str | tuple[str, ...]
View = Callable[..., Any]


class Undeclared(RuntimeError):
    """A route says nothing about who may call it."""


class NotSignedIn(EngineError):
    """Expected somebody signed in, but you are not. Sign in and try again."""

    code = "session.none"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the menu: the page it leads to, its icon in the sprite, and where it stands (lowest first).

    Its text is `<area>.menu_<page>`; it is shown to whoever may open the page.
    """

    endpoint: str
    icon: str
    place: int

    @property
    def text(self) -> str:
        """The key of its text."""
        area, page = self.endpoint.split(".")
        return f"{area}.menu_{page}"


class Area(Blueprint):
    """The pages and actions of one part of the product, each with who may call it, and its entries in the menu."""

    def __init__(self, name: str, *, url_prefix: str | None = None, menu: tuple[MenuItem, ...] = ()) -> None:
        super().__init__(name, __name__, url_prefix=url_prefix)
        self.permissions: dict[str, Permission] = {}
        self.menu = menu

    def page(self, rule: str, *, permission: Permission) -> Callable[[View], View]:
        """A page (GET) for whoever holds the permission, or one of several."""
        return self._declared(rule, "GET", permission)

    def action(self, rule: str, *, permission: Permission) -> Callable[[View], View]:
        """An action (POST) for whoever holds the permission, or one of several."""
        return self._declared(rule, "POST", permission)

    def _declared(self, rule: str, method: str, permission: Permission) -> Callable[[View], View]:
        def declare(view: View) -> View:
            self.permissions[f"{self.name}.{view.__name__}"] = permission
            self.add_url_rule(rule, view_func=view, methods=[method])
            return view

        return declare


def declared(app: Flask) -> dict[str, Permission]:
    """Who may call each endpoint."""
    found: dict[str, Permission] = {"static": PUBLIC}
    for blueprint in app.blueprints.values():
        found.update(getattr(blueprint, "permissions", {}))
    return found


def check_declared(app: Flask, more: Mapping[str, Permission]) -> None:
    """Keep what the routes declare. Raises: Undeclared naming the first route without a declaration."""
    known = {**declared(app), **more}
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in known:
            raise Undeclared(f"{rule.endpoint} ({rule.rule}) does not say who may call it.")
    app.extensions["permissions"] = known


def install(app: Flask) -> None:
    """Ask at every request, and show everybody the menu of what they may open."""
    app.before_request(_guard)
    app.jinja_env.globals.update(menu=menu, may=may, is_mine=is_mine)


def menu() -> list[MenuItem]:
    """The entries that whoever asks may open."""
    known = current_app.extensions["permissions"]
    items = [item for area in current_app.blueprints.values() for item in getattr(area, "menu", ())]
    return sorted((item for item in items if allows(known[item.endpoint])), key=lambda item: item.place)


def _guard() -> None:
    if request.endpoint is None:
        return
    permission = current_app.extensions["permissions"][request.endpoint]
    if allows(permission):
        return
    if not is_signed_in():
        raise NotSignedIn
    raise NotAllowed("access.not_permitted", "Expected somebody with another role, but yours may not do this.")


def allows(permission: Permission) -> bool:
    """Whether whoever asks may call a route that declares this."""
    if permission == PUBLIC:
        return True
    if not is_signed_in():
        return False
    return permission == SIGNED_IN or may(*((permission,) if isinstance(permission, str) else permission))


def may(*permissions: str) -> bool:
    """Whether the person signed in holds one of the permissions anywhere."""
    rights = the_engine().city.profile.rights
    return any(permits(actor(), each, None, rights) for each in permissions)


def is_mine(item: OpenItem) -> bool:
    """Whether an open item is for the person signed in to do now."""
    engine = the_engine()
    return is_signed_in() and bool(engine.read(is_for, engine.city, actor(), item))
