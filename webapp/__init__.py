"""The web application: pages and the API over one engine. `create_app` is its only way in."""

from __future__ import annotations

from flask import Flask

from engine.services.engine import Engine
from engine.settings import Settings

from . import api, arrival, csrf, faults, findings, guard, headers, logs, names, plain, session, text, times
from .areas import AREAS


def create_app(engine: Engine, settings: Settings) -> Flask:
    """The application over an engine.

    Raises: guard.Undeclared for a route that does not say who may call it.
    """
    app = Flask(__name__)
    app.extensions["engine"] = engine
    app.extensions["settings"] = settings
    app.config.update(MAX_CONTENT_LENGTH=arrival.LARGEST, MAX_FORM_PARTS=500)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # The order is the order of a request: its id, who asks, is it text, may they, is the form theirs.
    logs.install(app)
    headers.install(app)
    faults.install(app)
    session.install(app)
    plain.install(app)
    guard.install(app)
    csrf.install(app)
    text.install(app)
    times.install(app)
    names.install(app)
    findings.install(app)
    for area in AREAS:
        app.register_blueprint(area)
    api.install(app)
    guard.check_declared(app, api.DOCUMENTS)
    return app
