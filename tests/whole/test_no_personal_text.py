"""What reporters said and who they are is nowhere in clear: not in the database, the outbox, the seals or the log."""

from __future__ import annotations

import io
import json
import logging
import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.clock import FixedClock
from engine.demo.day import Scene, build_day
from engine.demo.show import DATABASE, show_demo
from engine.domain.signal import Signal
from engine.intake.cap import parse
from engine.storage.uow import Database

MORNING_AFTER = datetime(2026, 7, 2, 1, 0, tzinfo=UTC)
TODAY = date(2026, 7, 1)
KEYS = "cityloop.keys"
_SHORTEST_CLAUSE = 7
"""Shorter pieces of a report are everyday words that an order may well use too."""


class _Everything(logging.Formatter):
    """A log record with all its fields, as a structured log would write them."""

    def format(self, record: logging.LogRecord) -> str:
        """The message and every field."""
        return f"{super().format(record)} {record.__dict__}"


@dataclass
class Remains:
    """What a played demo leaves behind: its files by name, and its log."""

    folder: Path
    files: dict[str, bytes]
    log: str


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Remains:
    """A demo played with the log at its most talkative, its write-ahead log kept from before the database closed."""
    folder = tmp_path_factory.mktemp("demo")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(_Everything())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    files: dict[str, bytes] = {}

    def keep_and_close(database: Database) -> None:
        files.update((file.name, file.read_bytes()) for file in folder.iterdir() if file.name != KEYS)
        close(database)

    close = Database.close
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "close", keep_and_close)
            show_demo(folder, FixedClock(MORNING_AFTER))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    files[DATABASE] = (folder / DATABASE).read_bytes()
    return Remains(folder, files, written.getvalue())


def signal_of(scene: Scene) -> Signal:
    """What reports a scene, an alert read as the CAP source reads it."""
    if scene.arrival.signal is not None:
        return scene.arrival.signal
    return parse(scene.arrival.content)[0][0]


def personal_texts() -> set[str]:
    """Names, phones, addresses and reports of the script, the reports clause by clause where they have long ones."""
    found: set[str] = set()
    for signal in map(signal_of, build_day(TODAY).scenes):
        found.update(text for text in (signal.reporter_name, signal.reporter_phone) if text)
        if signal.kind == "report" and signal.address:
            found.add(signal.address)
        text = signal.text or ""
        clauses = {clause for clause in re.split(r"[\s,。:,]+", text) if len(clause) >= _SHORTEST_CLAUSE}
        found |= clauses or {text}
    return found


def spellings(text: str) -> set[bytes]:
    """The bytes a text may hide in."""
    return {
        text.encode("utf-8"),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        json.dumps(text)[1:-1].encode(),
    }


def found_in(content: bytes, texts: set[str]) -> set[str]:
    """Which of the texts stand in the content, in any spelling."""
    return {text for text in texts if any(spelling in content for spelling in spellings(text))}


def test_search_finds_what_is_in_clear(remains):
    """The search can find: an issued order's wording is in clear, on purpose."""
    wording = {order.objective for scene in build_day(TODAY).scenes for order in scene.orders}
    assert found_in(remains.files[DATABASE], wording) == wording
    for spelling in spellings("欧阳知秋"):
        assert found_in(b"..." + spelling + b"...", {"欧阳知秋"})


def test_script_gives_the_search_much_to_look_for():
    """A search for nothing would prove nothing."""
    texts = personal_texts()
    assert len([text for text in texts if re.fullmatch(r"100\d{8}", text)]) > 20
    assert len(texts) > 150


def test_files_hold_no_personal_text(remains):
    """Database, write-ahead log and seal file hold no reporter's name, phone, address or report in any spelling."""
    assert all(remains.files[f"{DATABASE}{end}"] for end in ("", "-wal", ".seals"))
    texts = personal_texts()
    assert {name: found for name, content in remains.files.items() if (found := found_in(content, texts))} == {}


def test_outbox_holds_no_personal_text(remains):
    """What leaves the house names nobody."""
    connection = sqlite3.connect(remains.folder / DATABASE)
    rows = connection.execute("SELECT topic, key, payload, error FROM outbox").fetchall()
    connection.close()
    assert len(rows) > 100
    assert found_in(repr(rows).encode(), personal_texts()) == set()


def test_log_holds_no_personal_text(remains):
    """The log may be read by anybody who runs the machine."""
    assert "alembic" in remains.log
    assert found_in(remains.log.encode(), personal_texts()) == set()
