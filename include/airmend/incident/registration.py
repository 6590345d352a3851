"""One alert becomes part of the records: it opens an incident, repeats one, or ends one.

Called by intake inside the transaction of the delivery. Nothing is started here: a requested
change is stored, and its run is started after the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.incident.answers import IncidentAnswer, Outcome, answer_alert
from airmend.incident.correlation import Correlation, correlate
from airmend.incident.model import Alert, Incident, IncidentStatus, MatchRejection
from airmend.records.changes import change_of_incident, create_change
from airmend.records.deliveries import store_alert
from airmend.records.incidents import (
    count_repeat,
    create_incident,
    get_incident,
    latest_incident_of,
    note_recovery,
    open_incident_of,
    set_incident_status,
)
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.runbook.model import RunbookVersion


class Match(Protocol):
    """What the catalog says about an incident."""

    @property
    def runbook(self) -> RunbookVersion | None:
        """The version that takes it; None when no runbook does."""

    @property
    def inputs(self) -> dict[str, Any]:
        """The values that the runbook takes from it."""

    @property
    def rejections(self) -> Sequence[MatchRejection]:
        """Why each other runbook does not."""


Matcher = Callable[[dict[str, Any], Sequence[RunbookVersion]], Match]


@dataclass(frozen=True)
class Registration:
    """Registers the alerts of one delivery.

    Args:
        session: The transaction of the delivery.
        delivery_id: Its number, the evidence of every fact.
        at: When it was received.
        runbooks: Gives the runbooks that may start now.
        match: Finds the one that takes an incident.
        new_id: Gives eight random characters, for ids.
        base_url: Where people reach Airflow.
    """

    session: Session
    delivery_id: int
    at: datetime
    runbooks: Callable[[], Sequence[RunbookVersion]]
    match: Matcher
    new_id: Callable[[], str]
    base_url: str

    def register(self, alert: Alert) -> IncidentAnswer:
        """Store one alert and what follows from it.

        Raises:
            sqlalchemy.exc.IntegrityError: Another delivery opened the incident at this
                instant; undo the transaction and register the delivery again.
        """
        latest = open_incident_of(self.session, alert.fingerprint) or latest_incident_of(
            self.session, alert.fingerprint
        )
        correlation = correlate(alert, latest)
        if latest is None and correlation is Correlation.UNRELATED:
            self._keep(alert, None)
            return IncidentAnswer(outcome=Outcome.IGNORED)
        if latest is None or correlation is Correlation.NEW:
            return self._open(alert)
        outcome = self._continue(alert, latest, correlation)
        self._keep(alert, latest.id)
        return answer_alert(
            outcome,
            get_incident(self.session, latest.id),
            change_of_incident(self.session, latest.id),
            self.base_url,
        )

    def _continue(self, alert: Alert, latest: Incident, correlation: Correlation) -> Outcome:
        if correlation is Correlation.REPEAT:
            count_repeat(self.session, latest.id)
            self._tell(FactKind.ALERT_REPEATED, f"{alert.source} sent it again", latest.id)
            return Outcome.REPEATED
        if correlation is Correlation.UNRELATED:
            return Outcome.IGNORED
        return self._recover(alert, latest)

    def _keep(self, alert: Alert, incident_id: str | None) -> None:
        store_alert(self.session, alert, delivery_id=self.delivery_id, incident_id=incident_id)

    def _open(self, alert: Alert) -> IncidentAnswer:
        suffix = f"{self.at:%Y%m%d}-{self.new_id()}"
        incident = _incident_of(alert, f"INC-{suffix}", self.at)
        match = self.match(incident.facts(), self.runbooks())
        status = IncidentStatus.REMEDIATING if match.runbook else IncidentStatus.UNMATCHED
        incident = incident.model_copy(
            update={"status": status, "rejections": list(match.rejections)}
        )
        create_incident(self.session, incident)
        self._keep(alert, incident.id)
        place = f" on {alert.host}" if alert.host else ""
        self._tell(
            FactKind.INCIDENT_OPENED,
            f"{alert.source} reports {alert.name}{place}, severity {alert.severity.value}",
            incident.id,
        )
        if match.runbook is None:
            looked_at = len(incident.rejections)
            self._tell(FactKind.NO_RUNBOOK, f"none of {looked_at} runbooks takes it", incident.id)
            return answer_alert(Outcome.UNMATCHED, incident, None, self.base_url)
        change = self._request_change(incident, f"CHG-{suffix}", match.runbook, match.inputs)
        return answer_alert(Outcome.PENDING, incident, change, self.base_url)

    def _request_change(
        self, incident: Incident, change_id: str, version: RunbookVersion, inputs: dict[str, Any]
    ) -> ChangeRequest:
        runbook = version.runbook
        change = ChangeRequest(
            id=change_id,
            incident_id=incident.id,
            runbook_id=runbook.id,
            runbook_version=runbook.version,
            runbook_digest=version.digest,
            change_type=runbook.change.type,
            status=ChangeStatus.REQUESTED,
            reason="",
            dag_id=runbook.id,
            run_id=f"airmend__{incident.id}",
            requested_by=f"source:{incident.source}",
            requested_at=self.at,
            ended_at=None,
            inputs=inputs,
            targets=[],  # the guard resolves them, and a change without targets is refused
        )
        create_change(self.session, change)
        self._tell(
            FactKind.RUNBOOK_MATCHED,
            f"the runbook {runbook.id} {runbook.version} takes it",
            incident.id,
            change_id=change_id,
            digest=version.digest,
        )
        return change

    def _recover(self, alert: Alert, incident: Incident) -> Outcome:
        outcome = Outcome.REPEATED
        if incident.recovered_at is None:
            note_recovery(self.session, incident.id, at=self.at)
            self._tell(FactKind.ALERT_RESOLVED, f"{alert.source} says that it is over", incident.id)
            outcome = Outcome.RESOLVED
        # what is being remediated stays so: the change sees the recovery and ends the incident
        if incident.status in {IncidentStatus.UNMATCHED, IncidentStatus.ESCALATED}:
            set_incident_status(self.session, incident.id, IncidentStatus.RECOVERED, at=self.at)
            self._tell(FactKind.INCIDENT_ENDED, "recovered, as its sender says", incident.id)
            outcome = Outcome.RESOLVED
        return outcome

    def _tell(
        self,
        kind: FactKind,
        text: str,
        incident_id: str,
        *,
        change_id: str | None = None,
        digest: str | None = None,
    ) -> None:
        append_fact(
            self.session,
            kind,
            text,
            at=self.at,
            incident_id=incident_id,
            change_id=change_id,
            delivery=self.delivery_id,
            digest=digest,
        )


def _incident_of(alert: Alert, incident_id: str, at: datetime) -> Incident:
    return Incident(
        id=incident_id,
        source=alert.source,
        fingerprint=alert.fingerprint,
        name=alert.name,
        status=IncidentStatus.UNMATCHED,
        severity=alert.severity,
        service=alert.service,
        host=alert.host,
        summary=alert.summary,
        description=alert.description,
        labels=alert.labels,
        annotations=alert.annotations,
        link=alert.link,
        started_at=alert.starts_at,
        opened_at=at,
        recovered_at=None,
        closed_at=None,
        alert_count=1,
    )
