"""Column types and ids: aware UTC instants (D9), canonical JSON, sealed values (D13), time-ordered ids."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String
from sqlalchemy.types import TypeDecorator, TypeEngine

from engine.sealing import Sealed

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sorts after every instant: where an order needs an instant and there is none."""

RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers the database hands out; SQLite does so only for INTEGER."""


def new_id(now: datetime) -> str:
    """A fresh id that sorts by `now`.

    Shape: 36 characters, UUID version 7.
    Source: RFC 9562, section 5.7.
    """
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = int(now.timestamp() * 1000)
    value = milliseconds << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def canonical_json(value: Any) -> str:
    """The one JSON text of `value`: keys sorted, no spaces, so that equal documents have equal bytes.

    Raises: TypeError or ValueError for what JSON cannot say (instants, decimals, NaN).
    """
    return _encode(value)


def json_or_null(value: Any) -> str | None:
    """`canonical_json`, and None for None."""
    return None if value is None else _encode(value)


@lru_cache(maxsize=1024)
def instant_text(value: datetime) -> str:
    """`value` as fixed-width text that sorts by time, in UTC with microseconds and a final Z.

    Most instants of a unit of work are its one `now`: remembering them saves 3 of 4 microseconds.
    Raises: ValueError for an instant without an offset.
    """
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise ValueError(f"Expected an instant with an offset, but {value!r} has none.")
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def instant_or_null(value: datetime | None) -> str | None:
    """`instant_text`, and None for None."""
    return None if value is None else instant_text(value)


def read_instant(text: str | None) -> datetime | None:
    """The instant that `instant_text` wrote, and None for None."""
    return None if text is None else datetime.fromisoformat(text)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant: `timestamptz` on PostgreSQL, fixed-width sortable text on SQLite.

    Raises: ValueError on binding a naive value.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`timestamptz` where the database has it, else text of 27 characters."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What the driver gets."""
        if value is None:
            return None
        text = instant_text(value)
        return value if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware instant in UTC."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        instant: datetime = value.astimezone(UTC)
        return instant


class JsonDoc(TypeDecorator[Any]):
    """A JSON document as canonical text, the same bytes on both databases, so that its digest is the same too."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The canonical text."""
        return None if value is None else _encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The document."""
        return None if value is None else json.loads(value)


class SealedText(TypeDecorator[Sealed]):
    """Bytes that only `Keys.open` reads. Takes nothing but a `Sealed` made for this very table and column.

    Raises: ValueError for clear text, and for a value sealed for another place.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, table: str, column: str) -> None:
        super().__init__()
        self.table = table
        self.column = column

    def process_bind_param(self, value: Sealed | None, dialect: Dialect) -> bytes | None:
        """The sealed bytes."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise ValueError(f"Expected a sealed value for {self.table}.{self.column}, but it is clear.")
        if value.table != self.table or value.column != self.column:
            raise ValueError(
                f"Expected a value sealed for {self.table}.{self.column}, but it is for {value.table}.{value.column}."
            )
        return value.content

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Sealed | None:
        """The sealed value, still closed."""
        return None if value is None else Sealed(self.table, self.column, bytes(value))
