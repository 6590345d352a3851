"""Work that was stopped may begin again; work that failed may not."""

from __future__ import annotations

import threading

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionCancelledError, ExecutionError, StoreUnavailableError
from airmend.orchestration.operators import airflow_errors
from airmend.orchestration.rolling_back import roll_back
from airmend.records.runbooks import lock_reason
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job


@pytest.mark.parametrize("error", [ExecutionCancelledError, StoreUnavailableError])
def test_what_was_stopped_or_could_not_be_stored_is_left_to_airflows_retries(
    error: type[Exception],
) -> None:
    with pytest.raises(error), airflow_errors():
        raise error("for now")


def test_what_failed_is_not_tried_again_by_airflow() -> None:
    with pytest.raises(AirflowFailException, match="for good"), airflow_errors():
        raise ExecutionError("for good")


def test_a_rollback_that_was_stopped_locks_nothing_and_can_be_started_again(
    office: Office,
) -> None:
    job = Job(office)
    job.decide()
    job.step()
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ExecutionCancelledError):
        roll_back(job.task("rollback"), stopped)
    with office.database.session() as session:
        assert lock_reason(session, job.change.runbook_id) is None
    assert job.read().status is ChangeStatus.ROLLING_BACK

    assert roll_back(job.task("rollback"), NEVER) is not None
    assert job.read().status is ChangeStatus.ROLLED_BACK
