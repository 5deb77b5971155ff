"""The limit of the machine: one-row transactions on SQLite without any engine.

Source: performance.md 2.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.clock import stopwatch
from engine.settings import Synchronous

ROWS = 1_000


class Raw:
    """A WAL database at `file` with a thousand rows of `size` bytes, each updated in a transaction of its own."""

    def __init__(self, file: Path, synchronous: Synchronous, size: int = 2_000) -> None:
        self._rows = sqlite3.connect(file, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute(f"PRAGMA synchronous={synchronous}")
        self._rows.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        self._rows.executemany("INSERT INTO row VALUES (?, ?)", [(n, bytes(size)) for n in range(ROWS)])
        self._size = size

    def commits(self, count: int) -> list[float]:
        """Seconds of each of `count` transactions, checkpoints included."""
        rows = self._rows
        seconds = []
        for n in range(count):
            body = n.to_bytes(8) * (self._size // 8)
            began = stopwatch()
            rows.execute("BEGIN IMMEDIATE")
            rows.execute("UPDATE row SET body = ? WHERE id = ?", (body, n % ROWS))
            rows.execute("COMMIT")
            seconds.append(stopwatch() - began)
        return seconds

    def close(self) -> None:
        """Closes the database."""
        self._rows.close()
