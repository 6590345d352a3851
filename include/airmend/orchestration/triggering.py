"""Airflow's trigger form of a runbook, and what a task learns of whoever filled it in.

The person comes from the run itself: Airflow's API server writes down whose login triggered it,
and nothing in the form or the run's `conf` can name anybody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from airmend.incident.model import RUN_PREFIX

if TYPE_CHECKING:
    from airflow.sdk import Context

TEXT = ["null", "string"]


def request_form() -> dict[str, Param]:
    """The fields of the form; nothing in them is required, since alerts start runs without."""
    return {
        "incident": Param(
            None,
            "Number of an open incident, INC-...: what the change is for.",
            type=TEXT,
            title="Incident",
        ),
        "reason": Param(
            None,
            "Why this runbook, and why now; it stays in the record.",
            type=TEXT,
            title="Reason",
        ),
        "emergency": Param(
            False,
            "Run at once, without anybody's approval. Only for whom the policy allows it; "
            "somebody else reviews it afterwards.",
            type="boolean",
            title="Emergency",
        ),
    }


def take_request(context: Context, digest: str) -> None:
    """Let a run that a person triggered become a change; other runs are left as they are.

    Raises:
        ChangeRefusedError: It may not become one.
        ConfigurationError: The policy cannot be read.
        StoreUnavailableError: The records cannot be used, or do not say now who has a role.
    """
    run_id = context["ti"].run_id
    if run_id.startswith(RUN_PREFIX):
        return  # of an alert; its change was stored before the run was made
    from airmend.orchestration.auth_roles import find_roles, takes_user_names
    from airmend.orchestration.requesting import Trigger, request_by_hand
    from airmend.orchestration.services import open_records, utc_now
    from airmend.settings import get_settings

    dag_run, form = context["dag_run"], context["params"]
    database, known = open_records(), None
    with database.session() as session:
        roles = find_roles(session)
    if takes_user_names():
        known = frozenset(user for users in roles.values() for user in users)
    request_by_hand(
        database,
        get_settings(),
        Trigger(
            dag_id=context["ti"].dag_id,
            run_id=run_id,
            digest=digest,
            user=dag_run.triggering_user_name or "",
            is_manual=getattr(dag_run.run_type, "value", dag_run.run_type) == "manual",
            incident_id=_text(form.get("incident")).strip(),
            reason=_text(form.get("reason")),
            is_emergency=form.get("emergency") is True,
        ),
        roles,
        known_users=known,
        at=utc_now(),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
