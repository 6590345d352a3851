"""Accounts and roles of Airflow's FAB auth manager, out of Airflow's own database.

Used inside Airflow's API server, and nowhere else: it needs that database.
"""

from __future__ import annotations

from airflow.providers.fab.auth_manager.models import (
    Role,
    User,
    assoc_group_role,
    assoc_user_group,
    assoc_user_role,
)
from airflow.utils.session import create_session
from sqlalchemy import select, union


def read_accounts() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Whoever may log in, and who of them has which role, directly or by a group of FAB.

    Returns:
        Ids by user name, as text, and user names by role, in small letters; in order of names.

    Raises:
        SQLAlchemyError: The database cannot be read.
    """
    directly = select(assoc_user_role.c.user_id, assoc_user_role.c.role_id)
    by_group = select(assoc_user_group.c.user_id, assoc_group_role.c.role_id).join(
        assoc_group_role, assoc_group_role.c.group_id == assoc_user_group.c.group_id
    )
    has = union(directly, by_group).subquery()
    is_active = User.active.is_(True)  # FAB takes an account without a word for inactive
    with create_session(scoped=False) as session:
        users = session.execute(
            select(User.username, User.id).where(is_active).order_by(User.username)
        )
        ids = {name: str(number) for name, number in users}
        roles: dict[str, list[str]] = {}
        for role, name in session.execute(
            select(Role.name, User.username)
            .join(has, has.c.role_id == Role.id)
            .join(User, User.id == has.c.user_id)
            .where(is_active)
            .order_by(Role.name, User.username)
        ):
            roles.setdefault(role.lower(), []).append(name)
    return ids, roles
