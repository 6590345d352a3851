"""Who has which role of Airflow, as its API server wrote it down last.

Neither a task nor a command can ask Airflow who has a role; the API server can, and writes here
what it saw and when. The time is that of the clock of the records, for whoever writes and reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy.orm import Session

from airmend.errors import RolesUnknownError
from airmend.records.clock import read_database_clock
from airmend.records.database import take_turn
from airmend.records.model import RoleSnapshot
from airmend.records.people_tables import RoleSnapshotRow

_NAME = "airflow"
_ROLES_LOCK = 0x41524D52
"""Any number of our own, for PostgreSQL's advisory locks."""


def save_snapshot(
    session: Session,
    *,
    taken_at: datetime,
    ids: Mapping[str, str],
    roles: Mapping[str, Sequence[str]],
) -> bool:
    """Replace the snapshot, unless a later one is there; whether it was replaced.

    Args:
        session: The transaction.
        taken_at: When it was begun to be read, by `read_database_clock`.
        ids: Every user that may log in, with the id that Airflow's questions name people by.
        roles: Names of those users by role, in small letters.
    """
    take_turn(session, _ROLES_LOCK)
    row = session.get(RoleSnapshotRow, _NAME)
    if row is not None and row.taken_at >= taken_at:
        return False
    values = {"ids": dict(ids), "roles": {name: list(users) for name, users in roles.items()}}
    session.merge(RoleSnapshotRow(name=_NAME, taken_at=taken_at, **values))
    return True


def read_snapshot(session: Session, *, max_age: timedelta) -> RoleSnapshot:
    """The snapshot, if it is young enough.

    Raises:
        RolesUnknownError: There is none, it is too old, or it comes from the future.
    """
    row = session.get(RoleSnapshotRow, _NAME)
    if row is None:
        raise RolesUnknownError(
            "who has a role of Airflow is not known: its API server has not written it down. Start "
            "one with Airmend's plugin and records"
        )
    age = read_database_clock(session) - row.taken_at
    if not -_TOLERANCE <= age <= max_age:
        raise RolesUnknownError(
            f"who has a role of Airflow was last written down at {row.taken_at:%Y-%m-%d %H:%M:%S} "
            f"UTC, {age.total_seconds():.0f} s ago; at most {max_age.total_seconds():.0f} s count. "
            "Look at the log of Airflow's API server"
        )
    return RoleSnapshot.model_validate(row, from_attributes=True)


def read_roles(session: Session, *, max_age: timedelta) -> Mapping[str, Sequence[str]]:
    """User names by role, in small letters, as the snapshot has them.

    What is not known raises `RolesUnknownError` when a role is looked up, and not before: rules
    that ask groups alone need no snapshot.
    """
    try:
        return read_snapshot(session, max_age=max_age).roles
    except RolesUnknownError as error:
        return _Unknown(error)


class _Unknown(Mapping[str, Sequence[str]]):
    """Roles that nobody can look up now; whoever tries is told why."""

    def __init__(self, error: RolesUnknownError) -> None:
        self._error = error

    def __getitem__(self, role: str) -> NoReturn:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        raise self._error

    def __len__(self) -> int:
        raise self._error


_TOLERANCE = timedelta(seconds=1)
"""The clock of the records may be set back by so little."""
