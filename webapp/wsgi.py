"""The entry of the web server: the application over the installation that the environment names."""

from __future__ import annotations

import os

from engine.services.installation import open_engine
from engine.settings import load_settings

from . import create_app
from .serve import AT_WORK
from .turnstile import Turnstile

_settings = load_settings(os.environ)
app = create_app(open_engine(_settings), _settings)
app.wsgi_app = Turnstile(app.wsgi_app, AT_WORK)  # type: ignore[method-assign]
