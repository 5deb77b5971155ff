"""The limit of the machine: one-row transactions on SQLite without any engine.

Source: performance.md 2.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.clock import stopwatch

ROWS = 1_000


def one_row_commits(file: Path, commits: int, synchronous: str, size: int = 2_000) -> list[float]:
    """Seconds of each of `commits` transactions that update one row of `size` bytes in a WAL database at `file`."""
    rows = sqlite3.connect(file, isolation_level=None)
    rows.execute("PRAGMA journal_mode=WAL")
    rows.execute(f"PRAGMA synchronous={synchronous}")
    rows.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    rows.executemany("INSERT INTO row VALUES (?, ?)", [(n, bytes(size)) for n in range(ROWS)])
    seconds = []
    for n in range(commits):
        body = n.to_bytes(8) * (size // 8)
        began = stopwatch()
        rows.execute("BEGIN IMMEDIATE")
        rows.execute("UPDATE row SET body = ? WHERE id = ?", (body, n % ROWS))
        rows.execute("COMMIT")
        seconds.append(stopwatch() - began)
    rows.close()
    return seconds
