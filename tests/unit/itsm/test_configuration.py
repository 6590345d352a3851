from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from airmend.change.document import read_document
from airmend.change.model import ChangeStatus
from airmend.errors import ConfigurationError
from airmend.incident.model import IncidentStatus
from airmend.itsm.configuration import JIRA_STATUSES, SERVICENOW_CLOSE_CODES, TicketPlan
from airmend.itsm.desired import CHANGE_STAGES, INCIDENT_STAGES
from airmend.itsm.model import Stage
from tests.documents import ROOT

SHIPPED = ROOT / "config/tickets.yaml"


def test_the_shipped_file_says_the_defaults() -> None:
    assert read_document(SHIPPED).validate(TicketPlan) == TicketPlan.model_validate(
        {"system": "servicenow"}
    )


def test_the_jira_part_of_the_shipped_file_is_valid_when_it_is_switched_on(tmp_path: Path) -> None:
    text = SHIPPED.read_text().replace("system: servicenow ", "system: jira ")
    head, _, jira = text.partition("# jira:")
    path = tmp_path / "tickets.yaml"
    path.write_text(head + "jira:" + jira.replace("\n# ", "\n"))
    plan = read_document(path).validate(TicketPlan)
    assert plan.jira is not None
    assert plan.jira.names_of(Stage.CLOSED, "failed") == ("Did not work",)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"system": "remedy"},
        {"system": "jira"},
        {"system": "jira", "jira": {"project": "ops; DROP"}},
        {"system": "servicenow", "servicenow": {"standard_template": "../../x"}},
        {"system": "servicenow", "servicenow": {"close_codes": {"succeded": "x"}}},
        {"system": "jira", "jira": {"project": "OPS", "statuses": {"asess": ["x"]}}},
        {"system": "servicenow", "password": "secret"},
        {"system": "servicenow", "timeout_seconds": 0.9},
        {"system": "servicenow", "timeout_seconds": 60.1},
        {"system": "servicenow", "web_url": "javascript:alert(1)"},
    ],
)
def test_a_mistake_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TicketPlan.model_validate(document)


def test_a_mistake_in_the_file_is_shown_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text("system: servicenow\nconections: x\n")
    with pytest.raises(ConfigurationError, match=r"tickets.yaml:2: unknown key 'conections'"):
        read_document(path).validate(TicketPlan)


def test_every_status_has_a_stage_and_every_end_a_word_in_both_systems() -> None:
    assert set(CHANGE_STAGES) == set(ChangeStatus)
    assert set(INCIDENT_STAGES) == set(IncidentStatus)
    changes = {status.value for status, stage in CHANGE_STAGES.items() if stage.is_end}
    incidents = {status.value for status, stage in INCIDENT_STAGES.items() if stage.is_end}
    assert changes == {status.value for status in ChangeStatus if status.is_final}
    assert incidents == {status.value for status in IncidentStatus if not status.is_open}
    assert set(SERVICENOW_CLOSE_CODES) == changes | incidents
    stages = {"assess", "authorize", "scheduled", "implement", "in_progress"}
    assert set(JIRA_STATUSES) == changes | incidents | stages


def test_the_document_names_every_status_and_every_usual_name() -> None:
    text = (ROOT / "docs/itsm.md").read_text()
    for status in (*ChangeStatus, *IncidentStatus):
        assert f"`{status.value}`" in text, status
    for names in JIRA_STATUSES.values():
        assert all(name in text for name in names)
    for code in SERVICENOW_CLOSE_CODES.values():
        assert f"`{code}`" in text
