"""The words of intake: alerts come in, incidents are what people and runbooks work on.

And of suppression: what keeps automation's hands off an incident.

Called by every room; imports pydantic and the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator


class Severity(StrEnum):
    """Harm observed, in the order of urgency."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"


class AlertStatus(StrEnum):
    """What the sender says of the alert."""

    FIRING = "firing"
    RESOLVED = "resolved"


class IncidentStatus(StrEnum):
    """Where an incident stands.

    `REMEDIATED`, `RECOVERED` and `CLOSED` are ends; the others count as open.
    """

    UNMATCHED = "unmatched"  # no runbook claims it: a person's
    REMEDIATING = "remediating"  # a change was requested for it
    ESCALATED = "escalated"  # no change resolved it, or none may try: a person's
    SUPPRESSED = "suppressed"  # a mute, a maintenance window or the kill switch holds it back
    REMEDIATED = "remediated"  # a change resolved it, and verification says so
    RECOVERED = "recovered"  # the sender says that it is over
    CLOSED = "closed"  # a person closed it

    @property
    def is_open(self) -> bool:
        """Whether the same alert, sent again, belongs to this incident."""
        return self in OPEN_INCIDENT_STATUSES


OPEN_INCIDENT_STATUSES = frozenset(
    {
        IncidentStatus.UNMATCHED,
        IncidentStatus.REMEDIATING,
        IncidentStatus.ESCALATED,
        IncidentStatus.SUPPRESSED,
    }
)


RUN_PREFIX = "airmend__"
"""Begins the ids of the runs that alerts start; a run with it that no alert started is no
change's, so that nobody can take the name of a run that is still to come."""


class IntakeLimits(BaseModel):
    """When an alert is old news, when it is the same trouble again, and when it flaps.

    The section `intake` of the policy file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reopen_window_seconds: int = Field(default=600, ge=0, le=86_400)
    late_alert_seconds: int = Field(default=3600, ge=0, le=172_800)
    flapping_firings: int = Field(default=3, ge=2, le=20)
    flapping_window_seconds: int = Field(default=3600, ge=0, le=86_400)

    @property
    def reopen_window(self) -> timedelta:
        """So long after its end does the same alert open an incident again."""
        return timedelta(seconds=self.reopen_window_seconds)

    @property
    def late_alert_window(self) -> timedelta:
        """So long after the end was told may the beginning still arrive."""
        return timedelta(seconds=self.late_alert_seconds)

    @property
    def flapping_window(self) -> timedelta:
        """The time in which `flapping_firings` firings are too many; 0 switches it off."""
        return timedelta(seconds=self.flapping_window_seconds)


def fingerprint_labels(source: str, name: str, labels: dict[str, str]) -> str:
    """The identity of an alert over its life: same source, name and labels, same fingerprint.

    Returns:
        32 hexadecimal digits. Senders that give a fingerprint of their own are not asked
        for this one.
    """
    text = json.dumps([source, name, sorted(labels.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


INFERRABLE = ("host", "service")
"""Fields that may be filled in from a ticket's words, where its sender gave none."""


def inferred_key(field: str) -> str:
    """The annotation that says from which words a field was filled in."""
    return f"inferred_{field}"


OWN_SOURCE = "airmend"
"""Who sent an alert that Airmend tells of itself; no address takes alerts under this name."""


class Alert(BaseModel):
    """One signal of one sender, in canonical form.

    `labels` identify, `annotations` explain; what a source could not map stays in
    `unmapped`, so that nothing is lost. All texts are data from outside: they are never
    rendered as a template, spliced into a command or used as a path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    name: str = Field(min_length=1)
    status: AlertStatus
    severity: Severity = Severity.UNKNOWN
    fingerprint: str = Field(min_length=1, max_length=128)
    service: str | None = None
    host: str | None = None
    summary: str = ""
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    link: str | None = None
    links: dict[str, str] = Field(default_factory=dict)  # further ones, by what they lead to
    is_test: bool = False  # somebody tried the connection: nothing is out of order
    unmapped: dict[str, Any] = Field(default_factory=dict)

    @property
    def is_firing(self) -> bool:
        """Whether the sender says that the trouble is going on."""
        return self.status is AlertStatus.FIRING


class Incident(BaseModel):
    """One disruption, as the records hold it.

    The alert that opened it is its primary one; others of the same cause join it as members.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    source: str
    fingerprint: str
    name: str
    status: IncidentStatus
    severity: Severity
    service: str | None
    host: str | None
    summary: str
    description: str
    labels: dict[str, str]
    annotations: dict[str, str]
    link: str | None
    started_at: datetime | None  # by the sender's clock
    opened_at: datetime  # by ours: the first alert was stored
    recovered_at: datetime | None  # the sender said that it is over; empty while it fires
    closed_at: datetime | None
    alert_count: int
    rejections: list[MatchRejection] = Field(default_factory=list)
    suppression: Suppression | None = None  # what holds it back, or held it back last
    suggestions: list[dict[str, Any]] = Field(default_factory=list)  # known errors like it

    @property
    def inferred(self) -> list[str]:
        """The fields that were taken from a ticket's words; a person has to look at those.

        A sender that sets such an annotation itself only makes us more careful.
        """
        return [name for name in INFERRABLE if inferred_key(name) in self.annotations]

    def facts(self) -> dict[str, Any]:
        """What a runbook's expressions see as `incident`: plain values, nothing callable."""
        return {
            "source": self.source,
            "name": self.name,
            "severity": self.severity.value,
            "service": self.service or "",
            "host": self.host or "",
            "summary": self.summary,
            "description": self.description,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "inferred": self.inferred,
        }


class Member(BaseModel):
    """One fingerprint of an incident: its own life, from its first firing to its end.

    The incident has recovered when every open member has.
    """

    model_config = ConfigDict(frozen=True)

    incident_id: str
    fingerprint: str
    source: str
    name: str
    service: str | None
    host: str | None
    labels: dict[str, str]
    is_primary: bool  # it opened the incident
    is_open: bool  # the incident is open, and the same alert belongs to it
    is_firing: bool
    started_at: datetime | None  # by the sender's clock, the latest start that it told
    fired_at: datetime  # by ours: the latest firing that was no repeat
    resolved_at: datetime | None  # by ours; empty while it fires
    alert_count: int
    firings: list[datetime]  # the latest ones, repeats not counted, oldest first
    evidence: list[str]  # why it joined; empty for the primary one


class MatchRejection(BaseModel):
    """Why one runbook did not take an incident."""

    model_config = ConfigDict(frozen=True)

    runbook_id: str
    reason: str


class Suppression(BaseModel):
    """What holds an incident back: a mute, a maintenance window, or the kill switch."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    rule_id: str
    author: str
    reason: str  # a sentence for people: what holds it back, until when, and why


class SuppressionKind(StrEnum):
    """Why somebody wants silence; both hold incidents back alike."""

    MUTE = "mute"  # an alert is known, wrong or somebody's already
    MAINTENANCE = "maintenance"  # people work on it


class ScopeKind(StrEnum):
    """What a rule covers, the most specific first."""

    EXPRESSION = "expression"
    RUNBOOK = "runbook"
    SERVICE = "service"
    ALL = "all"


class Scope(BaseModel):
    """Which incidents a rule covers. Nothing never means all: `all` has to be said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ScopeKind
    value: str = ""  # the service, the runbook's id, CEL over `incident`; empty for all

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if (self.kind is ScopeKind.ALL) != (not self.value.strip()):
            raise ValueError(
                "'all' takes no value."
                if self.kind is ScopeKind.ALL
                else f"the {self.kind.value} is empty, and that never means all; name one."
            )
        return self

    def __str__(self) -> str:
        return "all incidents" if self.kind is ScopeKind.ALL else f"{self.kind.value} {self.value}"


MAX_SUPPRESSION = timedelta(days=30)
"""No rule lasts longer: what is muted for ever is forgotten."""


class SuppressionRule(BaseModel):
    """A mute or a maintenance window; time-boxed, and ended early at most once."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    kind: SuppressionKind
    scope: Scope
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    created_at: AwareDatetime
    ended_at: AwareDatetime | None = None  # somebody ended it before its time
    ended_by: str = ""
    end_reason: str = ""

    @model_validator(mode="after")
    def _is_time_boxed(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("it ends before it starts.")
        if self.ends_at - self.starts_at > MAX_SUPPRESSION:
            raise ValueError(f"it lasts longer than {MAX_SUPPRESSION.days} days.")
        return self

    @property
    def until(self) -> datetime:
        """From when on it holds nothing back any more."""
        return self.ends_at if self.ended_at is None else min(self.ends_at, self.ended_at)

    def is_active(self, at: datetime) -> bool:
        """Whether it holds incidents back at a time; the start is in, the end is out."""
        return self.starts_at <= at < self.until

    def state(self, at: datetime) -> str:
        """`coming`, `active` or `past`; one that was ended before it began is past."""
        if at >= self.until:
            return "past"
        return "active" if at >= self.starts_at else "coming"


class KillSwitch(BaseModel):
    """One entry of the kill switch's log; the newest one is how it stands."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    is_on: bool  # no remediation begins, and no step of one
    by: str
    reason: str
    at: AwareDatetime


Incident.model_rebuild()
