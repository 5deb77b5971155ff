"""All tables, one file for each system; importing this package completes the metadata."""

from engine.storage.tables import (
    accounts,
    clocks,
    directives,
    grid,
    guards,
    incidents,
    ledger,
    org,
    outbox,
    processes,
    signals,
)
from engine.storage.tables.base import metadata

__all__ = [
    "accounts",
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
