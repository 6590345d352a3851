"""The words of review that its parts share: facts, outcomes, moments, and where to look them up.

The report itself is in `document.py`, its annexes are in `annexes.py`. Imports pydantic, the
standard library and the other rooms' models.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from airmend.change.model import ChangeRequest, Decision
from airmend.execution.model import Execution
from airmend.incident.model import Incident
from airmend.records.model import Fact, HandRequest, Review
from airmend.runbook.model import RunbookVersion

WebLink = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"'`\\]+$", max_length=2000)]
"""An address that may become a link; anything else is kept as text or left out."""


@dataclass(frozen=True)
class ReportFacts:
    """Everything on record about one incident and one change for it."""

    incident: Incident
    change: ChangeRequest | None
    decision: Decision | None
    executions: list[Execution]
    story: list[Fact]
    runbook: RunbookVersion | None
    request: HandRequest | None = None
    review: Review | None = None


class DoraEntity(BaseModel):
    """What is the same in every report of a financial entity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    lei: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{18}[0-9]{2})?$")] = ""
    type: str = ""
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""


class DoraRules(BaseModel):
    """Whether and how Regulation (EU) 2022/2554 applies to who runs this.

    The section `report.dora` of the policy file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    applies: bool = False
    entity: DoraEntity = DoraEntity()
    # which reports may wait for noon of the next working day: Article 5(4) to (6) of 2025/301
    weekend_relief: Literal["none", "final", "all"] = "none"
    bank_holidays: tuple[date, ...] = ()


class ReportRules(BaseModel):
    """The section `report` of the policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dora: DoraRules = DoraRules()


class Outcome(StrEnum):
    """How it came out, in one word of the reader's."""

    RESOLVED = "resolved"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_FAILED = "rollback_failed"
    NOT_RESOLVED = "not_resolved"  # the repair did not help and nothing was rolled back
    REJECTED = "rejected"
    EXPIRED = "expired"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    PROPOSED = "proposed"  # the runbook only proposes; nothing was executed
    NO_CHANGE = "no_change"  # no runbook took the incident
    UNDER_WAY = "under_way"


class Lane(StrEnum):
    """Where a moment belongs in the drawing, from top to bottom."""

    DETECTION = "detection"
    TARGETS = "targets"
    PREFLIGHT = "preflight"
    PEOPLE = "people"
    STEPS = "steps"
    VERIFICATION = "verification"
    ROLLBACK = "rollback"
    CLOSING = "closing"


class Part(BaseModel):
    """A part of the report; unknown keys are an error, so that the schema stays honest."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class Citation(Part):
    """Where a statement can be looked up."""

    label: str  # "DAG run", "task", "Ansible event", ...
    value: str
    link: WebLink | None = None


class TimelineEntry(Part):
    """One line of the timeline."""

    at: datetime
    lane: Lane
    text: str
    citations: list[Citation]
    repeats: int = Field(default=1, ge=1)  # the same again and again, told once
    until: datetime | None = None  # the last of the repeats


class SpanResult(StrEnum):
    """How a stretch of time ended."""

    DONE = "done"
    FAILED = "failed"
    OPEN = "open"  # no end is on record


class Span(Part):
    """A stretch of time as it is drawn; without an end it is drawn as open."""

    lane: Lane
    label: str  # its row in the drawing
    started_at: datetime
    ended_at: datetime | None
    result: SpanResult


class ResponseTime(Part):
    """One duration between two recorded moments."""

    key: str
    label: str
    seconds: float | None  # None: at least one of the two moments is not recorded
    started_at: datetime | None
    ended_at: datetime | None
    note: str = ""
