"""The post-incident report in its canonical form: what it is made of, part by part.

The report is made once, from recorded facts, and kept as JSON; Markdown and HTML are made
from that JSON alone. An empty field means "not recorded": nothing is ever filled in.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from airmend.change.model import (
    ChangeStatus,
    ChangeType,
    Requirement,
    RiskScore,
    Verdict,
    Vote,
)
from airmend.execution.model import (
    CheckOutcome,
    CheckResult,
    ExecutionStatus,
    HostTotals,
    Phase,
    TaskEvidence,
)
from airmend.incident.model import IncidentStatus, MatchRejection, Severity
from airmend.records.model import HandRequest, Review
from airmend.review.annexes import Control, DoraAnnex, Prose, Recurrence
from airmend.review.model import (
    Outcome,
    Part,
    ResponseTime,
    Span,
    TimelineEntry,
    WebLink,
)
from airmend.runbook.model import KnownError


class ReportedIncident(Part):
    """The disruption, as it was received."""

    id: str
    name: str
    source: str
    severity: Severity
    status: IncidentStatus
    service: str | None
    host: str | None
    summary: str
    description: str
    labels: dict[str, str]
    link: WebLink | None
    started_at: datetime | None
    opened_at: datetime
    recovered_at: datetime | None
    closed_at: datetime | None
    alert_count: int
    rejections: list[MatchRejection]


class Impact(Part):
    """What the trouble meant for people, and for how long."""

    noticed: str | None  # the runbook's words: what users notice
    began_at: datetime | None
    ended_at: datetime | None
    seconds: float | None


class ReportedTarget(Part):
    """A host that the change was for."""

    name: str
    address: str


class ReportedChange(Part):
    """What was asked for."""

    id: str
    type: ChangeType
    status: ChangeStatus
    reason: str
    dag_id: str
    run_id: str
    run_link: WebLink | None
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None
    inputs: dict[str, Any]
    targets: list[ReportedTarget]
    content_hash: str


class ReportedApproval(Part):
    """Who decided, when, and for exactly what."""

    asked_at: datetime | None
    verdict: Verdict | None
    decided_by: str | None
    decided_at: datetime | None
    waited_seconds: float | None
    basis: str | None
    comment: str | None
    content_hash: str | None
    covers_change: bool | None  # the hash is that of the change as recorded
    votes: list[Vote] = Field(default_factory=list)  # the answers that counted
    required: list[Requirement] = Field(default_factory=list)  # what they had to meet
    void: list[str] = Field(default_factory=list)  # why people were asked again
    ignored: list[str]  # answers that did not count, with the reason


class ReportedHost(Part):
    """What Ansible did on one host."""

    name: str
    totals: HostTotals | None  # Ansible's recap
    tasks: list[TaskEvidence]


class ReportedWork(Part):
    """One run of a playbook."""

    execution: int
    phase: Phase
    name: str
    title: str  # the step's name as operators read it
    attempt: int
    status: ExecutionStatus
    task_id: str
    task_link: WebLink | None
    playbook: str | None
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    hosts: list[ReportedHost]
    message: str


class ReportedPreflight(Part):
    """What check mode could foresee, and how much of the work it could look at."""

    runs: list[ReportedWork]
    tasks_total: int | None
    tasks_skipped: int | None
    coverage: float | None = Field(ge=0, le=1)  # share of the tasks that check mode could judge
    lines_added: int
    lines_removed: int
    hosts_to_change: list[str]


class ReportedVerification(Part):
    """One round of checks."""

    execution: int
    phase: Phase
    attempt: int
    status: ExecutionStatus
    outcome: CheckOutcome | None
    task_id: str
    task_link: WebLink | None
    started_at: datetime
    ended_at: datetime | None
    checks: list[CheckResult]


class FollowUp(Part):
    """Something that is left for a person."""

    text: str
    origin: Literal["runbook", "records"]  # written by its author, or seen in the records


class ReportedRunbook(Part):
    """The runbook version that the change was bound to."""

    id: str
    version: str
    digest: str
    title: str | None
    owner: str | None
    known_error: KnownError | None
    irreversible: str | None
    signature: str | None = None  # what the guard found; None where it looked for none


class Provenance(Part):
    """The records that the report was made from, and those that do not exist."""

    made_at: datetime
    incident_id: str
    change_id: str | None
    facts: list[int]
    executions: list[int]
    decision: bool
    digest: str  # SHA-256 over all records that were read
    missing: list[str]


class PostIncidentReport(Part):
    """The whole report."""

    schema_: Literal["airmend/post-incident-report/v1"] = Field(
        default="airmend/post-incident-report/v1", alias="schema"
    )
    outcome: Outcome
    headline: str
    summary: list[str]
    incident: ReportedIncident
    impact: Impact
    response_times: list[ResponseTime]
    change: ReportedChange | None
    request: HandRequest | None = None  # who started it by hand; None where an alert did
    review: Review | None = None  # what an emergency change owes, and what came of it
    runbook: ReportedRunbook | None
    timeline: list[TimelineEntry]
    spans: list[Span]
    risk: RiskScore | None
    approval: ReportedApproval | None
    preflight: ReportedPreflight | None
    steps: list[ReportedWork]
    verification: list[ReportedVerification]
    rollback: list[ReportedWork]
    rollback_verification: list[ReportedVerification]
    follow_ups: list[FollowUp]
    # reports that were made before these were added have none of them
    recurrence: list[Recurrence] = Field(default_factory=list)
    controls: list[Control] = Field(default_factory=list)
    dora: DoraAnnex | None = None  # where the policy says that it applies
    prose: Prose | None = None  # where somebody asked a language model for it
    provenance: Provenance

    def document(self) -> dict[str, Any]:
        """The canonical form as plain JSON values."""
        return self.model_dump(mode="json")

    def canonical_json(self) -> str:
        """The canonical form as text: sorted keys, so that equal reports are equal files."""
        return json.dumps(self.document(), sort_keys=True, ensure_ascii=False, indent=2) + "\n"
