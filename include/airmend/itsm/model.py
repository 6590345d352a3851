"""The words of the ticket sync: what a ticket should say, and what is known of it.

Called by every room below the doors; imports pydantic and the standard library alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from airmend.change.model import ChangeType, RiskBand
from airmend.incident.model import Severity


class TicketKind(StrEnum):
    """What a ticket is about."""

    INCIDENT = "incident"
    CHANGE = "change"


class Stage(StrEnum):
    """How far a change or an incident has come, in words that every ticket system has."""

    NEW = "new"
    # of a change
    ASSESS = "assess"
    AUTHORIZE = "authorize"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    CLOSED = "closed"  # it was carried out, with or without success
    CANCELED = "canceled"  # it was not
    # of an incident
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"

    @property
    def is_end(self) -> bool:
        """Whether nothing more is to come, as things stand."""
        return self in {Stage.CLOSED, Stage.CANCELED, Stage.RESOLVED}


class Approval(StrEnum):
    """How the approval of a change stands."""

    NOT_REQUESTED = "not requested"
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"


class Note(BaseModel):
    """One recorded fact, as a work note tells it."""

    model_config = ConfigDict(frozen=True)

    fact: int  # its number in the ledger
    at: datetime
    text: str


class Plans(BaseModel):
    """What a runbook says of a change beforehand, as text; "" where nothing is on record."""

    model_config = ConfigDict(frozen=True)

    implementation: str = ""
    backout: str = ""
    test: str = ""


class DesiredTicket(BaseModel):
    """What a ticket should say: computed from the records alone, the same each time."""

    model_config = ConfigDict(frozen=True)

    kind: TicketKind
    subject_id: str  # of the change or the incident
    incident_id: str
    title: str  # one line
    description: str
    link: str  # the incident's page in Airmend
    stage: Stage
    outcome: str = ""  # the status in which it ended: a key of the close codes
    close_notes: str = ""
    started_at: datetime | None = None  # work began
    ended_at: datetime | None = None
    notes: tuple[Note, ...] = ()  # every fact that the ticket is to hold, oldest first
    origin: str = ""  # the number of the ticket that the incident came from
    related: str = ""  # id of the other ticket: a change's incident, an incident's change
    # of a change
    change_type: ChangeType = ChangeType.NORMAL
    risk: RiskBand | None = None
    impact: int | None = Field(default=None, ge=1, le=4)
    approval: Approval = Approval.NOT_REQUESTED
    plans: Plans = Plans()
    # of an incident
    severity: Severity = Severity.UNKNOWN


class TicketReference(BaseModel):
    """A ticket in its system: the id that programs use, the number that people say, its page."""

    model_config = ConfigDict(frozen=True)

    external_id: str
    number: str
    link: str


class Ticket(BaseModel):
    """One change or incident in one ticket system, as the records hold it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    system: str
    subject_id: str
    kind: TicketKind
    incident_id: str
    enrolled_at: datetime
    external_id: str
    number: str
    link: str
    intended_at: datetime | None
    told_facts: list[Any]
    told_version: str
    told_stage: str
    told_at: datetime | None
    is_settled: bool
    attempts: int
    next_try_at: datetime | None
    is_refused: bool
    last_error: str

    @property
    def reference(self) -> TicketReference | None:
        """Where it is; None while there is none."""
        if not self.external_id:
            return None
        return TicketReference(external_id=self.external_id, number=self.number, link=self.link)


class TicketSystemState(BaseModel):
    """How a ticket system stands, as the records hold it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    system: str
    since: datetime
    fact_mark: int
    failures: int
    paused_until: datetime | None
    last_error: str
    reached_at: datetime | None
