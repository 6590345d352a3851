"""The page of the reviews: who looks back is whoever is logged in, and nobody with a part in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI

from airmend.change.model import ChangeStatus, ChangeType, Choice
from airmend.incident.model import IncidentStatus
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.hand_requests import store_request
from airmend.records.incidents import create_incident
from airmend.records.model import HandRequest, ReviewVerdict
from airmend.records.reviews import find_review, open_review
from airmend.records.runbooks import save_version
from airmend.settings import Settings
from airmend.web.problems import add_problem_handlers
from airmend.web.review_pages import create_review_pages
from tests.builders import AT, make_change, make_incident, make_runbook_version
from tests.integration.orchestration.conftest import Clock
from tests.integration.web.conftest import Caller
from tests.integration.web.people import by, find_operator, require_viewer

PAGE = "/airmend/reviews"
BAIT = "</td><script>alert(1)</script>{{ 7 * 7 }}"
NOTES = {"verdict": "not_justified", "notes": "an approver was there, and was not asked"}


@pytest.fixture
def call(database: Database, tmp_path: Path) -> Caller:
    """The page, with an emergency change of ada that waits for its review."""
    version = make_runbook_version(authors=["olivia"])
    change = make_change(
        id="CHG-20260302-1",
        change_type=ChangeType.EMERGENCY,
        status=ChangeStatus.SUCCEEDED,
        requested_by="ada",
        runbook_digest=version.digest,
        ended_at=AT,
    )
    with database.session() as session:
        save_version(session, version, b"", at=AT)
        create_incident(session, make_incident(status=IncidentStatus.REMEDIATED, closed_at=AT))
        create_change(session, change)
        store_request(
            session,
            HandRequest(
                change_id=change.id,
                requested_by="ada",
                at=AT,
                reason=BAIT,
                is_emergency=True,
                choice=Choice.MATCHED,
                unmet=[],
            ),
        )
        open_review(session, change, at=AT, due_at=AT)
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump({"emergency": {"reviewers": ["role:op"]}}))
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(
        create_review_pages(
            database,
            Settings(home=tmp_path, policy_file=policy),
            viewer=require_viewer,
            operator=find_operator,
            roles=lambda: {"op": ["olivia", "priya"]},
            clock=Clock(),
        )
    )
    outer = FastAPI()
    outer.mount("/airmend", app)
    return Caller(outer)


def verdict_of(database: Database) -> ReviewVerdict | None:
    with database.session() as session:
        review = find_review(session, "CHG-20260302-1")
    assert review is not None
    return review.verdict


def test_whoever_may_look_sees_what_is_owed_and_no_form(call: Caller) -> None:
    page = call("GET", PAGE, **by("victor")).text
    assert "CHG-20260302-1" in page
    assert "locked: overdue" in page
    assert "<script>" not in page
    assert "{{ 7 * 7 }}" in page
    assert "<form" not in page


def test_an_operator_without_a_part_completes_it_under_the_own_name(
    call: Caller, database: Database
) -> None:
    answer = call("POST", f"{PAGE}/CHG-20260302-1", data=NOTES | {"by": "ada"}, **by("priya"))
    assert answer.status_code == 303
    assert verdict_of(database) is ReviewVerdict.NOT_JUSTIFIED
    page = call("GET", PAGE, **by("priya")).text
    assert "No emergency change waits" in page
    assert "priya" in page


@pytest.mark.parametrize(
    ("user", "form", "status"),
    [
        ("olivia", NOTES, 422),  # she wrote the runbook
        ("victor", NOTES, 403),
        ("priya", NOTES | {"verdict": "fine"}, 422),
        ("priya", NOTES | {"notes": "ok"}, 422),
    ],
)
def test_anybody_else_and_half_a_review_complete_nothing(
    call: Caller, database: Database, user: str, form: dict[str, str], status: int
) -> None:
    answer = call("POST", f"{PAGE}/CHG-20260302-1", data=form, **by(user))
    assert answer.status_code == status
    assert verdict_of(database) is None


def test_another_site_completes_nothing(call: Caller, database: Database) -> None:
    headers = by("priya", Origin="https://evil.example")
    assert call("POST", f"{PAGE}/CHG-20260302-1", data=NOTES, **headers).status_code == 403
    assert verdict_of(database) is None
