"""Signs of life for whoever watches the server: `/healthz` says the process answers, `/readyz` that it can work."""

from __future__ import annotations

from flask import Response, jsonify
from sqlalchemy import text

from engine.errors import EngineError
from engine.storage.uow import UnitOfWork
from webapp.guard import PUBLIC, Area
from webapp.session import the_engine

area = Area("health")


@area.page("/healthz", permission=PUBLIC)
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@area.page("/readyz", permission=PUBLIC)
def readyz() -> tuple[Response, int]:
    """The database answers too."""
    try:
        the_engine().read(_answers)
    except EngineError as error:
        return jsonify(status="unavailable", code=error.code), 503
    return jsonify(status="ok"), 200


def _answers(uow: UnitOfWork) -> None:
    uow.execute(text("SELECT 1")).one()
