"""Statements that are compiled once and handed to the driver as they are.

SQLAlchemy looks a statement up, and goes through its parameters, each time it is executed; for
intake, which executes the same dozen thousands of times a second, that is most of the time.
Here its compiler, its types, its connections and its errors are used, and its execution is not.
Called by what intake asks once a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from operator import itemgetter
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
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any] | None

_CONNECTION = "airmend.connection"


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
        names = tuple(compiled.positiontup)
        self._text, self._take = compiled.string, _taker(names)
        self._processors = _numbered(
            _bind_processor(compiled.binds[name].type, dialect) for name in names
        )

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute it for each row; nothing for none."""
        if rows:
            values = [list(self._take(row)) for row in rows]
            for place, process in self._processors:
                for row in values:
                    row[place] = process(row[place])
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
        self._processors = _numbered(
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in query.selected_columns
        )

    def rows(self, connection: Connection, **parameters: Any) -> list[list[Any]]:
        """The rows, in the types of their columns; a list is a parameter of `within`."""
        given = self._fixed | parameters
        values = tuple(
            self._write(given[name], process)
            for name, process in zip(self._names, self._binds, strict=True)
        )
        rows = [list(row) for row in execute(connection, self._text, values)]
        for place, process in self._processors:
            for row in rows:
                row[place] = process(row[place])
        return rows

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


def connection_of(session: Session) -> Connection:
    """The connection of a session's transaction; asking the session costs as much as a query.

    It is asked once a transaction.
    """
    found: Connection | None = session.info.get(_CONNECTION)
    if found is None or found.closed or not found.in_transaction():
        found = session.info[_CONNECTION] = session.connection()
    return found


def within(column: ColumnElement[Any], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Whether a column holds one of a list of texts, whose length does not change the statement."""
    if dialect.name == "sqlite":
        texts = func.json_each(bindparam(name, type_=String())).table_valued("value")
        return column.in_(select(texts.c.value))
    return column == any_(bindparam(name, type_=ARRAY(String)))


def _taker(names: Sequence[str]) -> Callable[[dict[str, Any]], Sequence[Any]]:
    """What takes the values of some names out of a row, in their order."""
    if len(names) == 1:  # for one name, itemgetter gives its value and no tuple
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _numbered(processors: Iterable[Processor]) -> list[tuple[int, Callable[[Any], Any]]]:
    """The processors that there are, each with its place; most columns have none."""
    return [(place, each) for place, each in enumerate(processors) if each is not None]


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
