"""Statements that are compiled once and handed to the driver as they are.

SQLAlchemy looks a statement up, and goes through its parameters, each time it is executed; for
intake, which executes the same dozen thousands of times a second, that is most of the time.
Here its compiler, its types, its connections and its errors are used, and its execution is not.
Called by what intake asks once a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    String,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any] | None


class Write:
    """A statement that changes rows.

    Args:
        statement: An insert, or an update with `bindparam`.
        names: The columns of an insert.
        dialect: The database.
    """

    def __init__(
        self, statement: ClauseElement, dialect: Dialect, names: Sequence[str] | None = None
    ) -> None:
        compiled: Any = statement.compile(
            dialect=_positional(dialect), column_keys=list(names) if names else None
        )
        self._text, self._names = compiled.string, tuple(compiled.positiontup)
        self._processors = [
            _bind_processor(compiled.binds[name].type, dialect) for name in self._names
        ]

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it for each row; nothing for none."""
        if rows:
            places = list(zip(self._names, self._processors, strict=True))
            values = [
                tuple(
                    row[name] if process is None else process(row[name]) for name, process in places
                )
                for row in rows
            ]
            execute(connection, self._text, values, is_many=True)


class Read:
    """A query.

    Args:
        query: With `bindparam`; lists come in through `within`.
        dialect: The database.
    """

    def __init__(self, query: Select[Any], dialect: Dialect) -> None:
        compiled: Any = query.compile(dialect=_positional(dialect))
        self._text, self._names = compiled.string, tuple(compiled.positiontup)
        self._fixed = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }
        self._is_sqlite = dialect.name == "sqlite"
        self._binds = [_bind_processor(compiled.binds[n].type, dialect) for n in self._names]
        self._processors = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in query.selected_columns
        ]

    def rows(self, connection: Connection, **parameters: Any) -> list[list[Any]]:
        """The rows, in the types of their columns; a list is a parameter of `within`."""
        given = self._fixed | parameters
        values = tuple(
            self._write(given[name], process)
            for name, process in zip(self._names, self._binds, strict=True)
        )
        return [
            [
                value if process is None else process(value)
                for value, process in zip(row, self._processors, strict=True)
            ]
            for row in execute(connection, self._text, values)
        ]

    def _write(self, value: Any, process: Processor) -> Any:
        if isinstance(value, list):
            return to_json(value).decode() if self._is_sqlite else value
        return value if process is None else process(value)


def execute(
    connection: Connection, text: str, values: Sequence[Any] = (), *, is_many: bool = False
) -> list[tuple[Any, ...]]:
    """Let the driver execute a statement; gives the rows of a query.

    Raises:
        sqlalchemy.exc.DBAPIError: As SQLAlchemy would raise it.
    """
    dialect: Any = connection.dialect
    try:
        with closing(connection.connection.cursor()) as cursor:
            if is_many:
                cursor.executemany(text, values)
                return []
            cursor.execute(text, values)
            return list(cursor.fetchall())
    except dialect.loaded_dbapi.Error as error:
        is_lost = dialect.is_disconnect(error, connection.connection, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text,
            None,
            error,
            dialect.loaded_dbapi.Error,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error


def within(column: ColumnElement[Any], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether a column holds one of a list of texts, whose length does not change the statement."""
    if dialect.name == "sqlite":
        texts = func.json_each(bindparam(name, type_=String())).table_valued("value")
        return column.in_(select(texts.c.value))
    return column == any_(bindparam(name, type_=ARRAY(String)))


def _positional(dialect: Dialect) -> Dialect:
    """The same dialect with parameters by position, which both drivers take as tuples."""
    style = "qmark" if dialect.name == "sqlite" else "format"
    kind: Any = type(dialect)
    positional: Dialect = kind(paramstyle=style)
    return positional


def _bind_processor(kind: TypeEngine[Any], dialect: Dialect) -> Processor:
    if isinstance(kind, ARRAY):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)
