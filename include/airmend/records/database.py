"""One database for what Airmend itself must remember: SQLite by default, PostgreSQL by URL.

Owns connections, transactions and migrations. Called by every door and by tests.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pydantic_core import from_json, to_json
from sqlalchemy import CursorResult, Engine, Result, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from airmend.errors import StoreUnavailableError

LOCK_TIMEOUT_SECONDS = 15
"""How long a writer waits for another one before the store counts as unavailable."""


class Database:
    """The records of one installation.

    Args:
        url: An SQLAlchemy URL, `sqlite:///PATH` or `postgresql+psycopg://...`; a plain
            `postgresql://` is taken as the latter.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.engine = _create_engine(self.url.render_as_string(hide_password=False))
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._open = threading.local()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, undone when it raises.

        A second one inside the block would wait for the first for ever on SQLite, so that it
        is refused everywhere.

        Raises:
            StoreUnavailableError: The database is down, read-only, full, locked or has no
                connection left.
            RuntimeError: This thread has a transaction open already.
        """
        if getattr(self._open, "yes", False):
            raise RuntimeError("a session is open in this thread; pass it on instead")
        self._open.yes = True
        try:
            with self._sessions.begin() as session:
                yield session
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError(f"the records cannot be used: {error.orig}") from error
        except PoolTimeoutError as error:
            raise StoreUnavailableError("the records have no free connection") from error
        except DBAPIError as error:
            if error.connection_invalidated or _is_read_only(error):
                raise StoreUnavailableError(f"the records cannot be used: {error.orig}") from error
            raise
        finally:
            self._open.yes = False

    def migrate(self) -> None:
        """Bring the tables to this release; safe when several processes start at once.

        Raises:
            StoreUnavailableError: The database cannot be used.
        """
        from airmend.records.migrations import upgrade

        try:
            upgrade(self.engine)
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError(f"the records cannot be used: {error.orig}") from error

    def forget_connections(self) -> None:
        """Begin without connections, in a process that was forked: they are its parent's."""
        self.engine.dispose(close=False)
        self._open = threading.local()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def take_turn(session: Session, number: int) -> None:
    """Let one transaction at a time go on with a matter, until it ends.

    On SQLite every transaction is alone anyway.

    Args:
        session: The transaction.
        number: Of the matter, as PostgreSQL's advisory locks name it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def insert_into(session: Session, table: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in the words of the session's database, which both have for rows that are there."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def updated_one(result: Result[Any]) -> bool:
    """Whether an UPDATE or DELETE met exactly one row: how a conditional change tells."""
    return cast("CursorResult[Any]", result).rowcount == 1


def _is_read_only(error: DBAPIError) -> bool:
    """Whether PostgreSQL takes no writes: a standby, or an operator who said so (SQLSTATE)."""
    return getattr(error.orig, "sqlstate", None) == "25006"


def _write_json(value: Any) -> str:
    return to_json(value, inf_nan_mode="constants").decode()


_JSON: dict[str, Any] = {"json_serializer": _write_json, "json_deserializer": from_json}
"""Documents are most of what is written and read; pydantic's functions take a tenth of the time."""


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, **_JSON)
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_SECONDS}, **_JSON)

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        # autocommit mode of the driver: the BEGIN below is ours, so that a transaction takes
        # the write lock at once instead of failing half-way when it first writes
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged alert survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
