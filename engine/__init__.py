"""The engine of cityloop: definitions, token game, life cycles, clocks and the ledger, without any web.

`open_engine(settings)` gives the engine of a prepared installation; commands are functions in `engine.services`, run
by `engine.command(function, actor, …)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import EngineError

if TYPE_CHECKING:
    from .domain.access import Actor
    from .services.engine import Engine
    from .services.installation import open_engine

__all__ = ["Actor", "Engine", "EngineError", "open_engine"]

_HOMES = {
    "Actor": "engine.domain.access",
    "Engine": "engine.services.engine",
    "open_engine": "engine.services.installation",
}


def __getattr__(name: str) -> Any:
    """The public names, imported on first use: the rooms below import this package and must not find it half-made."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
