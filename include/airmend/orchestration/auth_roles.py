"""Which people have which role, as far as a task can know it of Airflow's auth manager.

A task has no way into the database of the FAB auth manager; there the policy's groups name
people, and a rule that asks a role finds nobody and refuses the change.
"""

from __future__ import annotations

from airflow.configuration import conf


def takes_user_names() -> bool:
    """Whether the auth manager's ids are user names, as those of the simple one are."""
    return "SimpleAuthManager" in conf.get("core", "auth_manager")


def read_roles() -> dict[str, list[str]]:
    """User names by role, in small letters; nothing where they are out of reach."""
    roles: dict[str, list[str]] = {}
    if takes_user_names():
        for entry in conf.getlist("core", "simple_auth_manager_users"):
            user, _, role = entry.partition(":")
            if user and role:
                roles.setdefault(role.strip().lower(), []).append(user.strip())
    return roles
