"""The door for tables: CSV in UTF-8 or GB18030, whose columns are named by whoever exported them.

A header is matched to the fields of a ticket by words; a person may say otherwise before anything is taken in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.domain.signal import Signal
from engine.intake.source import Finding
from engine.intake.ticket import FIELDS, REQUIRED, judge_ticket

MAX_BYTES = 600_000
MOST_ROWS = 2_000
MOST_COLUMNS = 60

_WORDS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("工单编号", "工单号", "编号", "ticket", "id", "number"),
    "reported_at": ("来电时间", "上报时间", "受理时间", "时间", "reported", "time", "date"),
    "text": ("诉求内容", "问题描述", "反映内容", "内容", "描述", "content", "text", "description"),
    "address": ("事发地址", "事发地点", "地址", "地点", "address", "place", "location"),
    "reporter_name": ("来电人", "反映人", "姓名", "caller", "name"),
    "reporter_phone": ("联系电话", "来电号码", "电话", "手机", "phone", "tel"),
    "longitude": ("经度", "longitude", "lng", "lon"),
    "latitude": ("纬度", "latitude", "lat"),
}
"""Words of a header that speak for a field, the surest first."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: its encoding, its header, its rows, and the column proposed for each field.

    `numbers` are the rows' places in the file as a spreadsheet counts them, empty rows included.
    """

    encoding: Literal["utf-8", "gb18030"]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    proposed: Mapping[str, int]
    numbers: tuple[int, ...]


def read_table(content: bytes) -> tuple[Table | None, list[Finding]]:
    """The table in a file; never raises for content."""
    if len(content) > MAX_BYTES:
        return None, [_refusal("table.too_large", f"Expected at most {MAX_BYTES} bytes; split the file.")]
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = "gb18030"
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            return None, [_refusal("table.encoding", "Expected UTF-8 or GB18030, but it is neither.")]
    if "\x00" in text:
        return None, [_refusal("table.no_text", "Expected a table of text, but it is binary. Export it as CSV.")]
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as problem:
        return None, [_refusal("table.broken", f"Expected CSV, but {problem}.")]
    filled = [(number, line) for number, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if len(filled) < 2:
        return None, [_refusal("table.empty", "Expected a header and at least one row, but there is none.")]
    (_, header), *rows = filled
    if len(rows) > MOST_ROWS or len(header) > MOST_COLUMNS:
        return None, [_refusal("table.too_large", f"Expected at most {MOST_ROWS} rows and {MOST_COLUMNS} columns.")]
    columns = tuple(cell.strip() for cell in header)
    numbers = tuple(number for number, _ in rows)
    return Table(encoding, columns, tuple(tuple(row) for _, row in rows), _propose(columns), numbers), []


def _propose(columns: tuple[str, ...]) -> dict[str, int]:
    proposed: dict[str, int] = {}
    lower = [column.lower() for column in columns]
    for field, words in _WORDS.items():
        for word in words:
            free = [place for place, column in enumerate(lower) if word in column and place not in proposed.values()]
            if free:
                proposed[field] = min(free, key=lambda place: len(lower[place]))
                break
    return proposed


def tickets_of(table: Table, mapping: Mapping[str, int]) -> tuple[list[Signal], list[Finding]]:
    """The signals of a table whose columns are `mapping` (field: place from 0), and a finding for every refused cell.

    A row that is refused does not hold up the others.
    """
    missing = [name for name in REQUIRED if name not in mapping]
    if missing:
        return [], [_refusal("table.unmapped", f"Expected a column for {', '.join(missing)}, but none is chosen.")]
    signals: list[Signal] = []
    findings: list[Finding] = []
    for line, row in zip(table.numbers, table.rows, strict=True):
        given = {field: row[place] for field, place in mapping.items() if field in FIELDS and place < len(row)}
        signal, found = judge_ticket(given, f"row[{line}]", line)
        findings += found
        if signal is not None:
            signals.append(signal)
    return signals, findings


def parse(content: bytes) -> tuple[list[Signal], list[Finding]]:
    """The signals of a file by the columns its header proposes."""
    table, findings = read_table(content)
    return ([], findings) if table is None else tickets_of(table, table.proposed)


def _refusal(rule: str, message: str) -> Finding:
    return Finding(rule, "error", "", None, message)
