"""The one MetaData of the house, and the columns that many tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, SmallInteger, String

from engine.domain.lifecycle import Lifecycle
from engine.storage.types import RowNumber, SealedText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID_LENGTH = 36


def own_id() -> Column[str]:
    """The primary key of most tables: an id from `types.new_id`."""
    return Column("id", String(ID_LENGTH), primary_key=True)


def ref(name: str, target: str, *, required: bool = False, key: bool = False) -> Column[str]:
    """A column that names a row of table `target`, checked by a foreign key."""
    return Column(name, String(ID_LENGTH), ForeignKey(f"{target}.id"), nullable=not (required or key), primary_key=key)


def loose_ref(name: str, *, required: bool = False, key: bool = False) -> Column[str]:
    """A column that names a row without a foreign key: it may be of several tables, or move to the history."""
    return Column(name, String(ID_LENGTH), nullable=not (required or key), primary_key=key)


def text(name: str, *, required: bool = False, key: bool = False) -> Column[str]:
    """A column of plain text: codes, numbers and names, never personal data."""
    return Column(name, String(), nullable=not (required or key), primary_key=key)


def at(name: str, *, required: bool = False) -> Column[Any]:
    """A column of an instant."""
    return Column(name, UtcDateTime(), nullable=not required)


def sealed(table: str, name: str) -> Column[Any]:
    """A column of sealed text; the type knows its place, so a value sealed for another does not fit."""
    return Column(name, SealedText(table, name))


def state(lifecycle: Lifecycle) -> tuple[Column[str], CheckConstraint]:
    """The state column of a life cycle and the CHECK that admits its states."""
    return Column("state", String(), nullable=False), CheckConstraint(lifecycle.check_sql(), "state")


def one_of(column: str, *values: str) -> CheckConstraint:
    """A CHECK that admits these values of `column`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", column)


def level(name: str) -> tuple[Column[Any], CheckConstraint]:
    """A level column, 1 to 4 or absent, and its CHECK."""
    return Column(name, SmallInteger()), CheckConstraint(f"{name} BETWEEN 1 AND 4", name)


def number(name: str, *, required: bool = True, key: bool = False) -> Column[int]:
    """A column of a whole number."""
    return Column(name, Integer(), nullable=not (required or key), primary_key=key, autoincrement=False)


def revision() -> Column[int]:
    """The count of changes of a row; a change claims the one it saw."""
    return number("revision")


def row_number() -> Column[int]:
    """The primary key of append-only rows: the database counts them up."""
    return Column("id", RowNumber, primary_key=True)
