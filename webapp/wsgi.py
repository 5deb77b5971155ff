"""The entry of the web server: the application over the installation that the environment names."""

from __future__ import annotations

import os

from engine.services.installation import open_engine
from engine.settings import load_settings

from . import create_app
from .arrival import Arrival
from .serve import ARRIVING, AT_WORK
from .turnstile import Turnstile, waits_outside

_settings = load_settings(os.environ)
app = create_app(open_engine(_settings), _settings)
_turnstile = Turnstile(app.wsgi_app, AT_WORK, waits=waits_outside)
app.wsgi_app = Arrival(_turnstile, ARRIVING)  # type: ignore[method-assign]
