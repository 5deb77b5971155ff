"""All tables, one file for each system; importing this package completes the metadata."""

from engine.storage.tables import (
    accounts,
    care,
    clocks,
    directives,
    grid,
    guards,
    incidents,
    ledger,
    org,
    outbox,
    processes,
    routing,
    signals,
)
from engine.storage.tables.base import metadata

__all__ = [
    "accounts",
    "care",
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
    "routing",
    "signals",
]
