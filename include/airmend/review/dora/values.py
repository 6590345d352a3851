"""What records can say in a field of the template; everything else is a person's.

A value is either on record as it stands, from the policy file, or a draft that is made of
records and that a person has to judge. Each names where it can be looked up. What would need
judgement, such as how services were down or which clients were hit, is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from airmend.change.model import ChangeStatus
from airmend.execution.model import Execution, ExecutionStatus, Phase, latest_attempts
from airmend.incident.model import IncidentStatus
from airmend.records.model import Fact, FactKind
from airmend.review.annexes import DoraReport, DoraSource, Recurrence
from airmend.review.dora.statements import (
    Classification,
    Submission,
    cite_fact,
    find_classification,
    find_submissions,
)
from airmend.review.model import Citation, DoraEntity, ReportFacts
from airmend.review.responses import find_recovered_at
from airmend.review.spans import name_steps, passed
from airmend.review.wording import word_count, word_list, word_time

MONITORING = frozenset(
    {
        *("alertmanager", "azure", "datadog", "dynatrace", "gcp", "grafana", "newrelic"),
        *("opsgenie", "pagerduty", "sentry", "sns", "splunk", "zabbix"),
    }
)
"""Sources that are monitoring; what a ticket system or a sender of one's own is, nobody knows."""

WORKED = (ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT)


@dataclass(frozen=True)
class Value:
    """What stands in a field."""

    source: DoraSource
    text: str
    citations: list[Citation] = field(default_factory=list)


class Sources:
    """The records of one incident, as the fields ask for them."""

    def __init__(
        self, facts: ReportFacts, entity: DoraEntity, recurrence: Iterable[Recurrence]
    ) -> None:
        self.facts, self.entity, self.recurrence = facts, entity, list(recurrence)
        self.classification: Classification | None = find_classification(facts.story)
        self.submissions: dict[DoraReport, Submission] = find_submissions(facts.story)

    def cite(self, *kinds: FactKind) -> list[Citation]:
        """The first fact of one of some kinds."""
        found: Fact | None = next((f for f in self.facts.story if f.kind in kinds), None)
        return [cite_fact(found)] if found else []

    def worked(self) -> list[Execution]:
        """Steps that ran to an end."""
        latest = latest_attempts(self.facts.executions, Phase.STEP)
        return [run for run in latest if run.status in WORKED]

    def resolved_at(self) -> datetime | None:
        """When the incident was over, by a passed verification or a person's word."""
        incident = self.facts.incident
        over = (IncidentStatus.REMEDIATED, IncidentStatus.CLOSED)
        return incident.closed_at if incident.status in over else None


def find_value(number: str, sources: Sources) -> Value | None:
    """What the records say in the field with this number; None: nothing."""
    fill = FILLERS.get(number)
    return fill(sources) if fill else None


def _submission(sources: Sources) -> Value | None:
    missing = next((each for each in DoraReport if each not in sources.submissions), None)
    if missing is None:
        return _draft("an update; all three reports were sent")
    name = "notification" if missing is DoraReport.INITIAL else "report"
    return _draft(f"{missing.value} {name}, the next one that is not recorded as sent")


def _of_policy(pick: Callable[[DoraEntity], str]) -> Callable[[Sources], Value | None]:
    def fill(sources: Sources) -> Value | None:
        text = pick(sources.entity)
        return Value(DoraSource.POLICY, text) if text else None

    return fill


def _code(sources: Sources) -> Value:
    return _record(sources.facts.incident.id, sources.cite(FactKind.INCIDENT_OPENED))


def _detected(sources: Sources) -> Value:
    told = sources.classification
    opened_at = sources.facts.incident.opened_at
    if told and told.aware_at and told.aware_at < opened_at:
        return _record(word_time(told.aware_at), [told.citation])
    return _record(word_time(opened_at), sources.cite(FactKind.INCIDENT_OPENED))


def _classified(sources: Sources) -> Value | None:
    told = sources.classification
    return _record(word_time(told.at), [told.citation]) if told and told.is_major else None


def _description(sources: Sources) -> Value:
    incident, change = sources.facts.incident, sources.facts.change
    place = f" on {incident.host}" if incident.host else ""
    service = f" of service {incident.service}" if incident.service else ""
    text = f"{incident.name} (severity {incident.severity.value}){service}{place}."
    noticed = sources.facts.runbook.runbook.report.impact if sources.facts.runbook else ""
    if noticed:
        text += f" {noticed.rstrip('.')}."
    if change:
        text += f" Change {change.id}: {change.status.value.replace('_', ' ')}."
    return _draft(text, sources.cite(FactKind.INCIDENT_OPENED))


def _discovery(sources: Sources) -> Value | None:
    source = sources.facts.incident.source
    if source not in MONITORING:
        return None
    return _draft(f"monitoring systems: {source}", sources.cite(FactKind.INCIDENT_OPENED))


def _reference(sources: Sources) -> Value | None:
    for sent in reversed(sources.submissions.values()):
        if sent.reference:
            return _record(sent.reference, [sent.citation])
    return None


def _began(sources: Sources) -> Value | None:
    started_at = sources.facts.incident.started_at
    if started_at is None:
        return None
    return _draft(word_time(started_at), sources.cite(FactKind.INCIDENT_OPENED))


def _recovered(sources: Sources) -> Value | None:
    at = find_recovered_at(sources.facts)
    kinds = (FactKind.VERIFICATION_FINISHED, FactKind.ALERT_RESOLVED)
    return _draft(word_time(at), sources.cite(*kinds)) if at else None


def _duration(sources: Sources) -> Value | None:
    incident, end = sources.facts.incident, sources.resolved_at()
    start = incident.started_at or incident.opened_at
    if end is None or end < start:
        return None
    minutes = int((end - start).total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    text = f"{days:02d}:{hours:02d}:{minutes % 60:02d} (days, hours, minutes)"
    return _draft(text, sources.cite(FactKind.INCIDENT_ENDED))


def _touched(sources: Sources) -> Value | None:
    hosts = _hosts(sources)
    return _draft("yes", _runs(sources)) if hosts else None


def _components(sources: Sources) -> Value | None:
    hosts = _hosts(sources)
    return _draft(f"the change worked on {word_list(hosts)}", _runs(sources)) if hosts else None


def _measured(sources: Sources) -> Value | None:
    return _record("yes", _runs(sources)) if sources.worked() else None


def _measures(sources: Sources) -> Value | None:
    titles = name_steps(sources.facts)
    steps = [
        f"{titles.get(run.name, run.name)}: {run.status.value.replace('_', ' ')}"
        for run in sources.worked()
    ]
    return _draft("; ".join(steps), _runs(sources)) if steps else None


def _cause(sources: Sources) -> Value | None:
    version = sources.facts.runbook
    if version is None:
        return None
    error = version.runbook.known_error
    digest = Citation(label="runbook digest", value=version.digest)
    return _draft(f"{error.id}: {error.cause}", [digest])


def _resolution(sources: Sources) -> Value | None:
    change, measures = sources.facts.change, _measures(sources)
    if change is None or measures is None or change.status is not ChangeStatus.SUCCEEDED:
        return None
    checks = [run for run in sources.facts.executions if run.phase is Phase.VERIFY and passed(run)]
    text = f"{measures.text}. {word_count(len(checks), 'round')} of checks passed afterwards."
    return _draft(text, [*measures.citations, *(_cite(run) for run in checks)])


def _resolved(sources: Sources) -> Value | None:
    at = sources.resolved_at()
    return _draft(word_time(at), sources.cite(FactKind.INCIDENT_ENDED)) if at else None


def _recurring(sources: Sources) -> Value | None:
    told = [each for each in sources.recurrence if each.in_90_days > 1]
    if not told:
        return None
    return _draft(
        "; ".join(
            f"{each.scope}: {each.in_90_days} incidents in 90 days, this one included"
            for each in told
        )
    )


def _hosts(sources: Sources) -> list[str]:
    runs = sources.worked()
    found = (totals.host for run in runs if run.playbook for totals in run.playbook.hosts)
    return sorted(set(found))


def _runs(sources: Sources) -> list[Citation]:
    return [_cite(run) for run in sources.worked()]


def _cite(run: Execution) -> Citation:
    return Citation(label="execution", value=str(run.id))


def _record(text: str, citations: list[Citation]) -> Value:
    return Value(DoraSource.RECORDS, text, citations)


def _draft(text: str, citations: Iterable[Citation] = ()) -> Value:
    return Value(DoraSource.DRAFT, text, list(citations))


FILLERS: dict[str, Callable[[Sources], Value | None]] = {
    "1.1": _submission,
    "1.2": _of_policy(lambda entity: entity.name),
    "1.3": _of_policy(lambda entity: entity.lei),
    "1.4": _of_policy(lambda entity: entity.type),
    "1.5": _of_policy(lambda entity: entity.name),
    "1.6": _of_policy(lambda entity: entity.lei),
    "1.15": _of_policy(lambda entity: entity.currency),
    "2.1": _code,
    "2.2": _detected,
    "2.3": _classified,
    "2.4": _description,
    "2.7": _discovery,
    "3.1": _reference,
    "3.2": _began,
    "3.3": _recovered,
    "3.15": _duration,
    "3.28": _touched,
    "3.29": _components,
    "3.33": _measured,
    "3.34": _measures,
    "4.5": _cause,
    "4.6": _resolution,
    "4.8": _resolved,
    "4.15": _recurring,
}
