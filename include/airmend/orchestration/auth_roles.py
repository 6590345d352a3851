"""Which people have which role of Airflow's auth manager, as a task can know it.

Those of the simple auth manager stand in Airflow's configuration. Those of FAB are in Airflow's
database, which a task has no way into; Airflow's API server writes them down with the records
(`role_keeping`), and what is too old there counts as not known. Of any other auth manager nobody
is known, and a rule that asks a role refuses the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk.execution_time.hitl import HITLUser
    from sqlalchemy.orm import Session

Roles = Mapping[str, Sequence[str]]


def takes_user_names() -> bool:
    """Whether the auth manager's ids are user names, as those of the simple one are."""
    return "SimpleAuthManager" in conf.get("core", "auth_manager")


def keeps_accounts() -> bool:
    """Whether accounts are in Airflow's database, with numbers as ids, as those of FAB are."""
    return "FabAuthManager" in conf.get("core", "auth_manager")


def find_roles(session: Session) -> Roles:
    """User names by role, in small letters, as they are now.

    What is not known now raises `RolesUnknownError` when a role is looked up, and not before:
    rules that ask groups alone need none.

    Args:
        session: A transaction of the records.
    """
    if takes_user_names():
        return read_simple_roles()
    if not keeps_accounts():
        return {}
    from airmend.records.role_snapshots import read_roles

    return read_roles(session, max_age=_max_age())


def find_assignees(session: Session, people: Sequence[str] | None) -> list[HITLUser]:
    """Whom Airflow itself is to let answer; nobody named means whoever may answer at all.

    Where an id is not known, an answer that does not count is turned away when it arrives.

    Args:
        session: A transaction of the records.
        people: User names; None where nobody is named.
    """
    if people is None:
        return []
    if takes_user_names():
        return [{"id": name, "name": name} for name in people]
    if not keeps_accounts():
        return []
    from airmend.errors import RolesUnknownError
    from airmend.records.role_snapshots import read_snapshot

    try:
        ids = read_snapshot(session, max_age=_max_age()).ids
    except RolesUnknownError:
        return []
    return [{"id": ids[name], "name": name} for name in people if name in ids]


def read_simple_roles() -> dict[str, list[str]]:
    """User names by role, in small letters, of the simple auth manager."""
    roles: dict[str, list[str]] = {}
    for entry in conf.getlist("core", "simple_auth_manager_users"):
        user, _, role = entry.partition(":")
        if user and role:
            roles.setdefault(role.strip().lower(), []).append(user.strip())
    return roles


def _max_age() -> timedelta:
    from airmend.settings import get_settings

    return timedelta(seconds=get_settings().roles_max_age_seconds)
