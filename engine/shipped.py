"""Finds what travels with the engine as data: `processes/` and `migrations/`."""

from __future__ import annotations

from pathlib import Path


def path(name: str) -> Path:
    """The folder `name` of the distribution, in an install (`engine/_shipped/`) or in a checkout (beside `engine/`)."""
    here = Path(__file__).resolve().parent
    installed = here / "_shipped" / name
    return installed if installed.is_dir() else here.parent / name
