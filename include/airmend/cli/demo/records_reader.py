"""Reads the records while others write them: nothing is written and nothing is locked.

Called by the demo. The SQLite file is opened for reading alone, so that whoever watches never
slows down whoever works.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from airmend.cli.demo.following import Progress, follow
from airmend.errors import StoreUnavailableError
from airmend.review.facts import gather_facts


class RecordsReader:
    """Reads the story of changes from a SQLite file that others write.

    Args:
        path: The records, migrated.
    """

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true")

        @event.listens_for(self._engine, "connect")
        def _leave_transactions_to_us(connection: Any, _record: Any) -> None:
            connection.isolation_level = None

        @event.listens_for(self._engine, "begin")
        def _begin(connection: Any) -> None:
            # one snapshot for all that is read together; it holds no lock
            connection.exec_driver_sql("BEGIN")

    def read(self, change_id: str) -> Progress:
        """Where a change stands now.

        Raises:
            StoreUnavailableError: The records cannot be read.
        """
        with self._session() as session:
            return follow(gather_facts(session, change_id))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session:
                yield session
        except OperationalError as error:
            raise StoreUnavailableError(f"the records cannot be read: {error.orig}") from error
