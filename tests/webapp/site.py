"""A tiny city with its pages: clients that are signed in, forms that carry what a browser would send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.desk import Desk
from engine.services.tokens import SCOPES, issue_token
from engine.settings import Settings
from engine.storage.tables import grid, org
from engine.testing import START
from tests.services.play import Play
from webapp import create_app


class Site:
    """The web application over a tiny city."""

    def __init__(self, city: Play, folder: Path, **settings: Any) -> None:
        self.city = city
        url = city.engine.database.engine.url.render_as_string(hide_password=False)
        self.settings = Settings(
            url, folder / "keys", folder / "seals", evidence_folder=folder / "evidence", **settings
        )
        self.app = create_app(city.engine, self.settings)
        self.app.testing = False

    def visitor(self, language: str = "en") -> FlaskClient:
        """A browser in which nobody is signed in."""
        client = self.app.test_client()
        client.set_cookie("cityloop-language", language)
        return client

    def client(self, person_id: str, language: str = "en") -> FlaskClient:
        """A browser in which this person is signed in."""
        client = self.visitor(language)
        client.set_cookie("cityloop", self.city.engine.command(accounts.open_session, SYSTEM_ACTOR, person_id))
        return client

    def csrf(self, client: FlaskClient) -> str:
        """The value a form of this browser carries."""
        cookie = client.get_cookie("cityloop")
        if cookie is not None:
            session = self.city.engine.read(accounts.session_of, cookie.value, self.city.clock.now())
            if session is not None:
                return session.csrf
        client.get("/sign-in")
        kept = client.get_cookie("cityloop-form")
        assert kept is not None
        return kept.value

    def post(self, client: FlaskClient, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a form of the site."""
        return client.post(path, data={"csrf": self.csrf(client), **(data or {})}, **more)

    def item_path(self, node: str, department: str | None = None) -> str:
        """The address of the oldest open item of a node."""
        item = self.city.open(node, department)[0]
        return f"/work/{item.instance_id}/{item.wait}"

    def token(self, person_id: str, *scopes: str) -> str:
        """An API token of this person."""
        return self.city.engine.command(issue_token, self.city.person(person_id), "test", scopes or SCOPES, 30)

    def grid(self, id: str, owner: str, officer: str | None, west: float) -> None:
        """A grid cell of a hundredth of a degree, owned by a department and walked by an officer."""
        east = west + 0.01

        def settle(desk: Desk) -> None:
            row = {
                "id": id,
                "code": id,
                "level": 4,
                "parent_id": None,
                "polygon_wkt": f"POLYGON (({west} 30, {east} 30, {east} 30.01, {west} 30.01, {west} 30))",
                "owner_department_id": owner,
                "officer_person_id": officer,
                "valid_from": START,
                "valid_to": None,
            }
            desk.uow.execute(insert(grid.grid_cell), [{c.name: row.get(c.name) for c in grid.grid_cell.columns}])
            desk.city.forget()

        self.city.engine.command(settle, SYSTEM_ACTOR)

    def account(self, person_id: str) -> str:
        """The account of a person."""
        return str(self.city.row(org.person, person_id).account)
