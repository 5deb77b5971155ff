"""All tables, one file for each system; importing this package completes the metadata."""

from engine.storage.tables import clocks, directives, grid, guards, incidents, ledger, org, outbox, processes, signals
from engine.storage.tables.base import metadata

__all__ = [
    "clocks",
    "directives",
    "grid",
    "guards",
    "incidents",
    "ledger",
    "metadata",
    "org",
    "outbox",
    "processes",
    "signals",
]
