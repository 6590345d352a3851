"""What an organisation decides about its ticket system: which one, which words and fields.

The file that `AIRMEND_TICKETS_FILE` names. It is no part of the policy: a mistake in it delays
tickets and stops no change, and no approval is bound to it. Secrets are in Airflow's connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airmend.itsm.model import Stage

Word = Annotated[str, Field(min_length=1, max_length=200)]
Fields = dict[Word, Any]
"""Further fields of a new ticket, as the system's API takes them."""

SYSTEM_ID = r"^([0-9a-f]{32})?$"
_PROJECT = r"^[A-Z][A-Z0-9_]{1,39}$"


class _Part(BaseModel):
    """Every part of the file: no unknown key, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _refuse_unknown(name: str, given: Mapping[str, object], known: Mapping[str, object]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(
            f"{name}: '{unknown[0]}' is no stage and no end; use some of {', '.join(known)}."
        )


class SystemName(StrEnum):
    """The ticket systems that there are adapters for; also the names of their alert sources."""

    SERVICENOW = "servicenow"
    JIRA = "jira"


class IncidentChoice(StrEnum):
    """Which incidents get a ticket; one that came from the ticket system always has it."""

    ALL = "all"
    KNOWN = "known"


SERVICENOW_CLOSE_CODES: Mapping[str, str] = {
    # of a change
    "succeeded": "successful",
    "rolled_back": "unsuccessful",
    "failed": "unsuccessful",
    "rejected": "unsuccessful",
    "expired": "unsuccessful",
    "refused": "unsuccessful",
    "cancelled": "unsuccessful",
    "proposed": "unsuccessful",
    # of an incident
    "remediated": "Resolved by change",
    "recovered": "No resolution provided",
    "closed": "Solution provided",
}


class ServiceNow(_Part):
    """Words and fields of a ServiceNow instance."""

    change_fields: Fields = Field(default_factory=dict)
    incident_fields: Fields = Field(default_factory=dict)
    standard_template: str = Field(default="", pattern=SYSTEM_ID)
    close_codes: dict[Word, Word] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _codes_are_of_ends(self) -> Self:
        _refuse_unknown("close_codes", self.close_codes, SERVICENOW_CLOSE_CODES)
        return self

    def close_code(self, outcome: str) -> str:
        """The close code of a change or an incident that ended with this status."""
        return self.close_codes.get(outcome) or SERVICENOW_CLOSE_CODES[outcome]


_DONE = ("Completed", "Closed", "Done", "Resolved")
_NOT_DONE = ("Canceled", "Cancelled", "Declined", "Won't do", "Closed", "Done")
JIRA_STATUSES: Mapping[str, tuple[str, ...]] = {
    # stages of a change, in their order, and how it ended
    "assess": ("Planning", "Under review", "Review", "Assess"),
    "authorize": ("Awaiting approval", "Awaiting CAB approval", "Authorize"),
    "scheduled": ("Awaiting implementation", "Scheduled", "Approved"),
    "implement": ("Implementing", "In progress", "Work in progress"),
    "succeeded": _DONE,
    "rolled_back": ("Failed", *_DONE),
    "failed": ("Failed", *_DONE),
    "rejected": ("Declined", "Rejected", *_NOT_DONE),
    "expired": _NOT_DONE,
    "refused": _NOT_DONE,
    "cancelled": _NOT_DONE,
    "proposed": _NOT_DONE,
    # of an incident
    "in_progress": ("Work in progress", "In progress", "Investigating"),
    "remediated": ("Resolved", *_DONE),
    "recovered": ("Resolved", *_DONE),
    "closed": ("Resolved", *_DONE),
}


class Jira(_Part):
    """Words and fields of a Jira site."""

    project: str = Field(pattern=_PROJECT)
    change_type: Word = "[System] Change"
    incident_type: Word = "[System] Incident"
    change_fields: Fields = Field(default_factory=dict)
    incident_fields: Fields = Field(default_factory=dict)
    risk_field: str = Field(default="", pattern=r"^(customfield_[0-9]+)?$")
    statuses: dict[Word, tuple[Word, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _statuses_are_of_stages(self) -> Self:
        _refuse_unknown("statuses", self.statuses, JIRA_STATUSES)
        return self

    def names_of(self, stage: Stage, outcome: str) -> tuple[str, ...]:
        """Names of the statuses that say a stage or an end, the best first; none for NEW."""
        key = outcome if stage.is_end else stage.value
        return self.statuses.get(key) or JIRA_STATUSES.get(key, ())


class TicketPlan(_Part):
    """The whole of the file."""

    system: SystemName
    connection: str = Field(default="airmend_tickets", pattern=r"^[A-Za-z0-9_.-]{1,200}$")
    changes: bool = True
    incidents: IncidentChoice = IncidentChoice.ALL
    web_url: str = Field(default="", pattern=r"^(https?://[^\s]{1,400})?$")
    timeout_seconds: float = Field(default=15, ge=1, le=60)
    servicenow: ServiceNow = ServiceNow()
    jira: Jira | None = None

    @model_validator(mode="after")
    def _jira_has_a_project(self) -> Self:
        if self.system is SystemName.JIRA and self.jira is None:
            raise ValueError("the system is 'jira', and its project is missing; add 'jira:'.")
        return self
