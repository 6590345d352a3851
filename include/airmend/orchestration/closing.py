"""The end of every run: the change is closed with the truth, and the report is written.

Safe to repeat: an end that was recorded stays, and the report is made again from the same
facts. Called by the report task, and by upkeep for runs that Airflow ended without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.circuit import lock_and_tell
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.change.policy import Policy
from airmend.errors import ConfigurationError
from airmend.execution.model import Phase
from airmend.orchestration.change_run import ChangeRun, end_change
from airmend.orchestration.services import read_policy
from airmend.orchestration.standing import end_trust
from airmend.records.changes import get_change
from airmend.records.database import Database
from airmend.records.executions import list_executions
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind
from airmend.records.reports import latest_reported
from airmend.records.reviews import reviewed_after_report, tell_overdue
from airmend.review.saving import save_report
from airmend.review.writing import write_up
from airmend.settings import Settings


@dataclass(frozen=True)
class Closed:
    """How a change was closed."""

    resolved: bool
    message: str
    report_url: str
    files: list[str]


def close_change(run: ChangeRun) -> Closed:
    """End the change if nothing has, and write its report."""
    with run.database.session() as session:
        change = get_change(session, run.change_id)
        if not change.status.is_final:
            _end_unfinished(session, change, "its tasks were stopped", at=run.now())
        end_trust(session, run.settings, run.change_id, at=run.now())
    return write_report(run.database, run.settings, run.change_id, now=run.now)


def close_abandoned(
    database: Database,
    settings: Settings,
    change: ChangeRequest,
    *,
    run_state: str,
    now: Callable[[], datetime],
) -> Closed:
    """Close a change whose run is over in Airflow though no report task came to its end.

    Args:
        change: As it was found; whatever happened since is looked up again.
        run_state: How Airflow's run ended, for the reason.
    """
    with database.session() as session:
        current = get_change(session, change.id)
        if not current.status.is_final:
            _end_unfinished(session, current, f"its Airflow run was {run_state}", at=now())
        end_trust(session, settings, change.id, at=now())
    return write_report(database, settings, change.id, now=now)


def follow_reviews(database: Database, settings: Settings, *, now: Callable[[], datetime]) -> None:
    """Tell of reviews that are overdue, and write reports again whose change was reviewed since.

    Safe to repeat and to kill: each is told once, and a report is made from the records.
    """
    with database.session() as session:
        tell_overdue(session, now())
        reviewed = reviewed_after_report(session)
    for change_id in reviewed:
        write_report(database, settings, change_id, now=now)


def _end_unfinished(session: Session, change: ChangeRequest, what: str, *, at: datetime) -> None:
    """End a change whose tasks did not say how it ended: somebody or something stopped them."""
    if not any(each.phase is Phase.STEP for each in list_executions(session, change.id)):
        reason = f"{what} before any step had begun; nothing was changed"
        end_change(session, change, ChangeStatus.CANCELLED, reason, at=at)
        return
    reason = f"{what} after a step had begun; what it left must be looked at"
    lock_and_tell(session, change, reason, at=at)
    end_change(session, change, ChangeStatus.FAILED, reason, at=at)


def _read_policy(settings: Settings) -> tuple[Policy, str]:
    """The policy, and why it cannot be read: a change that ended is written up in any case."""
    try:
        return read_policy(settings), ""
    except ConfigurationError as error:
        return Policy(), str(error)


def write_report(
    database: Database, settings: Settings, change_id: str, *, now: Callable[[], datetime]
) -> Closed:
    """Make the report of an ended change from the records, and keep it in three forms."""
    with database.session() as session:
        change = get_change(session, change_id)
        told = any(
            fact.kind is FactKind.REPORT_WRITTEN and fact.change_id == change_id
            for fact in read_story(session, change.incident_id)
        )
        if not told:
            append_fact(
                session,
                FactKind.REPORT_WRITTEN,
                "The post-incident report is written",
                at=now(),
                incident_id=change.incident_id,
                change_id=change_id,
                dag_run=change.run_id,
            )
            session.flush()
        policy, problem = _read_policy(settings)
        report = write_up(
            session,
            change_id,
            made_at=now(),
            base_url=settings.base_url,
            dora=policy.report.dora,
            zone=policy.zone,
            problem=problem,
        )
        is_latest = latest_reported(session, change.incident_id) == change_id
    saved = save_report(report, settings.reports_path, is_latest=is_latest)
    resolved = change.status is ChangeStatus.SUCCEEDED
    url = f"{settings.base_url.rstrip('/')}/airmend/reports/{change_id}"
    status = change.status.value.replace("_", " ")
    message = f"Change {change_id} {status}: {change.reason}. Report: {url}"
    if not resolved:
        message += ". The run is marked as failed because the incident was not resolved"
    return Closed(resolved, message, url, [str(path) for path in saved.paths])
