"""The annexes of the report: how often it came before, which controls it shows, the DORA fields.

Forms alone; what fills them is in `recurrence.py`, `controls/`, `dora/` and `prose/`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from airmend.review.model import Citation, Part


class Figure(Part):
    """A duration over several incidents: median and 90th percentile, never a mean.

    Both are nearest-rank: a value that was really seen. With too few values they are None.
    """

    key: str
    label: str
    count: int = Field(ge=0)  # how many values there are
    median_seconds: float | None
    p90_seconds: float | None


class Recurrence(Part):
    """How often the like was there in the time before an incident, itself included."""

    scope: str  # "known error KE-1", "service shop"
    since: datetime
    until: datetime
    in_30_days: int = Field(ge=0)
    in_90_days: int = Field(ge=0)
    is_cut: bool  # more than are read; the newest were
    figures: list[Figure]
    ended: int = Field(ge=0)  # changes that touched something and ended
    succeeded: int = Field(ge=0)
    share_low: float | None = Field(ge=0, le=1)  # 95 % Wilson interval; None without an end
    share_high: float | None = Field(ge=0, le=1)


class Evidence(StrEnum):
    """What the records of one change show of a control."""

    EVIDENCED = "evidenced"
    PARTLY = "partly"
    NOT_EVIDENCED = "not_evidenced"
    NOT_APPLICABLE = "not_applicable"


class Finding(Part):
    """One thing that was looked for."""

    result: Evidence
    text: str
    citations: list[Citation] = Field(default_factory=list)


class Control(Part):
    """A requirement of a framework, and what in the records of this change shows it."""

    framework: str
    reference: str
    requirement: str  # in our words
    result: Evidence
    findings: list[Finding]


class DoraReport(StrEnum):
    """The three reports on a major incident, in their order."""

    INITIAL = "initial"
    INTERMEDIATE = "intermediate"
    FINAL = "final"


class DoraSource(StrEnum):
    """Where the value of a field comes from."""

    RECORDS = "records"
    POLICY = "policy"
    DRAFT = "draft"  # made of records; a person has to read and complete it
    PERSON = "person"  # nothing on record


class DoraField(Part):
    """One field of the template of Regulation (EU) 2025/302, Annex I."""

    number: str
    name: str  # in our words
    needed_from: DoraReport
    source: DoraSource
    value: str | None
    citations: list[Citation] = Field(default_factory=list)
    ask: str  # what a person gives or checks


class DoraDeadline(Part):
    """By when one of the three is due; all times are UTC."""

    report: DoraReport
    due_at: datetime | None  # None: it cannot be computed yet
    latest_at: datetime | None = None  # while nobody has classified: due by then if it is major
    relief_at: datetime | None = None  # on a weekend: what Article 5(4) allows, where it does
    rule: str
    article: str
    submitted_at: datetime | None = None
    submission: str | None = None  # in the words of the record
    is_late: bool | None = None  # against due_at or relief_at; None while not submitted


class DoraAnnex(Part):
    """What a financial entity has to tell its authority of a major incident."""

    as_of: datetime
    incident_id: str
    aware_at: datetime
    is_major: bool | None  # None: nobody has said
    classified_at: datetime | None
    classification: str | None  # in the words of the record
    deadlines: list[DoraDeadline]
    fields: list[DoraField]
    notes: list[str]


class Prose(Part):
    """A text that a language model wrote from the facts of this report."""

    state: Literal["accepted", "rejected"]
    model: str
    written_at: datetime
    text: str  # empty where it was rejected
    problems: list[str]  # why it was rejected
