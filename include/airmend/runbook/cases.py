"""Runbook cases: an incident in, the expected plan out, as data beside the runbook.

A case is one file `cases/NAME.yaml` with `incident:`, the facts of an incident, and `expect:`,
what the runbook makes of it. What `expect:` does not name is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from airmend.change.model import ChangeType
from airmend.errors import RunbookError
from airmend.incident.model import Severity
from airmend.located_yaml import load_located
from airmend.runbook.matching import Match, match_runbooks
from airmend.runbook.mistakes import translate_errors
from airmend.runbook.model import RunbookVersion, Strict

CASES_FOLDER = "cases"


class CaseIncident(Strict):
    """The facts of an incident; what a case does not name is empty."""

    source: str = "alertmanager"
    name: str = Field(min_length=1)
    severity: Severity = Severity.UNKNOWN
    service: str = ""
    host: str = ""
    summary: str = ""
    description: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    inferred: list[Literal["host", "service"]] = Field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """The same facts that `Incident.facts()` gives."""
        return self.model_dump(mode="json")


class Expectation(Strict):
    """What the runbook makes of the incident."""

    match: bool = Field(description="Whether the runbook takes the incident.")
    rejection: str | None = Field(default=None, description="Part of the reason, when it does not.")
    inputs: dict[str, str | int | bool] | None = Field(
        default=None, description="All inputs with their values."
    )
    steps: list[str] | None = Field(default=None, description="Ids of all steps, in order.")
    change_type: ChangeType | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> Expectation:
        if self.match and self.rejection is not None:
            raise ValueError("a match has no rejection; remove 'rejection:'")
        plan = (self.inputs, self.steps, self.change_type)
        if not self.match and any(part is not None for part in plan):
            raise ValueError(
                "without a match there is no plan; remove 'inputs:', 'steps:' and 'change_type:'"
            )
        return self


class CaseFile(Strict):
    """The whole of a case file."""

    incident: CaseIncident
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Case:
    """One case with the file that it is in."""

    path: Path
    incident: CaseIncident
    expect: Expectation

    @property
    def name(self) -> str:
        """What the case shows, from its file name."""
        return self.path.stem.replace("_", " ")


def find_cases(folder: Path) -> list[Path]:
    """The case files of a runbook's folder, sorted by name."""
    cases = folder / CASES_FOLDER
    return sorted([*cases.glob("[!.]*.yaml"), *cases.glob("[!.]*.yml")])


def load_cases(folder: Path) -> list[Case]:
    """Load every case of a runbook's folder.

    Raises:
        RunbookError: The first mistake in a case file.
    """
    cases = []
    for path in find_cases(folder):
        result = check_case(path)
        if isinstance(result, list):
            raise result[0]
        cases.append(result)
    return cases


def check_case(path: Path) -> Case | list[RunbookError]:
    """Load one case, or find all mistakes in it."""
    try:
        document, locate = load_located(path.read_bytes(), str(path))
    except OSError as error:
        return [
            RunbookError(path, None, f"it cannot be read: {error.strerror}", "Check its rights.")
        ]
    except RunbookError as mistake:
        return [mistake]
    try:
        content = CaseFile.model_validate(document)
    except ValidationError as error:
        return translate_errors(error, CaseFile, document, str(path), locate)
    return Case(path, content.incident, content.expect)


def run_case(
    case: Case, runbook: RunbookVersion, rivals: Sequence[RunbookVersion] = ()
) -> list[str]:
    """Compare what a runbook makes of a case with what is expected.

    Args:
        case: The incident and the expectation.
        runbook: The runbook that the case belongs to.
        rivals: The other runbooks of the catalog; none of them may take, or hinder, an
            incident that this one should take.

    Returns:
        Every difference in words; empty when all is as expected.
    """
    others = [rival for rival in rivals if rival.runbook.id != runbook.runbook.id]
    match = match_runbooks(
        case.incident.facts(), [runbook, *others] if case.expect.match else [runbook]
    )
    reasons = {rejection.runbook_id: rejection.reason for rejection in match.rejections}
    reason = reasons.get(runbook.runbook.id)
    if case.expect.match:
        if reason is not None:
            return [f"it should match, but: {reason}"]
        return _compare_plan(case.expect, runbook, match)
    if reason is None:
        return ["it should not match, but it does"]
    if case.expect.rejection is not None and case.expect.rejection not in reason:
        return [f"the rejection should hold '{case.expect.rejection}', it is: {reason}"]
    return []


def _compare_plan(expect: Expectation, runbook: RunbookVersion, match: Match) -> list[str]:
    plan = [
        ("inputs", expect.inputs, match.inputs),
        ("steps", expect.steps, [step.id for step in runbook.runbook.steps]),
        ("change_type", expect.change_type, runbook.runbook.change.type),
    ]
    return [
        f"'{name}' should be {_show(expected)}, the plan has {_show(actual)}"
        for name, expected, actual in plan
        if expected is not None and expected != actual
    ]


def _show(value: Any) -> str:
    return value.value if isinstance(value, ChangeType) else str(value)
