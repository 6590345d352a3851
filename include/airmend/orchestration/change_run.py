"""One Airflow run seen as the change that it carries out.

Everything that a task does starts here: the change is looked up by the run's own id in the
records, never in the run's `conf`, which whoever triggers a run by hand can make up.
Imports nothing of Airflow, so that it can be tested without it.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.errors import (
    AirmendError,
    ChangeRefusedError,
    ExecutionCancelledError,
    NotAuthorisedError,
    StoreUnavailableError,
    SuppressedError,
)
from airmend.execution.model import Phase
from airmend.incident.model import Incident, IncidentStatus, Suppression
from airmend.records.changes import change_of_run, get_change, set_change_status
from airmend.records.database import Database
from airmend.records.executions import list_executions
from airmend.records.incidents import get_incident, set_incident_status
from airmend.records.leases import release_leases
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.runbooks import get_version
from airmend.runbook.model import Runbook, RunbookVersion
from airmend.settings import Settings


def name_owner() -> str:
    """A name for this process that no other one has: host, process and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True)
class ChangeRun:
    """What a task knows: which change it works on, who it is, and where the records are.

    `version` is the runbook version that the run's DAG was made from: it stays the same from
    the first task to the last, whatever happens to the files. `find_roles` gives the people by role
    of Airflow's auth manager, as far as a task can know them at that moment.
    """

    database: Database
    settings: Settings
    now: Callable[[], datetime]
    log: logging.Logger
    change_id: str
    version: RunbookVersion
    run_id: str
    task_id: str
    try_number: int
    owner: str = field(default_factory=name_owner)
    database_clock: Callable[[Session], datetime] | None = None  # None: not compared with `now`
    find_roles: Callable[[Session], Mapping[str, Sequence[str]]] = lambda _session: {}

    @property
    def runbook(self) -> Runbook:
        """The runbook of that version."""
        return self.version.runbook

    @property
    def digest(self) -> str:
        """The digest of that version."""
        return self.version.digest

    def read_change(self, session: Session) -> ChangeRequest:
        """The change as it stands."""
        return get_change(session, self.change_id)

    def read_incident(self, session: Session) -> Incident:
        """The incident that the change is for."""
        return get_incident(session, self.read_change(session).incident_id)

    def note(
        self, session: Session, change: ChangeRequest, kind: FactKind, text: str, **evidence: Any
    ) -> None:
        """Add a fact to the story, with this task as its evidence, and to the task's log."""
        self.log.info("%s", text)
        append_fact(
            session,
            kind,
            text,
            at=self.now(),
            incident_id=change.incident_id,
            change_id=change.id,
            dag_run=self.run_id,
            task=self.task_id,
            try_number=self.try_number,
            **evidence,
        )

    def move(self, session: Session, status: ChangeStatus) -> None:
        """Move the change on to a status that is no end."""
        set_change_status(session, self.change_id, status, at=self.now())

    def end(
        self,
        session: Session,
        status: ChangeStatus,
        reason: str,
        *,
        held_back: Suppression | None = None,
    ) -> None:
        """Record the end of the change, and what it means for the incident.

        Safe to repeat: only the first end counts. Targets are given back in the same
        transaction.
        """
        change = self.read_change(session)
        if end_change(session, change, status, reason, at=self.now(), held_back=held_back):
            self.log.info("change %s ended: %s. %s", change.id, status.value, reason)


@contextmanager
def refusing(run: ChangeRun, *, kind: FactKind = FactKind.EXECUTION_REFUSED) -> Iterator[None]:
    """End the change as refused when the block fails before any step was executed.

    The reason stays with the change, for the report and for people. An error after a step is
    the rollback's; the store being away and a task that was stopped are nobody's refusal.
    """
    try:
        yield
    except (StoreUnavailableError, ExecutionCancelledError):
        raise
    except AirmendError as error:
        with run.database.session() as session:
            change = run.read_change(session)
            begun = any(e.phase is Phase.STEP for e in list_executions(session, change.id))
            refused = isinstance(error, ChangeRefusedError) or not begun
            if refused and not change.status.is_final:
                run.note(session, change, kind, f"Refused: {error}", digest=run.digest)
            if not begun:
                held_back = error.suppression if isinstance(error, SuppressedError) else None
                run.end(session, ChangeStatus.REFUSED, str(error), held_back=held_back)
        raise


def find_change_of_run(
    session: Session, dag_id: str, run_id: str, digest: str
) -> tuple[str, RunbookVersion]:
    """The change that an Airflow run was started for, and the runbook version of its DAG.

    Raises:
        NotAuthorisedError: There is no such change: the run was started by hand.
    """
    change = change_of_run(session, dag_id, run_id)
    if change is None:
        raise NotAuthorisedError(
            f"the run {run_id} belongs to no recorded change, so nothing is executed. "
            "Runs are started for incidents: send the alert to /airmend/hooks/, for instance with "
            "`airmend send`, or name an open incident and a reason where you trigger it by hand"
        )
    return change.id, get_version(session, digest)


def end_change(
    session: Session,
    change: ChangeRequest,
    status: ChangeStatus,
    reason: str,
    *,
    at: datetime,
    held_back: Suppression | None = None,
) -> bool:
    """End a change once: status, facts, incident and targets, all in the caller's transaction.

    An incident that its change did not resolve is a person's from then on, unless its sender
    says that it is over.

    Args:
        session: The transaction.
        change: The change as it stands.
        status: How it ends.
        reason: Why, for people.
        at: The time.
        held_back: What holds its incident back, where it ends for that before anything was
            changed; the incident is suppressed then, and nobody is called.

    Returns:
        False when the change had ended before; then nothing is written.
    """
    if not set_change_status(session, change.id, status, at=at, reason=reason):
        return False
    release_leases(session, change.id)

    def note(kind: FactKind, text: str) -> None:
        append_fact(
            session,
            kind,
            text,
            at=at,
            incident_id=change.incident_id,
            change_id=change.id,
            dag_run=change.run_id,
        )

    note(FactKind.CHANGE_ENDED, f"Change {change.id} ended as {status.value}: {reason}")
    incident = get_incident(session, change.incident_id)
    if incident.status is not IncidentStatus.REMEDIATING:
        return True
    kind = FactKind.INCIDENT_ENDED
    if status is ChangeStatus.SUCCEEDED:
        end, text = IncidentStatus.REMEDIATED, "The incident is resolved, and verified"
    elif incident.recovered_at is not None:
        end, text = IncidentStatus.RECOVERED, "The incident is over, its sender says"
    elif held_back is not None:
        end, text = IncidentStatus.SUPPRESSED, f"The incident is {reason}"
        kind = FactKind.INCIDENT_SUPPRESSED
    else:
        end, text = IncidentStatus.ESCALATED, "The incident is not resolved: a person must look"
    suppression = held_back if end is IncidentStatus.SUPPRESSED else None
    set_incident_status(session, change.incident_id, end, at=at, suppression=suppression)
    note(kind, text)
    return True
