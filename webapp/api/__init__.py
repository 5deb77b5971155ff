"""The API: version 1 under `/api/v1`, its description at `/api/v1/openapi.json`, problems as `problem+json`."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from webapp.faults import answer_http
from webapp.guard import PUBLIC

from . import process, versions  # noqa: F401  their routes are those of the area
from .v1 import area

OPENAPI = {
    "API_TITLE": "cityloop",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api/v1",
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "info": {"description": "Closed-loop incident dispatch: work items, incidents, orders, deadlines, intake."},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    },
}
DOCUMENTS = {"api-docs.openapi_json": PUBLIC}
"""Who may read the description."""


class _Api(Api):
    """Answers its own refusals as every other refusal is answered."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        return answer_http(error)


def install(app: Flask) -> Any:
    """Put the API into the application; the object that describes it."""
    app.config.update(OPENAPI)
    api = _Api(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.register_blueprint(area)
    return api
