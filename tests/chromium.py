"""Where Chromium is. Tests in the browser run where there is one, are left out where there is none, and are said."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
"""No sandbox, because CI is root; nothing that Chromium asks of the world by itself."""
REQUIRED = "CITYLOOP_TESTS_REQUIRE_BROWSER"
"""With this set to 1, as in CI, a missing browser is a failure."""
REMEDY = "install Chromium (Debian: apt-get install chromium) or name one with CITYLOOP_CHROMIUM=/path/to/chromium"
LEFT_OUT = "no Chromium"


def chromium_path() -> str | None:
    """The browser's program; None where there is none."""
    named = os.environ.get("CITYLOOP_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


def is_required() -> bool:
    """Whether tests may not be left out for want of a browser."""
    return os.environ.get(REQUIRED) == "1"
