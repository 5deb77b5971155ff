"""Adapters: one per kind of source, each turning bytes from outside into signals and findings, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import NotFound
from engine.intake import cap, hotline, table
from engine.intake.source import Finding, Source

__all__ = ["SOURCES", "Finding", "Source", "source"]

SOURCES: Mapping[str, Source] = {"cap": cap.parse, "hotline": hotline.parse, "csv": table.parse}


def source(name: str) -> Source:
    """The adapter of that name.

    Raises: NotFound `intake.unknown_source`.
    """
    found = SOURCES.get(name)
    if found is None:
        known = ", ".join(sorted(SOURCES))
        raise NotFound("intake.unknown_source", f"Expected one of {known}, but the source is {name!r}.", source=name)
    return found
