"""The words of standard changes: templates, the ladder of autonomy, what a change brought about.

Kept as records of their own; imports pydantic and the standard library alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Autonomy(StrEnum):
    """How much a runbook may do by itself, from the lowest rung to the highest."""

    OBSERVE = "observe"  # its matches are recorded; no run is started
    PROPOSE = "propose"  # guard, preflight and risk; then the change ends, nothing is executed
    APPROVE = "approve"  # people approve each change
    AUTO = "auto"  # the policy may approve standard changes, within an approved template

    @property
    def rung(self) -> int:
        """0 for the lowest, 3 for the highest."""
        return list(Autonomy).index(self)

    @property
    def above(self) -> Autonomy | None:
        """The next rung up; None at the top."""
        return list(Autonomy)[self.rung + 1] if self is not Autonomy.AUTO else None

    @property
    def below(self) -> Autonomy | None:
        """The next rung down; None at the bottom."""
        return list(Autonomy)[self.rung - 1] if self is not Autonomy.OBSERVE else None


class AutonomyStep(BaseModel):
    """One move of a runbook on the ladder; the newest one counts."""

    model_config = ConfigDict(frozen=True)

    runbook_id: str
    before: Autonomy
    level: Autonomy
    by: str  # a person, or "policy" for what is taken away by itself
    reason: str
    at: datetime
    change_id: str | None = None  # the change that cost the rung


class Template(BaseModel):
    """A person's word, given once, that the policy may approve changes of one content.

    What the person saw is kept with it: the runs, and the bound that they make.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    runbook_id: str
    digest: str  # of the runbook version; another content needs another template
    approved_by: str
    approved_at: datetime
    reason: str
    max_hosts: int = Field(ge=1)
    hosts: list[str] = Field(default_factory=list)  # patterns with * and ?; none means any host
    clean_runs: int = Field(ge=0)
    failed_runs: int = Field(ge=0)
    bound: float  # lower credible bound of success then
    asked_bound: float  # what the policy asked for then; 0 means that it asked for no runs
    suspended_at: datetime | None = None
    suspended_by: str = ""
    suspension_reason: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is not suspended."""
        return self.suspended_at is None


class RunRecord(BaseModel):
    """How the changes of one runbook content went, of those that touched something."""

    model_config = ConfigDict(frozen=True)

    clean: int = Field(ge=0)  # succeeded, and brought no incident about
    failed: int = Field(ge=0)


class Trouble(BaseModel):
    """A change that failed, was rolled back, or after which there was an incident."""

    model_config = ConfigDict(frozen=True)

    change_id: str
    runbook_id: str
    digest: str
    at: datetime
    why: str  # "it was rolled back"
    incident_id: str | None = None  # the incident that came of it; None where it just failed


class Authorship(BaseModel):
    """Who was last to change the files of a runbook version, as git says it.

    Names and addresses are those of the commits; which users of Airflow they are is the
    policy's to say, when it is asked.
    """

    model_config = ConfigDict(frozen=True)

    runbook_id: str
    digest: str
    tree: str  # git's name of the committed folder; "" where git knows none
    commit: str  # the last that changed the folder: the same content may be committed twice
    people: list[GitPerson]
    unknown: str  # why somebody may be missing: "playbooks/x.yml is not committed"; "" for nothing
    taken_at: datetime


class GitPerson(BaseModel):
    """An author or committer as a commit names one."""

    model_config = ConfigDict(frozen=True)

    name: str
    email: str


Authorship.model_rebuild()
