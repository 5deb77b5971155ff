"""The entry of the web server: the application over the installation that the environment names."""

from __future__ import annotations

import os

from werkzeug.middleware.proxy_fix import ProxyFix

from engine.services.installation import open_engine
from engine.settings import load_settings

from . import create_app
from .arrival import Arrival
from .serve import ARRIVING, AT_WORK
from .turnstile import Turnstile, waits_outside

_settings = load_settings(os.environ)
app = create_app(open_engine(_settings), _settings)
_turnstile = Turnstile(app.wsgi_app, AT_WORK, waits=waits_outside)
_arrival = Arrival(_turnstile, ARRIVING)
app.wsgi_app = ProxyFix(_arrival, x_for=_settings.proxies, x_proto=0) if _settings.proxies else _arrival  # type: ignore[method-assign]
