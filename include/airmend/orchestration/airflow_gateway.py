"""What the routes need of Airflow: start a run, know who is logged in.

Used inside the API server and `airmend intake`; the one place that calls Airflow's own
functions for it.
"""

from __future__ import annotations

from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from airflow.exceptions import DagNotFound, DagRunAlreadyExists
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from airmend.change.model import ChangeRequest
from airmend.errors import RunNotStartedError
from airmend.orchestration.services import passed_second

START_ATTEMPTS = 3


def start_run(change: ChangeRequest) -> str:
    """Create the Airflow run of a change and give its id; the second time nothing happens.

    The run's id was derived from the incident when the change was stored, so that a start
    that is repeated, also from another process, is recognised.

    Raises:
        RunNotStartedError: Airflow does not know the DAG (yet), or cannot be used now.
    """
    try:
        _create_run(change)
    except (DagRunAlreadyExists, IntegrityError):
        pass
    except DagNotFound as error:
        raise RunNotStartedError(
            f"Airflow has no DAG '{change.dag_id}' yet; the run starts as soon as it has"
        ) from error
    except (AirflowException, SQLAlchemyError, ValueError) as error:
        raise RunNotStartedError(f"Airflow cannot start the run now: {error}") from error
    return change.run_id


def _create_run(change: ChangeRequest) -> None:
    """Create the run; again at once when the database could not write this time.

    SQLite refuses a transaction that has read before another one wrote, without any waiting;
    left to upkeep, the run would begin up to a minute later.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            with create_session(scoped=False) as session:
                trigger_dag(
                    change.dag_id,
                    run_id=change.run_id,
                    run_type=DagRunType.MANUAL,
                    triggered_by=DagRunTriggeredByType.REST_API,
                    triggering_user_name=change.requested_by,
                    conf={"incident": change.incident_id, "change": change.id},
                    run_after=passed_second(),
                    session=session,
                )
            return
        except OperationalError:
            if attempt == START_ATTEMPTS:
                raise


require_login = requires_access_view(AccessView.PLUGINS)
"""The dependency of every page: logged in to Airflow, and allowed to see plugin pages."""


def find_operator(user: GetUserDep) -> str | None:
    """The name of a user who may mute and stop; None for one who may only look.

    Those may who may edit DAGs: whoever can pause a DAG can keep its runbook from starting
    already.
    """
    if not get_auth_manager().is_authorized_dag(method="PUT", user=user):
        return None
    return user.get_name() or user.get_id()
