"""The stream that tells open pages that something moved."""

from __future__ import annotations

from flask import Response, current_app

from webapp.guard import SIGNED_IN, Area
from webapp.live import live_of
from webapp.session import actor, the_engine

area = Area("live")


@area.page("/live", permission=SIGNED_IN)
def stream() -> Response:
    """Server-sent events for one page."""
    events = live_of(current_app.extensions, the_engine()).stream(actor().person_id)
    return Response(events, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
