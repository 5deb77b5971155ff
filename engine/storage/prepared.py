"""Core statements compiled once for each kind of database and then run on the driver's own cursor: the hot path.

A statement is written in SQLAlchemy Core with named parameters; what is left for each run is to put the parameters
in order, pass the few that need it through their type, and execute. Lists in `IN (…)` need a fresh text each time and
are for `UnitOfWork.execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Insert, Table, bindparam, insert, update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

from engine.storage.connections import Cursor
from engine.storage.types import JsonDoc, UtcDateTime, instant_or_null, json_or_null, read_instant

Processor = Callable[[Any], Any]
Values = Mapping[str, Any]
Row = tuple[Any, ...]


class Form:
    """A statement as one kind of database takes it: its text, and what to do with parameters and rows."""

    __slots__ = ("_dialect", "_load", "_types", "arrange", "sql")

    def __init__(
        self, sql: str, arrange: Callable[[Values], Any], types: Sequence[TypeEngine[Any]], dialect: Dialect
    ) -> None:
        self.sql = sql
        self.arrange = arrange
        self._types = types
        self._dialect = dialect
        self._load: tuple[Processor | None, ...] | None = None

    def fetch(self, cursor: Cursor) -> list[Row]:
        """The rows of the statement that `cursor` has just run, as Python values."""
        rows: list[Row] = cursor.fetchall()
        if not rows:
            return rows
        load = self._load
        if load is None:
            load = self._load = self._processors(cursor)
        if not load:
            return rows
        return [
            tuple([value if to is None else to(value) for to, value in zip(load, row, strict=True)]) for row in rows
        ]

    def _processors(self, cursor: Cursor) -> tuple[Processor | None, ...]:
        """What each value of a row goes through, empty where none needs it; the driver names the types it sent."""
        found = tuple(
            kind.dialect_impl(self._dialect).result_processor(self._dialect, described[1])
            for kind, described in zip(self._types, cursor.description, strict=True)
        )
        return found if any(found) else ()


class Prepared:
    """A Core statement that is compiled at its first run on each kind of database.

    `columns` names the columns an INSERT gives or an UPDATE sets from parameters of the same name.
    """

    __slots__ = ("columns", "forms", "statement")

    def __init__(self, statement: Select[Any] | UpdateBase, columns: Iterable[str] | None = None) -> None:
        self.statement = statement.inline() if isinstance(statement, Insert) else statement
        self.columns = None if columns is None else tuple(columns)
        self.forms: dict[str, Form] = {}

    def form(self, dialect: Dialect) -> Form:
        """The compiled form for `dialect`, kept for the next time."""
        form = self.forms.get(dialect.name)
        if form is None:
            form = self.forms[dialect.name] = _compile(self.statement, self.columns, dialect)
        return form


def insert_into(table: Table, *columns: str) -> Prepared:
    """An INSERT of these columns of `table`, or of all but numbers that the database hands out."""
    given = columns or tuple(column.name for column in table.columns if column is not table.autoincrement_column)
    return Prepared(insert(table), given)


def update_row(table: Table, *columns: str, where: Iterable[str] = ("id",), **also: ColumnElement[Any]) -> Prepared:
    """An UPDATE that sets `columns` (and the expressions in `also`) in the rows whose `where` columns equal the
    parameters of the same name.

    A `revision` among `where` is claimed: it must be the one given and is counted up.
    """
    statement = update(table)
    for name in where:
        statement = statement.where(table.c[name] == bindparam(f"seen_{name}" if name == "revision" else name))
        if name == "revision":
            also = {**also, "revision": table.c.revision + 1}
    if also:
        statement = statement.values(also)
    return Prepared(statement, columns)


@cache
def move_row(table: Table, *columns: str) -> Prepared:
    """An UPDATE of the row with this id to another state, with `columns`, found only in the state `seen_state`."""
    statement = update(table).where(table.c.id == bindparam("id"), table.c.state == bindparam("seen_state"))
    return Prepared(statement.values({"revision": table.c.revision + 1}), ("state", *columns))


def _compile(statement: Select[Any] | UpdateBase, columns: tuple[str, ...] | None, dialect: Dialect) -> Form:
    keys = None if columns is None else list(columns)
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"Expected a statement with rows or parameters, but it is {statement!r}.")
    for parameter in compiled.binds.values():
        if parameter.expanding or parameter.literal_execute:
            raise TypeError(f"Expected single parameters, but {parameter.key!r} stands for a list.")
    binders = {name: _bind_processor(parameter.type, dialect) for name, parameter in compiled.binds.items()}
    fixed = {name: parameter.value for name, parameter in compiled.binds.items() if not parameter.required}
    fixed = {name: value for name, value in fixed.items() if columns is None or name not in columns}
    order = compiled.positiontup
    arrange = _by_name(binders, fixed) if order is None else _by_position(order, binders, fixed)
    types = [column.type for column in statement.exported_columns]
    return Form(str(compiled), arrange, types, dialect)


def _bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    # SQLAlchemy's wrapper around a type of our own costs three times what the instant does, twenty times a command.
    if isinstance(kind, UtcDateTime) and dialect.name == "sqlite":
        return instant_or_null
    if isinstance(kind, JsonDoc):
        return json_or_null
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, UtcDateTime) and dialect.name == "sqlite":
        return read_instant
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _by_position(
    order: Sequence[str], binders: Mapping[str, Processor | None], fixed: Values
) -> Callable[[Values], Sequence[Any]]:
    """Parameters as a sequence in the order of their marks in the text."""
    if not order:
        return lambda values: ()
    pick = itemgetter(*order) if len(order) > 1 else lambda values: (values[order[0]],)
    typed = tuple((place, bind) for place, name in enumerate(order) if (bind := binders[name]) is not None)
    if not typed and not fixed:
        return pick

    def arrange(values: Values) -> Sequence[Any]:
        row = list(pick({**fixed, **values} if fixed else values))
        for place, bind in typed:
            row[place] = bind(row[place])
        return row

    return arrange


def _by_name(binders: Mapping[str, Processor | None], fixed: Values) -> Callable[[Values], Values]:
    """Parameters as a mapping, each through the processor of its type."""
    steps = tuple(binders.items())
    if not fixed:
        return lambda values: {name: values[name] if bind is None else bind(values[name]) for name, bind in steps}

    def with_fixed(values: Values) -> Values:
        full = {**fixed, **values}
        return {name: full[name] if bind is None else bind(full[name]) for name, bind in steps}

    return with_fixed
