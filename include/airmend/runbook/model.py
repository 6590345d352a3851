"""The contract of a runbook: what it remedies, matches, runs, checks, undoes, and may touch.

`runbook.yaml` is validated by these models and its JSON Schema is made from them.
Imports pydantic and the standard library alone.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from airmend.change.model import ChangeType, RiskBand

SCHEMA = "airmend/v1"

Identifier = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)
]
"""Names of runbooks: lower case words joined by hyphens; also the folder and the DAG id."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
"""Names of steps and inputs: they become task ids and Ansible variables."""

SemanticVersion = Annotated[
    str, StringConstraints(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")
]

RelativePath = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*\.ya?ml$",
        max_length=200,
    ),
]
"""A playbook inside the runbook's own folder; no part begins with a dot."""

Seconds = Annotated[int, Field(ge=1, le=86_400)]

TASK_IDS = frozenset(
    {"guard", "preflight", "assess_risk", "approval", "verify", "rollback", "report"}
)
"""Task ids of every remediation DAG; a step cannot be named like one."""


class Strict(BaseModel):
    """A part of the contract: an unknown key is a mistake, not an extension."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownError(Strict):
    """ITIL's record of a problem whose cause is understood and which has a workaround."""

    id: str = Field(
        min_length=1, max_length=64, description="Its number in the known error database."
    )
    symptom: str = Field(min_length=1, description="What people notice.")
    cause: str = Field(min_length=1, description="What brings it about.")
    workaround: str = Field(min_length=1, description="What is done about it, in words.")


class InputType(StrEnum):
    """What a value taken from an incident may look like; there is no free text."""

    HOST = "host"  # an inventory name; "host:port" loses its port
    NAME = "name"  # [A-Za-z0-9_.@-]+, no leading hyphen: a service, a unit, a database
    PATH = "path"  # absolute, no "..": a mount point, a file
    INTEGER = "integer"
    BOOLEAN = "boolean"


class InputSpec(Strict):
    """A typed value that the runbook takes from the incident."""

    type: InputType
    source: str = Field(
        alias="from", min_length=1, description="CEL over `incident` that gives the value."
    )
    description: str = ""
    default: str | int | bool | None = Field(
        default=None,
        description="Used when the incident has no such field; without one it is required.",
    )
    pattern: str | None = Field(default=None, description="Regular expression for the whole value.")
    choices: list[str | int] | None = Field(default=None, min_length=1)
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _pattern_compiles(self) -> InputSpec:
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from error
        return self


class Targets(Strict):
    """Where the runbook may work: a pattern of the inventory, narrowed by an input."""

    pattern: str = Field(
        min_length=1,
        max_length=200,
        description="Ansible inventory pattern, as `--limit` takes it.",
    )
    host_input: Name | None = Field(
        default=None,
        description="Name of a `host` input: only that host, which the pattern must hold.",
    )
    max_hosts: int = Field(
        default=1, ge=1, le=10_000, description="More hosts than this is an error."
    )


class ChangePolicy(Strict):
    """Which kind of change it is, and its limits."""

    type: ChangeType
    service: str = Field(
        min_length=1, description="The service that is changed, as in the topology."
    )
    serial: int | None = Field(
        default=None, ge=1, description="Hosts at a time after the canary; none means all at once."
    )
    canary: int = Field(default=0, ge=0, description="Hosts that go first, alone.")
    timeout_seconds: Seconds = Field(default=1800, description="For all steps together.")
    approval_timeout_seconds: Annotated[int, Field(ge=1, le=604_800)] = Field(
        default=14_400, description="An approval that nobody answers for so long is a no."
    )
    privileged: bool = Field(default=False, description="Its playbooks use privilege escalation.")
    irreversible: str | None = Field(
        default=None, min_length=1, description="Why there is no rollback; instead of `rollback`."
    )
    risk: RiskBand | None = Field(
        default=None,
        description="How risky its changes are at least, in its author's word; it only raises.",
    )

    @model_validator(mode="after")
    def _type_is_supported(self) -> ChangePolicy:
        if self.type is ChangeType.EMERGENCY:
            raise ValueError("type 'emergency' cannot be declared; use 'standard' or 'normal'")
        return self


Variables = dict[Name, str | int | bool | list[str | int]]
"""Extra variables of a playbook. Beside them it gets the inputs and `airmend_change_id`, the
number of the change, under which it keeps what a rollback needs."""


class Step(Strict):
    """One unit of the repair; it becomes a task of the DAG."""

    id: Name
    name: str = Field(min_length=1, max_length=120, description="As the operator reads it.")
    playbook: RelativePath
    vars: Variables = Field(default_factory=dict)
    timeout_seconds: Seconds = 300
    retries: int = Field(default=0, ge=0, le=5)

    @model_validator(mode="after")
    def _id_is_free(self) -> Step:
        if self.id in TASK_IDS:
            raise ValueError(f"id '{self.id}' is a task of every remediation; choose another")
        return self


class HttpCheck(Strict):
    """An HTTP request to every target, again and again until it passes or the deadline comes.

    `url` may hold placeholders in braces: `{host.name}`, `{host.address}`, `{vars.NAME}` (an
    inventory variable of the host) and `{inputs.NAME}`; each value is quoted for a URL.
    """

    kind: Literal["http"] = "http"
    name: str = Field(min_length=1, max_length=120)
    url: str = Field(min_length=1, pattern=r"^https?://")
    status: int = Field(default=200, ge=100, le=599)
    contains: str | None = Field(default=None, description="Text that the body must hold.")
    deadline_seconds: Seconds = 60


class AnsibleCheck(Strict):
    """A playbook whose success on every target is the proof; it changes nothing."""

    kind: Literal["ansible"] = "ansible"
    name: str = Field(min_length=1, max_length=120)
    playbook: RelativePath
    vars: Variables = Field(default_factory=dict)
    deadline_seconds: Seconds = 60


Check = Annotated[HttpCheck | AnsibleCheck, Field(discriminator="kind")]


class Rollback(Strict):
    """How the state before is brought back, and how that is checked."""

    playbook: RelativePath
    vars: Variables = Field(default_factory=dict)
    timeout_seconds: Seconds = 300
    verify: list[Check] = Field(min_length=1)


class ReportNotes(Strict):
    """What the report says that no fact can tell."""

    impact: str = Field(min_length=1, description="What users notice while the error lasts.")
    follow_ups: list[str] = Field(
        default_factory=list,
        description="What a person should still do, for instance on the cause.",
    )


class Runbook(Strict):
    """The whole of `runbook.yaml`."""

    schema_: Literal["airmend/v1"] = Field(alias="schema")
    id: Identifier
    version: SemanticVersion
    title: str = Field(min_length=1, max_length=120)
    owner: str = Field(min_length=1, description="The team that answers for it.")
    authors: list[str] = Field(
        min_length=1, description="Airflow user names; they cannot approve its changes."
    )
    tags: list[str] = Field(default_factory=list)
    known_error: KnownError
    match: list[str] = Field(
        min_length=1, description="CEL over `incident`; every expression must be true."
    )
    inputs: dict[Name, InputSpec] = Field(default_factory=dict)
    targets: Targets
    change: ChangePolicy
    steps: list[Step] = Field(min_length=1)
    verify: list[Check] = Field(min_length=1)
    rollback: Rollback | None = None
    report: ReportNotes

    @model_validator(mode="after")
    def _parts_agree(self) -> Runbook:
        ids = [step.id for step in self.steps]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"two steps have the id '{min(twice)}'; rename one")
        if self.rollback is None and self.change.irreversible is None:
            raise ValueError(
                "there is no rollback; add 'rollback:' or say why in 'change.irreversible:'"
            )
        if self.rollback is not None and self.change.irreversible is not None:
            raise ValueError("it has a rollback and is 'irreversible'; remove one of the two")
        name = self.targets.host_input
        if name is not None and (
            name not in self.inputs or self.inputs[name].type is not InputType.HOST
        ):
            raise ValueError(
                f"targets.host_input '{name}' is not an input of type 'host'; add it to 'inputs:'"
            )
        return self

    def playbooks(self) -> list[str]:
        """Every playbook that it names, each once, in the order of use."""
        named = [step.playbook for step in self.steps]
        named += [check.playbook for check in self.verify if isinstance(check, AnsibleCheck)]
        if self.rollback is not None:
            named.append(self.rollback.playbook)
            named += [c.playbook for c in self.rollback.verify if isinstance(c, AnsibleCheck)]
        return list(dict.fromkeys(named))


SIGNATURE_NAMESPACE = "runbook@airmend"
"""What a signature of a runbook is made for: one made for git or a file is none."""


class RunbookVersion(Strict):
    """A runbook with the digest of its whole folder: what a change is bound to."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    runbook: Runbook

    def statement(self) -> str:
        """What whoever signs this version says; the digest covers every file of the folder.

        Id and version are in the digest too, by way of runbook.yaml. They stand here for the
        person who signs, and so that no other text can be taken for this one.
        """
        return (
            "airmend runbook v1\n"
            f"id {self.runbook.id}\n"
            f"version {self.runbook.version}\n"
            f"digest {self.digest}\n"
        )
